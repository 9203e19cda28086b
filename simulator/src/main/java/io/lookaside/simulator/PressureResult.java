package io.lookaside.simulator;

import java.util.List;

/**
 * Memory pressure over the course of a run.
 *
 * @param every references between two samples; the last one may follow closer
 * @param rows the samples, each with a value for every {@link PressureMetric}
 */
public record PressureResult(long every, List<List<Long>> rows) {
  /** Copies the rows. */
  public PressureResult {
    rows = List.copyOf(rows);
  }

  /** A value of a sample. */
  public long get(int row, PressureMetric metric) {
    return rows.get(row).get(metric.ordinal());
  }

  /** A counted value summed over all samples. */
  public long sum(PressureMetric metric) {
    return rows.stream().mapToLong(row -> row.get(metric.ordinal())).sum();
  }
}
