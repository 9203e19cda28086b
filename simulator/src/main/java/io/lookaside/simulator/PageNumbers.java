package io.lookaside.simulator;

import io.lookaside.mmu.format.PageSize;
import java.util.Arrays;

/**
 * Numbers for the 4 KiB pages that a replay meets. The 512 pages of one page table, a region of 2
 * MiB in an address space, have neighbouring numbers; so a small hash table of regions finds them
 * all.
 */
final class PageNumbers {
  /** Bits of a page number that say which page of its region it is. */
  static final int INDEX_BITS = 9;

  static final int INDEX_MASK = (1 << INDEX_BITS) - 1;

  /** The region of pages that have no number yet. */
  static final int NO_REGION = 0;

  private static final int REGION_SHIFT = PageSize.SIZE_2M.shift();
  static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();
  private static final long HASH = 0x9e37_79b9_7f4a_7c15L;
  private static final int FIRST_BITS = 11;
  private static final int FIRST_REGIONS = 1 << 4;
  private static final int MAX_REGIONS = 1 << (Integer.SIZE - 1 - INDEX_BITS);

  /** Open addressing, at most a quarter full; no key is 0. */
  private long[] keys = new long[1 << FIRST_BITS];

  private int[] numbers = new int[1 << FIRST_BITS];
  private int keyShift = Long.SIZE - FIRST_BITS;

  /** What sets the address space apart; its upper bits are not all equal. */
  private long tag;

  private int regions = 1;
  private final PageWords words;
  private int[] regionWords = new int[FIRST_REGIONS];
  private long[] tables = new long[FIRST_REGIONS];

  /**
   * No pages.
   *
   * @param words grows with the pages
   */
  PageNumbers(PageWords words) {
    this.words = words;
    words.grow(FIRST_REGIONS << INDEX_BITS);
  }

  /**
   * Goes to an address space.
   *
   * @param addressSpace not 0, different for each, in bits that a canonical address shifted right
   *     by 21 fills with its sign, which may not all be set
   */
  void enter(long addressSpace) {
    tag = addressSpace;
  }

  /** The number of a page, which gets one if it has none. The address must be canonical. */
  int number(long va) {
    long key = tag ^ va >> REGION_SHIFT;
    int slot = (int) ((key * HASH) >>> keyShift);
    int region = keys[slot] == key ? numbers[slot] : find(key, slot);
    return (region << INDEX_BITS) | ((int) (va >>> PAGE_SHIFT) & INDEX_MASK);
  }

  /**
   * The numbers of the pages at {@code addresses[from]} and on, as far as they are found at once,
   * else less than 512.
   *
   * @param into gets n of them
   * @param entries gets the addresses of their page-table entries, less than 4,096 where nobody has
   *     told the page table's
   * @return whether all were found
   */
  boolean numbers(long[] addresses, int from, int n, int[] into, long[] entries) {
    long[] k = keys;
    int[] regionOf = numbers;
    long[] tableOf = tables;
    long t = tag;
    int shift = keyShift;
    boolean all = true;
    for (int i = 0; i < n; i++) {
      long va = addresses[from + i];
      long key = t ^ va >> REGION_SHIFT;
      int slot = (int) ((key * HASH) >>> shift) & (k.length - 1);
      int region = regionOf[slot];
      if (k[slot] != key) {
        region = NO_REGION;
        all = false;
      }
      int index = (int) (va >>> PAGE_SHIFT) & INDEX_MASK;
      into[i] = (region << INDEX_BITS) | index;
      entries[i] = tableOf[region] + ((long) index << 3);
    }
    return all;
  }

  /** The word of a region, at first 0. */
  int regionWord(int region) {
    return regionWords[region];
  }

  void setRegionWord(int region, int word) {
    regionWords[region] = word;
  }

  /** The address of a region's page table, or 0 if nobody has told. */
  long table(int region) {
    return tables[region];
  }

  void setTable(int region, long address) {
    tables[region] = address;
  }

  private int find(long key, int from) {
    int slot = from;
    while (keys[slot] != 0) {
      if (keys[slot] == key) {
        return numbers[slot];
      }
      slot = (slot + 1) & (keys.length - 1);
    }
    if (4 * regions >= keys.length) {
      rehash();
      slot = free(key);
    }
    if (regions == MAX_REGIONS) {
      throw new OutOfMemoryError("more regions of 2 MiB than have numbers");
    }
    int region = regions++;
    if (region == tables.length) {
      int length = Math.min(MAX_REGIONS, region + (region >> 1));
      tables = Arrays.copyOf(tables, length);
      regionWords = Arrays.copyOf(regionWords, length);
      words.grow(length << INDEX_BITS);
    }
    keys[slot] = key;
    numbers[slot] = region;
    return region;
  }

  private void rehash() {
    long[] oldKeys = keys;
    int[] oldNumbers = numbers;
    keys = new long[2 * oldKeys.length];
    numbers = new int[keys.length];
    keyShift--;
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != 0) {
        int slot = free(oldKeys[i]);
        keys[slot] = oldKeys[i];
        numbers[slot] = oldNumbers[i];
      }
    }
  }

  private int free(long key) {
    int slot = (int) ((key * HASH) >>> keyShift);
    while (keys[slot] != 0) {
      slot = (slot + 1) & (keys.length - 1);
    }
    return slot;
  }
}
