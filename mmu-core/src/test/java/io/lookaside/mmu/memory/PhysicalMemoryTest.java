package io.lookaside.mmu.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PhysicalMemoryTest {
  private static final long TOP = (1L << 52) - 8;
  private static final long CHUNK = 1L << 16;

  /** Where the table of the lower chunks ends: 64 GiB. */
  private static final long SPLIT = 1L << 36;

  private static final long[] PLACES = {
    0,
    8,
    CHUNK - 8,
    CHUNK,
    0x12_3450,
    (1L << 32) - 8,
    1L << 32,
    SPLIT - CHUNK,
    SPLIT - 8,
    SPLIT,
    SPLIT + CHUNK,
    1L << 40,
    1L << 48,
    1L << 51,
    TOP - 8,
    TOP
  };

  @Test
  void isZeroAtFirst() {
    PhysicalMemory memory = new PhysicalMemory();
    for (long pa : PLACES) {
      assertEquals(0, memory.read(pa));
    }
  }

  @Test
  void readingUnwrittenMemoryTakesNothing() {
    PhysicalMemory memory = new PhysicalMemory(0);
    for (long pa : PLACES) {
      assertEquals(0, memory.read(pa));
    }
    assertEquals(0, memory.writtenBytes());
  }

  @Test
  void readingBesideWrittenMemoryTakesNothing() {
    PhysicalMemory memory = new PhysicalMemory(2 * CHUNK);
    memory.write(5 * CHUNK, 1);
    memory.write(SPLIT + 5 * CHUNK, 1);
    for (long pa : PLACES) {
      assertEquals(0, memory.read(pa));
    }
    for (long chunk = 0; chunk < 20; chunk++) {
      assertEquals(chunk == 5 ? 1 : 0, memory.read(chunk * CHUNK));
      assertEquals(chunk == 5 ? 1 : 0, memory.read(SPLIT + chunk * CHUNK));
    }
    assertEquals(2 * CHUNK, memory.writtenBytes());
  }

  @Test
  void manyWordsAtOnceAreThoseOneByOne() {
    for (PhysicalMemory memory :
        new PhysicalMemory[] {new PhysicalMemory(), PhysicalMemory.compact()}) {
      memory.write(0x1000, 0x1234);
      memory.write(1L << 40, 0x5678);
      long bytes = memory.writtenBytes();
      long[] words = {0x1000, 0x1008, 0, 0xfff8, 0x10000, 1L << 40, (1L << 52) - 8, 0x1000};
      memory.readAll(words, words.length - 1);
      assertArrayEquals(new long[] {0x1234, 0, 0, 0, 0, 0x5678, 0, 0x1000}, words);
      assertEquals(bytes, memory.writtenBytes());
    }
  }

  @Test
  void farApartWordsDoNotMeet() {
    PhysicalMemory memory = new PhysicalMemory();
    for (int i = 0; i < PLACES.length; i++) {
      memory.write(PLACES[i], value(i));
    }
    Set<Long> chunks = new HashSet<>();
    for (int i = 0; i < PLACES.length; i++) {
      assertEquals(value(i), memory.read(PLACES[i]));
      chunks.add(PLACES[i] / CHUNK);
    }
    assertEquals(chunks.size() * CHUNK, memory.writtenBytes());
  }

  private static long value(int i) {
    return 0xfedc_ba98_7654_3210L * (2L * i + 1);
  }

  @Test
  void everyBitOfAWordIsKept() {
    PhysicalMemory memory = new PhysicalMemory();
    for (long pa : new long[] {0, CHUNK - 8, TOP}) {
      for (int bit = 0; bit < 64; bit++) {
        memory.write(pa, 1L << bit);
        assertEquals(1L << bit, memory.read(pa));
        memory.write(pa, ~(1L << bit));
        assertEquals(~(1L << bit), memory.read(pa));
      }
    }
  }

  @Test
  void neighboursOfAWordStay() {
    for (long base : new long[] {CHUNK, SPLIT}) {
      PhysicalMemory memory = new PhysicalMemory();
      memory.write(base - 8, -1L);
      assertEquals(0, memory.read(base));
      memory.write(base, 0x0123_4567_89ab_cdefL);
      assertEquals(-1L, memory.read(base - 8));
      assertEquals(0, memory.read(base + 8));
      memory.write(base - 8, 0);
      assertEquals(0x0123_4567_89ab_cdefL, memory.read(base));
    }
  }

  @Test
  void writingZeroIsAWriteToo() {
    PhysicalMemory memory = new PhysicalMemory();
    memory.write(0, 0);
    assertEquals(CHUNK, memory.writtenBytes());
    memory.write(CHUNK - 8, 7);
    assertEquals(CHUNK, memory.writtenBytes());
    memory.write(CHUNK, 0);
    assertEquals(2 * CHUNK, memory.writtenBytes());
  }

  @Test
  void memoriesShareNothing() {
    PhysicalMemory one = new PhysicalMemory();
    PhysicalMemory other = new PhysicalMemory();
    one.write(64, 1);
    other.write(3 * CHUNK, 2);
    assertEquals(0, other.read(64));
    assertEquals(0, one.read(3 * CHUNK));
    assertEquals(0, new PhysicalMemory().read(64));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, CHUNK, SPLIT, 1L << 51})
  void limitStopsANewChunkAndNothingIsHalfWritten(long base) {
    PhysicalMemory memory = new PhysicalMemory(2 * CHUNK + CHUNK / 2);
    memory.write(base, 11);
    memory.write(base + CHUNK, 22);
    for (int again = 0; again < 2; again++) {
      for (long pa : new long[] {base + 2 * CHUNK, base + 9 * CHUNK, (1L << 35) + 8, TOP}) {
        PhysicalMemoryLimitException e =
            assertThrows(PhysicalMemoryLimitException.class, () -> memory.write(pa, 33));
        assertEquals(2 * CHUNK + CHUNK / 2, e.limitBytes());
        assertTrue(String.valueOf(e.getMessage()).contains("163840 bytes"));
        assertEquals(0, memory.read(pa));
        assertEquals(2 * CHUNK, memory.writtenBytes());
      }
    }
    assertEquals(11, memory.read(base));
    assertEquals(22, memory.read(base + CHUNK));
    memory.write(base + CHUNK + 8, 44);
    assertEquals(44, memory.read(base + CHUNK + 8));
  }

  @Test
  void limitItselfMayBeReached() {
    PhysicalMemory memory = new PhysicalMemory(CHUNK);
    memory.write(TOP, 5);
    assertEquals(5, memory.read(TOP));
    assertEquals(CHUNK, memory.writtenBytes());
    PhysicalMemory smaller = new PhysicalMemory(CHUNK - 1);
    assertThrows(PhysicalMemoryLimitException.class, () -> smaller.write(TOP, 5));
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        9,
        12,
        CHUNK - 1,
        CHUNK + 4,
        SPLIT + 1,
        TOP + 1,
        TOP + 7,
        1L << 52,
        (1L << 52) + 8,
        1L << 53,
        1L << 63,
        -8,
        -1,
        Long.MAX_VALUE,
        0x0010_0000_0000_0010L,
      })
  void addressesThatAreNoWordsAreRefused(long pa) {
    PhysicalMemory memory = new PhysicalMemory();
    memory.write(0, 1);
    memory.write(16, 2);
    memory.write(SPLIT, 3);
    assertThrows(IllegalArgumentException.class, () -> memory.read(pa));
    assertThrows(IllegalArgumentException.class, () -> memory.write(pa, -1L));
    assertEquals(1, memory.read(0));
    assertEquals(0, memory.read(8));
    assertEquals(2, memory.read(16));
    assertEquals(3, memory.read(SPLIT));
    assertEquals(2 * CHUNK, memory.writtenBytes());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void randomWritesReadBackAsFromAMap(long seed) {
    Random random = new Random(seed);
    PhysicalMemory memory = new PhysicalMemory();
    Map<Long, Long> model = new HashMap<>();
    Set<Long> chunks = new HashSet<>();
    for (int i = 0; i < 40_000; i++) {
      // A place, and a word near it on either side; upwards in steps so that the table grows.
      long place = PLACES[random.nextInt(PLACES.length)];
      long pa = place + 8L * (random.nextInt(64) - 32) + CHUNK * random.nextInt(1 + i / 400);
      if (pa < 0 || pa > TOP) {
        continue;
      }
      if (random.nextInt(3) != 0) {
        long value = random.nextLong();
        memory.write(pa, value);
        model.put(pa, value);
        chunks.add(pa / CHUNK);
      } else {
        assertEquals(model.getOrDefault(pa, 0L), memory.read(pa));
      }
      assertEquals(chunks.size() * CHUNK, memory.writtenBytes());
    }
    model.forEach((pa, value) -> assertEquals(value, memory.read(pa)));
  }

  @Test
  void addressesAreFiftyTwoBits() {
    assertEquals(52, PhysicalMemory.ADDRESS_BITS);
    assertEquals(CHUNK, PhysicalMemory.CHUNK_BYTES);
    assertEquals(4L * 1024 * 1024 * 1024, PhysicalMemory.DEFAULT_LIMIT_BYTES);
  }

  @Test
  void zeroClearsExactlyItsRangeAndGivesWholeChunksBack() {
    PhysicalMemory memory = new PhysicalMemory();
    long chunk = PhysicalMemory.CHUNK_BYTES;
    for (long base : new long[] {0, 1L << 40}) {
      for (long pa = 0; pa < 3 * chunk; pa += 8) {
        memory.write(base + pa, pa + 1);
      }
      long before = memory.writtenBytes();
      memory.zero(base + chunk - 8, chunk + 16);
      assertEquals(before - chunk, memory.writtenBytes());
      for (long pa = 0; pa < 3 * chunk; pa += 8) {
        boolean cleared = pa >= chunk - 8 && pa < 2 * chunk + 8;
        assertEquals(cleared ? 0 : pa + 1, memory.read(base + pa));
      }
    }
  }

  @Test
  void zeroOfWhatWasNeverWrittenCostsNothing() {
    PhysicalMemory memory = new PhysicalMemory();
    memory.zero(0, 1L << 30);
    memory.copy(0, 1L << 31, 1L << 30);
    assertEquals(0, memory.writtenBytes());
  }

  @Test
  void copyCopiesExactlyItsRange() {
    PhysicalMemory memory = new PhysicalMemory();
    long chunk = PhysicalMemory.CHUNK_BYTES;
    for (long pa = 0; pa < 2 * chunk; pa += 8) {
      memory.write(pa, pa + 1);
      memory.write((1L << 33) + pa, -1);
    }
    memory.copy(4096, (1L << 33) + 8192, chunk);
    for (long pa = 0; pa < 2 * chunk; pa += 8) {
      boolean copied = pa >= 8192 && pa < 8192 + chunk;
      assertEquals(copied ? pa - 4096 + 1 : -1, memory.read((1L << 33) + pa));
    }
  }
}
