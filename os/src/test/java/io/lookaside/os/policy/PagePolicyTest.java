package io.lookaside.os.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.SeededRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PagePolicyTest {
  /** Silberschatz, Galvin, Gagne: "Operating System Concepts", chapter "Virtual Memory". */
  private static final long[] SILBERSCHATZ = {
    7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1
  };

  /** Belady, Nelson, Shedler: "An anomaly in space-time characteristics", CACM 12(6), 1969. */
  private static final long[] BELADY = {1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5};

  @Test
  void textbookStringsHaveTheirTextbookFaults() {
    PageString string = PageString.of(SILBERSCHATZ);
    assertEquals(15, PagePolicy.FIFO.faults(string, 3));
    assertEquals(12, PagePolicy.LRU.faults(string, 3));
    assertEquals(9, PagePolicy.OPT.faults(string, 3));
    PageString anomaly = PageString.of(BELADY);
    assertEquals(9, PagePolicy.FIFO.faults(anomaly, 3));
    assertEquals(10, PagePolicy.FIFO.faults(anomaly, 4));
    assertEquals(10, PagePolicy.LRU.faults(anomaly, 3));
    assertEquals(8, PagePolicy.LRU.faults(anomaly, 4));
    assertEquals(7, PagePolicy.OPT.faults(anomaly, 3));
    assertEquals(6, PagePolicy.OPT.faults(anomaly, 4));
  }

  @Test
  void randomStringsHaveTheFaultsOfSlowModels() {
    SeededRandom random = new SeededRandom(1);
    for (int i = 0; i < 400; i++) {
      int pages = 1 + random.nextInt(12);
      long[] string = random(random, pages, 1 + random.nextInt(300));
      for (int frames = 1; frames <= pages + 1; frames++) {
        PageString kept = PageString.of(string);
        assertEquals(slowFifo(string, frames), PagePolicy.FIFO.faults(kept, frames));
        assertEquals(slowLru(string, frames), PagePolicy.LRU.faults(kept, frames));
        assertEquals(slowClock(string, frames), PagePolicy.CLOCK.faults(kept, frames));
      }
    }
  }

  @Test
  void noChoiceOfVictimsHasFewerFaultsThanOpt() {
    SeededRandom random = new SeededRandom(2);
    for (int i = 0; i < 300; i++) {
      int pages = 2 + random.nextInt(5);
      long[] string = random(random, pages, 1 + random.nextInt(30));
      for (int frames = 1; frames < pages; frames++) {
        long least = leastFaults(string, 0, 0, frames, new HashMap<>());
        assertEquals(least, PagePolicy.OPT.faults(PageString.of(string), frames));
      }
    }
  }

  @Test
  void whatIsCountedOfAString() {
    PageString string = PageString.of(5, 5, -1L, 5, 5, 5);
    assertEquals(6, string.references());
    assertEquals(2, string.pages());
    assertEquals(3, string.length());
    assertEquals(2, PagePolicy.OPT.faults(string, 1 << 30));
    assertEquals(0, PagePolicy.OPT.faults(new PageString(), 1));
    assertThrows(IllegalArgumentException.class, () -> PagePolicy.LRU.faults(string, 0));
  }

  private static long[] random(SeededRandom random, int pages, int length) {
    long[] string = new long[length];
    for (int i = 0; i < length; i++) {
      int few = random.nextInt(3) == 0 ? pages : 1 + pages / 3;
      string[i] = random.nextInt(few) * 0x1_0000_0001L;
    }
    return string;
  }

  private static long slowFifo(long[] string, int frames) {
    Deque<Long> queue = new ArrayDeque<>();
    long faults = 0;
    for (long page : string) {
      if (!queue.contains(page)) {
        faults++;
        if (queue.size() == frames) {
          queue.removeFirst();
        }
        queue.addLast(page);
      }
    }
    return faults;
  }

  private static long slowLru(long[] string, int frames) {
    List<Long> byUse = new ArrayList<>();
    long faults = 0;
    for (long page : string) {
      if (!byUse.remove((Long) page)) {
        faults++;
        if (byUse.size() == frames) {
          byUse.remove(0);
        }
      }
      byUse.add(page);
    }
    return faults;
  }

  /** Second chance as it is usually told: a queue whose head goes to the tail if it was used. */
  private static long slowClock(long[] string, int frames) {
    Deque<Long> queue = new ArrayDeque<>();
    Map<Long, Boolean> used = new HashMap<>();
    long faults = 0;
    for (long page : string) {
      if (!queue.contains(page)) {
        faults++;
        if (queue.size() == frames) {
          while (Boolean.TRUE.equals(used.put(queue.getFirst(), false))) {
            queue.addLast(queue.removeFirst());
          }
          queue.removeFirst();
        }
        queue.addLast(page);
      }
      used.put(page, true);
    }
    assertTrue(queue.size() <= frames);
    return faults;
  }

  /** Tries every victim; resident pages are a set of bits. */
  private static long leastFaults(
      long[] string, int place, long resident, int frames, Map<List<Long>, Long> known) {
    if (place == string.length) {
      return 0;
    }
    List<Long> state = List.of((long) place, resident);
    Long before = known.get(state);
    if (before != null) {
      return before;
    }
    long page = 1L << (string[place] & 63);
    long least;
    if ((resident & page) != 0) {
      least = leastFaults(string, place + 1, resident, frames, known);
    } else if (Long.bitCount(resident) < frames) {
      least = 1 + leastFaults(string, place + 1, resident | page, frames, known);
    } else {
      least = Long.MAX_VALUE;
      for (long rest = resident; rest != 0; rest &= rest - 1) {
        long without = (resident & ~Long.lowestOneBit(rest)) | page;
        least = Math.min(least, 1 + leastFaults(string, place + 1, without, frames, known));
      }
    }
    known.put(state, least);
    return least;
  }
}
