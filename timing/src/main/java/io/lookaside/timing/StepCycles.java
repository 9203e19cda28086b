package io.lookaside.timing;

import io.lookaside.mmu.AccessKind;
import org.jspecify.annotations.Nullable;

/** What the steps of a reference take on one core, in cycles, with nobody in the way. */
final class StepCycles {
  private static final int FETCH = AccessKind.FETCH.ordinal();

  /** By kind of access: a look-up in the first level. */
  final int[] lookup = new int[AccessKind.COUNT];

  final int secondLevel;
  final int structureCaches;

  /** By place: a read of a table entry. */
  final int[] read;

  /** By kind of access and place: a data access after its translation. */
  final int[][] data = new int[AccessKind.COUNT][Served.PLACES];

  /** What the pipeline hides of a fetch from its translation on. */
  final int hiddenFetch;

  StepCycles(Latencies latencies, MemoryConfig memory) {
    for (AccessKind kind : AccessKind.values()) {
      int i = kind.ordinal();
      boolean fetch = kind == AccessKind.FETCH;
      lookup[i] = fetch ? latencies.l1iCycles() : latencies.l1dCycles();
      int[] cycles = placeCycles(memory, fetch ? memory.l1i() : memory.l1d(), 0);
      int overlapped = memory.parallelLookup() ? lookup[i] : 0;
      for (int place = 0; place < Served.PLACES; place++) {
        data[i][place] = Math.max(0, cycles[place] - overlapped);
      }
    }
    secondLevel = latencies.stlbCycles();
    structureCaches = latencies.structureCacheCycles();
    read = placeCycles(memory, memory.l1d(), memory.fixedLatencyCycles());
    hiddenFetch = data[FETCH][memory.cached() ? Served.L1 : Served.UNCACHED];
  }

  private static int[] placeCycles(MemoryConfig memory, @Nullable CacheConfig first, int uncached) {
    int[] cycles = new int[Served.PLACES];
    CacheConfig l2 = memory.l2();
    CacheConfig llc = memory.llc();
    DramConfig dram = memory.dram();
    cycles[Served.L1] = first == null ? 0 : first.latencyCycles();
    cycles[Served.L2] = l2 == null ? 0 : l2.latencyCycles();
    cycles[Served.LAST_LEVEL] = llc == null ? 0 : llc.latencyCycles();
    cycles[Served.DRAM_ROW_HIT] = dram == null ? 0 : dram.rowHitCycles();
    cycles[Served.DRAM_ROW_MISS] = dram == null ? 0 : dram.rowMissCycles();
    cycles[Served.UNCACHED] = uncached;
    return cycles;
  }
}
