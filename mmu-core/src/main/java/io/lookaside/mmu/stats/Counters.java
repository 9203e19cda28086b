package io.lookaside.mmu.stats;

/**
 * The running values of the metrics of one component.
 *
 * @param <M> the enum that declares them
 */
public final class Counters<M extends Enum<M> & Metric> {
  private final Class<M> metrics;
  private final long[] values;

  /** All zero. */
  public Counters(Class<M> metrics) {
    this.metrics = metrics;
    this.values = new long[metrics.getEnumConstants().length];
  }

  /**
   * The values themselves, by ordinal. The component that owns the counters counts here on the path
   * of an access, with the ordinals as constants.
   */
  public long[] values() {
    return values;
  }

  /** Adds to a metric where speed does not matter. */
  public void add(M metric, long amount) {
    values[metric.ordinal()] += amount;
  }

  /** The values as they are now. */
  public Snapshot<M> snapshot() {
    return new Snapshot<>(metrics, values.clone());
  }
}
