package io.lookaside.simulator;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import it.unimi.dsi.fastutil.HashCommon;
import java.util.Arrays;

/**
 * The sets of a structure with true LRU replacement, for a replay that gives each page (or whatever
 * the structure holds) a number and keeps a word with it.
 *
 * <p>A field of that word says in which way the page was put last. A page that is in its set is
 * there, so one comparison tells a hit from a miss, in any number of ways; nothing is searched, and
 * a page that has to go is not told. Nothing here allocates after construction. A record, as {@link
 * WayOrder} is.
 *
 * @param sets their number
 * @param setMask sets - 1 if they are the low bits of the page number, else -1
 * @param fieldShift where in a page's word the field of this structure is
 * @param wayBits the bits of the field; a set has 2^wayBits places in the arrays of ways
 * @param wayMask the field's bits, where a way is 0
 * @param otherFields the bits of a word that are not the field's
 * @param capacity the ways of all sets
 * @param placeMask the places less 1: masked with it, which changes nothing, a place is one to the
 *     compiler, that then tests no bounds
 * @param pages the page in each way; -1 where there is none
 * @param counted one element: ways that held something when they were counted last
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PageSets(
    int sets,
    int setMask,
    int fieldShift,
    int wayBits,
    int wayMask,
    int otherFields,
    int capacity,
    int placeMask,
    int[] pages,
    int[] counted,
    WayOrder order) {
  /** What a way holds that holds nothing; no page has this number. */
  private static final int NONE = -1;

  /**
   * Empty sets.
   *
   * @param fieldShift where the field of these sets is in a page's word
   */
  static PageSets of(Geometry geometry, int fieldShift) {
    if (geometry.replacement() != ReplacementPolicy.Kind.LRU) {
      throw new IllegalArgumentException("not LRU: " + geometry);
    }
    int places =
        HashCommon.nextPowerOfTwo(Math.multiplyExact(geometry.sets(), 1 << wayBits(geometry)));
    int wayMask = (1 << wayBits(geometry)) - 1;
    int[] pages = new int[places];
    Arrays.fill(pages, NONE);
    return new PageSets(
        geometry.sets(),
        Integer.bitCount(geometry.sets()) == 1 ? geometry.sets() - 1 : -1,
        fieldShift,
        wayBits(geometry),
        wayMask,
        ~(wayMask << fieldShift),
        geometry.sets() * geometry.ways(),
        places - 1,
        pages,
        new int[1],
        WayOrder.of(geometry));
  }

  /** How many bits of a page's word say which way it is. */
  static int wayBits(Geometry geometry) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(geometry.ways() - 1);
  }

  /**
   * The set of a page or block.
   *
   * @param low its number in the address, or any with the same lower nine bits
   * @param vpns where its number in the address less {@code low}'s lower nine bits is
   * @param at and at which place
   */
  int setOf(int low, long[] vpns, int at) {
    // Mostly there are so few sets that the bits below tell, whatever the region.
    return setMask >= 0 && setMask <= PageNumbers.INDEX_MASK
        ? low & setMask
        : setOf(vpns[at] | (low & PageNumbers.INDEX_MASK));
  }

  /** The set of a page or block by its number in the address. */
  int setOf(long vpn) {
    return setMask >= 0 ? (int) vpn & setMask : (int) Long.remainderUnsigned(vpn, sets);
  }

  /** The sets, if they are the low bits of the page number, else 1. */
  int classes() {
    return setMask >= 0 ? sets : 1;
  }

  /** Whether a page with this word is in its set. */
  boolean holds(int set, int page, int word) {
    return pages[place(set, way(word))] == page;
  }

  /** Makes a page that is in its set the one used last. */
  void use(int set, int word) {
    order.raise(set, way(word));
  }

  /**
   * The same without a call, where few instructions do: for up to 16 ways, or where it is the one
   * used last.
   *
   * @return whether it is done
   */
  boolean useIfPacked(int set, int word) {
    if (order instanceof WayOrder.Packed packed) {
      packed.raise(set, way(word));
      return true;
    }
    return ((WayOrder.Ring) order).front(set) == way(word);
  }

  /** Puts a page that is not there in the place of the one used longest ago; returns its word. */
  int enter(int set, int page, int word) {
    int way =
        order instanceof WayOrder.Packed packed
            ? packed.back(set)
            : ((WayOrder.Ring) order).back(set);
    int place = place(set, way);
    pages[place] = page;
    return (word & otherFields) | (way << fieldShift);
  }

  /** Takes a page out if it is there; the free way is the next to be used. */
  void remove(int set, int page, int word) {
    if (holds(set, page, word)) {
      pages[place(set, way(word))] = NONE;
      counted[0]--;
      order.sink(set, way(word));
    }
  }

  /** How many more ways hold something than when this was called last. */
  int takeTaken() {
    int before = counted[0];
    if (before < capacity) {
      int n = 0;
      for (int page : pages) {
        n += ~page >>> (Integer.SIZE - 1); // 1 for a page, without a branch
      }
      counted[0] = n;
    }
    return counted[0] - before;
  }

  private int way(int word) {
    return word >>> fieldShift & wayMask;
  }

  private int place(int set, int way) {
    return (set << wayBits | way) & placeMask;
  }
}
