package io.lookaside.simulator.curve;

import io.lookaside.mmu.format.VirtualAddress;
import java.util.Arrays;

/**
 * The LRU stacks of a stream of pages in every power-of-two number of sets at once, and how often
 * pages were found at each depth.
 *
 * <p>A page that is found with d others above it in its set hits in every LRU structure with that
 * number of sets and more than d ways, and misses with d or fewer: one pass gives every number of
 * ways. Sets are the low bits of the page number, so doubling their number only takes pages away
 * from above: a page on top of its set is on top in every larger number of sets, and the pass over
 * the numbers of sets ends there (Hill and Smith: "Evaluating Associativity in CPU Caches", IEEE
 * Transactions on Computers 38(12), 1989; Mattson et al.: "Evaluation techniques for storage
 * hierarchies", IBM Systems Journal 9(2), 1970).
 *
 * <p>A set is a ring of pages with the newest at its head, as many as there are ways at most. The
 * stack of the one set goes on without end in a {@link DeepStack}: that is the fully associative
 * structure.
 */
final class StackDistances {
  private static final long NO_KEY = -1;
  static final int ADDRESS_SPACE_BITS = 12;

  /** So many that two pages in turn are always found. */
  private static final int MIN_DEPTH = 2;

  private final int depth;

  /** A ring has the next power of two of places; what is deeper than {@code depth} is forgotten. */
  private final int ringShift;

  private final int ringMask;

  /** By the logarithm of the number of sets: the rings of all sets, one after the other. */
  private final long[][] rings;

  /** The place in its ring of what is on top, by set. */
  private final int[][] heads;

  /**
   * By the logarithm of the number of sets and the pages above, {@code depth} for all that were not
   * found. What is on top of its set is not counted: it is the rest.
   */
  private final long[][] found;

  /** Alternations of two pages, by the low bits in which their numbers agree. */
  private final long[] alternations = new long[Long.SIZE + 1];

  private final DeepStack rest = new DeepStack();

  /** By the pages above, in the deep stack alone. */
  private long[] foundDeep = new long[1 << 10];

  private int deepest = -1;
  private long coldMisses;
  private long lookups;

  /**
   * Empty stacks.
   *
   * @param maxSets a power of two
   * @param maxWays 1 or more
   */
  StackDistances(int maxSets, int maxWays) {
    depth = Math.max(MIN_DEPTH, maxWays);
    int numbers = Integer.numberOfTrailingZeros(maxSets) + 1;
    ringShift = Integer.SIZE - Integer.numberOfLeadingZeros(depth - 1);
    ringMask = (1 << ringShift) - 1;
    rings = new long[numbers][];
    heads = new int[numbers][];
    for (int k = 0; k < numbers; k++) {
      rings[k] = new long[Math.multiplyExact(1 << ringShift, 1 << k)];
      Arrays.fill(rings[k], NO_KEY);
      heads[k] = new int[1 << k];
    }
    found = new long[numbers][depth + 1];
  }

  /** What stands for a page of an address space. */
  static long key(long va, int pageShift, int addressSpace) {
    return (VirtualAddress.vpn(va, pageShift) << ADDRESS_SPACE_BITS) | addressSpace;
  }

  /** Counts repetitions of the page that was looked up last: it is on top everywhere. */
  void repeat(long times) {
    lookups += times;
  }

  /**
   * Counts look-ups of the two pages looked up last, in turn, an even number of them: each finds
   * the other above itself where they share a set.
   */
  void alternate(long key, long other, long times) {
    lookups += times;
    if (key != other) {
      int agreeing =
          Long.numberOfTrailingZeros(key >>> ADDRESS_SPACE_BITS ^ other >>> ADDRESS_SPACE_BITS);
      alternations[agreeing] += times;
    }
  }

