package io.lookaside.tlb;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Counters;

/** The table of a structure that looks one page size after the other up. */
final class SizePredictor {
  private static final int REGION_SHIFT = PageSize.SIZE_2M.shift();
  private static final int PREDICTED = TlbStructureMetric.SIZE_PREDICTED.ordinal();
  private static final int MISPREDICTED = TlbStructureMetric.SIZE_MISPREDICTED.ordinal();
  private static final int REPROBES = TlbStructureMetric.REPROBES.ordinal();

  /**
   * By place: the number, among the structure's sizes, of the one found last; first the smallest.
   */
  private final byte[] table;

  private final int mask;
  private final int sizes;
  private final int reprobeCycles;
  private final long[] counts;

  SizePredictor(SizePredictionConfig config, int sizes, Counters<TlbStructureMetric> counters) {
    table = new byte[config.entries()];
    mask = config.entries() - 1;
    reprobeCycles = config.reprobeCycles();
    this.sizes = sizes;
    counts = counters.values();
  }

  int reprobeCycles() {
    return reprobeCycles;
  }

  int expected(long va) {
    return table[place(va)];
  }

  /** A look-up has found a size with the last of several probes. */
  void found(long va, int size, int probes) {
    counts[probes == 1 ? PREDICTED : MISPREDICTED]++;
    counts[REPROBES] += probes - 1;
    learn(va, size);
  }

  /** A look-up has found nothing, with a probe of every size. */
  void missed() {
    counts[REPROBES] += sizes - 1;
  }

  void learn(long va, int size) {
    table[place(va)] = (byte) size;
  }

  private int place(long va) {
    return (int) (va >>> REGION_SHIFT) & mask;
  }
}
