package io.lookaside.mmu.assoc;

import java.util.Arrays;

/**
 * Decides which entry of a set makes room, and keeps what it needs to know for that.
 *
 * <p>An implementation may move entries within their set: true LRU and FIFO keep a set in the order
 * in which its entries would be evicted and so need no time stamps.
 */
public abstract class ReplacementPolicy {
  /** The policies there are. */
  public enum Kind {
    /** True least-recently-used. */
    LRU("lru"),
    /** Tree pseudo-LRU: one bit per node of a binary tree over the ways. */
    TREE_PLRU("tree-plru"),
    /** Bit pseudo-LRU: one most-recently-used bit per way. */
    BIT_PLRU("bit-plru"),
    /** First in, first out. */
    FIFO("fifo"),
    /** A way chosen by a seeded generator. */
    RANDOM("random"),
    /** Static re-reference interval prediction with two bits. */
    SRRIP("srrip");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** The name in machine files. */
    public String label() {
      return label;
    }

    /**
     * A policy for an array of the given shape.
     *
     * @param seed used by {@link #RANDOM} alone
     */
    ReplacementPolicy create(int sets, int ways, long seed) {
      return switch (this) {
        case LRU -> new Lru();
        case TREE_PLRU -> new TreePlru(sets, ways);
        case BIT_PLRU -> new BitPlru(sets, ways);
        case FIFO -> new Fifo();
        case RANDOM -> new RandomPolicy(seed);
        case SRRIP -> new Srrip(sets, ways);
      };
    }
  }

  ReplacementPolicy() {}

  /**
   * Notes a hit. A second touch of the entry that was touched or placed last in its set changes
   * nothing: replay relies on that when it counts repetitions without looking them up.
   *
   * @return the way in which the entry now stands
   */
  public abstract int touch(AssociativeArray array, int set, int way);

  /**
   * Makes room for a new entry, which the caller then writes. An invalid way is used before any
   * valid entry is evicted; what is evicted is reported to {@link AssociativeArray#evict}.
   *
   * @return the way to write
   */
  abstract int place(AssociativeArray array, int set);

  /** Takes an entry out of its set and leaves an invalid way. */
  void remove(AssociativeArray array, int set, int way) {
    array.invalidateWay(set, way);
  }

  /** Forgets everything. */
  abstract void clear();

  /** LRU and FIFO: a set stands in order of eviction, the next victim last, invalid ways behind. */
  private abstract static class Ordered extends ReplacementPolicy {
    @Override
    final int place(AssociativeArray array, int set) {
      int last = array.ways() - 1;
      array.evict(set, last);
      array.shiftDown(set, last);
      return 0;
    }

    @Override
    final void remove(AssociativeArray array, int set, int way) {
      array.shiftUp(set, way);
    }

    @Override
    final void clear() {
      // The order is the array's own.
    }
  }

  private static final class Lru extends Ordered {
    @Override
    public int touch(AssociativeArray array, int set, int way) {
      if (way != 0) {
        array.moveToFront(set, way);
      }
      return 0;
    }
  }

  private static final class Fifo extends Ordered {
    @Override
    public int touch(AssociativeArray array, int set, int way) {
      return way;
    }
  }

  /** Policies whose entries stay in their way. */
  private abstract static class Fixed extends ReplacementPolicy {
    @Override
    final int place(AssociativeArray array, int set) {
      int way = array.invalidWay(set);
      if (way < 0) {
        way = victim(array.ways(), set);
        array.evict(set, way);
      }
      placed(array.ways(), set, way);
      return way;
    }

    /** The way to evict from a full set. */
    abstract int victim(int ways, int set);

    /** Notes that a new entry stands in {@code way}. */
    abstract void placed(int ways, int set, int way);
  }

  /**
   * A node's bit says in which half the victim is sought: 0 left, 1 right. A touch turns the bits
   * on its path away from the way. Where the ways are no power of two the tree is cut off on the
   * right, and a node without a right half always leads left.
   */
  private static final class TreePlru extends Fixed {
    private final int leaves;
    private final byte[] bits;

