package io.lookaside.simulator.curve;

import io.lookaside.mmu.assoc.SeededRandom;
import java.util.Arrays;

/**
 * A number for each page that was met, by its key. Neighbours stand side by side, 64 pages in a
 * group, and a hash table finds the groups: 4 bytes a page where pages have neighbours, in a table
 * small enough to stay in a cache.
 */
final class PlaceTable {
  private static final int GROUP_SHIFT = 6;
  private static final int GROUP_MASK = (1 << GROUP_SHIFT) - 1;
  private static final int MAX_GROUPS = 1 << (31 - GROUP_SHIFT - 1);
  private static final long NO_GROUP = -1;

  // Open addressing, at most half full: the group's key and its number.
  private long[] groupKeys = new long[1 << 10];
  private int[] groupNumbers = new int[1 << 10];
  private int groups;

  private int[] values = new int[1 << 14];

  PlaceTable() {
    Arrays.fill(groupKeys, NO_GROUP);
  }

  /** Where the number of a page stands in {@link #values}; it is 0 at first. */
  int find(long key) {
    long page = key >>> StackDistances.ADDRESS_SPACE_BITS;
    long group = key & ~((long) GROUP_MASK << StackDistances.ADDRESS_SPACE_BITS);
    long[] keys = groupKeys;
    int mask = keys.length - 1;
    int slot = (int) SeededRandom.mix(group) & mask;
    while (keys[slot] != group) {
      if (keys[slot] == NO_GROUP) {
        slot = add(group, slot);
        break;
      }
      slot = (slot + 1) & mask;
    }
    return groupNumbers[slot] << GROUP_SHIFT | ((int) page & GROUP_MASK);
  }

  /** The numbers; another array after {@link #find} met a new page. */
  int[] values() {
    return values;
  }

  /** How many elements of {@link #values} are in use. */
  int size() {
    return groups << GROUP_SHIFT;
  }

  private int add(long group, int freeSlot) {
    int slot = freeSlot;
    if (groups == MAX_GROUPS) {
      throw new OutOfMemoryError("more distinct pages than a table holds");
    }
    if (2 * groups >= groupKeys.length) {
      grow();
      slot = free(group);
    }
    groupKeys[slot] = group;
    groupNumbers[slot] = groups++;
    if (size() > values.length) {
      values = Arrays.copyOf(values, 2 * values.length);
    }
    return slot;
  }

  private void grow() {
    long[] oldKeys = groupKeys;
    int[] oldNumbers = groupNumbers;
    groupKeys = new long[2 * oldKeys.length];
    groupNumbers = new int[groupKeys.length];
    Arrays.fill(groupKeys, NO_GROUP);
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != NO_GROUP) {
        int slot = free(oldKeys[i]);
        groupKeys[slot] = oldKeys[i];
        groupNumbers[slot] = oldNumbers[i];
      }
    }
  }

  private int free(long group) {
    int mask = groupKeys.length - 1;
    int slot = (int) SeededRandom.mix(group) & mask;
    while (groupKeys[slot] != NO_GROUP) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
