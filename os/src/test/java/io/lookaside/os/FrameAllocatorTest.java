package io.lookaside.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.format.PageSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameAllocatorTest {
  private static final long FOUR_GIB = 1L << 32;

  private static FrameAllocator allocator(String placement, int bits, long seed) {
    return new FrameAllocator(FramePlacement.parse(placement), bits, seed);
  }

  private static List<Long> take(FrameAllocator allocator, PageSize size, int count) {
    List<Long> frames = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      frames.add(allocator.allocate(size));
    }
    return frames;
  }

  /** Enters frames by address, and fails where two of them share a byte. */
  private static void addDisjoint(
      NavigableMap<Long, Long> taken, List<Long> frames, PageSize size) {
    for (long frame : frames) {
      assertEquals(0, frame % size.bytes(), "aligned");
      Map.Entry<Long, Long> below = taken.floorEntry(frame + size.bytes() - 1);
      assertTrue(below == null || below.getValue() <= frame, "disjoint");
      taken.put(frame, frame + size.bytes());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"contiguous", "scattered", "fragmented:0.5"})
  void tablesComeFromTheSecondPageUpwardInOrder(String placement) {
    FrameAllocator allocator = allocator(placement, 46, 9);
    for (int i = 1; i <= 1000; i++) {
      assertEquals(0x1000L * i, allocator.allocateTable());
      allocator.allocate(PageSize.SIZE_4K);
    }
  }

  @Test
  void tablesEndAtTheFirstDataFrame() {
    FrameAllocator allocator = allocator("contiguous", 46, 0);
    long last = 0;
    for (int i = 1; i < 1 << 20; i++) {
      last = allocator.allocateTable();
    }
    assertEquals(FOUR_GIB - 0x1000, last);
    assertThrows(OutOfFramesException.class, allocator::allocateTable);
  }

  @ParameterizedTest
  @EnumSource(value = PageSize.class, mode = EnumSource.Mode.EXCLUDE, names = "SIZE_4M")
  void contiguousFramesFollowOneAnotherFromFourGibibytes(PageSize size) {
    FrameAllocator allocator = allocator("contiguous", 46, 5);
    for (int i = 0; i < 2000; i++) {
      assertEquals(FOUR_GIB + i * size.bytes(), allocator.allocate(size));
    }
  }

  @Test
  void aContiguousLargeFrameIsTheNextAlignedOne() {
    FrameAllocator allocator = allocator("contiguous", 46, 5);
    assertEquals(0x1_0000_0000L, allocator.allocate(PageSize.SIZE_4K));
    assertEquals(0x1_0020_0000L, allocator.allocate(PageSize.SIZE_2M));
    assertEquals(0x1_0040_0000L, allocator.allocate(PageSize.SIZE_4K));
    assertEquals(0x1_4000_0000L, allocator.allocate(PageSize.SIZE_1G));
    assertEquals(0x1_8000_0000L, allocator.allocate(PageSize.SIZE_2M));
  }

  @ParameterizedTest
  @CsvSource({"SIZE_1G, 60", "SIZE_2M, 30720"})
  void contiguousFramesEndWithThePhysicalAddressSpace(PageSize size, int count) {
    // 64 GiB less the 4 GiB below the data.
    FrameAllocator allocator = allocator("contiguous", 36, 0);
    List<Long> frames = take(allocator, size, count);
    assertEquals((1L << 36) - size.bytes(), frames.get(count - 1));
    assertThrows(OutOfFramesException.class, () -> allocator.allocate(size));
  }

  @ParameterizedTest
  @CsvSource({"36, 1", "40, 2", "46, 3", "52, 4"})
  void scatteredFramesAreAlignedAndShareNoByte(int bits, long seed) {
    FrameAllocator allocator = allocator("scattered", bits, seed);
    NavigableMap<Long, Long> taken = new TreeMap<>();
    for (int round = 0; round < 4; round++) {
      addDisjoint(taken, take(allocator, PageSize.SIZE_4K, 20_000), PageSize.SIZE_4K);
      addDisjoint(taken, take(allocator, PageSize.SIZE_2M, 2000), PageSize.SIZE_2M);
      addDisjoint(taken, take(allocator, PageSize.SIZE_1G, 4), PageSize.SIZE_1G);
    }
    assertTrue(taken.firstKey() >= FOUR_GIB);
    assertTrue(taken.lastEntry().getValue() <= 1L << bits);
  }

  @ParameterizedTest
  @EnumSource(value = PageSize.class, mode = EnumSource.Mode.EXCLUDE, names = "SIZE_4M")
  void scatteredFramesAreTheSameForTheSameSeedOnly(PageSize size) {
    List<Long> frames = take(allocator("scattered", 46, 7), size, 200);
    assertEquals(frames, take(allocator("scattered", 46, 7), size, 200));
    assertNotEquals(frames, take(allocator("scattered", 46, 8), size, 200));
  }

  @Test
  void scatteredFramesAreHardlyEverNeighbours() {
    List<Long> frames = take(allocator("scattered", 46, 7), PageSize.SIZE_4K, 10_000);
    int neighbours = 0;
    for (int i = 1; i < frames.size(); i++) {
      neighbours += Math.abs(frames.get(i) - frames.get(i - 1)) == 0x1000 ? 1 : 0;
    }
    assertTrue(neighbours < 100, "neighbours: " + neighbours);
  }

  @ParameterizedTest
  @CsvSource({"SIZE_1G, 16", "SIZE_2M, 8192"})
  void scatteredLargeFramesUseUpTheirQuarter(PageSize size, int count) {
    FrameAllocator allocator = allocator("scattered", 36, 3);
    addDisjoint(new TreeMap<>(), take(allocator, size, count), size);
    assertThrows(OutOfFramesException.class, () -> allocator.allocate(size));
  }

  @ParameterizedTest
  @CsvSource({"0.1, 1", "0.25, 2", "0.5, 3", "0.9, 4"})
  void fragmentedRunsAreAboutOneOverPLong(double p, long seed) {
    int count = 100_000;
    List<Long> frames = take(allocator("fragmented:" + p, 46, seed), PageSize.SIZE_4K, count);
    int gaps = 0;
    for (int i = 1; i < count; i++) {
      long step = frames.get(i) - frames.get(i - 1);
      assertTrue(step == 0x1000 || step == 0x2000, "ascending, at most one page left out");
      gaps += step == 0x2000 ? 1 : 0;
    }
    // Six standard deviations of a binomial distribution.
    assertEquals(count * p, gaps, 6 * Math.sqrt(count * p * (1 - p)));
  }

  @Test
  void theLimitsOfFragmentationLeaveOutNoPageOrEverySecond() {
    assertEquals(
        List.of(0x1_0000_0000L, 0x1_0000_1000L, 0x1_0000_2000L),
        take(allocator("fragmented:0", 46, 1), PageSize.SIZE_4K, 3));
    assertEquals(
        List.of(0x1_0000_1000L, 0x1_0000_3000L, 0x1_0000_5000L),
        take(allocator("fragmented:1", 46, 1), PageSize.SIZE_4K, 3));
  }

  @Test
  void fragmentedFramesOfMixedSizesShareNoByte() {
    FrameAllocator allocator = allocator("fragmented:0.3", 46, 2);
    NavigableMap<Long, Long> taken = new TreeMap<>();
    for (int round = 0; round < 200; round++) {
      addDisjoint(taken, take(allocator, PageSize.SIZE_4K, round % 7), PageSize.SIZE_4K);
      addDisjoint(taken, take(allocator, PageSize.SIZE_2M, round % 3), PageSize.SIZE_2M);
      addDisjoint(taken, take(allocator, PageSize.SIZE_1G, round % 2), PageSize.SIZE_1G);
    }
    assertTrue(taken.firstKey() >= FOUR_GIB);
  }

  @ParameterizedTest
  @CsvSource({"0.1, SIZE_2M", "0.25, SIZE_2M", "0.25, SIZE_1G", "0.9, SIZE_1G"})
  void aLargeFrameIsDeniedToAboutPOfTheRegionsAndAlwaysToTheSame(double p, PageSize size) {
    FrameAllocator first = allocator("fragmented:" + p, 46, 11);
    FrameAllocator second = allocator("fragmented:" + p, 46, 11);
    int regions = 50_000;
    int denied = 0;
    for (int region = 0; region < regions; region++) {
      boolean allowed = first.canAllocate(size, region);
      assertEquals(allowed, first.canAllocate(size, region));
      first.allocate(PageSize.SIZE_4K);
      assertEquals(allowed, second.canAllocate(size, region));
      denied += allowed ? 0 : 1;
    }
    assertEquals(regions * p, denied, 6 * Math.sqrt(regions * p * (1 - p)));
  }

  @Test
  void theLimitsOfFragmentationDenyNoRegionOrEach() {
    FrameAllocator none = allocator("fragmented:0", 46, 1);
    FrameAllocator all = allocator("fragmented:1", 46, 1);
    for (int region = 0; region < 1000; region++) {
      assertTrue(none.canAllocate(PageSize.SIZE_2M, region));
      assertFalse(all.canAllocate(PageSize.SIZE_2M, region));
      assertTrue(all.canAllocate(PageSize.SIZE_4K, region));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"contiguous", "scattered"})
  void withoutFragmentationEverySizeCanBeHad(String placement) {
    FrameAllocator allocator = allocator(placement, 46, 1);
    for (int region = 0; region < 1000; region++) {
      assertTrue(allocator.canAllocate(PageSize.SIZE_2M, region));
      assertTrue(allocator.canAllocate(PageSize.SIZE_1G, region));
    }
  }
}
