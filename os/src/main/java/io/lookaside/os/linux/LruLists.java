package io.lookaside.os.linux;

import java.util.Arrays;

/**
 * The lists by which reclaim chooses: an inactive and an active one for anonymous pages and for
 * pages of files, and one of pages that are locked into memory. New pages come to the head; reclaim
 * takes from the tail. The flags of a page say on which list it is. A huge page is on its list by
 * its head, and counts 512.
 *
 * <p>Source: Linux 6.1, include/linux/mm_inline.h, mm/swap.c, mm/vmscan.c ({@code
 * inactive_is_low}), mm/workingset.c ({@code nonresident_age}). Linux keeps no links for
 * unevictable pages, and collects additions for each processor before it makes them.
 */
final class LruLists {
  static final int INACTIVE_ANON = 0;
  static final int ACTIVE_ANON = 1;
  static final int INACTIVE_FILE = 2;
  static final int ACTIVE_FILE = 3;
  static final int UNEVICTABLE = 4;
  static final int LISTS = 5;

  private final PageFrames frames;
  private final boolean activeLists;
  private final int[] heads = new int[LISTS];
  private final int[] tails = new int[LISTS];
  private final long[] sizes = new long[LISTS];

  /** What reclaiming either kind has cost lately: pages written, and pages that came back. */
  long anonCost;

  long fileCost;

  /** Evictions and activations so far, by which refaults are measured. */
  long age;

  LruLists(PageFrames frames, boolean activeLists) {
    this.frames = frames;
    this.activeLists = activeLists;
    Arrays.fill(heads, PageFrames.NONE);
    Arrays.fill(tails, PageFrames.NONE);
  }

  static boolean isActive(int list) {
    return list == ACTIVE_ANON || list == ACTIVE_FILE;
  }

  static boolean isFile(int list) {
    return list == INACTIVE_FILE || list == ACTIVE_FILE;
  }

  /** The list on which a page is or belongs. */
  int listOf(int pfn) {
    int flags = frames.flags(pfn);
    if ((flags & PageFrames.MLOCKED) != 0) {
      return UNEVICTABLE;
    }
    int base = (flags & PageFrames.SWAPBACKED) != 0 ? INACTIVE_ANON : INACTIVE_FILE;
    return (flags & PageFrames.ACTIVE) != 0 ? base + 1 : base;
  }

  /** Pages on a list. */
  long size(int list) {
    return sizes[list];
  }

  int tail(int list) {
    return tails[list];
  }

  int head(int list) {
    return heads[list];
  }

  private long pages(int pfn) {
    return frames.is(pfn, PageFrames.HEAD) ? 1L << frames.order(pfn) : 1;
  }

  /** Puts a page that is on no list at the head of the one where it belongs. */
  void add(int pfn) {
    if (!activeLists) {
      frames.clear(pfn, PageFrames.ACTIVE);
    }
    int list = listOf(pfn);
    int first = heads[list];
    frames.set(pfn, PageFrames.LRU);
    frames.setPrevious(pfn, PageFrames.NONE);
    frames.setNext(pfn, first);
    if (first == PageFrames.NONE) {
      tails[list] = pfn;
    } else {
      frames.setPrevious(first, pfn);
    }
    heads[list] = pfn;
    sizes[list] += pages(pfn);
  }

  /** Puts a page that is on no list at the tail of the one where it belongs. */
  private void addTail(int pfn) {
    int list = listOf(pfn);
    int last = tails[list];
    frames.set(pfn, PageFrames.LRU);
    frames.setNext(pfn, PageFrames.NONE);
    frames.setPrevious(pfn, last);
    if (last == PageFrames.NONE) {
      heads[list] = pfn;
    } else {
      frames.setNext(last, pfn);
    }
    tails[list] = pfn;
    sizes[list] += pages(pfn);
  }

  /** Takes a page off its list. Its flags must be what they were when it was added. */
  void remove(int pfn) {
    int list = listOf(pfn);
    int next = frames.next(pfn);
    int previous = frames.previous(pfn);
    if (previous == PageFrames.NONE) {
      heads[list] = next;
    } else {
      frames.setNext(previous, next);
    }
    if (next == PageFrames.NONE) {
      tails[list] = previous;
    } else {
      frames.setPrevious(next, previous);
    }
    frames.clear(pfn, PageFrames.LRU);
    sizes[list] -= pages(pfn);
  }

  /** Makes a page the next that reclaim looks at. */
  void moveToTail(int pfn) {
    if (frames.is(pfn, PageFrames.LRU)) {
      remove(pfn);
      frames.clear(pfn, PageFrames.ACTIVE);
      addTail(pfn);
    }
  }

  /** Changes flags of a page by which its list is chosen. */
  void change(int pfn, int set, int clear) {
    boolean listed = frames.is(pfn, PageFrames.LRU);
    if (listed) {
      remove(pfn);
    }
    frames.clear(pfn, clear);
    frames.set(pfn, set);
    if (listed) {
      add(pfn);
    }
  }

  boolean hasActiveLists() {
    return activeLists;
  }

  /** Whether a kind of pages has too few inactive ones, given how many are active. */
  boolean isInactiveLow(boolean file) {
    long inactive = sizes[file ? INACTIVE_FILE : INACTIVE_ANON];
    long active = sizes[file ? ACTIVE_FILE : ACTIVE_ANON];
    long gib = (inactive + active) >> (30 - PhysicalPages.PAGE_SHIFT);
    long ratio = gib > 0 ? (long) Math.sqrt(10.0 * gib) : 1;
    return inactive * ratio < active;
  }

  /** Notes what reclaiming a kind of pages has cost. */
  void noteCost(boolean file, long pages) {
    if (file) {
      fileCost += pages;
    } else {
      anonCost += pages;
    }
    long all = sizes[0] + sizes[1] + sizes[2] + sizes[3];
    if (fileCost + anonCost > all / 4) {
      fileCost /= 2;
      anonCost /= 2;
    }
  }
}
