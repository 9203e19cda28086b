package io.lookaside.mmu.assoc;

import java.util.Arrays;

/** Decides which entry of a set makes room, and keeps what it needs to know for that. */
public abstract class ReplacementPolicy {
  /** The policies there are. */
  public enum Kind implements Replacement {
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

    @Override
    public String label() {
      return label;
    }

    /**
     * All but SRRIP: there a first hit says that the entry is used again soon, which being entered
     * does not.
     */
    @Override
    public boolean fillCountsAsHit() {
      return this != SRRIP;
    }

    @Override
    public ReplacementPolicy create(int sets, int ways, long seed) {
      return switch (this) {
        case LRU -> Ordered.of(sets, ways, true);
        case TREE_PLRU -> new TreePlru(sets, ways);
        case BIT_PLRU -> new BitPlru(sets, ways);
        case FIFO -> Ordered.of(sets, ways, false);
        case RANDOM -> new RandomPolicy(ways, seed);
        case SRRIP -> new Srrip(sets, ways);
      };
    }
  }

  ReplacementPolicy() {}

  /**
   * Notes a hit. Where {@link Replacement#fillCountsAsHit}, a second touch of the entry that was
   * touched last in its set changes nothing, nor does a touch of the entry that was placed last:
   * replay relies on that when it counts repetitions without looking them up.
   */
  public abstract void touch(int set, int way);

  /**
   * Makes room for a new entry, which the caller then writes. An invalid way is used before any
   * valid entry is evicted.
   *
   * @return the way to write
   */
  abstract int place(AssociativeArray array, int set);

  /** Notes that a way has become invalid. */
  void removed(int set, int way) {
    // Most policies look for invalid ways when they need one.
  }

  /** Forgets everything. */
  public abstract void clear();

  /**
   * A node's bit says in which half the victim is sought: 0 left, 1 right. A touch turns the bits
   * on its path away from the way. Where the ways are no power of two the tree is cut off on the
   * right, and a node without a right half always leads left.
   */
  private static final class TreePlru extends VictimPolicy {
    private final int ways;
    private final int leaves;
    private final byte[] bits;

    TreePlru(int sets, int ways) {
      super(ways);
      this.ways = ways;
      int n = 1;
      while (n < ways) {
        n <<= 1;
      }
      leaves = n;
      bits = new byte[Math.multiplyExact(sets, n)]; // node 0 of each set is unused, the root is 1
    }

    @Override
    public void touch(int set, int way) {
      turnAway(set, way);
    }

    @Override
    protected int victim(int set) {
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
    protected void placed(int set, int way) {
      turnAway(set, way);
    }

    private void turnAway(int set, int way) {
      int base = set * leaves;
      for (int node = leaves + way; node > 1; node >>= 1) {
        bits[base + (node >> 1)] = (byte) (~node & 1);
      }
    }

    @Override
    public void clear() {
      Arrays.fill(bits, (byte) 0);
    }
  }

  /** A touch sets the way's bit; when all are set, the others are cleared. First clear bit goes. */
  private static final class BitPlru extends VictimPolicy {
    private final int ways;
    private final boolean[] recent;
    private final int[] count;

    BitPlru(int sets, int ways) {
      super(ways);
      this.ways = ways;
      recent = new boolean[sets * ways];
      count = new int[sets];
    }

    @Override
    public void touch(int set, int way) {
      mark(set, way);
    }

    @Override
    protected int victim(int set) {
      int base = set * ways;
      int way = 0;
      while (recent[base + way] && way < ways - 1) {
        way++;
      }
      return way;
    }

    @Override
    protected void placed(int set, int way) {
      mark(set, way);
    }

    private void mark(int set, int way) {
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
    public void clear() {
      Arrays.fill(recent, false);
      Arrays.fill(count, 0);
    }
  }

  /** One draw for each eviction, none otherwise. */
  private static final class RandomPolicy extends VictimPolicy {
    private final int ways;
    private final long seed;
    private SeededRandom random;

    RandomPolicy(int ways, long seed) {
      super(ways);
      this.ways = ways;
      this.seed = seed;
      this.random = new SeededRandom(seed);
    }

    @Override
    public void touch(int set, int way) {}

    @Override
    protected int victim(int set) {
      return random.nextInt(ways);
    }

    @Override
    protected void placed(int set, int way) {
      // Nothing is remembered.
    }

    @Override
    public void clear() {
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
  private static final class Srrip extends VictimPolicy {
    private static final byte DISTANT = 3;
    private static final byte LONG = 2;

    private final int ways;
    private final byte[] prediction;

    Srrip(int sets, int ways) {
      super(ways);
      this.ways = ways;
      prediction = new byte[sets * ways];
    }

    @Override
    public void touch(int set, int way) {
      prediction[set * ways + way] = 0;
    }

    @Override
    protected int victim(int set) {
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
    protected void placed(int set, int way) {
      prediction[set * ways + way] = LONG;
    }

    @Override
    public void clear() {
      Arrays.fill(prediction, (byte) 0);
    }
  }
}
