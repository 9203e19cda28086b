package io.lookaside.mmu.assoc;

import java.util.Arrays;

/**
 * True LRU and FIFO. The ways of every set stand in order, the next victim last and invalid ways
 * behind all valid ones; a new entry moves its way to the front and so, for LRU, does a hit. That
 * is what makes time stamps needless. Entries stay where they are; only way numbers move.
 */
abstract class Ordered extends ReplacementPolicy {
  private Ordered() {}

  /**
   * LRU or FIFO.
   *
   * @param hitsCount whether a hit moves to the front: LRU
   */
  static Ordered of(int sets, int ways, boolean hitsCount) {
    if (ways <= WayWord.MAX_WAYS) {
      return hitsCount ? new PackedLru(sets, ways) : new PackedFifo(sets, ways);
    }
    return hitsCount ? new LinkedLru(sets, ways) : new LinkedFifo(sets, ways);
  }

  @Override
  final void removed(int set, int way) {
    moveToBack(set, way);
  }

  abstract void moveToFront(int set, int way);

  abstract void moveToBack(int set, int way);

  /** Up to 16 ways. */
  private abstract static class Packed extends Ordered {
    private final int ways;
    private final long[] order;
    private final int backShift;

    Packed(int sets, int ways) {
      this.ways = ways;
      order = new long[sets];
      backShift = WayWord.backShift(ways);
      reset();
    }

    @Override
    final void moveToFront(int set, int way) {
      long o = order[set];
      if ((o & WayWord.MASK) != way) {
        order[set] = WayWord.raise(o, way);
      }
    }

    @Override
    final void moveToBack(int set, int way) {
      order[set] = WayWord.sink(order[set], way, backShift);
    }

    @Override
    final int place(AssociativeArray array, int set) {
      long o = order[set];
      order[set] = WayWord.raiseBack(o, backShift);
      return WayWord.back(o, backShift);
    }

    @Override
    public final void clear() {
      reset();
    }

    private void reset() {
      Arrays.fill(order, WayWord.ascending(ways));
    }
  }

  /** More ways. Entries have numbers: those of a set follow each other. */
  private abstract static class Linked extends Ordered {
    private final int ways;
    private final int[] next;
    private final int[] previous;
    private final int[] front;

    Linked(int sets, int ways) {
      this.ways = ways;
      next = new int[sets * ways];
      previous = new int[sets * ways];
      front = new int[sets];
      reset();
    }

    @Override
    final void moveToFront(int set, int way) {
      int i = set * ways + way;
      int first = front[set];
      if (first != i) {
        Rings.moveBeforeFront(next, previous, i, first);
        front[set] = i;
      }
    }

    @Override
    final void moveToBack(int set, int way) {
      int i = set * ways + way;
      int first = front[set];
      if (first == i) {
        front[set] = next[i];
      } else {
        Rings.moveBeforeFront(next, previous, i, first);
      }
    }

    @Override
    final int place(AssociativeArray array, int set) {
      int back = previous[front[set]];
      front[set] = back;
      return back - set * ways;
    }

    @Override
    public final void clear() {
      reset();
    }

    private void reset() {
      Rings.link(next, previous, ways);
      for (int set = 0; set < front.length; set++) {
        front[set] = set * ways;
      }
    }
  }

  private static final class PackedLru extends Packed {
    PackedLru(int sets, int ways) {
      super(sets, ways);
    }

    @Override
    public void touch(int set, int way) {
      moveToFront(set, way);
    }
  }

  private static final class PackedFifo extends Packed {
    PackedFifo(int sets, int ways) {
      super(sets, ways);
    }

    @Override
    public void touch(int set, int way) {
      // A hit does not change who came first.
    }
  }

  private static final class LinkedLru extends Linked {
    LinkedLru(int sets, int ways) {
      super(sets, ways);
    }

    @Override
    public void touch(int set, int way) {
      moveToFront(set, way);
    }
  }

  private static final class LinkedFifo extends Linked {
    LinkedFifo(int sets, int ways) {
      super(sets, ways);
    }

    @Override
    public void touch(int set, int way) {
      // A hit does not change who came first.
    }
  }
}
