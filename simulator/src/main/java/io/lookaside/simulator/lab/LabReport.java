package io.lookaside.simulator.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What an experiment found: claims, rows of a table, bars of a chart. */
public final class LabReport {
  /**
   * A bar of a chart.
   *
   * @param label what it stands for
   * @param value its length, 0 or more
   */
  public record Bar(String label, double value) {}

  private final List<Claim> claims = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();
  private final List<Bar> bars = new ArrayList<>();
  private List<String> headers = List.of();
  private String chartTitle = "";

  LabReport() {}

  /** The claims in order. */
  public List<Claim> claims() {
    return List.copyOf(claims);
  }

  /** The headers of the table; empty if there is none. */
  public List<String> headers() {
    return headers;
  }

  /** The rows of the table. */
  public List<List<String>> rows() {
    return List.copyOf(rows);
  }

  /** What the bars show. */
  public String chartTitle() {
    return chartTitle;
  }

  /** The bars of the chart. */
  public List<Bar> bars() {
    return List.copyOf(bars);
  }

  /** Whether all claims hold. */
  public boolean holds() {
    return claims.stream().allMatch(Claim::holds);
  }

  void equal(String text, long expected, long measured) {
    claims.add(new Claim(text, number(expected), number(measured), expected == measured));
  }

  void equal(String text, String expected, String measured) {
    claims.add(new Claim(text, expected, measured, expected.equals(measured)));
  }

  void atLeast(String text, double least, double measured) {
    claims.add(new Claim(text, "at least " + number(least), number(measured), measured >= least));
  }

  void atMost(String text, double most, double measured) {
    claims.add(new Claim(text, "at most " + number(most), number(measured), measured <= most));
  }

  void atLeast(String text, long least, long measured) {
    atLeast(text, (double) least, (double) measured);
  }

  void atMost(String text, long most, long measured) {
    atMost(text, (double) most, (double) measured);
  }

  void between(String text, long least, long most, long measured) {
    between(text, (double) least, (double) most, (double) measured);
  }

  void between(String text, double least, double most, double measured) {
    String expected = number(least) + " to " + number(most);
    boolean within = measured >= least && measured <= most;
    claims.add(new Claim(text, expected, number(measured), within));
  }

  void table(String... names) {
    headers = List.of(names);
  }

  void row(Object... cells) {
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(
          cell instanceof Number n
              ? cell instanceof Double ? number(n.doubleValue()) : number(n.longValue())
              : cell.toString());
    }
    rows.add(row);
  }

  void chart(String title) {
    chartTitle = title;
  }

  void bar(String label, long value) {
    bar(label, (double) value);
  }

  void bar(String label, double value) {
    bars.add(new Bar(label, value));
  }

  static String number(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  static String number(double x) {
    return x == Math.rint(x) && Math.abs(x) < 1e15
        ? number((long) x)
        : String.format(Locale.ROOT, "%,.3f", x);
  }
}
