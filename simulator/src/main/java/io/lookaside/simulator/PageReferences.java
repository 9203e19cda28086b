package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import java.util.Arrays;

/**
 * References as TLBs meet them: pages by number, and what page tables have to say of each. {@link
 * TouchedPages} fills it; nothing in it depends on what caches stand before the tables. With it go
 * the counts of all that this holds for any machine.
 */
final class PageReferences {
  /** Bit of an event: the page's D bit, after the reference. */
  static final int DIRTY = 1;

  /** Where an event has the kind of access, as {@link AccessKind#ordinal}. */
  static final int KIND_SHIFT = 1;

  /** The bits of a kind. */
  static final int KIND_MASK = 3;

  /** An event without any bit from here on leaves the tables as they were. */
  static final int CHANGE_SHIFT = 3;

  /** Bit of an event: it is the reference that sets the D bit. */
  static final int SETS_DIRTY = 1 << 3;

  /**
   * Where an event has 1 plus the level of the entry that was missing, or 0; level 0 is a PML4's.
   */
  static final int MISSING_SHIFT = 4;

  /**
   * Bit of an event, only behind a first level: the reference hits there, and what is left to do is
   * that it sets the D bit.
   */
  static final int HITS_FIRST = 1 << 7;

  /** The kind of access of an event. */
  static int kind(int event) {
    return (event >>> KIND_SHIFT) & KIND_MASK;
  }

  private int count;
  private int[] pages;
  private byte[] events;

  /** By region: see {@link PageNumbers#regionVpns}. As of when this was filled, as the next. */
  private long[] regionVpns = new long[0];

  private long[] regionTags = new long[0];
  private int[] gigabytes = new int[0];
  private int regions;

  // By kind of access.
  private final long[] references = new long[AccessKind.COUNT];
  private final long[] crossings = new long[AccessKind.COUNT];
  private final long[] notCanonical = new long[AccessKind.COUNT];

  /** Whether a first level has taken them, so that what hit there is left out. */
  private boolean behindFirst;

  private final long[] firstMisses = new long[AccessKind.COUNT];
  private final long[] firstTaken = new long[AccessKind.COUNT];

  long accessedBitsSet;
  long dirtyBitsSet;
  long pageFaults;
  long contextSwitches;
  long physicalAddressSum;

  /**
   * None.
   *
   * @param capacity for how many there is room at first
   */
  PageReferences(int capacity) {
    pages = new int[capacity];
    events = new byte[capacity];
  }

  /** Becomes empty, and all counts 0. */
  void clear() {
    count = 0;
    clearCounts();
  }

  /** Becomes empty, with the counts and regions of others that a first level is about to take. */
  void becomeBehindFirst(PageReferences others) {
    count = 0;
    behindFirst = true;
    System.arraycopy(others.references, 0, references, 0, AccessKind.COUNT);
    System.arraycopy(others.crossings, 0, crossings, 0, AccessKind.COUNT);
    System.arraycopy(others.notCanonical, 0, notCanonical, 0, AccessKind.COUNT);
    accessedBitsSet = others.accessedBitsSet;
    dirtyBitsSet = others.dirtyBitsSet;
    pageFaults = others.pageFaults;
    contextSwitches = others.contextSwitches;
    physicalAddressSum = others.physicalAddressSum;
    regionVpns = others.regionVpns;
    regionTags = others.regionTags;
    gigabytes = others.gigabytes;
    regions = others.regions;
  }

  /** Sets all counts to 0. */
  void clearCounts() {
    Arrays.fill(references, 0);
    Arrays.fill(crossings, 0);
    Arrays.fill(notCanonical, 0);
    accessedBitsSet = 0;
    dirtyBitsSet = 0;
    pageFaults = 0;
    contextSwitches = 0;
    physicalAddressSum = 0;
  }

  /** Forgets the references, not the counts. */
  void rewind() {
    count = 0;
  }

  /** Makes room for so many more references. */
  void reserve(int more) {
    if (count + more > pages.length) {
      int length = Math.max(count + more, pages.length + (pages.length >> 1));
      pages = Arrays.copyOf(pages, length);
      events = Arrays.copyOf(events, length);
    }
  }

  /** Appends a reference, for which there must be room. */
  void add(int page, int event) {
    pages[count] = page;
    events[count++] = (byte) event;
  }

  /** Says that n more were put behind the last. */
  void added(int n) {
    count += n;
  }

  int count() {
    return count;
  }

  /** By reference: the number of its page. */
  int[] pages() {
    return pages;
  }

  /** By reference: what it does. */
  byte[] events() {
    return events;
  }

  /** Tells what regions there are. */
  void setRegions(PageNumbers numbers) {
    regionVpns = numbers.regionVpns();
    regionTags = numbers.regionTags();
    gigabytes = numbers.gigabytes();
    regions = numbers.regions();
  }

  long[] regionVpns() {
    return regionVpns;
  }

  long[] regionTags() {
    return regionTags;
  }

  int[] gigabytes() {
    return gigabytes;
  }

  /** How many regions there are. */
  int regions() {
    return regions;
  }

  /** Whether a first level has taken them, so that what hit there is left out. */
  boolean isBehindFirst() {
    return behindFirst;
  }

  /** By kind, behind a first level: what missed there. */
  long[] firstMisses() {
    return firstMisses;
  }

  /** By kind, behind a first level: how many more of its ways hold something than before. */
  long[] firstTaken() {
    return firstTaken;
  }

  /** Works out by kind how often the first level is looked up. */
  void lookups(long[] into) {
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      into[kind] = references[kind] + crossings[kind] - notCanonical[kind];
    }
  }

  /** By kind: all references, those that share a page with the one before them included. */
  long[] references() {
    return references;
  }

  /** By kind: further pages that references touched. */
  long[] crossings() {
    return crossings;
  }

  /** By kind: references to addresses that are not canonical. */
  long[] notCanonical() {
    return notCanonical;
  }
}
