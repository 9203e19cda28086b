package io.lookaside.os.linux;

import org.jspecify.annotations.Nullable;

/**
 * The descriptors of all page frames (Linux's {@code struct page}), in primitive arrays by section
 * of 128 MiB. A section's arrays are made when one of its frames is first used, so that memory
 * which is never touched costs the host nothing; one that is touched costs 33 bytes for each frame.
 */
public final class PageFrames {
  /** Heads a free block; the order says how large it is. */
  static final int BUDDY = 1;

  /**
   * Never given to the buddy allocator: firmware, the kernel's image, the descriptors themselves.
   */
  static final int RESERVED = 1 << 1;

  /** Holds a page table. */
  static final int TABLE = 1 << 2;

  /** Heads a compound page. */
  static final int HEAD = 1 << 3;

  /** Belongs to a compound page that a frame before it heads. */
  static final int TAIL = 1 << 4;

  /** An anonymous page: the mapping is an {@link AnonVma}. */
  static final int ANON = 1 << 5;

  /** A page of a file, in its page cache: the mapping is a {@link FileMapping}. */
  static final int FILE = 1 << 6;

  /** Written since it was read from its file. */
  static final int DIRTY = 1 << 7;

  /** Of the hugetlb pool. */
  static final int HUGETLB = 1 << 8;

  /** Locked into memory by mlock. */
  static final int MLOCKED = 1 << 9;

  /** An anonymous page that only one process can have mapped: its owner may write in place. */
  static final int EXCLUSIVE = 1 << 10;

  /** Is to be split when memory runs short, since a part of the compound page is unmapped. */
  static final int DEFERRED_SPLIT = 1 << 11;

  /** Is on one of the lists of {@link LruLists}; the other flags say on which. */
  static final int LRU = 1 << 12;

  /** Belongs on an active list. */
  static final int ACTIVE = 1 << 13;

  /** Was accessed once, as far as the kernel has noticed. */
  static final int REFERENCED = 1 << 14;

  /** Has been on an active list: part of somebody's working set. */
  static final int WORKINGSET = 1 << 15;

  /** Anonymous or of shared memory: goes to swap, not to a file. */
  static final int SWAPBACKED = 1 << 16;

  /** Is in the swap cache: {@link #slot} is where swap has or gets its content. */
  static final int SWAPCACHE = 1 << 17;

  /** Is being written to the device. */
  static final int WRITING = 1 << 18;

  /** Is being read from the device. */
  static final int READING = 1 << 19;

  /** Is to be freed as soon as it is written. */
  static final int RECLAIM = 1 << 20;

  /** Was read before it was asked for; in a file, the access that finds it reads further. */
  static final int READAHEAD = 1 << 21;

  /** Without {@link Mechanism#DIRTY_TRACKING}: was written, so that it may go. */
  static final int WRITTEN = 1 << 22;

  /** No page; also the end of a list. */
  static final int NONE = -1;

  private static final int SECTION_SHIFT = 15;
  private static final int SECTION_FRAMES = 1 << SECTION_SHIFT;
  private static final int INDEX_MASK = SECTION_FRAMES - 1;

  /** A mapping word is the mapping's number in the upper bits and a page index in the lower. */
  private static final int INDEX_BITS = 40;

  private static final class Section {
    final int[] flags = new int[SECTION_FRAMES];
    final byte[] order = new byte[SECTION_FRAMES];
    final int[] next = new int[SECTION_FRAMES];
    final int[] previous = new int[SECTION_FRAMES];
    final int[] references = new int[SECTION_FRAMES];
    final int[] maps = new int[SECTION_FRAMES];
    final int[] slots = new int[SECTION_FRAMES];
    final long[] mapping = new long[SECTION_FRAMES];
  }

  private final @Nullable Section[] sections;
  private final int count;

  PageFrames(int count) {
    this.count = count;
    this.sections = new Section[(count + SECTION_FRAMES - 1) >>> SECTION_SHIFT];
  }

  /** The number of frames, reserved ones included. */
  public int count() {
    return count;
  }

