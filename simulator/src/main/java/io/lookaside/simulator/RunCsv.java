package io.lookaside.simulator;

import io.lookaside.mmu.stats.Metric;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A result as comma-separated values (RFC 4180): a header, then a row for each figure of the JSON
 * result, with its path there (joined with dots, elements of lists numbered from 0), its value and
 * its unit. Provenance and the effective configuration are rows too.
 */
public final class RunCsv {
  private static final String END_OF_LINE = "\r\n";

  /** Units by the last part of a path. */
  private static final Map<String, String> UNITS = units();

  private final StringBuilder out = new StringBuilder();

  private RunCsv() {}

  /** The text for a result that {@link RunJson} made. */
  public static String of(ObjectNode result) {
    RunCsv csv = new RunCsv();
    csv.row("key", "value", "unit");
    csv.rows("", result);
    return csv.out.toString();
  }

  private void rows(String path, JsonNode node) {
    if (node.isObject()) {
      String prefix = path.isEmpty() ? "" : path + ".";
      node.properties().forEach(e -> rows(prefix + e.getKey(), e.getValue()));
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        rows(path + "." + i, node.get(i));
      }
    } else {
      row(path, node.isNull() ? "" : node.asString(), unit(path));
    }
  }

  /** The unit of a figure by its path in the result; empty for what has none. */
  public static String unit(String figure) {
    String path = figure.replaceFirst("^cores\\.[0-9]+\\.", ""); // as of all cores together
    if (path.startsWith("provenance.") || path.startsWith("rates.")) {
      return "";
    }
    if (path.startsWith("pagingStructureCaches.")) {
      return "walks";
    }
    if (path.startsWith("cycles.") || path.endsWith(".cycles")) {
      return "cycles";
    }
    if (path.startsWith("mappedPages.")) {
      return "pages";
    }
    return UNITS.getOrDefault(path.substring(path.lastIndexOf('.') + 1), "");
  }

  private static Map<String, String> units() {
    Map<String, String> units = new HashMap<>();
    Stream.<Metric[]>of(
            TlbStructureMetric.values(),
            TlbMetric.values(),
            WalkMetric.values(),
            MissMetric.values(),
            ProcessMetric.values(),
            ReferenceMetric.values())
        .flatMap(Stream::of)
        .forEach(metric -> units.put(metric.key(), metric.unit()));
    units.put("pages", "pages");
    units.put("bytes", "bytes");
    units.put("instructions", "instructions");
    units.put("skipped", "references");
    units.put("warmup", "references");
    units.put("quantum", "references");
    units.put("ignoredLines", "lines");
    return units;
  }

  private void row(String... fields) {
    for (int i = 0; i < fields.length; i++) {
      out.append(i == 0 ? "" : ",").append(quoted(fields[i]));
    }
    out.append(END_OF_LINE);
  }

  private static String quoted(String field) {
    boolean plain = field.chars().noneMatch(c -> c == ',' || c == '"' || c == '\r' || c == '\n');
    return plain ? field : '"' + field.replace("\"", "\"\"") + '"';
  }
}
