package io.lookaside.os;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the bytes of 4-level page tables as a kernel does: with stores to physical
 * memory.
 */
public final class PageTableEditor {
  /** The entries that a user-mode page and the tables above it get: P, R/W, U/S. */
  private static final long USER_READ_WRITE = Pte.PRESENT | Pte.WRITABLE | Pte.USER;

  private static final int TOP_SHIFT = 39;
  private static final int BITS_PER_LEVEL = 9;

  private final PhysicalMemory memory;
  private final FrameAllocator frames;

  /** An editor that takes its table pages from {@code frames}. */
  public PageTableEditor(PhysicalMemory memory, FrameAllocator frames) {
    this.memory = memory;
    this.frames = frames;
  }

  /**
   * The largest page size, up to {@code wanted}, that {@code va} can be mapped with: a table that
   * is there already calls for a smaller page. {@code null} if the address is mapped.
   */
  public @Nullable PageSize freeSize(long root, long va, PageSize wanted) {
    long table = root;
    for (int shift = TOP_SHIFT; ; shift -= BITS_PER_LEVEL) {
      long entry = memory.read(entryAddress(table, va, shift));
      if (!Pte.isPresent(entry)) {
        PageSize fits = wanted;
        while (fits.shift() > shift) {
          fits = fits.nextSmaller();
        }
        return fits;
      }
      if (shift == PageSize.SIZE_4K.shift() || (shift < TOP_SHIFT && Pte.isLarge(entry))) {
        return null;
      }
      table = Pte.tableAddress(entry);
    }
  }

  /**
   * Maps the page of {@code size} around {@code va} for user reads, writes and fetches, with A and
   * D clear, and creates the tables above it, the upper ones first.
   *
   * @param frame physical address, aligned to {@code size}
   */
  public void map(long root, long va, long frame, PageSize size) {
    long table = root;
    for (int shift = TOP_SHIFT; shift > size.shift(); shift -= BITS_PER_LEVEL) {
      long address = entryAddress(table, va, shift);
      long entry = memory.read(address);
      if (!Pte.isPresent(entry)) {
        entry = frames.allocateTable() | USER_READ_WRITE;
        memory.write(address, entry);
      }
      table = Pte.tableAddress(entry);
    }
    long large = size == PageSize.SIZE_4K ? 0 : Pte.PAGE_SIZE;
    memory.write(entryAddress(table, va, size.shift()), frame | large | USER_READ_WRITE);
  }

  private static long entryAddress(long table, long va, int shift) {
    return table + ((long) VirtualAddress.index(va, shift) << 3);
  }
}
