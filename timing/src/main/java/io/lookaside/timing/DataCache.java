package io.lookaside.timing;

import io.lookaside.mmu.assoc.AssociativeArray;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.LruArray;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The lines that one cache holds. An access that misses enters its line at once. */
public final class DataCache {
  /*
   * Most accesses repeat the line that its set used last, which changes nothing there. So the lines
   * used last are kept apart, one for each class of line numbers; lines of different classes, by
   * their low bits, never meet in one set.
   */

  private static final long VALID = 1L << 62;
  private static final long PRESENT = 1;
  private static final long NO_LINE = -1;
  private static final int MOST_CLASSES = 64;

  /** Larger arrays are rarely looked up, and the quicker kind takes twice the space. */
  private static final int MOST_QUICK_SETS = 4096;

  /** Where the lines are: one of the two. */
  private final @Nullable LruArray quick;

  private final @Nullable AssociativeArray array;

  private final boolean repetitionsChangeNothing;

  /** By class: the line that was used last. */
  private final long[] lastLines;

  private final int classMask;
  private final Counters<CacheMetric> counters = new Counters<>(CacheMetric.class);
  private final long[] counts = counters.values();

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
    Geometry geometry = config.geometry();
    boolean lru = geometry.replacement() == ReplacementPolicy.Kind.LRU;
    quick = lru && geometry.sets() <= MOST_QUICK_SETS ? LruArray.of(geometry) : null;
    array = quick == null ? new AssociativeArray(geometry, seed) : null;
    repetitionsChangeNothing = geometry.replacement().fillCountsAsHit();
    // The largest power of two that divides the number of sets: equal sets, equal low bits.
    int classes = Math.min(MOST_CLASSES, Integer.lowestOneBit(geometry.sets()));
    lastLines = new long[classes];
    classMask = classes - 1;
    Arrays.fill(lastLines, NO_LINE);
  }

  public Snapshot<CacheMetric> snapshot() {
    return counters.snapshot();
  }

  /** Accesses a line by its number; returns whether it was there. */
  boolean access(long line, boolean table) {
    boolean hit = line == lastLines[(int) line & classMask] || find(line);
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
    boolean hit;
    if (quick != null) {
      hit = quick.lookup(line, tag) != LruArray.ABSENT;
      if (!hit) {
        quick.insert(line, tag, PRESENT);
      }
    } else {
      AssociativeArray any = Objects.requireNonNull(array);
      hit = any.lookup(line, tag) != AssociativeArray.ABSENT;
      if (!hit) {
        any.insert(line, tag, PRESENT);
      }
    }
    if (repetitionsChangeNothing) {
      lastLines[(int) line & classMask] = line;
    }
    return hit;
  }
}
