package io.lookaside.os.linux;

import org.jspecify.annotations.Nullable;

/**
 * A virtual memory area: a range of addresses of one process with the same rights and the same
 * backing.
 */
public final class Vma {
  static final int READ = Abi.PROT_READ;
  static final int WRITE = Abi.PROT_WRITE;
  static final int EXEC = Abi.PROT_EXEC;
  static final int ACCESS = READ | WRITE | EXEC;

  /** Writes are seen by all that map the same pages. */
  static final int SHARED = 1 << 3;

  /** Grows downward when it is touched below its start: a stack. */
  static final int GROWSDOWN = 1 << 4;

  /** Locked by mlock. */
  static final int LOCKED = 1 << 5;

  /** Counts as committed memory. */
  static final int ACCOUNT = 1 << 6;

  static final int NORESERVE = 1 << 7;
  static final int HUGEPAGE = 1 << 8;
  static final int NOHUGEPAGE = 1 << 9;

  /** Of pages from the hugetlb pool. */
  static final int HUGETLB = 1 << 10;

  /** May be given the right to write: not a shared area of a file opened for reading. */
  static final int MAYWRITE = 1 << 11;

  /** The kernel's own pages (vdso): never merged, copied or expanded. */
  static final int SPECIAL = 1 << 12;

  final AddressSpace space;
  long start;
  long end;
  int flags;

  /** The index in its mapping of the page at {@link #start}, in pages of 4 KiB. */
  long firstIndex;

  final @Nullable FileMapping file;
  @Nullable AnonVma anon;

  /** For private pages of the hugetlb pool: what was set aside for them. */
  @Nullable HugetlbReservation reservation;

  /** Of a {@link #HUGETLB} area: the binary logarithm of the page size. */
  int hugeShift;

  /** The page of the last fault of a swapped page, and how many were read when one was last. */
  long swapLast = -2;

  int swapWindow;

  /** Of the pages that were read ahead then: how many were used. */
  int swapHits;

  String name = "";

  Vma(
      AddressSpace space,
      long start,
      long end,
      int flags,
      long firstIndex,
      @Nullable FileMapping file) {
    this.space = space;
    this.start = start;
    this.end = end;
    this.flags = flags;
    this.firstIndex = firstIndex;
    this.file = file;
  }

  /** The first address. */
  public long start() {
    return start;
  }

  /** The address after the last. */
  public long end() {
    return end;
  }

  /** What it is, for people: {@code [heap]}, {@code [stack]}, a file's name, or nothing. */
  public String name() {
    return name;
  }

  /** The rights as in /proc/PID/maps: {@code rw-p}. */
  public String rights() {
    return (is(READ) ? "r" : "-")
        + (is(WRITE) ? "w" : "-")
        + (is(EXEC) ? "x" : "-")
        + (is(SHARED) ? "s" : "p");
  }

  boolean is(int flag) {
    return (flags & flag) != 0;
  }

  boolean contains(long va) {
    return va >= start && va < end;
  }

  long pages() {
    return (end - start) >>> PhysicalPages.PAGE_SHIFT;
  }

  boolean isPrivate() {
    return !is(SHARED);
  }

  /** The index in its mapping of the page at an address. */
  long index(long va) {
    return firstIndex + ((va - start) >>> PhysicalPages.PAGE_SHIFT);
  }

  /** The address of the page with an index, whether or not it lies in the area. */
  long address(long index) {
    return start + ((index - firstIndex) << PhysicalPages.PAGE_SHIFT);
  }

  @Override
  public String toString() {
    return String.format("%x-%x %s %s", start, end, rights(), name);
  }
}
