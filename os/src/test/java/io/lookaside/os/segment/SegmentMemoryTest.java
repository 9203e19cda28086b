package io.lookaside.os.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.SeededRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SegmentMemoryTest {
  private static final int BYTES = 1000;

  /** Memory as an array of owners, searched byte by byte. */
  private static final class Slow {
    final int[] owner = new int[BYTES];
    int next;

    /** Start and length of every hole in order. */
    long[][] holes() {
      return java.util.stream.IntStream.range(0, BYTES)
          .filter(i -> owner[i] == 0 && (i == 0 || owner[i - 1] != 0))
          .mapToObj(
              i -> {
                int end = i;
                while (end < BYTES && owner[end] == 0) {
                  end++;
                }
                return new long[] {i, end - i};
              })
          .toArray(long[][]::new);
    }

    long choose(Fit fit, long size) {
      long[] chosen = null;
      long[][] holes = holes();
      int shift = 0;
      if (fit == Fit.NEXT) {
        while (shift < holes.length && holes[shift][0] < next) {
          shift++;
        }
      }
      for (int i = 0; i < holes.length; i++) {
        long[] hole = holes[(i + shift) % holes.length];
        if (hole[1] < size) {
          continue;
        }
        boolean take =
            chosen == null
                || (fit == Fit.BEST && hole[1] < chosen[1])
                || (fit == Fit.WORST && hole[1] > chosen[1]);
        if (take) {
          chosen = hole;
        }
      }
      return chosen == null ? SegmentMemory.REFUSED : chosen[0];
    }
  }

  @ParameterizedTest
  @EnumSource(Fit.class)
  void everyPlacementIsThatOfASlowModel(Fit fit) {
    SegmentMemory memory = new SegmentMemory(BYTES, fit, 1, false, 1);
    Slow slow = new Slow();
    SeededRandom random = new SeededRandom(11);
    Map<Integer, long[]> living = new HashMap<>();
    int refused = 0;
    for (int id = 1; id < 4000; id++) {
      int size = 1 + random.nextInt(90);
      long expected = slow.choose(fit, size);
      long start = memory.allocate(id, size);
      assertEquals(expected, start, "segment " + id);
      if (start == SegmentMemory.REFUSED) {
        refused++;
      } else {
        Arrays.fill(slow.owner, (int) start, (int) start + size, id);
        slow.next = (int) start + size;
        living.put(id, new long[] {start, size});
      }
      while (living.size() > 14) {
        Integer victim = living.keySet().stream().sorted().toList().get(random.nextInt(14));
        long[] place = Objects.requireNonNull(living.remove(victim));
        memory.free(victim);
        Arrays.fill(slow.owner, (int) place[0], (int) (place[0] + place[1]), 0);
      }
      long largest = Arrays.stream(slow.holes()).mapToLong(h -> h[1]).max().orElse(0);
      assertEquals(largest, memory.largestHole());
      assertEquals(slow.holes().length, memory.holes());
      assertEquals(Arrays.stream(slow.owner).filter(o -> o == 0).count(), memory.freeBytes());
    }
    assertTrue(refused > 0, "fragmentation never refused anything");
  }

  @Test
  void compactionMovesWhatStandsAboveAHoleAndNothingElse() {
    SegmentMemory memory = new SegmentMemory(100, Fit.FIRST, 1, true, 2);
    memory.allocate(1, 30);
    memory.allocate(2, 30);
    memory.allocate(3, 30);
    memory.free(2);
    assertEquals(30, memory.largestHole());
    // 40 bytes are free, 30 and 10: segment 3 moves from 60 to 30.
    assertEquals(60, memory.allocate(4, 40));
    assertEquals(30, memory.start(3));
    assertEquals(30, memory.movedBytes());
    assertEquals(30, memory.compactionCycles(), "30 bytes out and in at 2 bytes a cycle");
    assertEquals(0, memory.freeBytes());
  }

  @Test
  void roundingIsInternalFragmentation() {
    SegmentMemory memory = new SegmentMemory(1 << 20, Fit.FIRST, 4096, false, 1);
    memory.allocate(1, 1);
    memory.allocate(2, 4096);
    assertEquals(4095, memory.internalFragmentation());
  }
}
