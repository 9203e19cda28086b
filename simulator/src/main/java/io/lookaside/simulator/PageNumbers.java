package io.lookaside.simulator;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.traces.PackedReference;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
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

  private static final int REGION_SHIFT = PageSize.SIZE_2M.shift();
  private static final int GIGABYTE_SHIFT = PageSize.SIZE_1G.shift();
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();
  private static final long HASH = 0x9e37_79b9_7f4a_7c15L;
  private static final int FIRST_BITS = 11;
  private static final int FIRST_REGIONS = 1 << 4;

  /** Of two words for each region: its key, and its number and page table, see {@link #slot}. */
  private static final int SLOT_WORDS = 2;

  /**
   * A slot's second word has a region's number in so many bits, and above them the page table's
   * address without its lower bits, which are 0.
   */
  private static final int REGION_BITS = Integer.SIZE - 1 - INDEX_BITS;

  private static final int MAX_REGIONS = 1 << (REGION_BITS - 1);

  /** Open addressing, at most half full; no key is 0. */
  private long[] slots = new long[SLOT_WORDS << FIRST_BITS];

  private int keyShift = Long.SIZE - FIRST_BITS;

  /** What sets the address space apart; its upper bits are not all equal. */
  private long tag;

  private int regions;
  private long[] regionVpns = new long[FIRST_REGIONS];
  private long[] regionTags = new long[FIRST_REGIONS];
  private long[] tables = new long[FIRST_REGIONS];
  private int[] gigabytes = new int[FIRST_REGIONS];

  /** The number of each gigabyte that has a region, by what its regions' keys have in common. */
  private final Long2IntOpenHashMap gigabyteNumbers = new Long2IntOpenHashMap();

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
    int slot = slot(key);
    int region = slots[slot] == key ? region(slots[slot + 1]) : find(key, va);
    return (region << INDEX_BITS) | ((int) (va >>> PAGE_SHIFT) & INDEX_MASK);
  }

  /**
   * The numbers of pages that are all known already, and stay known.
   *
   * @param words references that are not {@link PackedReference#APART}
   * @param into gets them
   * @param at where in {@code into} they go
   * @param entries gets the addresses of their page-table entries, less than 4,096 where nobody has
   *     told the page table's
   * @return whether all pages were found at once; if not, what was put into the arrays is wrong
   */
  boolean known(long[] words, int from, int n, int[] into, int at, long[] entries) {
    long[] s = slots;
    long t = tag;
    int shift = keyShift;
    long differing = 0;
    for (int i = 0; i < n; i++) {
      long word = words[from + i];
      long key = t ^ word >> (PackedReference.VPN_SHIFT + INDEX_BITS);
      int slot = ((int) ((key * HASH) >>> shift) * SLOT_WORDS) & (s.length - SLOT_WORDS);
      differing |= s[slot] ^ key;
      long value = s[slot + 1];
      int index = (int) (word >>> PackedReference.VPN_SHIFT) & INDEX_MASK;
      into[at + i] = (region(value) << INDEX_BITS) | index;
      entries[i] = table(value) + ((long) index << 3);
    }
    return differing == 0;
  }

  /** Where the search for a key begins. */
  private int slot(long key) {
    return (int) ((key * HASH) >>> keyShift) * SLOT_WORDS;
  }

  private static int region(long value) {
    return (int) value & ((1 << REGION_BITS) - 1);
  }

  private static long table(long value) {
    return (value >>> (REGION_BITS - PAGE_SHIFT)) & -(1L << PAGE_SHIFT);
  }

  private static long value(int region, long table) {
    return table << (REGION_BITS - PAGE_SHIFT) | region;
  }

  /** How many regions have numbers, from 0 on. */
  int regions() {
    return regions;
  }

  /** By region, for all that have numbers: the virtual page number of its first page. */
  long[] regionVpns() {
    return regionVpns;
  }

  /** By region, for all that have numbers: its address space. */
  long[] regionTags() {
    return regionTags;
  }

  /**
   * By region, for all that have numbers: a number, 0 or more, of its gigabyte, in its address
   * space. One entry of a page-directory-pointer table leads to all regions of a gigabyte.
   */
  int[] gigabytes() {
    return gigabytes;
  }

  /** The address of a region's page table, or 0 if nobody has told. */
  long table(int region) {
    return tables[region];
  }

  void setTable(int region, long address) {
    tables[region] = address;
    // Both are numbers of 2 MiB blocks, once with and once without the sign.
    long block = VirtualAddress.signExtended(regionVpns[region] << PAGE_SHIFT) >> REGION_SHIFT;
    slots[place(regionTags[region] ^ block) + 1] = value(region, address);
  }

  private int find(long key, long va) {
    int slot = place(key);
    if (slots[slot] == key) {
      return region(slots[slot + 1]);
    }
    if (2 * SLOT_WORDS * regions >= slots.length) {
      rehash();
      slot = place(key);
    }
    if (regions == MAX_REGIONS) {
      throw new OutOfMemoryError("more regions of 2 MiB than have numbers");
    }
    int region = regions++;
    if (region == tables.length) {
      int length = Math.min(MAX_REGIONS, region + (region >> 1));
      tables = Arrays.copyOf(tables, length);
      regionVpns = Arrays.copyOf(regionVpns, length);
      regionTags = Arrays.copyOf(regionTags, length);
      gigabytes = Arrays.copyOf(gigabytes, length);
    }
    regionVpns[region] = VirtualAddress.vpn(va, PAGE_SHIFT) & ~INDEX_MASK;
    regionTags[region] = tag;
    long gigabyte = tag ^ va >> GIGABYTE_SHIFT;
    gigabyteNumbers.putIfAbsent(gigabyte, gigabyteNumbers.size());
    gigabytes[region] = gigabyteNumbers.get(gigabyte);
    slots[slot] = key;
    slots[slot + 1] = value(region, 0);
    return region;
  }

  private void rehash() {
    long[] old = slots;
    slots = new long[2 * old.length];
    keyShift--;
    for (int i = 0; i < old.length; i += SLOT_WORDS) {
      if (old[i] != 0) {
        int slot = place(old[i]);
        slots[slot] = old[i];
        slots[slot + 1] = old[i + 1];
      }
    }
  }

  /** The place of a key, or that where it would be put. */
  private int place(long key) {
    int slot = slot(key);
    while (slots[slot] != 0 && slots[slot] != key) {
      slot = (slot + SLOT_WORDS) & (slots.length - 1);
    }
    return slot;
  }
}
