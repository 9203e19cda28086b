package io.lookaside.simulator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Memory pressure over time as CSV, and as a short table for people. */
public final class PressureText {
  private static final String END_OF_LINE = "\r\n";

  /** The most rows of the short table. */
  private static final int SUMMARY_ROWS = 16;

  private static final List<PressureMetric> SUMMARY =
      List.of(
          PressureMetric.REFERENCES,
          PressureMetric.FREE,
          PressureMetric.ACTIVE_ANON,
          PressureMetric.INACTIVE_ANON,
          PressureMetric.SWAP_USED,
          PressureMetric.MINOR_FAULTS,
          PressureMetric.MAJOR_FAULTS,
          PressureMetric.RECLAIMED_KSWAPD,
          PressureMetric.RECLAIMED_DIRECT,
          PressureMetric.ALLOCATION_STALLS);

  /** The headers of {@link #summary}. */
  static final List<String> SUMMARY_HEADERS =
      List.of(
          "references",
          "free",
          "active",
          "inactive",
          "in swap",
          "minor faults",
          "major faults",
          "by kswapd",
          "direct",
          "stalls");

  private PressureText() {}

  /** RFC 4180: a header of names, a line for each sample. */
  public static String csv(PressureResult pressure) {
    StringBuilder out = new StringBuilder();
    out.append(
        Arrays.stream(PressureMetric.values())
            .map(PressureMetric::key)
            .collect(Collectors.joining(",")));
    out.append(END_OF_LINE);
    for (List<Long> row : pressure.rows()) {
      out.append(row.stream().map(String::valueOf).collect(Collectors.joining(",")));
      out.append(END_OF_LINE);
    }
    return out.toString();
  }

  /** At most 16 samples, with what was counted between them. */
  static List<List<String>> summary(PressureResult pressure) {
    int all = pressure.rows().size();
    int step = (all + SUMMARY_ROWS - 1) / SUMMARY_ROWS;
    List<List<String>> rows = new ArrayList<>();
    for (int from = 0; from < all; from += step) {
      int to = Math.min(all, from + step);
      List<String> row = new ArrayList<>();
      for (PressureMetric metric : SUMMARY) {
        long value = pressure.get(to - 1, metric);
        for (int i = from; metric.isCounted() && i < to - 1; i++) {
          value += pressure.get(i, metric);
        }
        row.add(RunReport.count(value));
      }
      rows.add(row);
    }
    return rows;
  }
}
