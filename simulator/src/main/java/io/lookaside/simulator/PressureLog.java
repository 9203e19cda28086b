package io.lookaside.simulator;

import io.lookaside.os.linux.LinuxKernel;
import java.util.ArrayList;
import java.util.List;

/**
 * Samples of memory pressure at equal distances of references. Their number is bounded: when all
 * places are taken, every second sample is dropped and the distance doubles, so that a run of any
 * length needs the same memory.
 */
public final class PressureLog {
  /** Samples that a run keeps at most. */
  public static final int ROWS = 512;

  private static final int WIDTH = PressureMetric.values().length;

  private final LinuxKernel kernel;
  private final int capacity;
  private final long[] samples;
  private final long[] start = new long[WIDTH];
  private long every;
  private long next;
  private int rows;

  /**
   * A log that begins now.
   *
   * @param every references between samples, at least 1
   * @param capacity samples that are kept at most, an even number
   */
  public PressureLog(LinuxKernel kernel, long every, int capacity) {
    if (every < 1 || capacity < 2 || capacity % 2 != 0) {
      throw new IllegalArgumentException("every " + every + ", capacity " + capacity);
    }
    this.kernel = kernel;
    this.every = every;
    this.capacity = capacity;
    samples = new long[capacity * WIDTH];
    restart();
  }

  /** Forgets all samples; counts begin at 0. */
  public void restart() {
    PressureMetric.read(0, 0, kernel.memoryState(), kernel.snapshot(), start, 0);
    rows = 0;
    next = every;
  }

  /** References at which the next sample is due. */
  public long next() {
    return next;
  }

  /** Takes a sample if one is due, at the time of the kernel's clock. */
  public void reached(long references) {
    if (references >= next) {
      reached(references, kernel.clock());
    }
  }

  /**
   * Takes a sample if one is due.
   *
   * @param cycles its time
   */
  void reached(long references, long cycles) {
    if (references < next) {
      return;
    }
    sample(references, cycles);
    next = references - references % every + every;
  }

  private void sample(long references, long cycles) {
    if (rows == capacity) {
      rows /= 2;
      for (int row = 0; row < rows; row++) {
        System.arraycopy(samples, (2 * row + 1) * WIDTH, samples, row * WIDTH, WIDTH);
      }
      every *= 2;
      return; // the sample that is due lies between two that stay
    }
    PressureMetric.read(
        references, cycles, kernel.memoryState(), kernel.snapshot(), samples, rows++ * WIDTH);
  }

  /**
   * The samples so far and one of now, which may follow closer.
   *
   * @param references so far
   */
  public PressureResult result(long references) {
    return result(references, kernel.clock());
  }

  /** As {@link #result(long)} at a time. */
  PressureResult result(long references, long cycles) {
    List<List<Long>> table = new ArrayList<>();
    long[] last = start;
    int from = 0;
    for (int row = 0; row < rows; row++) {
      table.add(row(samples, row * WIDTH, last, from));
      last = samples;
      from = row * WIDTH;
    }
    if (rows == 0 || last[from + PressureMetric.REFERENCES.ordinal()] < references) {
      long[] now = new long[WIDTH];
      PressureMetric.read(references, cycles, kernel.memoryState(), kernel.snapshot(), now, 0);
      table.add(row(now, 0, last, from));
    }
    return new PressureResult(every, table);
  }

  private static List<Long> row(long[] values, int at, long[] before, int from) {
    List<Long> row = new ArrayList<>();
    for (PressureMetric metric : PressureMetric.values()) {
      int i = metric.ordinal();
      row.add(metric.isCounted() ? values[at + i] - before[from + i] : values[at + i]);
    }
    return List.copyOf(row);
  }
}
