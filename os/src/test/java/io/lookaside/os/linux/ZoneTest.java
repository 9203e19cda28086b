package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.mmu.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class ZoneTest {
  private static final int FRAMES = 1 << 14;

  private static Zone zone(boolean merging) {
    Zone zone = new Zone("DMA32", new PageFrames(FRAMES), 0, FRAMES, merging);
    zone.release(0, FRAMES);
    return zone;
  }

  @Test
  void randomAllocationsAreAlignedDisjointAndAllMergeInTheEnd() {
    Zone zone = zone(true);
    SeededRandom random = new SeededRandom(3);
    BitSet used = new BitSet();
    List<int[]> blocks = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      if (random.nextInt(2) == 0 || blocks.isEmpty()) {
        int order = random.nextInt(Zone.MAX_ORDER + 1);
        int pfn = zone.allocate(order);
        if (pfn == PageFrames.NONE) {
          assertNoRun(used, order);
          continue;
        }
        assertEquals(0, pfn & ((1 << order) - 1), "aligned");
        assertEquals(-1, firstSet(used, pfn, pfn + (1 << order)), "disjoint");
        used.set(pfn, pfn + (1 << order));
        blocks.add(new int[] {pfn, order});
      } else {
        int[] block = blocks.remove(random.nextInt(blocks.size()));
        used.clear(block[0], block[0] + (1 << block[1]));
        zone.free(block[0], block[1]);
      }
      assertEquals(FRAMES - used.cardinality(), zone.freeFrames());
    }
    blocks.forEach(block -> zone.free(block[0], block[1]));
    assertEquals(FRAMES >> Zone.MAX_ORDER, zone.freeBlocks(Zone.MAX_ORDER));
    assertEquals(FRAMES, zone.freeFrames());
  }

  /** A refused order means that no aligned run of that size is free. */
  private static void assertNoRun(BitSet used, int order) {
    for (int pfn = 0; pfn < FRAMES; pfn += 1 << order) {
      assertTrue(firstSet(used, pfn, pfn + (1 << order)) >= 0, "a free run was refused");
    }
  }

  private static int firstSet(BitSet bits, int from, int to) {
    int set = bits.nextSetBit(from);
    return set >= 0 && set < to ? set : -1;
  }

  @Test
  void theSmallestBlockThatServesIsSplit() {
    Zone zone = zone(true);
    int first = zone.allocate(0);
    assertEquals(0, first);
    // 1024 frames less one: a block of each order below 10 is left.
    for (int order = 0; order < Zone.MAX_ORDER; order++) {
      assertEquals(1, zone.freeBlocks(order), "order " + order);
    }
    assertEquals(1, zone.allocate(0), "the buddy of what was taken first");
  }

  @Test
  void fragmentationIndexFollowsItsFormula() {
    Zone zone = zone(true);
    List<Integer> pages = new ArrayList<>();
    for (int pfn = zone.allocate(0); pfn != PageFrames.NONE; pfn = zone.allocate(0)) {
      pages.add(pfn);
    }
    assertEquals(0, zone.fragmentationIndex(1), "no free block at all: memory is short");
    pages.stream().filter(pfn -> pfn % 2 == 0).forEach(pfn -> zone.free(pfn, 0));
    // Every other frame is free: 8192 blocks. 1000 - (1000 + 8192 * 1000 / 512) / 8192 = 1000 - 2.
    assertEquals(998, zone.fragmentationIndex(9));
    assertEquals(1000, zone.unusableIndex(9));
    assertEquals(-1000, zone.fragmentationIndex(0));
  }

  @Test
  void withoutMergingBlocksStaySmall() {
    Zone zone = zone(false);
    List<Integer> pages = new ArrayList<>();
    for (int pfn = zone.allocate(0); pfn != PageFrames.NONE; pfn = zone.allocate(0)) {
      pages.add(pfn);
    }
    pages.forEach(pfn -> zone.free(pfn, 0));
    assertEquals(FRAMES, zone.freeBlocks(0));
    assertEquals(PageFrames.NONE, zone.allocate(1));
  }

  @Test
  void zonesFollowTheSizeOfMemory() {
    List<Zone> small = new PhysicalPages(new PhysicalMemory(), 4L << 30, true).zones();
    assertEquals(List.of("DMA32"), small.stream().map(Zone::name).toList());
    PhysicalPages large = new PhysicalPages(new PhysicalMemory(), 64L << 30, true);
    assertEquals(List.of("Normal", "DMA32"), large.zones().stream().map(Zone::name).toList());
    assertEquals(60L << 18, large.zones().get(0).managedFrames());
    assertTrue(large.allocate(0) >= 1 << 20, "Normal first");
  }

  @Test
  void memoryThatIsNeverUsedCostsTheHostNothing() {
    PhysicalPages pages = new PhysicalPages(new PhysicalMemory(), 64L << 30, true);
    for (int i = 0; i < 1000; i++) {
      assertFalse(pages.allocate(0) == PageFrames.NONE);
    }
    // Descriptors of three sections: what lies below the image, the image, and where pages come
    // from.
    assertTrue(pages.frames().describedFrames() <= 3 << 15);
  }
}
