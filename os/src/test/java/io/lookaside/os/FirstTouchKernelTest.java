package io.lookaside.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.memory.PhysicalMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FirstTouchKernelTest {
  private final PhysicalMemory memory = new PhysicalMemory();

  private FirstTouchKernel kernel(String placement, PageSize pageSize, long seed) {
    return new FirstTouchKernel(memory, 46, FramePlacement.parse(placement), pageSize, seed);
  }

  private static long mapped(FirstTouchKernel kernel, PageSize size) {
    return kernel.addressSpace().mappedPages(size);
  }

  /** The leaf that maps {@code va}, or 0: found by hand from the root at 0x1000. */
  private long leaf(long va) {
    long table = 0x1000;
    for (int shift = 39; ; shift -= 9) {
      long entry = memory.read(table + 8 * (va >>> shift & 511));
      if ((entry & 1) == 0 || shift == 12 || (entry & 0x80) != 0) {
        return entry;
      }
      table = entry & 0x000f_ffff_ffff_f000L;
    }
  }

  @Test
  void theRootIsTheFirstTable() {
    assertEquals(0x1000, kernel("contiguous", PageSize.SIZE_4K, 0).addressSpace().root());
  }

  @Test
  void aFirstTouchIsMappedForTheUserWithTablesTopDown() {
    FirstTouchKernel kernel = kernel("contiguous", PageSize.SIZE_4K, 0);
    assertTrue(kernel.handlePageFault(0x7fff_ffff_e123L, 4));
    assertEquals(0x2007, memory.read(0x1000 + 8 * 0xff));
    assertEquals(0x3007, memory.read(0x2000 + 8 * 0x1ff));
    assertEquals(0x4007, memory.read(0x3000 + 8 * 0x1ff));
    assertEquals(0x1_0000_0007L, memory.read(0x4000 + 8 * 0x1fe));
    assertEquals(1, mapped(kernel, PageSize.SIZE_4K));
  }

  @Test
  void aSecondFaultInTheSameTwoMegabytesSharesTheTables() {
    FirstTouchKernel kernel = kernel("contiguous", PageSize.SIZE_4K, 0);
    kernel.handlePageFault(0x20_0000, 6);
    kernel.handlePageFault(0x20_5000, 6);
    assertEquals(4, kernel.tablePages());
    kernel.handlePageFault(0x40_0000, 6); // needs one more PT
    assertEquals(5, kernel.tablePages());
    assertEquals(0x1_0000_0007L, memory.read(0x4000));
    assertEquals(0x1_0000_1007L, memory.read(0x4000 + 8 * 5));
    assertEquals(0x5007, memory.read(0x3000 + 8 * 2));
    assertEquals(0x1_0000_2007L, memory.read(0x5000));
    assertEquals(3, mapped(kernel, PageSize.SIZE_4K));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 5, 7, 9, 0xd, 0x15, 0x11})
  void aViolationOfRightsIsNotAnswered(int code) {
    FirstTouchKernel kernel = kernel("contiguous", PageSize.SIZE_4K, 0);
    assertFalse(kernel.handlePageFault(0x5000, code));
    assertEquals(0, leaf(0x5000));
    assertEquals(0, mapped(kernel, PageSize.SIZE_4K));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 4, 6, 0x10, 0x14})
  void aPageThatIsNotPresentIsMapped(int code) {
    FirstTouchKernel kernel = kernel("contiguous", PageSize.SIZE_4K, 0);
    assertTrue(kernel.handlePageFault(0x5000, code));
    assertEquals(0x1_0000_0007L, leaf(0x5000));
  }

  @Test
  void aFaultOfAPageThatIsMappedByNowMapsNothing() {
    FirstTouchKernel kernel = kernel("contiguous", PageSize.SIZE_4K, 0);
    kernel.handlePageFault(0x5000, 4);
    assertTrue(kernel.handlePageFault(0x5fff, 4));
    assertEquals(0x1_0000_0007L, leaf(0x5000));
    assertEquals(1, mapped(kernel, PageSize.SIZE_4K));
  }

  @Test
  void prefaultingMapsAPageOnce() {
    FirstTouchKernel kernel = kernel("contiguous", PageSize.SIZE_4K, 0);
    kernel.prefault(0x5123);
    kernel.prefault(0x5fff);
    kernel.prefault(0x6000);
    assertEquals(0x1_0000_0007L, leaf(0x5000));
    assertEquals(0x1_0000_1007L, leaf(0x6000));
    assertEquals(2, mapped(kernel, PageSize.SIZE_4K));
  }

  @ParameterizedTest
  @ValueSource(strings = {"contiguous", "scattered"})
  void thePolicyOfTwoMegabytesMapsAlignedFramesWithPs(String placement) {
    FirstTouchKernel kernel = kernel(placement, PageSize.SIZE_2M, 4);
    for (int i = 0; i < 50; i++) {
      long va = 0x1_0000_0000L + 0x20_0000L * i + 0x1_2345;
      assertTrue(kernel.handlePageFault(va, 6));
      assertEquals(0x87, leaf(va) & 0x1f_ffff); // P, R/W, U/S and PS, and aligned
    }
    assertEquals(50, mapped(kernel, PageSize.SIZE_2M));
    assertEquals(0, mapped(kernel, PageSize.SIZE_4K));
  }

  @Test
  void thePolicyOfOneGigabyteMapsAlignedFramesWithPs() {
    FirstTouchKernel kernel = kernel("contiguous", PageSize.SIZE_1G, 4);
    kernel.handlePageFault(0x7654_3210L, 6);
    assertEquals(0x1_0000_0087L, leaf(0x4000_0000));
    assertEquals(1, mapped(kernel, PageSize.SIZE_1G));
  }

  @Test
  void aLargePageIsNotMappedWhereATableIs() {
    FirstTouchKernel kernel = kernel("contiguous", PageSize.SIZE_2M, 0);
    // Someone has put a PT at 2 MiB.
    kernel.handlePageFault(0, 4);
    memory.write(0x3000 + 8, 0x8_0007);
    assertTrue(kernel.handlePageFault(0x20_3000, 4));
    assertEquals(0x1_0020_0007L, memory.read(0x8_0000 + 8 * 3));
    assertEquals(1, mapped(kernel, PageSize.SIZE_2M));
    assertEquals(1, mapped(kernel, PageSize.SIZE_4K));
  }

  @Test
  void fragmentationTurnsAboutPOfTheLargePagesIntoSmallOnes() {
    FirstTouchKernel kernel = kernel("fragmented:0.25", PageSize.SIZE_2M, 6);
    int regions = 4000;
    for (int i = 0; i < regions; i++) {
      long va = 0x20_0000L * i;
      assertTrue(kernel.handlePageFault(va, 6));
      long leaf = leaf(va + 0x10_0000);
      assertEquals((leaf & 1) != 0, (leaf & 0x80) != 0);
    }
    long small = mapped(kernel, PageSize.SIZE_4K);
    assertEquals(regions, small + mapped(kernel, PageSize.SIZE_2M));
    assertEquals(regions * 0.25, (double) small, 6 * Math.sqrt(regions * 0.25 * 0.75));
  }

  @Test
  void aRegionWithoutALargeFrameStaysOneForItsOtherPages() {
    FirstTouchKernel kernel = kernel("fragmented:1", PageSize.SIZE_2M, 6);
    for (int i = 0; i < 512; i++) {
      kernel.handlePageFault(0x1000L * i, 6);
      assertEquals(0, leaf(0x1000L * i) & 0x80);
    }
    assertEquals(512, mapped(kernel, PageSize.SIZE_4K));
    assertEquals(0, mapped(kernel, PageSize.SIZE_2M));
  }

  @Test
  void aDeniedGigabyteFallsBackThroughTwoMegabytesToFourKibibytes() {
    FirstTouchKernel kernel = kernel("fragmented:0.5", PageSize.SIZE_1G, 6);
    int regions = 4000;
    for (int i = 0; i < regions; i++) {
      kernel.handlePageFault((long) i << 30, 6);
    }
    // One half, a quarter, a quarter.
    double deviations = 6 * Math.sqrt(regions * 0.25);
    assertEquals(regions / 2.0, (double) mapped(kernel, PageSize.SIZE_1G), deviations);
    assertEquals(regions / 4.0, (double) mapped(kernel, PageSize.SIZE_2M), deviations);
    assertEquals(regions / 4.0, (double) mapped(kernel, PageSize.SIZE_4K), deviations);
  }
}
