package io.lookaside.simulator;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import java.util.Arrays;

/**
 * The sets of a structure with true LRU replacement, for a replay that gives each page (or whatever
 * the structure holds) a number and keeps a word with it.
 *
 * <p>A field of that word says in which way the page was put last. A page that is in its set is
 * there, so one comparison tells a hit from a miss, in any number of ways; nothing is searched, and
 * a page that has to go is not told. Nothing here allocates after construction.
 */
abstract class PageSets {
  /** What a way holds that holds nothing; no page has this number. */
  static final int NONE = 0;

  private final int sets;
  private final int setMask;
  private final int strideShift;
  private final int fieldShift;
  private final int fieldMask;

  /** The page in each way, and its frame; a set has the next power of two of places. */
  private final int[] pages;

  private final long[] frames;

  /** Ways that were free and are not any more, since they were asked for. */
  private long taken;

  /**
   * Empty sets.
   *
   * @param fieldShift where the field of these sets is in a page's word
   */
  static PageSets of(Geometry geometry, int fieldShift) {
    if (geometry.replacement() != ReplacementPolicy.Kind.LRU) {
      throw new IllegalArgumentException("not LRU: " + geometry);
    }
    return geometry.ways() <= Ordered.MAX_WAYS
        ? new Ordered(geometry, fieldShift)
        : new Ring(geometry, fieldShift);
  }

  private PageSets(Geometry geometry, int fieldShift) {
    sets = geometry.sets();
    setMask = Integer.bitCount(sets) == 1 ? sets - 1 : -1;
    strideShift = fieldBits(geometry);
    this.fieldShift = fieldShift;
    fieldMask = (1 << strideShift) - 1;
    pages = new int[Math.multiplyExact(sets, 1 << strideShift)];
    frames = new long[pages.length];
  }

  /** How many bits of a page's word sets of a geometry need. */
  static int fieldBits(Geometry geometry) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(geometry.ways() - 1);
  }

  /** The set of a page or block by its number in the address. */
  final int setOf(long vpn) {
    int m = setMask;
    return m >= 0 ? (int) vpn & m : (int) Long.remainderUnsigned(vpn, sets);
  }

  /** Sets, if they are the low bits of the page number, else 1. */
  final int classes() {
    return setMask >= 0 ? sets : 1;
  }

  /** Whether a page with this word is in its set. */
  final boolean holds(int set, int page, int word) {
    return pages[set << strideShift | way(word)] == page;
  }

  /** Makes a page that is in its set the one used last; returns its frame. */
  final long use(int set, int word) {
    int way = way(word);
    raise(set, way);
    return frames[set << strideShift | way];
  }

  /** Puts a page that is not there in the place of the one used longest ago; returns its word. */
  final int enter(int set, int page, int word, long frame) {
    int way = back(set);
    int at = set << strideShift | way;
    if (pages[at] == NONE) {
      taken++;
    }
    pages[at] = page;
    frames[at] = frame;
    return word & ~(fieldMask << fieldShift) | way << fieldShift;
  }

  /** Takes a page out if it is there; the free way is the next to be used. */
  final void remove(int set, int page, int word) {
    if (holds(set, page, word)) {
      pages[set << strideShift | way(word)] = NONE;
      taken--;
      sink(set, way(word));
    }
  }

  final long takeTaken() {
    long n = taken;
    taken = 0;
    return n;
  }

  private int way(int word) {
    return word >>> fieldShift & fieldMask;
  }

  /** Makes a way the one used last. */
  abstract void raise(int set, int way);

  /** Makes the way used longest ago the one used last, and returns it. */
  abstract int back(int set);

  /** Makes a way the one used longest ago. */
  abstract void sink(int set, int way);

  /** Up to 16 ways: their order is one word of four-bit numbers, the way used last lowest. */
  private static final class Ordered extends PageSets {
    static final int MAX_WAYS = 16;

    private static final int WAY_BITS = 4;
    private static final long EACH_WAY = 0x1111_1111_1111_1111L;
    private static final long TOP_OF_WAY = 0x8888_8888_8888_8888L;
    private static final long ASCENDING = 0xfedc_ba98_7654_3210L;

    private final long[] orders;
    private final int backShift;

    /** The bits of an order that hold the numbers of real ways. */
    private final long usedMask;

    Ordered(Geometry geometry, int fieldShift) {
      super(geometry, fieldShift);
      backShift = WAY_BITS * (geometry.ways() - 1);
      usedMask = -1L >>> (Long.SIZE - WAY_BITS * geometry.ways());
      orders = new long[geometry.sets()];
      Arrays.fill(orders, ASCENDING & usedMask);
    }

    @Override
    void raise(int set, int way) {
      long order = orders[set];
      int shift = shiftOf(order, way);
      long ahead = order & ((1L << shift) - 1);
      orders[set] = order ^ ahead ^ ((long) way << shift) ^ (ahead << WAY_BITS) ^ way;
    }

    @Override
    int back(int set) {
      long order = orders[set];
      long back = order >>> backShift;
      orders[set] = ((order << WAY_BITS) & usedMask) | back;
      return (int) back;
    }

    @Override
    void sink(int set, int way) {
      long order = orders[set];
      long aheadMask = (1L << shiftOf(order, way)) - 1;
      long behind = order & ~aheadMask;
      orders[set] =
          (order & aheadMask) | ((behind >>> WAY_BITS) & ~aheadMask) | ((long) way << backShift);
    }

    /** The shift of a way's number: the lowest four bits that differ in nothing from it. */
    private static int shiftOf(long order, int way) {
      long difference = order ^ (EACH_WAY * way);
      long zeros = (difference - EACH_WAY) & ~difference & TOP_OF_WAY;
      return Long.numberOfTrailingZeros(zeros) & -WAY_BITS;
    }
  }

  /** Any number of ways: a ring in the order of their use, in which the back precedes the front. */
  private static final class Ring extends PageSets {
    private final int ways;
    private final int[] next;
    private final int[] previous;

    /** By set: the way used last. */
    private final int[] front;

    Ring(Geometry geometry, int fieldShift) {
      super(geometry, fieldShift);
      ways = geometry.ways();
      front = new int[geometry.sets()];
      next = new int[Math.multiplyExact(ways, front.length)];
      previous = new int[next.length];
      for (int i = 0; i < next.length; i++) {
        next[i] = (i + 1) % ways;
        previous[i] = (i + ways - 1) % ways;
      }
    }

    @Override
    void raise(int set, int way) {
      int first = front[set];
      if (way != first) {
        // The place before the front is the back, so what is there already need not move.
        moveBefore(set * ways, way, first);
        front[set] = way;
      }
    }

    @Override
    int back(int set) {
      int way = previous[set * ways + front[set]];
      front[set] = way;
      return way;
    }

    @Override
    void sink(int set, int way) {
      int first = front[set];
      if (first == way) {
        front[set] = next[set * ways + way];
      } else {
        moveBefore(set * ways, way, first);
      }
    }

    private void moveBefore(int base, int way, int first) {
      int back = previous[base + first];
      if (back != way) {
        int n = next[base + way];
        int p = previous[base + way];
        next[base + p] = n;
        previous[base + n] = p;
        next[base + back] = way;
        previous[base + way] = back;
        next[base + way] = first;
        previous[base + first] = way;
      }
    }
  }
}
