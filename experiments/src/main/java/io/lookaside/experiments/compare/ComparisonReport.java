package io.lookaside.experiments.compare;

import io.lookaside.experiments.sweep.Measure;
import io.lookaside.experiments.sweep.Measures;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A comparison as text for people and as JSON, schema {@code lookaside.compare/1}. */
public final class ComparisonReport {
  /** The figures that are shown where nothing else is asked for. */
  private static final List<String> MAIN =
      List.of(
          "trace.references",
          "trace.instructions",
          "tlbs.l1i.misses",
          "tlbs.l1d.misses",
          "tlbs.stlb.misses",
          "walker.walks",
          "walker.memoryReads",
          "faults.pageFaults",
          "pageTables.bytes",
          "cycles.translation",
          "cycles.total");

  private static final int MOST_CHANGES = 20;
  private static final MathContext DIGITS = new MathContext(6);

  /**
   * A limit that is checked.
   *
   * @param on the figure
   * @param limit by how much it may become worse, as a share
   * @param over whether it became worse than that
   */
  public record Check(Comparison.Figure on, double limit, boolean over) {}

  private final Comparison comparison;
  private final List<Comparison.Figure> figures = new ArrayList<>();
  private final @Nullable Check check;

  /**
   * A report.
   *
   * @param all whether it shows every figure that changed, and not only the main ones
   * @param on names of figures that it shows too
   * @param failOver by how much the first of these, or else cycles, may become worse, as a share;
   *     {@code null} to check nothing
   * @throws IllegalArgumentException with a message for the user if a name means no figure
   */
  public ComparisonReport(
      Comparison comparison, boolean all, List<String> on, @Nullable Double failOver) {
    this.comparison = comparison;
    Set<String> paths = comparison.paths();
    List<Measure> asked = new ArrayList<>();
    on.forEach(name -> asked.add(Measures.resolve(name, paths)));
    for (Measure measure : asked) {
      add(measure, true);
    }
    MAIN.stream().filter(paths::contains).forEach(p -> add(Measures.resolve(p, paths), true));
    if (all) {
      paths.forEach(p -> add(Measures.resolve(p, paths), false));
    }
    this.check = failOver == null ? null : check(asked, paths, failOver);
  }

  private void add(Measure measure, boolean unchangedToo) {
    boolean there = figures.stream().anyMatch(f -> f.measure().equals(measure));
    Comparison.Figure figure = there ? null : comparison.figure(measure);
    if (figure != null && (unchangedToo || figure.changed())) {
      figures.add(figure);
    }
  }

  private Check check(List<Measure> asked, Set<String> paths, double limit) {
    String usual = paths.contains("cycles.total") ? "cycles.total" : "cycles.translation";
    Measure measure = asked.isEmpty() ? Measures.resolve(usual, paths) : asked.get(0);
    Comparison.Figure figure = comparison.figure(measure);
    if (figure == null) {
      throw new IllegalArgumentException("'" + measure.path() + "' is no number");
    }
    return new Check(figure, limit, figure.worse() > limit);
  }

  /** The limit that was asked for, or {@code null}. */
  public @Nullable Check check() {
    return check;
  }

  /** The text. */
  public String text() {
    StringBuilder out = new StringBuilder();
    Map<Comparison.Change, Integer> changes = comparison.machineChanges();
    out.append("A  ").append(comparison.a().file()).append('\n');
    out.append("B  ").append(comparison.b().file()).append('\n');
    int n = comparison.pairs();
    int lonely = comparison.onlyA().size() + comparison.onlyB().size();
    if (n > 1 || lonely > 0) {
      out.append(
          String.format(
              Locale.ROOT,
              "%d pairs; without partner: %d of A, %d of B%n",
              n,
              comparison.onlyA().size(),
              comparison.onlyB().size()));
    }
    if (comparison.otherTraces() > 0) {
      out.append("the traces are not the same in ")
          .append(comparison.otherTraces())
          .append(n == 1 ? " pair\n" : " pairs\n");
    }
    out.append('\n').append(changes.isEmpty() ? "The machines are the same.\n" : "Machine\n");
    int shown = 0;
    for (Map.Entry<Comparison.Change, Integer> e : changes.entrySet()) {
      if (shown++ == MOST_CHANGES) {
        out.append("  and ").append(changes.size() - MOST_CHANGES).append(" more\n");
        break;
      }
      String pairs = n == 1 ? "" : "  (" + e.getValue() + " of " + n + " pairs)";
      out.append(
          String.format(
              Locale.ROOT,
              "  %-40s %s -> %s%s%n",
              e.getKey().path(),
              value(e.getKey().a()),
              value(e.getKey().b()),
              pairs));
    }
    out.append('\n');
    String title = n == 1 ? "Result" : "Result: means, and the paired difference";
    String interval =
        n == 1
            ? ""
            : "  " + plain(100 * comparison.confidence()) + " % confidence of the relative one";
    out.append(
        String.format(
            Locale.ROOT,
            "%-44s %14s %14s %14s %10s%s%n",
            title,
            "A",
            "B",
            "B - A",
            "relative",
            interval));
    for (Comparison.Figure f : figures) {
      out.append(
          String.format(
              Locale.ROOT,
              "  %-42s %14s %14s %14s %10s%s%n",
              f.measure().path(),
              plain(f.a()),
              plain(f.b()),
              plain(f.difference()),
              f.relative() == null ? "-" : percent(f.relative()),
              interval(f)));
    }
    if (check != null) {
      out.append(
          String.format(
              Locale.ROOT,
              "%n%s: %s became %s by %s; the limit is %s%n",
              check.over() ? "FAIL" : "ok",
              check.on().measure().path(),
              check.on().worse() > 0 ? "worse" : "better",
              percent(Math.abs(check.on().worse())),
              percent(check.limit())));
    }
    return out.toString();
  }

