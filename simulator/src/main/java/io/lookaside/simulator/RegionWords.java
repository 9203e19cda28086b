package io.lookaside.simulator;

import io.lookaside.mmu.assoc.Geometry;
import it.unimi.dsi.fastutil.HashCommon;
import java.util.Arrays;

/**
 * A word for each region of 2 MiB, by its number: where the cache of PD entries has its page table,
 * and above that the number of its gigabyte. One look-up finds both.
 */
final class RegionWords {
  private static final int FIELD_BITS =
      Integer.SIZE - Integer.numberOfLeadingZeros(Geometry.MAX_WAYS - 1);
  private static final int FIELD = (1 << FIELD_BITS) - 1;

  /** What a gigabyte has whose number does not fit; no region of it is told from another's. */
  private static final int NO_GIGABYTE = -1 >>> FIELD_BITS;

  /** As many as a power of two, so that a mask, which changes nothing, spares tests of bounds. */
  private int[] words = new int[1];

  private int count;

  int get(int region) {
    return words[region & (words.length - 1)];
  }

  void set(int region, int word) {
    words[region & (words.length - 1)] = word;
  }

  /** Whether a region with this word is in a gigabyte; false where that cannot be told. */
  static boolean isIn(int word, int gigabyte) {
    return word >>> FIELD_BITS == gigabyte;
  }

  /** A number that {@link #isIn} knows again, or one that it never does. */
  static int gigabyte(int word) {
    int gigabyte = word >>> FIELD_BITS;
    return gigabyte == NO_GIGABYTE ? -1 : gigabyte;
  }

  /** Takes in the regions that references tell of. */
  void know(PageReferences references) {
    int regions = references.regions();
    if (regions > words.length) {
      words = Arrays.copyOf(words, HashCommon.nextPowerOfTwo(regions));
    }
    for (; count < regions; count++) {
      int gigabyte = Math.min(references.gigabytes()[count], NO_GIGABYTE);
      words[count] = (words[count] & FIELD) | gigabyte << FIELD_BITS;
    }
  }

  /** How many regions are known. */
  int count() {
    return count;
  }
}
