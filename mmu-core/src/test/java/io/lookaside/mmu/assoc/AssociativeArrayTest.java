package io.lookaside.mmu.assoc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.ReplacementPolicy.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AssociativeArrayTest {
  private static final int[] SETS = {1, 2, 3, 16, 128};
  private static final int[] WAYS = {1, 2, 3, 4, 5, 8, 12, 16, 17, 32, 72};

  private static AssociativeArray array(Kind kind, int sets, int ways, long seed) {
    return new AssociativeArray(new Geometry(sets * ways, ways, kind), seed);
  }

  /** A tag of the number; never 0, and with bits all over. */
  private static long tagOf(long number) {
    return (number << 13) | 0x1001;
  }

  @ParameterizedTest
  @EnumSource
  void behavesAsTheTextbookForAllGeometries(Kind kind) {
    for (int sets : SETS) {
      for (int ways : WAYS) {
        compareWithModel(kind, sets, ways, 1000L * sets + ways);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void behavesAsTheTextbookOverManySeedsInSmallSets(Kind kind) {
    for (long seed = 1; seed <= 12; seed++) {
      for (int ways = 1; ways <= 20; ways++) {
        compareWithModel(kind, 1, ways, seed);
      }
    }
  }

  private static void compareWithModel(Kind kind, int sets, int ways, long seed) {
    String where = kind + " " + sets + "x" + ways + " seed " + seed;
    Random random = new Random(seed);
    AssociativeArray array = array(kind, sets, ways, seed);
    SlowArray model = new SlowArray(kind, sets, ways, seed);
    assertEquals(sets, array.sets());
    assertEquals(ways, array.ways());
    // A few sets in use, the first and the last among them, so that they overflow often.
    int[] used = {0, sets - 1, random.nextInt(sets), random.nextInt(sets)};
    int pool = ways + 1 + random.nextInt(ways + 2);
    int steps = 600 + 40 * ways;
    long value = 1;
    for (int step = 0; step < steps; step++) {
      int set = used[random.nextInt(used.length)];
      long number = set + (long) sets * random.nextInt(pool);
      long tag = tagOf(number);
      int action = random.nextInt(1000);
      if (action == 0) {
        array.clear();
        model.clear();
      } else if (action < 60) {
        int way = array.find(set, tag);
        assertEquals(model.holds(set, tag), way >= 0, where);
        if (way >= 0) {
          array.remove(set, way);
          model.remove(set, tag);
          assertEquals(-1, array.find(set, tag), where);
        }
      } else if (action < 100) {
        int way = array.find(set, tag);
        if (way >= 0) {
          value++;
          array.setValue(set, way, value);
          model.setValue(set, tag, value);
        }
      } else {
        long expected = model.lookup(set, tag);
        assertEquals(expected, array.lookup(number, tag), where);
        if (expected == 0) {
          value++;
          long[] evicted = model.insert(set, tag, value);
          array.insert(number, tag, value);
          assertEquals(evicted == null ? 0 : evicted[0], array.evictedTag(), where);
          if (evicted != null) {
            assertEquals(evicted[1], array.evictedValue(), where);
            assertEquals(-1, array.find(set, evicted[0]), where);
          }
          int way = array.find(set, tag);
          assertEquals(tag, array.tag(set, way), where);
          assertEquals(value, array.value(set, way), where);
        }
      }
    }
    for (int set : used) {
      assertEquals(model.contents(set), contents(array, set), where);
    }
  }

  private static Map<Long, Long> contents(AssociativeArray array, int set) {
    Map<Long, Long> contents = new HashMap<>();
    for (int way = 0; way < array.ways(); way++) {
      if (array.tag(set, way) != AssociativeArray.INVALID) {
        contents.put(array.tag(set, way), array.value(set, way));
      }
    }
    return contents;
  }

  @ParameterizedTest
  @EnumSource
  void secondTouchOfWhatWasTouchedLastInItsSetChangesNothing(Kind kind) {
    for (int sets : new int[] {1, 3, 16}) {
      for (int ways : WAYS) {
        compareWithRepetitions(kind, sets, ways, false);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "SRRIP")
  void touchOfWhatWasPlacedLastInItsSetChangesNothing(Kind kind) {
    for (int sets : new int[] {1, 3, 16}) {
      for (int ways : WAYS) {
        compareWithRepetitions(kind, sets, ways, true);
      }
    }
  }

  /** Runs two arrays alike, but touches in one of them again and again what was used last. */
  private static void compareWithRepetitions(Kind kind, int sets, int ways, boolean afterPlacing) {
    String where = kind + " " + sets + "x" + ways;
    Random random = new Random(31L * sets + ways);
    AssociativeArray plain = array(kind, sets, ways, 5);
    AssociativeArray repeating = array(kind, sets, ways, 5);
    long[] last = new long[sets];
    int pool = 2 * ways + 1;
    int evictions = 0;
    for (int step = 0; step < sets * (200 + 20 * ways); step++) {
      int set = random.nextInt(sets);
      long number = set + (long) sets * (1 + random.nextInt(pool));
      long tag = tagOf(number);
      if (random.nextInt(40) == 0 && plain.find(set, tag) >= 0) {
        plain.remove(set, plain.find(set, tag));
        repeating.remove(set, repeating.find(set, tag));
        continue;
      }
      long hit = plain.lookup(number, tag);
      assertEquals(hit, repeating.lookup(number, tag), where);
      last[set] = number;
      if (hit == AssociativeArray.ABSENT) {
        plain.insert(number, tag, step + 1);
        repeating.insert(number, tag, step + 1);
        assertEquals(plain.evictedTag(), repeating.evictedTag(), where);
        if (plain.evictedTag() != AssociativeArray.INVALID) {
          evictions++;
        }
        if (!afterPlacing) {
          assertEquals(plain.lookup(number, tag), repeating.lookup(number, tag), where);
        }
      }
      // In this set, or later in another one.
      for (int i = random.nextInt(4); i > 0; i--) {
        long again = last[random.nextBoolean() ? set : random.nextInt(sets)];
        if (again != 0) {
          repeating.lookup(again, tagOf(again));
        }
      }
    }
    assertTrue(evictions > 0, where);
  }

  /** Letters in one set: a capital is looked up and entered on a miss; returns what had to go. */
  private static String evictions(Kind kind, int ways, String accesses) {
    AssociativeArray array = array(kind, 1, ways, 1);
    StringBuilder evicted = new StringBuilder();
    for (int i = 0; i < accesses.length(); i++) {
      char letter = accesses.charAt(i);
      if (array.lookup(0, letter) == AssociativeArray.ABSENT) {
        array.insert(0, letter, 1);
        if (array.evictedTag() != AssociativeArray.INVALID) {
          evicted.append((char) array.evictedTag());
        }
      } else {
        evicted.append('.');
      }
    }
    return evicted.toString();
  }

  @ParameterizedTest
  @CsvSource({
    // A hit shows as a dot. Computed by hand from the definitions.
    "LRU, 4, ABCDAEFGH, .BCDA",
    "LRU, 4, ABCDCAEBF, ..BDC",
    "LRU, 3, ABCABDE, ..CA",
    "FIFO, 4, ABCDAEFGH, .ABCD",
    "FIFO, 3, ABCADAEB, .ABCD",
    // Tree of four: after A's hit the root points right, to C; each entry turns it round.
    "TREE_PLRU, 4, ABCDE, A",
    "TREE_PLRU, 4, ABCDAEFGH, .CBDA",
    "TREE_PLRU, 4, ABCDCABEF, ...DA",
    // Tree of three: the right node has no right half.
    "TREE_PLRU, 3, ABCDEF, ACB",
    "TREE_PLRU, 2, ABCD, AB",
    "TREE_PLRU, 1, ABCAA, ABC.",
    // Bits after ABCD: 0001 (the fourth set them all), after A 1001.
    "BIT_PLRU, 4, ABCDAEFGHDI, .BCAE.G",
    "BIT_PLRU, 1, ABCAA, ABC.",
    "BIT_PLRU, 2, ABCD, AB",
    // Predictions after ABCD 2222, after A and C 0202.
    "SRRIP, 4, ABCDACEFGCHIJ, ..BDE.FAG",
    "SRRIP, 1, ABCAA, ABC.",
    "SRRIP, 2, ABAACADA, ..B.C.",
  })
  void handComputedEvictions(Kind kind, int ways, String accesses, String evicted) {
    assertEquals(evicted, evictions(kind, ways, accesses));
  }

  @ParameterizedTest
  @EnumSource
  void invalidWaysAreUsedBeforeAnythingIsEvicted(Kind kind) {
    for (int ways : WAYS) {
      AssociativeArray array = array(kind, 1, ways, 3);
      for (int n = 1; n <= ways; n++) {
        array.insert(n, tagOf(n), n);
        assertEquals(AssociativeArray.INVALID, array.evictedTag());
      }
      // Every second one goes out and is followed by a new one.
      for (int n = 1; n <= ways; n += 2) {
        array.remove(0, array.find(0, tagOf(n)));
      }
      for (int n = 1; n <= ways; n += 2) {
        array.insert(1000 + n, tagOf(1000 + n), n);
        assertEquals(AssociativeArray.INVALID, array.evictedTag());
      }
      array.insert(2000, tagOf(2000), 1);
      assertNotEquals(AssociativeArray.INVALID, array.evictedTag());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"TREE_PLRU", "BIT_PLRU", "RANDOM", "SRRIP"})
  void firstInvalidWayIsUsed(Kind kind) {
    AssociativeArray array = array(kind, 1, 12, 3);
    for (int n = 1; n <= 12; n++) {
      array.insert(n, tagOf(n), n);
      assertEquals(n - 1, array.find(0, tagOf(n)));
    }
    array.remove(0, 9);
    array.remove(0, 4);
    array.insert(100, tagOf(100), 1);
    array.insert(101, tagOf(101), 1);
    assertEquals(4, array.find(0, tagOf(100)));
    assertEquals(9, array.find(0, tagOf(101)));
  }

  @Test
  void randomReplacementDrawsOncePerEvictionAndBeginsAnewWhenCleared() {
    AssociativeArray array = array(Kind.RANDOM, 2, 5, 77);
    for (int round = 0; round < 2; round++) {
      SeededRandom random = new SeededRandom(77);
      for (int n = 0; n < 200; n++) {
        int set = n & 1;
        int way = n < 10 ? n >> 1 : random.nextInt(5);
        long goes = array.tag(set, way);
        array.insert(n, tagOf(n), 1);
        assertEquals(goes, array.evictedTag());
        assertEquals(tagOf(n), array.tag(set, way));
        array.lookup(n, tagOf(n));
      }
      array.clear();
    }
  }

  @ParameterizedTest
  @EnumSource
  void clearForgetsEntriesAndHistory(Kind kind) {
    for (int ways : WAYS) {
      AssociativeArray used = array(kind, 3, ways, 9);
      AssociativeArray fresh = array(kind, 3, ways, 9);
      Random random = new Random(ways);
      for (int i = 0; i < 500; i++) {
        access(used, random.nextInt(6 * ways));
      }
      used.clear();
      for (int set = 0; set < 3; set++) {
        assertTrue(contents(used, set).isEmpty());
      }
      for (int i = 0; i < 500; i++) {
        int number = random.nextInt(6 * ways);
        assertEquals(access(fresh, number), access(used, number));
      }
    }
  }

  /** Looks up, enters on a miss; a word that tells what happened. */
  private static long access(AssociativeArray array, long number) {
    if (array.lookup(number, tagOf(number)) != AssociativeArray.ABSENT) {
      return -1;
    }
    array.insert(number, tagOf(number), 1);
    return array.evictedTag();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 6, 7, 12, 16, 100, 128, 129, 1000, 1024})
  void setIsTheUnsignedRemainder(int sets) {
    AssociativeArray array = array(Kind.LRU, sets, 1, 0);
    Random random = new Random(sets);
    List<Long> numbers = new ArrayList<>(List.of(0L, 1L, -1L, Long.MIN_VALUE, Long.MAX_VALUE));
    for (int i = 0; i < 500; i++) {
      numbers.add(random.nextLong());
      numbers.add((long) random.nextInt(3 * sets));
      numbers.add(random.nextLong() >>> 28);
    }
    for (long number : numbers) {
      BigInteger unsigned = new BigInteger(Long.toUnsignedString(number));
      assertEquals(unsigned.mod(BigInteger.valueOf(sets)).intValue(), array.setOf(number));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 8, 9, 16, 17, 72})
  void tagsWithEqualFingerprintsAreNotConfused(int ways) {
    // Tags whose product with the hash's constant begins with the same seven bits.
    BigInteger word = BigInteger.ONE.shiftLeft(64);
    long inverse =
        new BigInteger(Long.toUnsignedString(0x9e37_79b9_7f4a_7c15L)).modInverse(word).longValue();
    for (long first = 0; first < 128; first += 9) {
      AssociativeArray array = array(Kind.LRU, 1, ways, 0);
      List<Long> tags = new ArrayList<>();
      for (int i = 1; i <= 2 * ways; i++) {
        tags.add(inverse * ((first << 57) + i * 0x1_2345_6789L));
      }
      for (int i = 0; i < ways; i++) {
        array.insert(0, tags.get(i), i + 1);
      }
      for (int i = 0; i < 2 * ways; i++) {
        boolean inside = i < ways;
        assertEquals(inside ? i + 1 : AssociativeArray.ABSENT, array.lookup(0, tags.get(i)));
        int way = array.find(0, tags.get(i));
        assertEquals(inside, way >= 0);
        if (inside) {
          assertEquals(i + 1, array.value(0, way));
        }
      }
      // Removed, a tag is gone though its neighbours look alike.
      for (int i = 0; i < ways; i++) {
        array.remove(0, array.find(0, tags.get(i)));
        assertEquals(-1, array.find(0, tags.get(i)));
        assertEquals(AssociativeArray.ABSENT, array.lookup(0, tags.get(i)));
        for (int j = i + 1; j < ways; j++) {
          assertEquals(j + 1, array.value(0, array.find(0, tags.get(j))));
        }
      }
    }
  }

  @Test
  void manyTagsInOneSetAreNeverConfused() {
    AssociativeArray array = array(Kind.FIFO, 1, 72, 0);
    Random random = new Random(4);
    List<Long> inserted = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      long tag = (i % 3 == 0 ? random.nextLong() : random.nextInt(1 << 20)) | 1L << 40;
      if (inserted.contains(tag)) {
        continue;
      }
      array.insert(0, tag, tag ^ 0x55);
      inserted.add(tag);
      int oldest = Math.max(0, inserted.size() - 72);
      long present = inserted.get(oldest + random.nextInt(inserted.size() - oldest));
      assertEquals(present ^ 0x55, array.value(0, array.find(0, present)));
      assertEquals(present ^ 0x55, array.lookup(0, present));
      if (oldest > 0) {
        assertEquals(-1, array.find(0, inserted.get(random.nextInt(oldest))));
      }
      assertEquals(-1, array.find(0, tag ^ 1L << 63));
      assertEquals(-1, array.find(0, tag ^ 1L << 41));
    }
  }

  @ParameterizedTest
  @EnumSource
  void setsDoNotDisturbEachOther(Kind kind) {
    AssociativeArray array = array(kind, 3, 4, 1);
    for (long number = 0; number < 12; number++) {
      array.insert(number, tagOf(number), number + 1);
    }
    for (long round = 0; round < 50; round++) {
      array.insert(1 + 3 * (100 + round), tagOf(1 + 3 * (100 + round)), 1);
    }
    for (long number = 0; number < 12; number++) {
      long expected = number % 3 == 1 ? AssociativeArray.ABSENT : number + 1;
      if (kind != Kind.RANDOM || expected != AssociativeArray.ABSENT) {
        assertEquals(expected, array.lookup(number, tagOf(number)));
      }
    }
  }

  @Test
  void findAndSetValueLeaveTheOrderAlone() {
    for (Kind kind : Kind.values()) {
      for (int ways : WAYS) {
        AssociativeArray plain = array(kind, 1, ways, 2);
        AssociativeArray watched = array(kind, 1, ways, 2);
        Random random = new Random(ways);
        for (int i = 0; i < 400; i++) {
          int number = random.nextInt(2 * ways + 1);
          assertEquals(access(plain, number), access(watched, number));
          int way = watched.find(0, tagOf(random.nextInt(2 * ways + 1)));
          if (way >= 0) {
            watched.setValue(0, way, 7);
          }
        }
      }
    }
  }

  @Test
  void equalSeedsEvictAlikeAndOtherSeedsDoNot() {
    long[] one = randomEvictions(11);
    assertArrayEquals(one, randomEvictions(11));
    boolean equal = true;
    long[] other = randomEvictions(12);
    for (int i = 0; i < one.length; i++) {
      equal &= one[i] == other[i];
    }
    assertFalse(equal);
  }

  private static long[] randomEvictions(long seed) {
    AssociativeArray array = array(Kind.RANDOM, 1, 8, seed);
    long[] evicted = new long[100];
    for (int n = 0; n < evicted.length; n++) {
      array.insert(n, tagOf(n), 1);
      evicted[n] = array.evictedTag();
    }
    return evicted;
  }

  @Test
  void policiesHaveTheNamesOfMachineFiles() {
    List<String> labels = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      labels.add(kind.label());
    }
    assertEquals(List.of("lru", "tree-plru", "bit-plru", "fifo", "random", "srrip"), labels);
  }
}
