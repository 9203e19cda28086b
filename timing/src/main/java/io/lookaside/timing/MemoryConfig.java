package io.lookaside.timing;

import org.jspecify.annotations.Nullable;

/**
 * What is behind the TLBs of a core.
 *
 * <p>Without caches ({@code l1d} absent) data accesses take no time and a read of a table entry
 * takes {@code fixedLatencyCycles}.
 *
 * @param fixedLatencyCycles cycles of a read of a table entry where there are no caches
 * @param l1i first-level instruction cache, or {@code null} for no caches at all
 * @param l1d first-level data cache, present with {@code l1i}
 * @param l2 second level for both, or {@code null} for none
 * @param llc last level, shared by all cores, or {@code null} for none
 * @param dram main memory, present with {@code l1i}
 * @param tablesInL1d whether reads of table entries look in L1D; if not they begin at L2
 * @param parallelLookup whether the first-level cache is looked up while the first-level TLB is
 */
public record MemoryConfig(
    int fixedLatencyCycles,
    @Nullable CacheConfig l1i,
    @Nullable CacheConfig l1d,
    @Nullable CacheConfig l2,
    @Nullable CacheConfig llc,
    @Nullable DramConfig dram,
    boolean tablesInL1d,
    boolean parallelLookup) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if some caches are there and others missing, or a latency is
   *     less than that of a level above
   */
  public MemoryConfig {
    if (fixedLatencyCycles < 0) {
      throw new IllegalArgumentException("latencyCycles must be 0 or more");
    }
    if ((l1i == null) != (l1d == null) || (l1i == null) != (dram == null)) {
      throw new IllegalArgumentException("l1i, l1d and dram stand together, or none of them");
    }
    if (l1i == null && (l2 != null || llc != null)) {
      throw new IllegalArgumentException("l2 and llc need l1i, l1d and dram");
    }
    int least = 0;
    for (@Nullable CacheConfig cache : new @Nullable CacheConfig[] {l1d, l2, llc}) {
      if (cache != null) {
        if (cache.latencyCycles() < least) {
          throw new IllegalArgumentException("a level must not be faster than the one before it");
        }
        least = cache.latencyCycles();
      }
    }
    if (dram != null && dram.rowHitCycles() < least) {
      throw new IllegalArgumentException("dram must not be faster than the last cache");
    }
  }

  /** No caches: reads of table entries take a fixed time, data accesses none. */
  public static MemoryConfig fixed(int latencyCycles) {
    return new MemoryConfig(latencyCycles, null, null, null, null, null, true, false);
  }

  /** Whether there are caches. */
  public boolean cached() {
    return l1d != null;
  }
}
