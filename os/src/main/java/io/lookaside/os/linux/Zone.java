package io.lookaside.os.linux;

import java.util.Arrays;

/**
 * A zone of physical memory with its buddy allocator: free blocks of 2^order frames, orders 0 to
 * 10, on a list for each order. A block that is asked for is split from the smallest free one that
 * is large enough; one that is freed merges with its buddy, the block that differs from it in one
 * bit of the frame number, as long as that is free.
 *
 * <p>Source: Linux 6.1, mm/page_alloc.c. Lists of free pages for each processor are not modelled.
 */
public final class Zone {
  /** The largest order: blocks of 4 MiB. */
  public static final int MAX_ORDER = 10;

  private final String name;
  private final PageFrames frames;
  private final int start;
  private final int end;
  private final boolean merging;
  private final int[] heads = new int[MAX_ORDER + 1];
  private final int[] blocks = new int[MAX_ORDER + 1];

  /**
   * Frames from here on have never been used and are free. They are on no list, so that memory
   * which is never used needs no descriptors.
   */
  private int frontier;

  private int managed;
  private long free;
  private Watermarks watermarks = Watermarks.NONE;
  private long reserve;

  /**
   * A zone whose frames are all reserved.
   *
   * @param start the first frame
   * @param end the frame after the last
   * @param merging whether freed blocks merge with their buddies
   */
  Zone(String name, PageFrames frames, int start, int end, boolean merging) {
    this.name = name;
    this.frames = frames;
    this.start = start;
    this.end = end;
    this.frontier = end;
    this.merging = merging;
    Arrays.fill(heads, PageFrames.NONE);
  }

  /** Its name in Linux, for example {@code DMA32}. */
  public String name() {
    return name;
  }

  /** The frames that the zone has to give, free or not. */
  public int managedFrames() {
    return managed;
  }

  /** The frames that are free. */
  public long freeFrames() {
    return free;
  }

  /** What reclaim and allocation go by. */
  public Watermarks watermarks() {
    return watermarks;
  }

  /**
   * Frames that are kept from those who could have had them from a higher zone (Linux's
   * lowmem_reserve).
   */
  public long reserve() {
    return reserve;
  }

  void setWatermarks(Watermarks marks, long lowmemReserve) {
    watermarks = marks;
    reserve = lowmemReserve;
  }

  /**
   * Whether a block of 2^order frames can be had with more than {@code mark} frames left.
   *
   * <p>Source: Linux 6.1, mm/page_alloc.c, {@code __zone_watermark_ok}.
   */
  boolean isAbove(long mark, int order) {
    return hasBlock(order) && free - ((1L << order) - 1) > mark + reserve;
  }

  private boolean hasBlock(int order) {
    for (int o = order; o <= MAX_ORDER; o++) {
      if (freeBlocks(o) > 0) {
        return true;
      }
    }
    return false;
  }

  /** The first frame's number. */
  public int start() {
    return start;
  }

  /** The number after the last frame's. */
  public int end() {
    return end;
  }

  /** The free blocks of an order; memory that was never used counts as blocks of the largest. */
  public long freeBlocks(int order) {
    return (long) blocks[order] + (order == MAX_ORDER ? (end - frontier) >> MAX_ORDER : 0);
  }

  /** Gives frames {@code from} to {@code to} - 1 to the zone; the last call reaches its end. */
  void release(int from, int to) {
    managed += to - from;
    if (to == end) {
      frontier = from;
      free += to - from;
      return;
    }
    int pfn = from;
    while (pfn < to) {
      int order = Math.min(MAX_ORDER, Math.min(alignment(pfn), log2(to - pfn)));
      free += 1 << order;
      push(pfn, order);
      pfn += 1 << order;
    }
  }

  /**
   * Takes a block of 2^order frames.
   *
   * @return its first frame, or {@link PageFrames#NONE}
   */
  int allocate(int order) {
    int from = order;
    while (from <= MAX_ORDER && heads[from] == PageFrames.NONE) {
      from++;
    }
    if (from > MAX_ORDER) {
      from = advance(order);
      if (from < 0) {
        return PageFrames.NONE;
      }
    }
    int pfn = heads[from];
    remove(pfn, from);
    while (from > order) {
      from--;
      push(pfn + (1 << from), from);
    }
    free -= 1 << order;
    frames.setAllFlags(pfn, 0);
    return pfn;
  }

