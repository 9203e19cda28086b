package io.lookaside.timing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Caches of lines against lists in the order of use. */
class DataCacheTest {
  private static DataCache cache(int lines, int ways, ReplacementPolicy.Kind policy) {
    return new DataCache(new CacheConfig(new Geometry(lines, ways, policy), 1), 7);
  }

  /** Sets of one, of 3 x 2^n and of many, below and above what is kept the quick way. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 12, 64, 128, 8192})
  void lruHitsExactlyWhatTheListsOfItsSetsHold(int sets) {
    for (int ways : new int[] {1, 2, 8, 9, 16, 20}) {
      Random random = new Random(sets * 31L + ways);
      DataCache cache = cache(sets * ways, ways, ReplacementPolicy.Kind.LRU);
      Map<Long, List<Long>> model = new HashMap<>();
      long hits = 0;
      long line = 0;
      int accesses = 20_000;
      int lines = Math.min(4 * sets * ways, 5000);
      for (int i = 0; i < accesses; i++) {
        line =
            switch (random.nextInt(4)) {
              case 0 -> line;
              case 1 -> line + sets; // the same set
              default -> random.nextInt(lines);
            };
        List<Long> set = model.computeIfAbsent(line % sets, s -> new ArrayList<>());
        boolean expected = set.remove(line);
        if (set.size() == ways) {
          set.remove(0);
        }
        set.add(line);
        hits += expected ? 1 : 0;
        assertEquals(expected, cache.access(line, false), "access " + i + " of line " + line);
      }
      assertEquals(hits, cache.snapshot().get(CacheMetric.HITS));
      assertEquals(accesses - hits, cache.snapshot().get(CacheMetric.MISSES));
      assertEquals(0, cache.snapshot().get(CacheMetric.TABLE_LOOKUPS));
    }
  }

  /** SRRIP: a new line that is hit is kept longer than one that is not (Jaleel et al., 2010). */
  @Test
  void repetitionOfANewLineCountsWhereThePolicySaysSo() {
    DataCache cache = cache(2, 2, ReplacementPolicy.Kind.SRRIP);
    cache.access(1, true);
    cache.access(1, true); // from now on near
    cache.access(2, false);
    cache.access(3, false); // takes the place of 2
    assertEquals(true, cache.access(1, true));
    assertEquals(false, cache.access(2, false));
    assertEquals(3, cache.snapshot().get(CacheMetric.TABLE_LOOKUPS));
    assertEquals(2, cache.snapshot().get(CacheMetric.TABLE_HITS));
  }
}
