package io.lookaside.os.linux;

/**
 * The shape of the page tables that the kernel writes, and the layout of addresses that goes with
 * them.
 */
public enum TableFormat {
  /** Four levels of 512 entries of 8 bytes; user addresses below 2^47 - 4096. */
  X86_64(8, 9, 4, 0x7fff_ffff_f000L),
  /**
   * Two levels of 1024 entries of 4 bytes, without execute-disable; 3 GiB for the user, 1 GiB for
   * the kernel.
   */
  I386(4, 10, 2, 0xc000_0000L);

  private final int entryBytes;
  private final int indexBits;
  private final long taskSize;
  private final int levels;

  TableFormat(int entryBytes, int indexBits, int levels, long taskSize) {
    this.entryBytes = entryBytes;
    this.indexBits = indexBits;
    this.levels = levels;
    this.taskSize = taskSize;
  }

  /** Bytes of an entry. */
  public int entryBytes() {
    return entryBytes;
  }

  /** The address after the last that a user may map. */
  public long taskSize() {
    return taskSize;
  }

  /** The number of levels. */
  public int levels() {
    return levels;
  }

  /** The binary logarithm of the bytes that an entry covers, level 0 being the root's. */
  public int shift(int level) {
    return PhysicalPages.PAGE_SHIFT + (levels - 1 - level) * indexBits;
  }

  /** The entry of a table that an address selects. */
  public int index(long va, int shift) {
    return (int) (va >>> shift) & ((1 << indexBits) - 1);
  }

  /** Entries in a table. */
  public int entries() {
    return 1 << indexBits;
  }

  /** The size of the kernel's own large pages: 2 MiB or 4 MiB. */
  public int largeShift() {
    return shift(levels - 2);
  }

  /** Whether entries can forbid execution. */
  public boolean hasExecuteDisable() {
    return this == X86_64;
  }

  /** Where physical memory is mapped in the kernel half (Linux's PAGE_OFFSET, without KASLR). */
  public long directMap() {
    return this == X86_64 ? 0xffff_8880_0000_0000L : 0xc000_0000L;
  }

  /** How much physical memory the direct map holds at most: on 32 bits 896 MiB. */
  public long directMapLimit() {
    return this == X86_64 ? 1L << 46 : 896L << 20;
  }

  /** The first index of the root that belongs to the kernel half. */
  public int firstKernelIndex() {
    return this == X86_64 ? 256 : index(taskSize, 22);
  }
}
