package io.lookaside.simulator.curve;

import io.lookaside.mmu.assoc.WayWord;
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
   * What is known of a page is a long too: the way in the sets of 2, 4, ... 1,024 in 4 bits each, and
   * above them, where the page stands in the stack of the one set: its way there, or its place in
   * the deep stack plus 1, or 0 for a page never seen. What leaves a set is not told so: the way of
   * a page counts only if the set has the page in it. So a page that comes in costs one read and two
   * writes for each set, and none of them waits for a memory far away.
   */
  private static final int WAY_BITS = WayWord.BITS;
  private static final int WAY_SHIFT = 4;
  private static final int WAY_MASK = WAYS - 1;
  private static final int TOP_SHIFT = 40;
  private static final long WAYS_MASK = (1L << TOP_SHIFT) - 1;

  /** Places in the deep stack that fit above the ways, with one to spare for 0. */
  private static final int RECORD_PLACES = (1 << (Long.SIZE - TOP_SHIFT)) - 1;

  /** By set. */
  private final long[] orders;

  /** By set and way. */
  private final int[] residents;

  /** By page. */
  private long[] records = new long[1 << 12];

  /** By page, where there are more places than records have room for; else empty. */
  private int[] places = new int[0];

  private final int recordPlaces;

  ResidentStacks(int maxSets) {
    this(maxSets, RECORD_PLACES);
  }

  /** With less room in the records than there is. */
  ResidentStacks(int maxSets, int recordPlaces) {
    super(maxSets, WAYS);
    this.recordPlaces = recordPlaces;
    orders = new long[2 * maxSets];
    Arrays.fill(orders, WayWord.ascending(WAYS));
    residents = new int[2 * maxSets * WAYS];
    Arrays.fill(residents, NO_PAGE);
  }

  /** Whether records had too little room for the places in the deep stack. */
  boolean keepsPlacesBeside() {
    return places.length != 0;
  }

  @Override
  void reserve(int end) {
    if (end > records.length) {
      records = Arrays.copyOf(records, Math.max(2 * records.length, end));
      if (places.length != 0) {
        places = Arrays.copyOf(places, records.length);
      }
    }
  }

  @Override
  long readAhead(int page) {
    return records[page];
  }

  @Override
  void lookup(int page, int leaf) {
    long record = records[page];
    int way = (int) (record >>> TOP_SHIFT) & WAY_MASK;
    if (residents[WAYS | way] == page) {
      lookupResident(record, way, leaf);
    } else {
      lookupBelow(page, leaf);
    }
  }

  @Override
  boolean isSecond(int page) {
    return residents[WAYS | ((int) (orders[1] >>> WAY_BITS) & WAY_MASK)] == page;
  }

  @Override
  void exchange(int leaf, int lastShared) {
    for (int set = leaf >>> (lastLevel - lastShared); set > 0; set >>>= 1) {
      long order = orders[set];
      long differing = (order ^ order >>> WAY_BITS) & WAY_MASK;
      orders[set] = order ^ differing ^ differing << WAY_BITS;
    }
  }

  /** Looks up a page that is among the first of the one set, from there to larger numbers. */
  private void lookupResident(long record, int wayOfOne, int leaf) {
    // With more sets it stands at the same depth or higher.
    long ways = record << WAY_BITS | wayOfOne;
    for (int level = 0; level <= lastLevel; level++) {
      int set = leaf >>> (lastLevel - level);
      int way = (int) ways & WAY_MASK;
      ways >>>= WAY_BITS;
      long order = orders[set];
      if ((order & WAY_MASK) == way) {
        return;
      }
      long lowestBit = WayWord.lowestBitOf(order, way);
      found[level * WAYS + (Long.numberOfTrailingZeros(lowestBit) >>> 2)]++;
      orders[set] = WayWord.raise(order, lowestBit, way);
    }
  }

  /** Looks up a page that is not among the first of the one set, from the largest number down. */
  private void lookupBelow(int page, int leaf) {
    if (rest.isFull()) {
      moveTogether();
    }
    long record = records[page];
    long known = record << (Long.SIZE - WAY_BITS * lastLevel);
    long ways = 0;
    int set = leaf;
    int level = lastLevel;
    while (level > 0) {
      int way = (int) (known >>> (Long.SIZE - WAY_BITS));
      if (residents[set << WAY_SHIFT | way] != page) {
        break;
      }
      known <<= WAY_BITS;
      ways = ways << WAY_BITS | way;
      long order = orders[set];
      long lowestBit = WayWord.lowestBitOf(order, way);
      found[level * WAYS + (Long.numberOfTrailingZeros(lowestBit) >>> 2)]++;
      orders[set] = WayWord.raise(order, lowestBit, way);
      set >>>= 1;
      level--;
    }
    // With fewer sets it is not there either.
    notFound[level + 1]++;
    for (; set > 1; set >>>= 1) {
      long order = Long.rotateLeft(orders[set], WAY_BITS);
      orders[set] = order;
      int way = (int) order & WAY_MASK;
      residents[set << WAY_SHIFT | way] = page;
      ways = ways << WAY_BITS | way;
    }
    long order = Long.rotateLeft(orders[1], WAY_BITS);
    orders[1] = order;
    int way = (int) order & WAY_MASK;
    int fallen = residents[WAYS | way];
    residents[WAYS | way] = page;
    records[page] = ways | (long) way << TOP_SHIFT;

    int place = places.length == 0 ? (int) (record >>> TOP_SHIFT) : places[page];
    if (place == 0) {
      rest.lookupNew();
    } else {
      rest.lookup(place - 1);
    }
    if (fallen != NO_PAGE) {
      setPlace(fallen, rest.push() + 1);
    }
  }

  private void setPlace(int page, int place) {
    if (places.length == 0) {
      records[page] = (records[page] & WAYS_MASK) | ((long) place << TOP_SHIFT);
    } else {
      places[page] = place;
    }
  }

  /** Makes room in the deep stack, where the places of all pages change. */
  private void moveTogether() {
    rest.settle();
    boolean inRecords = places.length == 0;
    int[] moved = inRecords ? new int[records.length] : places;
    for (int page = 0; page < moved.length; page++) {
      int top = (int) (records[page] >>> TOP_SHIFT);
      int place = inRecords ? top : places[page];
      boolean inOneSet = residents[WAYS | (top & WAY_MASK)] == page;
      moved[page] = place == 0 || inOneSet ? 0 : rest.below(place - 1) + 1;
    }
    rest.moveTogether();
    if (rest.places() > recordPlaces) {
      places = moved;
    } else {
      for (int page = 0; page < moved.length; page++) {
        if (moved[page] != 0) {
          setPlace(page, moved[page]);
        }
      }
    }
  }
}
