package io.lookaside.os.linux;

import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/**
 * A page table of one level for a 32-bit space of 4 KiB pages: 2^20 entries of 4 bytes, 4 MiB in
 * one piece, whatever is mapped. No x86 processor walks it; it is what tables of several levels are
 * compared with.
 */
public final class SingleLevelTable {
  /** Bytes of the table: 2^20 entries of 4 bytes. */
  public static final long BYTES = 4L << 20;

  private static final int ORDER = 10;

  private final PhysicalMemory memory;
  private final long base;
  private long reads;

  private SingleLevelTable(PhysicalMemory memory, long base) {
    this.memory = memory;
    this.base = base;
  }

  /**
   * Takes a free block of 4 MiB for a table.
   *
   * @return {@code null} if no block is that large, however much is free in all
   */
  public static @Nullable SingleLevelTable allocate(PhysicalPages pages, PhysicalMemory memory) {
    int pfn = pages.allocateZeroed(ORDER);
    return pfn == PageFrames.NONE ? null : new SingleLevelTable(memory, PhysicalPages.address(pfn));
  }

  /** Maps a page. */
  public void map(long va, long frame) {
    long address = base + (va >>> PhysicalPages.PAGE_SHIFT) * 4;
    int shift = (int) (address & 4) << 3;
    long word = memory.read(address & ~7) & ~(0xffff_ffffL << shift);
    memory.write(address & ~7, word | (frame | Pte.PRESENT | Pte.WRITABLE) << shift);
  }

  /** The physical address of a mapped address, by one read; -1 if it is not mapped. */
  public long translate(long va) {
    reads++;
    long address = base + (va >>> PhysicalPages.PAGE_SHIFT) * 4;
    long entry = memory.read(address & ~7) >>> ((address & 4) << 3) & 0xffff_ffffL;
    return Pte.isPresent(entry) ? (entry & Pte.FRAME) | (va & (PhysicalPages.PAGE_BYTES - 1)) : -1;
  }

  /** Entries read so far. */
  public long reads() {
    return reads;
  }
}
