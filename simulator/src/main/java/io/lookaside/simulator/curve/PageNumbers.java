package io.lookaside.simulator.curve;

import java.util.Arrays;

/**
 * Numbers for pages as they are met, so that what is known of a page stands in flat arrays.
 * Neighbours get numbers side by side, a group of them at once, and a hash table finds the groups:
 * so it is small enough to stay in a cache.
 */
final class PageNumbers {
  private static final int GROUP_SHIFT = 5;
  private static final int GROUP_MASK = (1 << GROUP_SHIFT) - 1;
  private static final int MAX_GROUPS = 1 << (31 - GROUP_SHIFT - 1);

  /** Page numbers have at most 45 bits, so those of groups have room for an address space. */
  private static final int ADDRESS_SPACE_BITS = 24;

  private static final long NO_GROUP = -1;

  /** 2^64 divided by the golden ratio: multiples of it are spread evenly (Knuth, vol. 3, 6.4). */
  private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

  // Open addressing, at most half full: the group's key and its first number.
  private long[] keys = new long[1 << 10];
  private int[] firsts = new int[1 << 10];
  private int hashShift = Long.SIZE - 10;
  private int groups;

  PageNumbers() {
    Arrays.fill(keys, NO_GROUP);
  }

  /** The number of a page of an address space, the same one each time. */
  int of(long page, int addressSpace) {
    long group = page >>> GROUP_SHIFT << ADDRESS_SPACE_BITS | addressSpace;
    int slot = (int) ((group * SPREAD) >>> hashShift);
    if (keys[slot] != group) {
      slot = search(group, slot);
    }
    return firsts[slot] + ((int) page & GROUP_MASK);
  }

  /** All numbers given are smaller. */
  int end() {
    return groups << GROUP_SHIFT;
  }

  private int search(long group, int from) {
    int mask = keys.length - 1;
    int slot = from;
    while (keys[slot] != group) {
      if (keys[slot] == NO_GROUP) {
        return add(group, slot);
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private int add(long group, int freeSlot) {
    int slot = freeSlot;
    if (groups == MAX_GROUPS) {
      throw new OutOfMemoryError("more distinct pages than can be numbered");
    }
    if (2 * groups >= keys.length) {
      grow();
      slot = free(group);
    }
    keys[slot] = group;
    firsts[slot] = groups++ << GROUP_SHIFT;
    return slot;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldFirsts = firsts;
    keys = new long[2 * oldKeys.length];
    firsts = new int[keys.length];
    hashShift--;
    Arrays.fill(keys, NO_GROUP);
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != NO_GROUP) {
        int slot = free(oldKeys[i]);
        keys[slot] = oldKeys[i];
        firsts[slot] = oldFirsts[i];
      }
    }
  }

  private int free(long group) {
    int mask = keys.length - 1;
    int slot = (int) ((group * SPREAD) >>> hashShift);
    while (keys[slot] != NO_GROUP) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
