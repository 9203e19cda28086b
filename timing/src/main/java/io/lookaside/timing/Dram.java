package io.lookaside.timing;

import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import java.util.Arrays;

/** The open rows of main memory. Which row is open follows the order of the references. */
public final class Dram {
  private static final long NO_ROW = -1;

  private final int rowShift;
  private final int bankMask;
  private final int bankShift;
  private final long[] openRow;
  private final Counters<DramMetric> counters = new Counters<>(DramMetric.class);

  /** Main memory with all rows closed. */
  public Dram(DramConfig config) {
    rowShift = Integer.numberOfTrailingZeros(config.rowBytes());
    bankMask = config.banks() - 1;
    bankShift = Integer.numberOfTrailingZeros(config.banks());
    openRow = new long[config.banks()];
    Arrays.fill(openRow, NO_ROW);
  }

  public Snapshot<DramMetric> snapshot() {
    return counters.snapshot();
  }

  /** Accesses physical address {@code pa}; returns a {@link Served} code. */
  int access(long pa, boolean table) {
    long number = pa >>> rowShift;
    int bank = (int) number & bankMask;
    long row = number >>> bankShift;
    boolean hit = openRow[bank] == row;
    openRow[bank] = row;
    counters.add(DramMetric.ACCESSES, 1);
    counters.add(hit ? DramMetric.ROW_HITS : DramMetric.ROW_MISSES, 1);
    if (table) {
      counters.add(DramMetric.TABLE_ACCESSES, 1);
    }
    return Served.dram(hit, bank);
  }
}
