package io.lookaside.mmu.assoc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fast LRU arrays against lists that are searched from end to end. */
class LruArrayTest {
  private static final int STEPS = 60_000;

  private static final class Entry {
    final long tag;
    long value;

    Entry(long tag, long value) {
      this.tag = tag;
      this.value = value;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1", "1, 2", "8, 3", "16, 4", "7, 4", "8, 8", "5, 9", "128, 12", "3, 15", "4, 16", "1, 17",
    "1, 32", "6, 24", "1, 64", "2, 100"
  })
  void everyAnswerEqualsTheListModels(int sets, int ways) {
    LruArray array = LruArray.of(new Geometry(sets * ways, ways, ReplacementPolicy.Kind.LRU));
    List<List<Entry>> model = new ArrayList<>();
    for (int i = 0; i < sets; i++) {
      model.add(new ArrayList<>());
    }
    Random random = new Random(sets * 100 + ways);
    for (int step = 0; step < STEPS; step++) {
      long number = random.nextInt(2 * sets * ways + 2) - 1L; // -1: an unsigned remainder
      long tag = number << 8 | 0x40 | random.nextInt(2);
      List<Entry> set = model.get((int) Long.remainderUnsigned(number, sets));
      Entry entry = set.stream().filter(e -> e.tag == tag).findFirst().orElse(null);
      long value = random.nextLong() | 1;
      switch (random.nextInt(12)) {
        case 0 -> {
          array.remove(number, tag);
          set.remove(entry);
        }
        case 1 -> {
          array.update(number, tag, value);
          if (entry != null) {
            entry.value = value;
          }
        }
        default -> {
          long expected = entry == null ? LruArray.ABSENT : entry.value;
          assertEquals(expected, array.lookup(number, tag), "step " + step);
          if (entry != null) {
            set.remove(entry);
            set.add(0, entry);
          } else {
            boolean full = set.size() == ways;
            assertEquals(full, array.insert(number, tag, value), "step " + step);
            if (full) {
              set.remove(ways - 1);
            }
            set.add(0, new Entry(tag, value));
          }
        }
      }
    }
  }

  @Test
  void otherPoliciesAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> LruArray.of(new Geometry(4, 4, ReplacementPolicy.Kind.FIFO)));
  }
}
