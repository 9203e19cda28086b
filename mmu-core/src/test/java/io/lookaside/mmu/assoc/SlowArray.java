package io.lookaside.mmu.assoc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A set-associative array as a textbook would write it: every set searched from the first way to
 * the last, every policy by its definition. The law that {@link AssociativeArray} is tested
 * against.
 */
final class SlowArray {
  private final ReplacementPolicy.Kind kind;
  private final int sets;
  private final int ways;
  private final long seed;
  private final Map<Integer, SlowSet> bySet = new HashMap<>();
  private SeededRandom random;
  private long clock;

  SlowArray(ReplacementPolicy.Kind kind, int sets, int ways, long seed) {
    this.kind = kind;
    this.sets = sets;
    this.ways = ways;
    this.seed = seed;
    this.random = new SeededRandom(seed);
  }

  /** One way. */
  private static final class Entry {
    long tag;
    long value;
  }

  private final class SlowSet {
    final List<Entry> entries = new ArrayList<>();
    final Policy policy = newPolicy();

    SlowSet() {
      for (int way = 0; way < ways; way++) {
        entries.add(new Entry());
      }
    }

    int wayOf(long tag) {
      for (int way = 0; way < ways; way++) {
        if (entries.get(way).tag == tag) {
          return way;
        }
      }
      return -1;
    }
  }

  private SlowSet set(int set) {
    if (set < 0 || set >= sets) {
      throw new IllegalArgumentException("set " + set);
    }
    return bySet.computeIfAbsent(set, s -> new SlowSet());
  }

  boolean holds(int set, long tag) {
    return set(set).wayOf(tag) >= 0;
  }

  /** The value, noted as a hit, or 0. */
  long lookup(int set, long tag) {
    SlowSet s = set(set);
    int way = s.wayOf(tag);
    if (way < 0) {
      return 0;
    }
    s.policy.hit(way);
    return s.entries.get(way).value;
  }

  void setValue(int set, long tag, long value) {
    SlowSet s = set(set);
    s.entries.get(s.wayOf(tag)).value = value;
  }

  /** Enters a tag; the tag and the value that had to go, or {@code null}. */
  long @Nullable [] insert(int set, long tag, long value) {
    SlowSet s = set(set);
    int way = s.wayOf(0);
    long[] evicted = null;
    if (way < 0) {
      way = s.policy.victim();
      evicted = new long[] {s.entries.get(way).tag, s.entries.get(way).value};
    }
    s.entries.get(way).tag = tag;
    s.entries.get(way).value = value;
    s.policy.entered(way);
    return evicted;
  }

  void remove(int set, long tag) {
    SlowSet s = set(set);
    s.entries.get(s.wayOf(tag)).tag = 0;
  }

  void clear() {
    bySet.clear();
    random = new SeededRandom(seed);
  }

  /** The valid tags of a set with their values. */
  Map<Long, Long> contents(int set) {
    Map<Long, Long> contents = new HashMap<>();
    for (Entry entry : set(set).entries) {
      if (entry.tag != 0) {
        contents.put(entry.tag, entry.value);
      }
    }
    return contents;
  }

  private Policy newPolicy() {
    return switch (kind) {
      case LRU -> new Stamps(true);
      case FIFO -> new Stamps(false);
      case TREE_PLRU -> new Tree();
      case BIT_PLRU -> new Bits();
      case RANDOM -> new Draw();
      case SRRIP -> new Rrip();
    };
  }

  /** The replacement state of one set. */
  private interface Policy {
    void hit(int way);

    void entered(int way);

    /** The way to evict from a full set. */
    int victim();
  }

  /** The oldest goes; for LRU a hit makes young. */
  private final class Stamps implements Policy {
    private final boolean hitsCount;
    private final long[] stamps = new long[ways];

    Stamps(boolean hitsCount) {
      this.hitsCount = hitsCount;
    }

    @Override
    public void hit(int way) {
      if (hitsCount) {
        stamps[way] = ++clock;
      }
    }

    @Override
    public void entered(int way) {
      stamps[way] = ++clock;
    }

    @Override
    public int victim() {
      int oldest = 0;
      for (int way = 1; way < ways; way++) {
        if (stamps[way] < stamps[oldest]) {
          oldest = way;
        }
      }
      return oldest;
    }
  }

  /** A node over the ways from {@code low} on; {@code span} is a power of two. */
  private static final class Node {
    final int low;
    final int span;
    final @Nullable Node left;
    final @Nullable Node right;
    boolean pointsRight;

    Node(int low, int span, int ways) {
      this.low = low;
      this.span = span;
      left = span > 1 ? new Node(low, span / 2, ways) : null;
      right = span > 1 && low + span / 2 < ways ? new Node(low + span / 2, span / 2, ways) : null;
    }

    int victim() {
      if (left == null) {
        return low;
      }
      return pointsRight && right != null ? right.victim() : left.victim();
    }

    void use(int way) {
      if (left == null) {
        return;
      }
      boolean inLeft = way < low + span / 2;
      pointsRight = inLeft;
      if (inLeft) {
        left.use(way);
      } else if (right != null) {
        right.use(way);
      }
    }
  }

  private final class Tree implements Policy {
    private final Node root;

    Tree() {
      int span = 1;
      while (span < ways) {
        span *= 2;
      }
      root = new Node(0, span, ways);
    }

    @Override
    public void hit(int way) {
      root.use(way);
    }

    @Override
    public void entered(int way) {
      root.use(way);
    }

    @Override
    public int victim() {
      return root.victim();
    }
  }

  /** One bit per way; the first way whose bit is clear goes. */
  private final class Bits implements Policy {
    private final boolean[] used = new boolean[ways];

    @Override
    public void hit(int way) {
      used[way] = true;
      boolean all = true;
      for (boolean one : used) {
        all &= one;
      }
      if (all) {
        Arrays.fill(used, false);
        used[way] = true;
      }
    }

    @Override
    public void entered(int way) {
      hit(way);
    }

    @Override
    public int victim() {
      for (int way = 0; way < ways; way++) {
        if (!used[way]) {
          return way;
        }
      }
      return 0; // a single way
    }
  }

  /** One draw per eviction, from one generator for all sets. */
  private final class Draw implements Policy {
    @Override
    public void hit(int way) {}

    @Override
    public void entered(int way) {}

    @Override
    public int victim() {
      return random.nextInt(ways);
    }
  }

  /** The loop of the paper (Jaleel et al. 2010, Figure 2, SRRIP-HP, M = 2). */
  private final class Rrip implements Policy {
    private final int[] rrpv = new int[ways];

    @Override
    public void hit(int way) {
      rrpv[way] = 0;
    }

    @Override
    public void entered(int way) {
      rrpv[way] = 2;
    }

    @Override
    public int victim() {
      while (true) {
        for (int way = 0; way < ways; way++) {
          if (rrpv[way] == 3) {
            return way;
          }
        }
        for (int way = 0; way < ways; way++) {
          rrpv[way]++;
        }
      }
    }
  }
}
