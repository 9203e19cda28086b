package io.lookaside.simulator.curve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stacks that are searched and stacks that are not find pages where lists do. */
class StackDistancesTest {
  /** Counts by depth of one number of sets, the slow and obvious way. */
  private static final class Lists {
    private final List<List<Long>> newestLast = new ArrayList<>();
    private final Map<Integer, Integer> found = new HashMap<>();
    private int lookups;

    Lists(int sets) {
      for (int i = 0; i < sets; i++) {
        newestLast.add(new ArrayList<>());
      }
    }

    void lookup(long page) {
      lookups++;
      List<Long> set = newestLast.get((int) (page % newestLast.size()));
      int at = set.lastIndexOf(page);
      if (at >= 0) {
        found.merge(set.size() - 1 - at, 1, Integer::sum);
        set.remove(at);
      }
      set.add(page);
    }

    long misses(int ways) {
      long hits = 0;
      for (int d = 0; d < ways; d++) {
        hits += found.getOrDefault(d, 0);
      }
      return lookups - hits;
    }
  }

  private static void compare(
      StackDistances stacks, int maxSets, int maxWays, long seed, int lookups, int pages) {
    Random random = new Random(seed);
    PageNumbers numbers = new PageNumbers();
    List<Lists> models = new ArrayList<>();
    for (int sets = 1; sets <= maxSets; sets *= 2) {
      models.add(new Lists(sets));
    }
    int scattered = 0;
    int alternated = 0;
    long before = 1L << 40;
    long older = before;
    for (int i = 0; i < lookups; i++) {
      switch (random.nextInt(6)) {
        case 0 -> scattered = random.nextInt(pages);
        case 1 -> scattered = random.nextInt(1 + pages / 16);
        case 2 -> scattered = (scattered + 1) % pages;
        default -> scattered = Math.max(0, scattered - random.nextInt(4));
      }
      // Runs of neighbours, far from each other, some with many low bits in common.
      long page = ((scattered % 7L) << 30) + ((scattered % 3L) << 6) + scattered / 3;
      if (i < 60) {
        // Every other one never again: they stay at the bottom, with gaps between them.
        page = (1L << 40) + (i < 40 ? i : 2 * (i - 40));
      }
      int number = numbers.of(page, 0);
      stacks.reserve(numbers.end());
      stacks.lookup(number, stacks.leafOf(page));
      stacks.lookedUp(1);
      for (Lists model : models) {
        model.lookup(page);
      }
      // Now and then the page takes turns with the one before, or with an older one.
      if (random.nextInt(8) == 0) {
        older = page;
      }
      long other = random.nextBoolean() ? before : older;
      if (random.nextInt(4) == 0 && other != page && i > 60) {
        int times = 1 + random.nextInt(5);
        alternated += times;
        stacks.alternate(stacks.leafOf(page), numbers.of(other, 0), stacks.leafOf(other), times);
        stacks.lookedUp(times);
        for (int turn = 0; turn < times; turn++) {
          for (Lists model : models) {
            model.lookup(turn % 2 == 0 ? other : page);
          }
        }
      }
      before = page;
    }
    assertTrue(alternated > lookups / 8, "pages took turns");
    assertEquals(lookups + alternated, stacks.lookups());
    Lists one = models.get(0);
    int distinct = one.newestLast.get(0).size();
    assertEquals(distinct, stacks.coldMisses());
    for (int k = 0; k < models.size(); k++) {
      long[] misses = stacks.misses(k, maxWays);
      assertEquals(maxWays, misses.length);
      for (int ways = 1; ways <= maxWays; ways++) {
        String which = (1 << k) + " of " + maxSets + " x " + ways + " of " + maxWays;
        assertEquals(models.get(k).misses(ways), misses[ways - 1], which);
      }
    }
    long[] full = stacks.fullyAssociativeMisses();
    for (int entries = 1; entries <= full.length; entries++) {
      assertEquals(one.misses(entries), full[entries - 1], "entries " + entries);
    }
    assertEquals(distinct, full[full.length - 1], "only cold misses remain");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void everyDepthEqualsThatInAList(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 4; round++) {
      int maxSets = 1 << random.nextInt(12);
      int maxWays = 1 + random.nextInt(round == 3 ? 70 : 16);
      int pages = 40 << random.nextInt(5);
      StackDistances stacks = StackDistances.of(maxSets, maxWays);
      assertEquals(maxSets <= 1024 && maxWays <= 16, stacks instanceof ResidentStacks);
      compare(stacks, maxSets, maxWays, random.nextLong(), 4_000, pages);
      compare(new RingStacks(maxSets, maxWays), maxSets, maxWays, random.nextLong(), 1_000, pages);
    }
  }

  @Test
  void placesThatRecordsHaveNoRoomForAreKeptBesideThem() {
    for (int recordPlaces : new int[] {1 << 10, 1 << 20}) {
      ResidentStacks stacks = new ResidentStacks(4, recordPlaces);
      compare(stacks, 4, 16, 9, 100_000, 400);
      assertEquals(recordPlaces == (1 << 10), stacks.keepsPlacesBeside());
    }
    compare(new RingStacks(4, 3), 4, 3, 10, 100_000, 400);
  }

  @Test
  void numbersOfPagesAreTheirOwn() {
    // More pages than the first table has room for, neighbours and not, in several address spaces.
    PageNumbers numbers = new PageNumbers();
    Random random = new Random(4);
    Map<String, Integer> known = new HashMap<>();
    Map<Integer, String> owners = new HashMap<>();
    for (int i = 0; i < 200_000; i++) {
      long page = (long) random.nextInt(3_000) << (random.nextInt(3) * 16);
      int space = random.nextInt(3) * 5_000;
      int number = numbers.of(page, space);
      assertTrue(number >= 0 && number < numbers.end(), "below the end");
      String name = page + " of " + space;
      Integer before = known.putIfAbsent(name, number);
      assertEquals(before == null ? number : before, number);
      assertEquals(name, owners.computeIfAbsent(number, n -> name));
    }
    assertTrue(known.size() > 20_000, "many pages");
  }
}
