package io.lookaside.simulator;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.WayWord;
import it.unimi.dsi.fastutil.HashCommon;
import java.util.Arrays;

/**
 * In which order the ways of each set were used: true LRU. Records, since their fields are
 * constants to the compiler where the record is one (see {@link LruReplay}).
 */
sealed interface WayOrder {
  /** An order in which no way was used: way 0 is the one used last. */
  static WayOrder of(Geometry geometry) {
    return geometry.ways() <= WayWord.MAX_WAYS ? Packed.of(geometry) : Ring.of(geometry);
  }

  /** The way used last. */
  int front(int set);

  /** Makes a way the one used last. */
  void raise(int set, int way);

  /** Makes the way used longest ago the one used last, and returns it. */
  int back(int set);

  /** Makes a way the one used longest ago. */
  void sink(int set, int way);

  /**
   * Up to 16 ways.
   *
   * @param orders by set: a {@link WayWord}, the way used last in front
   * @param backShift where the number of the way used longest ago is
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Packed(long[] orders, int backShift, long mask) implements WayOrder {
    static Packed of(Geometry geometry) {
      long[] orders = new long[geometry.sets()];
      Arrays.fill(orders, WayWord.ascending(geometry.ways()));
      int backShift = WayWord.backShift(geometry.ways());
      return new Packed(orders, backShift, WayWord.mask(backShift));
    }

    @Override
    public int front(int set) {
      return (int) orders[set] & WayWord.MASK;
    }

    @Override
    public void raise(int set, int way) {
      orders[set] = WayWord.raise(orders[set], way);
    }

    @Override
    public int back(int set) {
      long order = orders[set];
      orders[set] = WayWord.raiseBack(order, backShift, mask);
      return WayWord.back(order, backShift);
    }

    @Override
    public void sink(int set, int way) {
      orders[set] = WayWord.sink(orders[set], way, backShift);
    }
  }

  /**
   * Any number of ways: those of a set form a ring in the order of their use, in which the one used
   * longest ago stands before the one used last.
   *
   * @param strideShift a set has 2^strideShift places in the arrays of ways
   * @param next by way: the one used before it
   * @param previous by way: the one used after it
   * @param front by set: the way used last
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Ring(int strideShift, int[] next, int[] previous, int[] front) implements WayOrder {
    static Ring of(Geometry geometry) {
      int strideShift = PageSets.wayBits(geometry);
      int ways = geometry.ways();
      int places = HashCommon.nextPowerOfTwo(Math.multiplyExact(geometry.sets(), 1 << strideShift));
      int[] next = new int[places];
      int[] previous = new int[places];
      for (int i = 0; i < places; i++) {
        int way = i & ((1 << strideShift) - 1);
        next[i] = (way + 1) % ways;
        previous[i] = (way + ways - 1) % ways;
      }
      return new Ring(strideShift, next, previous, new int[geometry.sets()]);
    }

    @Override
    public int front(int set) {
      return front[set];
    }

    @Override
    public void raise(int set, int way) {
      int first = front[set];
      if (way != first) {
        // The place before the front is the back, so what is there already need not move.
        moveBefore(set << strideShift, way, first);
        front[set] = way;
      }
    }

    @Override
    public int back(int set) {
      int way = previous[(set << strideShift | front[set]) & (previous.length - 1)];
      front[set] = way;
      return way;
    }

    @Override
    public void sink(int set, int way) {
      int first = front[set];
      if (first == way) {
        front[set] = next[set << strideShift | way];
      } else {
        moveBefore(set << strideShift, way, first);
      }
    }

    private void moveBefore(int base, int way, int first) {
      int back = previous[base | first];
      if (back != way) {
        int n = next[base | way];
        int p = previous[base | way];
        next[base | p] = n;
        previous[base | n] = p;
        next[base | back] = way;
        previous[base | way] = back;
        next[base | way] = first;
        previous[base | first] = way;
      }
    }
  }
}