  /** Puts the next block of memory that was never used on its list, until one is large enough. */
  private int advance(int wanted) {
    while (frontier < end) {
      int order = Math.min(MAX_ORDER, Math.min(alignment(frontier), log2(end - frontier)));
      int pfn = frontier;
      frontier += 1 << order;
      push(pfn, order);
      if (order >= wanted) {
        return order;
      }
    }
    return -1;
  }

  /**
   * Takes a run of 2^order frames, aligned to its size, from memory that was never used: how pools
   * of pages beyond the largest order are filled at boot.
   *
   * @return its first frame, or {@link PageFrames#NONE}
   */
  int allocateAtBoot(int order) {
    long first = (frontier + (1L << order) - 1) & -(1L << order);
    if (first + (1L << order) > end) {
      return PageFrames.NONE;
    }
    while (frontier < first) {
      int blockOrder =
          Math.min(MAX_ORDER, Math.min(alignment(frontier), log2((int) first - frontier)));
      push(frontier, blockOrder);
      frontier += 1 << blockOrder;
    }
    frontier = (int) first + (1 << order);
    free -= 1L << order;
    return (int) first;
  }

  /** Gives a block back. */
  void free(int pfn, int order) {
    free += 1L << order;
    int block = pfn;
    int size = order;
    while (merging && size < MAX_ORDER) {
      int buddy = block ^ (1 << size);
      if (buddy < start
          || buddy + (1 << size) > frontier
          || !frames.is(buddy, PageFrames.BUDDY)
          || frames.order(buddy) != size) {
        break;
      }
      remove(buddy, size);
      block &= ~(1 << size);
      size++;
    }
    push(block, size);
  }

  /**
   * How far a failure to allocate 2^order frames is due to fragmentation: towards 0 memory is
   * short, towards 1000 it is there but broken up; -1000 if the allocation would succeed.
   *
   * <p>Source: Linux 6.1, mm/vmstat.c, {@code __fragmentation_index}.
   */
  public int fragmentationIndex(int order) {
    long requested = 1L << order;
    long freeBlocks = 0;
    for (int o = 0; o <= MAX_ORDER; o++) {
      if (o >= order && freeBlocks(o) > 0) {
        return -1000;
      }
      freeBlocks += freeBlocks(o);
    }
    return freeBlocks == 0 ? 0 : (int) (1000 - (1000 + free * 1000 / requested) / freeBlocks);
  }

  /** The share of free memory, in thousandths, that is in blocks too small for 2^order frames. */
  public int unusableIndex(int order) {
    long usable = 0;
    for (int o = order; o <= MAX_ORDER; o++) {
      usable += freeBlocks(o) << o;
    }
    return free == 0 ? 1000 : (int) ((free - usable) * 1000 / free);
  }

  private void push(int pfn, int order) {
    int first = heads[order];
    frames.setAllFlags(pfn, PageFrames.BUDDY);
    frames.setOrder(pfn, order);
    frames.setPrevious(pfn, PageFrames.NONE);
    frames.setNext(pfn, first);
    if (first != PageFrames.NONE) {
      frames.setPrevious(first, pfn);
    }
    heads[order] = pfn;
    blocks[order]++;
  }

  private void remove(int pfn, int order) {
    int next = frames.next(pfn);
    int previous = frames.previous(pfn);
    if (previous == PageFrames.NONE) {
      heads[order] = next;
    } else {
      frames.setNext(previous, next);
    }
    if (next != PageFrames.NONE) {
      frames.setPrevious(next, previous);
    }
    frames.clear(pfn, PageFrames.BUDDY);
    blocks[order]--;
  }

  /** Whether a frame is in a free block; slow, for checks. */
  boolean isFree(int pfn) {
    if (pfn >= frontier) {
      return true;
    }
    for (int order = 0; order <= MAX_ORDER; order++) {
      int block = pfn & -(1 << order);
      if (frames.is(block, PageFrames.BUDDY) && frames.order(block) == order) {
        return true;
      }
    }
    return false;
  }

  private static int alignment(int pfn) {
    return pfn == 0 ? MAX_ORDER : Integer.numberOfTrailingZeros(pfn);
  }

  private static int log2(int n) {
    return 31 - Integer.numberOfLeadingZeros(n);
  }
}
