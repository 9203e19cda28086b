package io.lookaside.os.linux;

import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The memory of one process (Linux's {@code mm_struct}): its areas, its tables, its accounts. */
public final class AddressSpace {
  /** Never used again for another, so that a processor can tell whose translations it holds. */
  final long contextId;

  final long root;
  final TreeMap<Long, Vma> areas = new TreeMap<>();

  /** Tables set aside for splitting huge pages, so that a split cannot fail; counted as tables. */
  final LongArrayList deposits = new LongArrayList();

  /**
   * Rises with each flush; a processor that has seen an older one must flush before it runs this.
   */
  long tlbGeneration = 1;

  /** Table pages below the root. */
  long tables;

  long residentAnon;
  long residentFile;
  long residentShared;
  long residentHugetlb;

  /** Entries that name slots of swap. */
  long swapEntries;

  /** Pages of all areas. */
  long totalPages;

  long lockedPages;

  /** Set by mlockall-like defaults of areas that are yet to come; not used by mlock. */
  long heapStart;

  long heapEnd;
  long mmapBase;
  long stackLimit;
  long stackTop;

  AddressSpace(long contextId, long root) {
    this.contextId = contextId;
    this.root = root;
  }

  /** The physical address of the root table. */
  public long root() {
    return root;
  }

  /** Bytes of page tables that are this process's own, the root included. */
  public long tableBytes() {
    return (tables + 1) * PageTables.tableBytes();
  }

  /** Frames of 4 KiB that the process has mapped, hugetlb pages aside. */
  public long residentPages() {
    return residentAnon + residentFile + residentShared;
  }

  /** Frames of 4 KiB of files that the process has mapped. */
  public long residentFilePages() {
    return residentFile;
  }

  /** Frames of 4 KiB of shared memory that the process has mapped. */
  public long residentSharedPages() {
    return residentShared;
  }

  /** Pages of 4 KiB of anonymous memory that are in swap only. */
  public long swappedPages() {
    return swapEntries;
  }

  /** Frames of 4 KiB of anonymous memory that the process has mapped. */
  public long residentAnonymousPages() {
    return residentAnon;
  }

  /** Pages of 4 KiB of all areas, resident or not. */
  public long virtualPages() {
    return totalPages;
  }

  /** Where the heap that brk moves begins. */
  public long heapStart() {
    return heapStart;
  }

  /** The program break. */
  public long heapEnd() {
    return heapEnd;
  }

  /** The address after the stack. */
  public long stackTop() {
    return stackTop;
  }

  /** The areas by address. */
  public Collection<Vma> areas() {
    return areas.values();
  }

  /** The area that contains an address, or the next above it. */
  public @Nullable Vma areaFrom(long va) {
    Map.Entry<Long, Vma> below = areas.floorEntry(va);
    if (below != null && va < below.getValue().end) {
      return below.getValue();
    }
    Map.Entry<Long, Vma> above = areas.higherEntry(va);
    return above == null ? null : above.getValue();
  }

  /** The area that contains an address. */
  public @Nullable Vma areaAt(long va) {
    Vma area = areaFrom(va);
    return area != null && area.start <= va ? area : null;
  }

  /** The area before an address that none contains, or before the one that does. */
  @Nullable Vma areaBefore(long start) {
    Map.Entry<Long, Vma> below = areas.lowerEntry(start);
    return below == null ? null : below.getValue();
  }

  /** Whether a range touches no area. */
  boolean isFree(long from, long to) {
    Vma area = areaFrom(from);
    return area == null || area.start >= to;
  }

  void insert(Vma area) {
    areas.put(area.start, area);
    totalPages += area.pages();
    if (area.is(Vma.LOCKED)) {
      lockedPages += area.pages();
    }
  }

  void remove(Vma area) {
    areas.remove(area.start);
    totalPages -= area.pages();
    if (area.is(Vma.LOCKED)) {
      lockedPages -= area.pages();
    }
  }
}
