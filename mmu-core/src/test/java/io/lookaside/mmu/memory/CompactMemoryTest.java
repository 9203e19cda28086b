package io.lookaside.mmu.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.SeededRandom;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Compact memory holds the same words as any other, in less. */
class CompactMemoryTest {
  private static final int PAGE = 4096;
  private static final int CHUNK = PhysicalMemory.CHUNK_BYTES;
  private static final long FAR = 1L << 36;

  @Test
  void randomWritesCopiesAndZeroingsGiveTheWordsOfAPlainMap() {
    for (long seed = 0; seed < 20; seed++) {
      SeededRandom random = new SeededRandom(seed);
      PhysicalMemory memory = PhysicalMemory.compact();
      Map<Long, Long> model = new HashMap<>();
      long[] bases = {0, CHUNK, 5 * CHUNK, FAR - CHUNK, FAR};
      for (int step = 0; step < 4000; step++) {
        long page = page(random, bases);
        long other = page(random, bases);
        switch (random.nextInt(8)) {
          case 0 -> {
            memory.zero(page, PAGE);
            words(model, page).keySet().forEach(at -> model.remove(page + at));
          }
          case 1 -> {
            if (page != other) {
              memory.copy(page, other, PAGE);
              words(model, other).keySet().forEach(at -> model.remove(other + at));
              words(model, page).forEach((at, value) -> model.put(other + at, value));
            }
          }
          default -> {
            // Few places at first, so that words are written again and cleared.
            long pa = page + 8L * random.nextInt(random.nextInt(2) == 0 ? 4 : 512);
            long value = random.nextInt(3) == 0 ? 0 : random.nextLong();
            memory.write(pa, value);
            model.put(pa, value);
            assertEquals(value, memory.read(pa));
          }
        }
        long looked = page(random, bases);
        Map<Integer, Long> visited = new TreeMap<>();
        memory.visitWords(looked, PAGE, visited::put);
        assertEquals(words(model, looked), visited, "seed " + seed + ", step " + step);
      }
      model.forEach((pa, value) -> assertEquals(value, memory.read(pa)));
    }
  }

  private static long page(SeededRandom random, long[] bases) {
    return bases[random.nextInt(bases.length)] + (long) PAGE * random.nextInt(CHUNK / PAGE);
  }

  private static Map<Integer, Long> words(Map<Long, Long> model, long page) {
    Map<Integer, Long> words = new TreeMap<>();
    for (int at = 0; at < PAGE; at += 8) {
      long value = model.getOrDefault(page + at, 0L);
      if (value != 0) {
        words.put(at, value);
      }
    }
    return words;
  }

  @Test
  void aWordInEachPageTakesFewBytesAndZeroedPagesTakeNone() {
    PhysicalMemory memory = PhysicalMemory.compact();
    long pages = 16 * 1024;
    for (long i = 0; i < pages; i++) {
      memory.write(i * PAGE + 8 * (i % 512), i + 1);
    }
    assertTrue(memory.writtenBytes() <= 20 * pages, () -> memory.writtenBytes() + " bytes");
    for (long i = 0; i < pages; i++) {
      assertEquals(i + 1, memory.read(i * PAGE + 8 * (i % 512)));
      memory.zero(i * PAGE, PAGE);
    }
    assertEquals(0, memory.writtenBytes());
  }
}
