package io.lookaside.simulator.curve;

import java.util.Arrays;

/**
 * Stacks of 16 pages, which are not searched: for each page one long tells in which way of each of
 * its sets it stands, if it is there at all, and for each set one long tells the order of its ways.
 */
final class ResidentStacks extends StackDistances {
  static final int WAYS = 16;
  static final int MAX_SETS = 1 << 10;

  /*
   * The order of a set is a long of 16 ways of 4 bits, the one used last lowest. What comes in takes
   * the place of the highest way, and a rotation makes that the lowest.
   *
   * What is known of a page is a long too: the way in the sets of 1, 2, 4, ... 1,024 in 4 bits each.
   * What leaves a set is not told so: the way of a page counts only if the set has the page in it.
   * So a page that comes in costs one read and two writes for each set, and none of them waits for a
   * memory far away.
   */
  private static final int WAY_BITS = 4;
  private static final int WAY_SHIFT = 4;
  private static final int WAY_MASK = WAYS - 1;
  private static final long ONE_IN_EACH = 0x1111_1111_1111_1111L;
  private static final long HIGHEST_IN_EACH = 0x8888_8888_8888_8888L;
  private static final long FIRST_ORDER = 0xfedc_ba98_7654_3210L;
  private static final int NO_PAGE = DeepDistances.NO_PAGE;

  /** By set. */
  private final long[] orders;

  /** By set and way. */
  private final int[] residents;

  /** By page. */
  private long[] records = new long[1 << 12];

  ResidentStacks(int maxSets) {
    super(maxSets, WAYS);
    orders = new long[2 * maxSets];
    Arrays.fill(orders, FIRST_ORDER);
    residents = new int[2 * maxSets * WAYS];
    Arrays.fill(residents, NO_PAGE);
  }

  @Override
  void reserve(int end) {
    if (end > records.length) {
      records = Arrays.copyOf(records, Math.max(2 * records.length, end));
    }
    rest.reserve(end);
  }

  @Override
  void lookup(int page, int leaf) {
    long record = records[page];
    int way = (int) record & WAY_MASK;
    if (residents[WAYS | way] == page) {
      lookupResident(record, way, leaf);
    } else {
      lookupBelow(page, record, leaf);
    }
  }

  /** Looks up a page that is among the first of the one set, from there to larger numbers. */
  private void lookupResident(long record, int wayOfOne, int leaf) {
    long order = orders[1];
    if ((order & WAY_MASK) == wayOfOne) {
      return;
    }
    int d = depthShift(order, wayOfOne);
    found[d >>> 2]++;
    orders[1] = raised(order, d, wayOfOne);
    // With more sets it stands at the same depth or higher.
    long ways = record >>> WAY_BITS;
    for (int level = 1; level <= lastLevel; level++) {
      int set = leaf >>> (lastLevel - level);
      int way = (int) ways & WAY_MASK;
      ways >>>= WAY_BITS;
      order = orders[set];
      if ((order & WAY_MASK) == way) {
        return;
      }
      d = depthShift(order, way);
      found[level * WAYS + (d >>> 2)]++;
      orders[set] = raised(order, d, way);
    }
  }

  /** Looks up a page that is not among the first of the one set, from the largest number down. */
  private void lookupBelow(int page, long record, int leaf) {
    int set = leaf;
    int shift = WAY_BITS * lastLevel;
    while (shift > 0) {
      int way = (int) (record >>> shift) & WAY_MASK;
      if (residents[set << WAY_SHIFT | way] != page) {
        break;
      }
      long order = orders[set];
      int d = depthShift(order, way);
      found[(shift << 2) + (d >>> 2)]++;
      orders[set] = raised(order, d, way);
      set >>>= 1;
      shift -= WAY_BITS;
    }
    // With fewer sets it is not there either.
    notFound[(shift >>> 2) + 1]++;
    long ways = record & -1L << shift << WAY_BITS;
    int fallen = NO_PAGE;
    while (shift >= 0) {
      long order = Long.rotateLeft(orders[set], WAY_BITS);
      orders[set] = order;
      int way = (int) order & WAY_MASK;
      fallen = residents[set << WAY_SHIFT | way];
      residents[set << WAY_SHIFT | way] = page;
      ways |= (long) way << shift;
      set >>>= 1;
      shift -= WAY_BITS;
    }
    records[page] = ways;
    rest.lookup(page, fallen);
  }

  /** Four times the number of ways before {@code way} in an order. */
  private static int depthShift(long order, int way) {
    long differing = order ^ way * ONE_IN_EACH;
    // The lowest 4 bits that are all 0; what is borrowed above them does not matter.
    long zero = (differing - ONE_IN_EACH) & ~differing & HIGHEST_IN_EACH;
    return Long.numberOfTrailingZeros(zero) - 3;
  }

  /** An order after its way at depth {@code shift} / 4 was used. */
  private static long raised(long order, int shift, int way) {
    long before = order & ((1L << shift) - 1);
    long behind = order & -1L << shift << WAY_BITS;
    return behind | before << WAY_BITS | way;
  }
}
