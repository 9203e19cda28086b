package io.lookaside.os.linux;

import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.memory.PhysicalMemory;

/**
 * Reads and writes page tables in physical memory, of any {@link TableFormat}, by one loop over the
 * levels. Table pages come from the kernel's frames.
 */
public final class PageTables {
  /** What Linux writes into entries that point to user tables: P, R/W, U/S, A, D. */
  static final long USER_TABLE = Pte.PRESENT | Pte.WRITABLE | Pte.USER | Pte.ACCESSED | Pte.DIRTY;

  private static final int TABLE_BYTES = 4096;
  private static final long LOW_WORD = 0xffff_ffffL;

  private final TableFormat format;
  private final PhysicalMemory memory;
  private final PhysicalPages pages;
  private int reached;
  private long allocated;
  private long freed;

  PageTables(TableFormat format, PhysicalMemory memory, PhysicalPages pages) {
    this.format = format;
    this.memory = memory;
    this.pages = pages;
  }

  /** The shape of the tables. */
  public TableFormat format() {
    return format;
  }

  /** Table pages taken so far. */
  public long tablesAllocated() {
    return allocated;
  }

  /** Table pages given back so far. */
  public long tablesFreed() {
    return freed;
  }

  /** The entry at a physical address. */
  public long read(long address) {
    if (format.entryBytes() == 8) {
      return memory.read(address);
    }
    return memory.read(address & ~7) >>> ((address & 4) << 3) & LOW_WORD;
  }

  void write(long address, long entry) {
    if (format.entryBytes() == 8) {
      memory.write(address, entry);
      return;
    }
    int shift = (int) (address & 4) << 3;
    long word = memory.read(address & ~7) & ~(LOW_WORD << shift);
    memory.write(address & ~7, word | (entry & LOW_WORD) << shift);
  }

  /** The physical address of a zeroed table, or 0 if memory is short. */
  long newTable() {
    int pfn = pages.allocateZeroed(0);
    if (pfn == PageFrames.NONE) {
      return 0;
    }
    pages.frames().set(pfn, PageFrames.TABLE);
    allocated++;
    return PhysicalPages.address(pfn);
  }

  void freeTable(long address) {
    freed++;
    pages.free(PhysicalPages.pfn(address), 0);
  }

  /**
   * Descends from the root to the lowest entry there is for an address: a leaf, or the first that
   * is not present. {@link #reached} then tells its level.
   *
   * @return the entry's physical address
   */
  public long descend(long root, long va) {
    long table = root;
    for (int level = 0; ; level++) {
      int shift = format.shift(level);
      long address = table + (long) format.index(va, shift) * format.entryBytes();
      if (level == format.levels() - 1) {
        reached = shift;
        return address;
      }
      long entry = read(address);
      if (!Pte.isPresent(entry) || Pte.isLarge(entry)) {
        reached = shift;
        return address;
      }
      table = Pte.tableAddress(entry);
    }
  }

  /** Of the last {@link #descend}: the binary logarithm of the bytes that the entry covers. */
  public int reached() {
    return reached;
  }

  /**
   * The physical address of the entry that covers 2^shift bytes around an address, if all levels
   * above are there; else 0.
   */
  long find(long root, long va, int shift) {
    long table = root;
    for (int level = 0; ; level++) {
      int at = format.shift(level);
      long address = table + (long) format.index(va, at) * format.entryBytes();
      if (at == shift) {
        return address;
      }
      long entry = read(address);
      if (!Pte.isPresent(entry) || Pte.isLarge(entry)) {
        return 0;
      }
      table = Pte.tableAddress(entry);
    }
  }

  /**
   * As {@link #find}, with the missing tables made.
   *
   * @param flags what the entries that point to them get
   * @return 0 if memory is short
   */
  long make(AddressSpace space, long va, int shift, long flags) {
    long table = space.root;
    for (int level = 0; ; level++) {
      int at = format.shift(level);
      long address = table + (long) format.index(va, at) * format.entryBytes();
      if (at == shift) {
        return address;
      }
      long entry = read(address);
      if (entry == 0) {
        long made = newTable();
        if (made == 0) {
          return 0;
        }
        space.tables++;
        entry = made | flags;
        write(address, entry);
      }
      table = Pte.tableAddress(entry);
    }
  }

  /**
   * Gives back the tables for a range that is unmapped, where no area between {@code floor} and
   * {@code ceiling} needs them.
   *
   * <p>Source: Linux 6.1, mm/memory.c, {@code free_pgd_range}.
   */
  void freeTables(AddressSpace space, long from, long to, long floor, long ceiling) {
    freeTables(space, space.root, 0, from, to, floor, ceiling);
  }

  private void freeTables(
      AddressSpace space, long table, int level, long from, long to, long floor, long ceiling) {
    int shift = format.shift(level);
    if (level == format.levels() - 1) {
      return;
    }
    long span = 1L << shift;
    for (long start = from & -span; start < to; start += span) {
      long address = table + (long) format.index(start, shift) * format.entryBytes();
      long entry = read(address);
      if (!Pte.isPresent(entry) || Pte.isLarge(entry)) {
        continue;
      }
      long child = Pte.tableAddress(entry);
      freeTables(
          space,
          child,
          level + 1,
          Math.max(from, start),
          Math.min(to, start + span),
          floor,
          ceiling);
      if (start >= floor && start + span <= ceiling) {
        write(address, 0);
        freeTable(child);
        space.tables--;
      }
    }
  }

  /** Gives back what tables are left below the first entries of a root whose areas are all gone. */
  void freeAll(AddressSpace space, int entries) {
    long span = 1L << format.shift(0);
    freeTables(space, 0, entries * span, 0, entries * span);
  }

  /** The entries of the user half that map pages of 2^shift bytes. */
  long countLeaves(long root, int shift) {
    return countLeaves(root, 0, format.firstKernelIndex(), shift);
  }

  private long countLeaves(long table, int level, int entries, int shift) {
    long leaves = 0;
    for (int i = 0; i < entries; i++) {
      long entry = read(table + (long) i * format.entryBytes());
      if (!LinuxPte.isMapped(entry)) {
        continue;
      }
      boolean leaf = level == format.levels() - 1 || !Pte.isPresent(entry) || Pte.isLarge(entry);
      if (!leaf) {
        leaves += countLeaves(Pte.tableAddress(entry), level + 1, format.entries(), shift);
      } else if (format.shift(level) == shift) {
        leaves++;
      }
    }
    return leaves;
  }

  /** Bytes in a table page. */
  static int tableBytes() {
    return TABLE_BYTES;
  }
}