  private static String interval(Comparison.Figure f) {
    Comparison.Interval i = f.relativeInterval();
    return i == null ? "" : "  " + percent(i.low()) + " to " + percent(i.high());
  }

  private static String value(@Nullable JsonNode node) {
    return node == null ? "(none)" : node.isString() ? node.stringValue() : node.toString();
  }

  private static String percent(double share) {
    return Double.isInfinite(share)
        ? "infinitely much"
        : String.format(Locale.ROOT, "%+.2f%%", 100 * share).replace("+0.00%", "0%");
  }

  private static String plain(BigDecimal value) {
    int decimals = 6;
    return value.scale() > decimals
        ? value.setScale(decimals, java.math.RoundingMode.HALF_EVEN).toPlainString()
        : value.toPlainString();
  }

  private static String plain(double value) {
    return new BigDecimal(value, DIGITS).stripTrailingZeros().toPlainString();
  }

  /** The JSON. */
  public ObjectNode json() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("schema", "lookaside.compare/1");
    root.put("a", comparison.a().file()).put("b", comparison.b().file());
    root.put("pairs", comparison.pairs());
    root.put("pairsOfOtherTraces", comparison.otherTraces());
    ArrayNode onlyA = root.putArray("onlyA");
    comparison.onlyA().forEach(onlyA::add);
    ArrayNode onlyB = root.putArray("onlyB");
    comparison.onlyB().forEach(onlyB::add);
    root.put("confidence", number(comparison.confidence()));
    ArrayNode machine = root.putArray("machine");
    comparison
        .machineChanges()
        .forEach(
            (change, pairs) -> {
              ObjectNode node = machine.addObject().put("path", change.path());
              node.set("a", change.a());
              node.set("b", change.b());
              node.put("pairs", pairs);
            });
    ArrayNode list = root.putArray("figures");
    figures.forEach(f -> figure(list.addObject(), f));
    if (check != null) {
      ObjectNode node = root.putObject("check");
      node.put("on", check.on().measure().path());
      node.put("limit", number(check.limit()));
      double worse = check.on().worse();
      node.put("worse", Double.isInfinite(worse) ? null : number(worse));
      node.put("over", check.over());
    }
    return root;
  }

  private static void figure(ObjectNode node, Comparison.Figure f) {
    node.put("path", f.measure().path()).put("unit", f.measure().unit()).put("pairs", f.pairs());
    node.put("a", f.a()).put("b", f.b()).put("difference", f.difference());
    interval(node, "differenceInterval", f.differenceInterval());
    node.put("relative", f.relative() == null ? null : number(f.relative()));
    interval(node, "relativeInterval", f.relativeInterval());
  }

  private static void interval(
      ObjectNode node, String name, Comparison.@Nullable Interval interval) {
    if (interval == null) {
      node.putNull(name);
    } else {
      node.putArray(name).add(number(interval.low())).add(number(interval.high()));
    }
  }

  /** Six digits: more would be noise of the arithmetic. */
  private static BigDecimal number(double value) {
    BigDecimal rounded = new BigDecimal(value, DIGITS).stripTrailingZeros();
    return rounded.scale() < 0 ? rounded.setScale(0) : rounded;
  }
}
