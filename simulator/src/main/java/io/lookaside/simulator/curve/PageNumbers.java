package io.lookaside.simulator.curve;

import java.util.Arrays;

/**
 * Numbers for pages as they are met, so that what is known of a page stands in flat arrays.
 * Neighbours get numbers side by side, 32 at once. A hash table finds regions of 4,096 pages, and a
 * region knows its groups of 32: so little memory is read that it stays in a cache.
 */
final class PageNumbers {
  private static final int GROUP_SHIFT = 5;
  private static final int GROUP_MASK = (1 << GROUP_SHIFT) - 1;
  private static final int MAX_GROUPS = 1 << (31 - GROUP_SHIFT - 1);
  private static final int REGION_SHIFT = 12;
  private static final int GROUPS_SHIFT = REGION_SHIFT - GROUP_SHIFT;
  private static final int GROUPS_MASK = (1 << GROUPS_SHIFT) - 1;

  /** Regions have at most 33 bits: page numbers have 45. */
  private static final int ADDRESS_SPACE_SHIFT = 40;

  private static final long NO_REGION = -1;
  private static final int NO_NUMBER = -1;

  /** 2^64 divided by the golden ratio: multiples of it are spread evenly (Knuth, vol. 3, 6.4). */
  private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

  // Open addressing, at most a quarter full: the region's key, and its number.
  private long[] keys = new long[1 << 8];
  private int[] values = new int[1 << 8];
  private int hashShift = Long.SIZE - 8;
  private int regions;

  /** By region and group: the number of the group's first page. */
  private int[] firsts = new int[1 << (GROUPS_SHIFT + 4)];

  private int groups;

  PageNumbers() {
    Arrays.fill(keys, NO_REGION);
    Arrays.fill(firsts, NO_NUMBER);
  }

  /** The number of a page of an address space, the same one each time. */
  int of(long page, int addressSpace) {
    long region = page >>> REGION_SHIFT | (long) addressSpace << ADDRESS_SPACE_SHIFT;
    int slot = (int) ((region * SPREAD) >>> hashShift);
    if (keys[slot] != region) {
      slot = search(region, slot);
    }
    int group = values[slot] << GROUPS_SHIFT | ((int) (page >>> GROUP_SHIFT) & GROUPS_MASK);
    int first = firsts[group];
    if (first == NO_NUMBER) {
      first = addGroup(group);
    }
    return first + ((int) page & GROUP_MASK);
  }

  /** All numbers given are smaller. */
  int end() {
    return groups << GROUP_SHIFT;
  }

  private int addGroup(int group) {
    if (groups == MAX_GROUPS) {
      throw new OutOfMemoryError("more distinct pages than can be numbered");
    }
    int first = groups++ << GROUP_SHIFT;
    firsts[group] = first;
    return first;
  }

  private int search(long region, int from) {
    int mask = keys.length - 1;
    int slot = from;
    while (keys[slot] != region) {
      if (keys[slot] == NO_REGION) {
        return addRegion(region, slot);
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private int addRegion(long region, int freeSlot) {
    int slot = freeSlot;
    if (4 * regions >= keys.length) {
      grow();
      slot = free(region);
    }
    keys[slot] = region;
    values[slot] = regions++;
    int end = Math.multiplyExact(regions, 1 << GROUPS_SHIFT);
    if (end > firsts.length) {
      int old = firsts.length;
      firsts = Arrays.copyOf(firsts, 2 * old);
      Arrays.fill(firsts, old, 2 * old, NO_NUMBER);
    }
    return slot;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldValues = values;
    keys = new long[2 * oldKeys.length];
    values = new int[keys.length];
    hashShift--;
    Arrays.fill(keys, NO_REGION);
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != NO_REGION) {
        int slot = free(oldKeys[i]);
        keys[slot] = oldKeys[i];
        values[slot] = oldValues[i];
      }
    }
  }

  private int free(long region) {
    int mask = keys.length - 1;
    int slot = (int) ((region * SPREAD) >>> hashShift);
    while (keys[slot] != NO_REGION) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
