package io.lookaside.experiments.compare;

import io.lookaside.experiments.sweep.Measure;
import io.lookaside.experiments.sweep.Measures;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.statistics.distribution.TDistribution;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Results compared pair by pair: those of the same trace and the same values on all axes.
 *
 * <p>Over several pairs the figures are means of the differences within pairs, with a confidence
 * interval by Student's t: mean ± t(n-1) · s / √n, where s is the standard deviation of the n
 * differences. The pairs stand for the traces or seeds that one might have taken instead.
 */
public final class Comparison {
  /** A confidence where none is asked for. */
  public static final double DEFAULT_CONFIDENCE = 0.95;

  /**
   * Something that is another in the second machine.
   *
   * @param path its key in the effective configuration, with dots
   * @param a its value in the first, {@code null} if it is not there
   * @param b its value in the second, {@code null} if it is not there
   */
  public record Change(String path, @Nullable JsonNode a, @Nullable JsonNode b) {}

  /**
   * A confidence interval.
   *
   * @param low its lower end
   * @param high its upper end
   */
  public record Interval(double low, double high) {}

  /**
   * A figure of both sides, over the pairs that have it.
   *
   * @param measure the figure
   * @param pairs how many pairs have it
   * @param a its mean in the first
   * @param b its mean in the second
   * @param difference the mean of b - a
   * @param differenceInterval of that mean, or {@code null} for one pair
   * @param relative the mean of (b - a) / a, or {@code null} if an a is 0 and its b is not
   * @param relativeInterval of that mean, or {@code null} for one pair
   * @param changed whether a pair differs
   */
  public record Figure(
      Measure measure,
      int pairs,
      BigDecimal a,
      BigDecimal b,
      BigDecimal difference,
      @Nullable Interval differenceInterval,
      @Nullable Double relative,
      @Nullable Interval relativeInterval,
      boolean changed) {
    /** Whether less of it is worse. */
    boolean lessIsWorse() {
      return measure.path().endsWith(".hits");
    }

    /** By how much it became worse, as a share; infinite where there was none of it. */
    double worse() {
      if (relative != null) {
        return lessIsWorse() ? -relative : relative;
      }
      return lessIsWorse() == (difference.signum() > 0)
          ? Double.NEGATIVE_INFINITY
          : Double.POSITIVE_INFINITY;
    }
  }

  private record Pair(ResultSet.Entry a, ResultSet.Entry b) {}

  private final ResultSet a;
  private final ResultSet b;
  private final double confidence;
  private final List<Pair> pairs = new ArrayList<>();
  private final List<ResultSet.Entry> onlyA = new ArrayList<>();
  private final List<ResultSet.Entry> onlyB = new ArrayList<>();

  /**
   * A comparison.
   *
   * @param confidence of the intervals, between 0 and 1
   * @throws ResultSet.ResultException if the two have no pair, or several results for one
   */
  public Comparison(ResultSet a, ResultSet b, double confidence) throws ResultSet.ResultException {
    this.a = a;
    this.b = b;
    this.confidence = confidence;
    if (a.entries().size() == 1 && b.entries().size() == 1) {
      // Whatever they are: somebody wants to know how these two differ.
      pairs.add(new Pair(a.entries().get(0), b.entries().get(0)));
      return;
    }
    Map<String, ResultSet.Entry> second = new LinkedHashMap<>();
    for (ResultSet.Entry entry : b.entries()) {
      put(second, entry, b);
    }
    Map<String, ResultSet.Entry> first = new LinkedHashMap<>();
    for (ResultSet.Entry entry : a.entries()) {
      put(first, entry, a);
      ResultSet.Entry other = second.remove(entry.title());
      if (other == null) {
        onlyA.add(entry);
      } else {
        pairs.add(new Pair(entry, other));
      }
    }
    onlyB.addAll(second.values());
    if (pairs.isEmpty()) {
      throw new ResultSet.ResultException(
          a.file()
              + " and "
              + b.file()
              + " have no point in common: one begins with '"
              + a.entries().get(0).title()
              + "', the other with '"
              + b.entries().get(0).title()
              + "'; choose sides with --a axis=value and --b axis=value");
    }
  }

  private static void put(Map<String, ResultSet.Entry> map, ResultSet.Entry entry, ResultSet of)
      throws ResultSet.ResultException {
    if (map.put(entry.title(), entry) != null) {
      throw new ResultSet.ResultException(
          of.file() + ": has several results for '" + entry.title() + "'; choose with --a or --b");
    }
  }

  /** The first side. */
  public ResultSet a() {
    return a;
  }

  /** The second side. */
  public ResultSet b() {
    return b;
  }

  /** The confidence of the intervals. */
  public double confidence() {
    return confidence;
  }

  /** How many pairs there are. */
  public int pairs() {
    return pairs.size();
  }

