package io.lookaside.mmu.stats;

import java.util.Objects;

/**
 * Values of metrics at one moment, or the difference of two moments. Immutable.
 *
 * @param <M> the enum that declares them
 */
public final class Snapshot<M extends Enum<M> & Metric> {
  private final Class<M> metrics;
  private final long[] values;

  Snapshot(Class<M> metrics, long[] values) {
    this.metrics = metrics;
    this.values = values;
  }

  public long get(M metric) {
    return values[metric.ordinal()];
  }

  /** What was counted since {@code earlier}: how warm-up is left out. */
  public Snapshot<M> minus(Snapshot<M> earlier) {
    long[] difference = values.clone();
    for (int i = 0; i < difference.length; i++) {
      difference[i] -= earlier.values[i];
    }
    return new Snapshot<>(metrics, difference);
  }

  /** The sums of these and other values, as of several components. */
  public Snapshot<M> plus(Snapshot<M> other) {
    long[] sum = values.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += other.values[i];
    }
    return new Snapshot<>(metrics, sum);
  }

  /** The metrics, in the order of their declaration. */
  public M[] metrics() {
    return Objects.requireNonNull(metrics.getEnumConstants());
  }
}