    TreePlru(int sets, int ways) {
      int n = 1;
      while (n < ways) {
        n <<= 1;
      }
      leaves = n;
      bits = new byte[Math.multiplyExact(sets, n)]; // node 0 of each set is unused, the root is 1
    }

    @Override
    public int touch(AssociativeArray array, int set, int way) {
      turnAway(set, way);
      return way;
    }

    @Override
    int victim(int ways, int set) {
      int base = set * leaves;
      int node = 1;
      int low = 0;
      for (int half = leaves >> 1; half > 0; half >>= 1) {
        if (bits[base + node] != 0 && low + half < ways) {
          low += half;
          node = 2 * node + 1;
        } else {
          node = 2 * node;
        }
      }
      return low;
    }

    @Override
    void placed(int ways, int set, int way) {
      turnAway(set, way);
    }

    private void turnAway(int set, int way) {
      int base = set * leaves;
      for (int node = leaves + way; node > 1; node >>= 1) {
        bits[base + (node >> 1)] = (byte) (~node & 1);
      }
    }

    @Override
    void clear() {
      Arrays.fill(bits, (byte) 0);
    }
  }

  /** A touch sets the way's bit; when all are set, the others are cleared. First clear bit goes. */
  private static final class BitPlru extends Fixed {
    private final boolean[] recent;
    private final int[] count;

    BitPlru(int sets, int ways) {
      recent = new boolean[sets * ways];
      count = new int[sets];
    }

    @Override
    public int touch(AssociativeArray array, int set, int way) {
      mark(array.ways(), set, way);
      return way;
    }

    @Override
    int victim(int ways, int set) {
      int base = set * ways;
      int way = 0;
      while (recent[base + way] && way < ways - 1) {
        way++;
      }
      return way;
    }

    @Override
    void placed(int ways, int set, int way) {
      mark(ways, set, way);
    }

    private void mark(int ways, int set, int way) {
      int base = set * ways;
      if (!recent[base + way]) {
        recent[base + way] = true;
        if (++count[set] == ways) {
          Arrays.fill(recent, base, base + ways, false);
          recent[base + way] = true;
          count[set] = 1;
        }
      }
    }

    @Override
    void clear() {
      Arrays.fill(recent, false);
      Arrays.fill(count, 0);
    }
  }

  /** One draw for each eviction, none otherwise. */
  private static final class RandomPolicy extends Fixed {
    private final long seed;
    private SeededRandom random;

    RandomPolicy(long seed) {
      this.seed = seed;
      this.random = new SeededRandom(seed);
    }

    @Override
    public int touch(AssociativeArray array, int set, int way) {
      return way;
    }

    @Override
    int victim(int ways, int set) {
      return random.nextInt(ways);
    }

    @Override
    void placed(int ways, int set, int way) {
      // Nothing is remembered.
    }

    @Override
    void clear() {
      random = new SeededRandom(seed);
    }
  }

  /**
   * Two-bit re-reference predictions: a new entry gets 2, a hit sets 0, the victim is the first way
   * with 3, after all were raised until there is one.
   *
   * <p>Source: Jaleel et al.: "High performance cache replacement using re-reference interval
   * prediction (RRIP)", ISCA 2010, SRRIP-HP.
   */
  private static final class Srrip extends Fixed {
    private static final byte DISTANT = 3;
    private static final byte LONG = 2;

    private final byte[] prediction;

    Srrip(int sets, int ways) {
      prediction = new byte[sets * ways];
    }

    @Override
    public int touch(AssociativeArray array, int set, int way) {
      prediction[set * array.ways() + way] = 0;
      return way;
    }

    @Override
    int victim(int ways, int set) {
      int base = set * ways;
      int oldest = 0;
      for (int way = 1; way < ways; way++) {
        if (prediction[base + way] > prediction[base + oldest]) {
          oldest = way;
        }
      }
      byte raise = (byte) (DISTANT - prediction[base + oldest]);
      for (int way = 0; way < ways; way++) {
        prediction[base + way] += raise;
      }
      return oldest;
    }

    @Override
    void placed(int ways, int set, int way) {
      prediction[set * ways + way] = LONG;
    }

    @Override
    void clear() {
      Arrays.fill(prediction, (byte) 0);
    }
  }
}
