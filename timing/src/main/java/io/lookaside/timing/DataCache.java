package io.lookaside.timing;

import io.lookaside.mmu.assoc.AssociativeArray;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.assoc.WayWord;
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

  /** Where the lines are: one of the two. */
  private final @Nullable LineSets quick;

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
    boolean packs = lru && geometry.ways() <= WayWord.MAX_WAYS;
    quick = packs ? new LineSets(geometry.sets(), geometry.ways()) : null;
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

  /** Reads what an access of a line will need, and changes nothing; the result means nothing. */
  long readAhead(long line) {
    return quick == null ? 0 : quick.readAhead(line);
  }

  private boolean find(long line) {
    boolean hit;
    if (quick != null) {
      hit = quick.access(line);
    } else {
      long tag = line | VALID;
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
