package io.lookaside.timing;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The caches of one core with what it shares with others: which place serves an access. Time is
 * elsewhere: here, state changes in the order of the references.
 *
 * <p>A line enters every cache that the access looked in and missed; what it evicts is forgotten.
 * Stores allocate lines as loads do; writing lines back takes nothing.
 */
public final class MemoryHierarchy {
  /** Bytes of a cache line. */
  public static final int LINE_BYTES = 64;

  private static final int LINE_SHIFT = Integer.numberOfTrailingZeros(LINE_BYTES);

  private final @Nullable DataCache l1i;
  private final @Nullable DataCache l1d;
  private final @Nullable DataCache l2;
  private final @Nullable DataCache llc;
  private final @Nullable Dram dram;
  private final boolean tablesInL1d;

  /**
   * The caches of a core.
   *
   * @param shared the last level, which several cores may share; {@code null} where the
   *     configuration has none
   * @param dram main memory; {@code null} where there are no caches
   */
  public MemoryHierarchy(
      MemoryConfig config, @Nullable DataCache shared, @Nullable Dram dram, long seed) {
    l1i = cache(config.l1i(), seed ^ 1L << 40);
    l1d = cache(config.l1d(), seed ^ 2L << 40);
    l2 = cache(config.l2(), seed ^ 3L << 40);
    llc = shared;
    this.dram = dram;
    tablesInL1d = config.tablesInL1d();
  }

  /** The caches of the only core of a machine. */
  public static MemoryHierarchy alone(MemoryConfig config, long seed) {
    return ofCores(config, 1, seed).get(0);
  }

  /** The caches of the cores of a machine, which share the last level and main memory. */
  public static List<MemoryHierarchy> ofCores(MemoryConfig config, int cores, long seed) {
    DramConfig dram = config.dram();
    DataCache sharedCache = cache(config.llc(), seed ^ 4L << 40);
    Dram sharedDram = dram == null ? null : new Dram(dram);
    List<MemoryHierarchy> all = new ArrayList<>();
    for (int core = 0; core < cores; core++) {
      long own = seed ^ (long) core << 48; // of the first core as of a single one
      all.add(new MemoryHierarchy(config, sharedCache, sharedDram, own));
    }
    return List.copyOf(all);
  }

  private static @Nullable DataCache cache(@Nullable CacheConfig config, long seed) {
    return config == null ? null : new DataCache(config, seed);
  }

  /** The program accesses physical address {@code pa}; returns a {@link Served} code. */
  public int access(long pa, boolean fetch) {
    DataCache first = fetch ? l1i : l1d;
    if (first == null) {
      return Served.UNCACHED;
    }
    long line = pa >>> LINE_SHIFT;
    return first.access(line, false) ? Served.L1 : behindL1(pa, line, false);
  }

  /** A table entry at {@code pa} is read; returns a {@link Served} code. */
  public int readTable(long pa) {
    DataCache first = l1d;
    if (first == null) {
      return Served.UNCACHED;
    }
    long line = pa >>> LINE_SHIFT;
    return tablesInL1d && first.access(line, true) ? Served.L1 : behindL1(pa, line, true);
  }

  /**
   * Reads from the host's memory what an access to {@code pa} will need of the last level, which is
   * too large for the caches of most hosts. Changes nothing; the result means nothing.
   */
  public long readAhead(long pa) {
    return llc == null ? 0 : llc.readAhead(pa >>> LINE_SHIFT);
  }

  private int behindL1(long pa, long line, boolean table) {
    if (l2 != null && l2.access(line, table)) {
      return Served.L2;
    }
    if (llc != null && llc.access(line, table)) {
      return Served.LAST_LEVEL;
    }
    return Objects.requireNonNull(dram).access(pa, table);
  }

  /** The caches that are there, by name, nearest first. */
  public Map<String, DataCache> caches() {
    Map<String, DataCache> caches = privateCaches();
    put(caches, "llc", llc);
    return caches;
  }

  /** Those of them that belong to the core alone. */
  public Map<String, DataCache> privateCaches() {
    Map<String, DataCache> caches = new LinkedHashMap<>();
    put(caches, "l1i", l1i);
    put(caches, "l1d", l1d);
    put(caches, "l2", l2);
    return caches;
  }

  private static void put(Map<String, DataCache> caches, String name, @Nullable DataCache cache) {
    if (cache != null) {
      caches.put(name, cache);
    }
  }

  /** Main memory, or {@code null} where there are no caches. */
  public @Nullable Dram dram() {
    return dram;
  }
}