  /** Titles of the results of the first side that have no partner. */
  public List<String> onlyA() {
    return onlyA.stream().map(ResultSet.Entry::title).toList();
  }

  /** Titles of the results of the second side that have no partner. */
  public List<String> onlyB() {
    return onlyB.stream().map(ResultSet.Entry::title).toList();
  }

  /** In how many pairs the traces are others. */
  public int otherTraces() {
    return (int)
        pairs.stream()
            .filter(
                p ->
                    !p.a()
                        .result()
                        .at("/provenance/traceHash")
                        .equals(p.b().result().at("/provenance/traceHash")))
            .count();
  }

  /** What is another in the machines, each change with the number of pairs that have it. */
  public Map<Change, Integer> machineChanges() {
    Map<Change, Integer> changes = new LinkedHashMap<>();
    for (Pair pair : pairs) {
      List<Change> found = new ArrayList<>();
      diff(
          "",
          pair.a().result().at("/provenance/machine"),
          pair.b().result().at("/provenance/machine"),
          found);
      found.forEach(c -> changes.merge(c, 1, Integer::sum));
    }
    return changes;
  }

  private static void diff(String path, JsonNode x, JsonNode y, List<Change> changes) {
    if (x.isObject() && y.isObject()) {
      Set<String> keys = new LinkedHashSet<>(x.propertyNames());
      keys.addAll(y.propertyNames());
      for (String key : keys) {
        diff(path.isEmpty() ? key : path + "." + key, x.path(key), y.path(key), changes);
      }
    } else if (x.isArray() && y.isArray() && isOfObjects(x) && isOfObjects(y)) {
      for (int i = 0; i < Math.max(x.size(), y.size()); i++) {
        diff(path + "." + i, x.path(i), y.path(i), changes);
      }
    } else if (!x.equals(y)) {
      changes.add(new Change(path, x.isMissingNode() ? null : x, y.isMissingNode() ? null : y));
    }
  }

  private static boolean isOfObjects(JsonNode array) {
    return array.valueStream().allMatch(JsonNode::isObject);
  }

  /** The paths of all figures that both sides of a pair have. */
  public Set<String> paths() {
    Set<String> paths = new LinkedHashSet<>();
    for (Pair pair : pairs) {
      Set<String> other = new LinkedHashSet<>();
      Measures.addPaths(pair.b().result(), other);
      Set<String> both = new LinkedHashSet<>();
      Measures.addPaths(pair.a().result(), both);
      both.retainAll(other);
      paths.addAll(both);
    }
    return paths;
  }

  /** A figure over all pairs that have it as a number; {@code null} if none has. */
  public @Nullable Figure figure(Measure measure) {
    List<BigDecimal> first = new ArrayList<>();
    List<BigDecimal> second = new ArrayList<>();
    for (Pair pair : pairs) {
      JsonNode x = measure.of(pair.a().result());
      JsonNode y = measure.of(pair.b().result());
      if (x.isNumber() && y.isNumber()) {
        first.add(x.decimalValue());
        second.add(y.decimalValue());
      }
    }
    int n = first.size();
    if (n == 0) {
      return null;
    }
    List<BigDecimal> differences = new ArrayList<>();
    double[] absolute = new double[n];
    double[] share = new double[n];
    boolean relative = true;
    boolean changed = false;
    for (int i = 0; i < n; i++) {
      BigDecimal d = second.get(i).subtract(first.get(i));
      differences.add(d);
      absolute[i] = d.doubleValue();
      changed |= d.signum() != 0;
      if (d.signum() != 0 && first.get(i).signum() == 0) {
        relative = false;
      } else if (d.signum() != 0) {
        share[i] = d.divide(first.get(i).abs(), MathContext.DECIMAL64).doubleValue();
      }
    }
    return new Figure(
        measure,
        n,
        mean(first),
        mean(second),
        mean(differences),
        interval(absolute),
        relative ? mean(share) : null,
        relative ? interval(share) : null,
        changed);
  }

  private static BigDecimal mean(List<BigDecimal> values) {
    BigDecimal sum = values.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
    BigDecimal mean = sum.divide(BigDecimal.valueOf(values.size()), MathContext.DECIMAL64);
    BigDecimal plain = mean.stripTrailingZeros();
    return plain.scale() < 0 ? plain.setScale(0) : plain;
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double v : values) {
      sum += v;
    }
    return sum / values.length;
  }

  private @Nullable Interval interval(double[] values) {
    int n = values.length;
    if (n < 2) {
      return null;
    }
    double mean = mean(values);
    double squares = 0;
    for (double v : values) {
      squares += (v - mean) * (v - mean);
    }
    double error = Math.sqrt(squares / (n - 1) / n);
    double t = TDistribution.of(n - 1).inverseCumulativeProbability((1 + confidence) / 2);
    return new Interval(mean - t * error, mean + t * error);
  }
}