  private Section section(int pfn) {
    Section section = sections[pfn >>> SECTION_SHIFT];
    if (section == null) {
      section = new Section();
      sections[pfn >>> SECTION_SHIFT] = section;
    }
    return section;
  }

  /** The descriptors that the host holds, in frames. */
  public long describedFrames() {
    long described = 0;
    for (Section section : sections) {
      if (section != null) {
        described += SECTION_FRAMES;
      }
    }
    return described;
  }

  boolean is(int pfn, int flag) {
    Section section = sections[pfn >>> SECTION_SHIFT];
    return section != null && (section.flags[pfn & INDEX_MASK] & flag) != 0;
  }

  int flags(int pfn) {
    Section section = sections[pfn >>> SECTION_SHIFT];
    return section == null ? 0 : section.flags[pfn & INDEX_MASK];
  }

  void set(int pfn, int flags) {
    section(pfn).flags[pfn & INDEX_MASK] |= flags;
  }

  void clear(int pfn, int flags) {
    section(pfn).flags[pfn & INDEX_MASK] &= ~flags;
  }

  void setAllFlags(int pfn, int flags) {
    section(pfn).flags[pfn & INDEX_MASK] = flags;
  }

  /** The order of a free block or of a compound page that this frame heads. */
  int order(int pfn) {
    return section(pfn).order[pfn & INDEX_MASK];
  }

  void setOrder(int pfn, int order) {
    section(pfn).order[pfn & INDEX_MASK] = (byte) order;
  }

  int next(int pfn) {
    return section(pfn).next[pfn & INDEX_MASK];
  }

  void setNext(int pfn, int other) {
    section(pfn).next[pfn & INDEX_MASK] = other;
  }

  int previous(int pfn) {
    return section(pfn).previous[pfn & INDEX_MASK];
  }

  void setPrevious(int pfn, int other) {
    section(pfn).previous[pfn & INDEX_MASK] = other;
  }

  /**
   * The references that keep a page from being free: one for each mapping and one of the page
   * cache. Of a compound page the head counts them all.
   */
  public int references(int pfn) {
    Section section = sections[pfn >>> SECTION_SHIFT];
    return section == null ? 0 : section.references[pfn & INDEX_MASK];
  }

  void addReferences(int pfn, int n) {
    section(pfn).references[pfn & INDEX_MASK] += n;
  }

  void setReferences(int pfn, int n) {
    section(pfn).references[pfn & INDEX_MASK] = n;
  }

  /** The page-table entries of the smallest size that map this frame. */
  public int maps(int pfn) {
    Section section = sections[pfn >>> SECTION_SHIFT];
    return section == null ? 0 : section.maps[pfn & INDEX_MASK];
  }

  void addMaps(int pfn, int n) {
    section(pfn).maps[pfn & INDEX_MASK] += n;
  }

  /** The entries that map a compound page as a whole; kept in its first tail frame. */
  public int wholeMaps(int head) {
    return section(head + 1).previous[(head + 1) & INDEX_MASK];
  }

  void setWholeMaps(int head, int n) {
    section(head + 1).previous[(head + 1) & INDEX_MASK] = n;
  }

  /** The frame that heads the compound page of {@code pfn}, or {@code pfn} itself. */
  public int head(int pfn) {
    return is(pfn, TAIL) ? section(pfn).next[pfn & INDEX_MASK] : pfn;
  }

  /** The slot of swap of a page in the swap cache. */
  int slot(int pfn) {
    return section(pfn).slots[pfn & INDEX_MASK];
  }

  void setSlot(int pfn, int slot) {
    section(pfn).slots[pfn & INDEX_MASK] = slot;
  }

  void setMapping(int pfn, int mapping, long index) {
    section(pfn).mapping[pfn & INDEX_MASK] = (long) mapping << INDEX_BITS | index;
  }

  /** The number of the mapping that a page belongs to; 0 is none. */
  int mapping(int pfn) {
    return (int) (section(pfn).mapping[pfn & INDEX_MASK] >>> INDEX_BITS);
  }

  /** The page's index in its mapping, in pages. */
  long index(int pfn) {
    return section(pfn).mapping[pfn & INDEX_MASK] & ((1L << INDEX_BITS) - 1);
  }
}
