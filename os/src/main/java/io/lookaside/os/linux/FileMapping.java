package io.lookaside.os.linux;

import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongRBTreeSet;
import java.util.function.LongUnaryOperator;

/**
 * A file as memory sees it (Linux's {@code address_space}): its size and its pages that are in the
 * page cache. A file without content of its own, such as shared anonymous memory, begins as zeros.
 */
public final class FileMapping extends Mapping {
  private final String name;
  private final boolean writable;
  private final LongUnaryOperator content;
  private final boolean backed;

  /** The frames of cached pages by index; in pages of the hugetlb pool for such a file. */
  final Long2IntOpenHashMap cached = new Long2IntOpenHashMap();

  /** Of a file on a device: the pages whose content there differs from what it was at first. */
  final PageStore written = new PageStore();

  /** Of a file on a device: the pages that are to be written back, by index. */
  final LongRBTreeSet dirty = new LongRBTreeSet();

  /** Of a file on a device: what evictions left, by index of the page. */
  final Long2IntOpenHashMap shadows = new Long2IntOpenHashMap();

  /** Of shared memory: the slots of swap that have pages, by index. */
  final Long2IntOpenHashMap swapped = new Long2IntOpenHashMap();

  /** Where on the device it begins, in pages. */
  long firstBlock;

  /** The window of pages that was read last, and with how many left the next is read. */
  long readStart;

  int readSize;
  int readAhead;

  /** The page that read() took last. */
  long readLast = -1;

  /** Faults that missed, less those that hit. */
  int misses;

  private long bytes;

  /** Pages that were promised to shared anonymous memory, which this stands for. */
  private long committed;

  private boolean keep;

  /** Since when it has pages to be written back, in cycles. */
  long dirtySince;

  /**
   * A file.
   *
   * @param backed whether its pages are read from a device, so that the first touch is a major
   *     fault
   * @param content the 64-bit word at a byte offset that is a multiple of 8
   */
  FileMapping(
      int id,
      String name,
      long bytes,
      boolean writable,
      boolean backed,
      LongUnaryOperator content) {
    super(id);
    this.name = name;
    this.bytes = bytes;
    this.writable = writable;
    this.backed = backed;
    this.content = content;
    cached.defaultReturnValue(PageFrames.NONE);
    shadows.defaultReturnValue(Workingset.NO_SHADOW);
    swapped.defaultReturnValue(SwapArea.NONE);
  }

  /** Its name, for maps. */
  public String name() {
    return name;
  }

  /** Its size. */
  public long bytes() {
    return bytes;
  }

  /** Whether it was opened for writing. */
  public boolean writable() {
    return writable;
  }

  boolean backed() {
    return backed;
  }

  long word(long offset) {
    return content.applyAsLong(offset);
  }

  void setBytes(long size) {
    bytes = size;
  }

  /** Whether it lives on when nothing maps it. */
  boolean keep() {
    return keep;
  }

  void setKeep() {
    keep = true;
  }

  long committedPages() {
    return committed;
  }

  void setCommittedPages(long pages) {
    committed = pages;
  }

  /** The pages that it has, the last one perhaps in part. */
  long pages() {
    return (bytes + PhysicalPages.PAGE_BYTES - 1) >>> PhysicalPages.PAGE_SHIFT;
  }
}
