package io.lookaside.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.memory.PhysicalMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PageTableEditorTest {
  private final PhysicalMemory memory = new PhysicalMemory();
  private final FrameAllocator frames = new FrameAllocator(FramePlacement.CONTIGUOUS, 46, 0);
  private final PageTableEditor editor = new PageTableEditor(memory, frames);
  private final long root = frames.allocateTable();

  /** Indices 0x1ff, 0x0ab, 0x123 and 0x045, from the top. */
  private static final long VA = 0xffff_0000_0000_0000L | indices(0x1ff, 0x0ab, 0x123, 0x045);

  private static long indices(long pml4, long pdpt, long pd, long pt) {
    return (pml4 << 39) | (pdpt << 30) | (pd << 21) | (pt << 12);
  }

  @Test
  void aSmallPageIsMappedThroughThreeNewTablesTopDown() {
    editor.map(root, VA | 0xfff, 0x1_2345_6000L, PageSize.SIZE_4K);
    assertEquals(0x1000, root);
    assertEquals(0x2007, memory.read(0x1000 + 8 * 0x1ff));
    assertEquals(0x3007, memory.read(0x2000 + 8 * 0x0ab));
    assertEquals(0x4007, memory.read(0x3000 + 8 * 0x123));
    assertEquals(0x1_2345_6007L, memory.read(0x4000 + 8 * 0x045));
  }

  @Test
  void aTwoMegabytePageIsALeafOfTheDirectoryWithPs() {
    editor.map(root, VA, 0x1_2340_0000L, PageSize.SIZE_2M);
    assertEquals(0x2007, memory.read(0x1000 + 8 * 0x1ff));
    assertEquals(0x3007, memory.read(0x2000 + 8 * 0x0ab));
    assertEquals(0x1_2340_0087L, memory.read(0x3000 + 8 * 0x123));
    assertEquals(0x4000, frames.allocateTable());
  }

  @Test
  void aOneGigabytePageIsALeafOfTheDirectoryPointerTableWithPs() {
    editor.map(root, VA, 0x1_4000_0000L, PageSize.SIZE_1G);
    assertEquals(0x2007, memory.read(0x1000 + 8 * 0x1ff));
    assertEquals(0x1_4000_0087L, memory.read(0x2000 + 8 * 0x0ab));
    assertEquals(0x3000, frames.allocateTable());
  }

  @Test
  void nothingButTheEntriesOnThePathIsWritten() {
    editor.map(root, VA, 0x1_2345_6000L, PageSize.SIZE_4K);
    int nonZero = 0;
    for (long pa = 0; pa < 0x10000; pa += 8) {
      nonZero += memory.read(pa) != 0 ? 1 : 0;
    }
    assertEquals(4, nonZero);
  }

  @Test
  void mappingTwiceInARegionSharesItsTables() {
    editor.map(root, VA, 0x1_2345_6000L, PageSize.SIZE_4K);
    editor.map(root, VA + 0x1000, 0x1_7777_7000L, PageSize.SIZE_4K);
    assertEquals(0x1_2345_6007L, memory.read(0x4000 + 8 * 0x045));
    assertEquals(0x1_7777_7007L, memory.read(0x4000 + 8 * 0x046));
    assertEquals(0x5000, frames.allocateTable());
  }

  @Test
  void tablesThatHaveTheirAccessedBitSetAreUsedAsTheyAre() {
    editor.map(root, VA, 0x1_2345_6000L, PageSize.SIZE_4K);
    memory.write(0x1000 + 8 * 0x1ff, 0x2027);
    editor.map(root, VA + 0x1000, 0x1_7777_7000L, PageSize.SIZE_4K);
    assertEquals(0x2027, memory.read(0x1000 + 8 * 0x1ff));
    assertEquals(0x1_7777_7007L, memory.read(0x4000 + 8 * 0x046));
  }

  @ParameterizedTest
  @EnumSource(value = PageSize.class, mode = EnumSource.Mode.EXCLUDE, names = "SIZE_4M")
  void anEmptySpaceTakesAnySize(PageSize size) {
    assertEquals(size, editor.freeSize(root, VA, size));
  }

  @Test
  void aTableThatIsThereCallsForASmallerPage() {
    editor.map(root, VA, 0x1_2345_6000L, PageSize.SIZE_4K);
    // In the same 2 MiB, in the same 1 GiB, in the same 512 GiB, elsewhere.
    assertEquals(PageSize.SIZE_4K, editor.freeSize(root, VA + 0x1000, PageSize.SIZE_1G));
    assertEquals(PageSize.SIZE_2M, editor.freeSize(root, VA + (1L << 21), PageSize.SIZE_1G));
    assertEquals(PageSize.SIZE_4K, editor.freeSize(root, VA + (1L << 21), PageSize.SIZE_4K));
    assertEquals(PageSize.SIZE_1G, editor.freeSize(root, VA + (1L << 30), PageSize.SIZE_1G));
    assertEquals(PageSize.SIZE_1G, editor.freeSize(root, 0, PageSize.SIZE_1G));
  }

  @ParameterizedTest
  @EnumSource(value = PageSize.class, mode = EnumSource.Mode.EXCLUDE, names = "SIZE_4M")
  void anAddressThatIsMappedTakesNone(PageSize mapped) {
    editor.map(root, VA, 0x1_4000_0000L, mapped);
    for (PageSize wanted : PageSize.OF_LONG_MODE) {
      assertNull(editor.freeSize(root, VA, wanted));
      assertNull(editor.freeSize(root, VA + 0xfff, wanted));
    }
  }
}
