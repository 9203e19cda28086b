package io.lookaside.timing;

import io.lookaside.mmu.assoc.AssociativeArray;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;

/** The lines that one cache holds. An access that misses enters its line at once. */
public final class DataCache {
  private static final long VALID = 1L << 62;
  private static final long PRESENT = 1;
  private static final long NO_LINE = -1;

  private final AssociativeArray array;
  private final boolean repetitionsChangeNothing;
  private final Counters<CacheMetric> counters = new Counters<>(CacheMetric.class);
  private final long[] counts = counters.values();
  private long lastLine = NO_LINE;

  private static final int LOOKUPS = CacheMetric.LOOKUPS.ordinal();
  private static final int HITS = CacheMetric.HITS.ordinal();
  private static final int MISSES = CacheMetric.MISSES.ordinal();
  private static final int TABLE_LOOKUPS = CacheMetric.TABLE_LOOKUPS.ordinal();
  private static final int TABLE_HITS = CacheMetric.TABLE_HITS.ordinal();

  /**
   * An empty cache.
   *
   * @param seed for random replacement
   */
  public DataCache(CacheConfig config, long seed) {
    array = new AssociativeArray(config.geometry(), seed);
    repetitionsChangeNothing = config.geometry().replacement().fillCountsAsHit();
  }

  public Snapshot<CacheMetric> snapshot() {
    return counters.snapshot();
  }

  /** Accesses a line by its number; returns whether it was there. */
  boolean access(long line, boolean table) {
    boolean hit = line == lastLine || find(line);
    counts[LOOKUPS]++;
    counts[hit ? HITS : MISSES]++;
    if (table) {
      counts[TABLE_LOOKUPS]++;
      counts[TABLE_HITS] += hit ? 1 : 0;
    }
    return hit;
  }

  private boolean find(long line) {
    long tag = line | VALID;
    boolean hit = array.lookup(line, tag) != AssociativeArray.ABSENT;
    if (!hit) {
      array.insert(line, tag, PRESENT);
    }
    if (repetitionsChangeNothing) {
      lastLine = line;
    }
    return hit;
  }
}