  /** Looks a page up and puts it on top of its set, in every number of sets. */
  void lookup(long key) {
    lookups++;
    int d = find(0, 0, key);
    if (d == depth) {
      lookupBelow(key);
    } else if (d != 0) {
      found[0][d]++;
      raise(0, 0, d, key);
      // With more sets it stands at the same depth or higher.
      int numbers = rings.length;
      int page = (int) (key >>> ADDRESS_SPACE_BITS);
      for (int k = 1; k < numbers; k++) {
        int set = page & ((1 << k) - 1);
        d = find(k, set, key);
        if (d == 0) {
          return;
        }
        found[k][d]++;
        raise(k, set, d, key);
      }
    }
  }

  /** Looks up a page that the ring of the one set has not, from the largest number of sets down. */
  private void lookupBelow(long key) {
    int page = (int) (key >>> ADDRESS_SPACE_BITS);
    int k = rings.length - 1;
    for (; k > 0; k--) {
      int set = page & ((1 << k) - 1);
      int d = find(k, set, key);
      if (d == depth) {
        break;
      }
      if (d != 0) {
        found[k][d]++;
        raise(k, set, d, key);
      }
    }
    // With fewer sets it is not there either.
    long fallen = NO_KEY;
    for (; k >= 0; k--) {
      found[k][depth]++;
      fallen = enter(k, page & ((1 << k) - 1), key);
    }
    int above = rest.remove(key);
    if (above == DeepStack.NEVER) {
      coldMisses++;
    } else {
      countDeep(above);
    }
    if (fallen != NO_KEY) {
      rest.push(fallen);
    }
  }

  /** The number of pages above a page in its set, {@code depth} if it is not among them. */
  private int find(int k, int set, long key) {
    long[] ring = rings[k];
    int base = set << ringShift;
    int head = heads[k][set];
    for (int d = 0; d < depth; d++) {
      if (ring[base + ((head + d) & ringMask)] == key) {
        return d;
      }
    }
    return depth;
  }

  /** Moves a page with {@code d} others above it to the top of its set. */
  private void raise(int k, int set, int d, long key) {
    long[] ring = rings[k];
    int base = set << ringShift;
    int head = heads[k][set];
    for (int i = d; i > 0; i--) {
      ring[base + ((head + i) & ringMask)] = ring[base + ((head + i - 1) & ringMask)];
    }
    ring[base + head] = key;
  }

  /** Puts a page on top of a set that does not have it; returns what falls below the depth. */
  private long enter(int k, int set, long key) {
    int base = set << ringShift;
    int head = heads[k][set];
    long fallen = rings[k][base + ((head + depth - 1) & ringMask)];
    head = (head - 1) & ringMask;
    heads[k][set] = head;
    rings[k][base + head] = key;
    return fallen;
  }

  private void countDeep(int above) {
    if (above >= foundDeep.length) {
      foundDeep = Arrays.copyOf(foundDeep, Math.max(2 * foundDeep.length, above + 1));
    }
    foundDeep[above]++;
    deepest = Math.max(deepest, above);
  }

  /** All look-ups so far. */
  long lookups() {
    return lookups;
  }

  /** Look-ups of pages never seen before: as many as there are distinct pages. */
  long coldMisses() {
    return coldMisses;
  }

  /**
   * Misses of 2^k sets by ways: element w - 1 is that of w ways.
   *
   * @param ways at most what the stacks were made for
   */
  long[] misses(int k, int ways) {
    long[] hits = found[k].clone();
    for (int agreeing = k; agreeing < alternations.length; agreeing++) {
      hits[1] += alternations[agreeing];
    }
    long notOnTop = 0;
    for (long n : hits) {
      notOnTop += n;
    }
    long[] misses = new long[ways];
    misses[0] = notOnTop;
    for (int w = 1; w < ways; w++) {
      misses[w] = misses[w - 1] - hits[w];
    }
    return misses;
  }

  /**
   * Misses of fully associative structures: element n - 1 is that of n entries. It ends where only
   * cold misses remain.
   */
  long[] fullyAssociativeMisses() {
    long[] shallow = misses(0, depth);
    long[] misses = Arrays.copyOf(shallow, depth + deepest + 1);
    for (int above = 0; above <= deepest; above++) {
      misses[depth + above] = misses[depth + above - 1] - foundDeep[above];
    }
    return misses;
  }
}
