package io.lookaside.simulator.curve;

import java.util.Arrays;

/**
 * The LRU stacks of a stream of pages in every power-of-two number of sets at once, and how often
 * pages were found at each depth.
 *
 * <p>A page that is found with d others above it in its set hits in every LRU structure with that
 * number of sets and more than d ways, and misses with d or fewer: one pass gives every number of
 * ways. Sets are the low bits of the page number, so doubling their number only takes pages away
 * from above: a page on top of its set is on top in every larger number of sets, and one that is
 * not among the first of its set is not in any smaller number of sets (Hill and Smith: "Evaluating
 * Associativity in CPU Caches", IEEE Transactions on Computers 38(12), 1989; Mattson et al.:
 * "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970).
 *
 * <p>The stack of a set is cut at a depth. That of the one set goes on without end in a {@link
 * DeepStack}: that is the fully associative structure.
 *
 * <p>Pages are known by the numbers that {@link PageNumbers} gives, and by their set in the largest
 * number of sets, their <em>leaf</em>. All sets of all numbers of sets are the nodes of a binary
 * tree in an array, the one set at 1: node {@code leaf >>> 1} is the set of half the number of
 * sets, and so on.
 */
abstract class StackDistances {
  /** Stands where no page is. */
  static final int NO_PAGE = -1;

  /** The depth at which the stacks of sets are cut. */
  final int depth;

  /** The logarithm of the largest number of sets. */
  final int lastLevel;

  /**
   * By the logarithm of the number of sets times {@code depth} and the pages above: look-ups that
   * found their page there. What is on top of its set is the rest; few of those are counted.
   */
  final long[] found;

  /**
   * By a number of levels: look-ups that did not find their page in so many of them, those of the
   * fewest sets.
   */
  final long[] notFound;

  /** Below the stack of the one set. */
  final DeepDistances rest = new DeepDistances();

  /** Alternations of two pages, by the largest level in which they share a set. */
  private final long[] alternations;

  /** By the low bits of a page number. */
  private final int[] leaves;

  private long lookups;

  /**
   * Empty stacks.
   *
   * @param maxSets a power of two
   * @param maxWays 1 or more
   */
  static StackDistances of(int maxSets, int maxWays) {
    return maxSets <= ResidentStacks.MAX_SETS && maxWays <= ResidentStacks.WAYS
        ? new ResidentStacks(maxSets)
        : new RingStacks(maxSets, maxWays);
  }

  StackDistances(int maxSets, int depth) {
    this.depth = depth;
    this.lastLevel = Integer.numberOfTrailingZeros(maxSets);
    this.found = new long[(lastLevel + 1) * depth];
    this.notFound = new long[lastLevel + 2];
    this.alternations = new long[lastLevel + 1];
    this.leaves = new int[maxSets];
    for (int i = 0; i < maxSets; i++) {
      int reversed = lastLevel == 0 ? 0 : Integer.reverse(i) >>> (Integer.SIZE - lastLevel);
      leaves[i] = maxSets | reversed;
    }
  }

  /** The leaf of a page. */
  final int leafOf(long page) {
    return leaves[(int) page & (leaves.length - 1)];
  }

  /** Makes room for pages with numbers below {@code end}. */
  abstract void reserve(int end);

  /** Reads what {@link #lookup} will read first; returns something of no meaning. */
  abstract long readAhead(int page);

  /** Looks a page up and puts it on top of its set, in every number of sets. */
  abstract void lookup(int page, int leaf);

  /**
   * Counts look-ups: those made by {@link #lookup} and {@link #alternate}, and others of which each
   * finds its page on top of its set, in every number of sets.
   */
  final void lookedUp(long times) {
    lookups += times;
  }

  /**
   * Looks up in turn another page and the one that was looked up last, which are not the same.
   *
   * @param leaf that of the page that was looked up last
   * @param times 1 or more
   */
  final void alternate(int leaf, int other, int otherLeaf, int times) {
    int alternating = times;
    if (!isSecond(other)) {
      lookup(other, otherLeaf);
      alternating--;
    }
    // Now each finds the other above itself, and nothing else, where they share a set.
    int shared = sharedLevels(leaf, otherLeaf);
    alternations[shared] += alternating;
    if ((alternating & 1) != 0) {
      exchange(leaf, shared);
    }
  }

  /** Whether only one page was looked up since this one, of all pages. */
  abstract boolean isSecond(int page);

  /** Exchanges the two pages on top, in the sets of a page up to a level. */
  abstract void exchange(int leaf, int lastShared);

  /** The logarithm of the largest number of sets in which two pages share one. */
  final int sharedLevels(int leaf, int otherLeaf) {
    int highest = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(leaf ^ otherLeaf);
    return lastLevel - 1 - highest;
  }

  /** All look-ups so far. */
  final long lookups() {
    return lookups;
  }

  /** Look-ups of pages never seen before: as many as there are distinct pages. */
  final long coldMisses() {
    rest.settle();
    return rest.coldMisses();
  }

  /**
   * Misses of 2^k sets by ways: element w - 1 is that of w ways.
   *
   * @param ways at most what the stacks were made for
   */
  final long[] misses(int k, int ways) {
    long[] hits = Arrays.copyOfRange(found, k * depth, (k + 1) * depth);
    for (int shared = k; shared <= lastLevel; shared++) {
      hits[1] += alternations[shared];
    }
    long notOnTop = 0;
    for (int above = 1; above < depth; above++) {
      notOnTop += hits[above];
    }
    for (int levels = k + 1; levels < notFound.length; levels++) {
      notOnTop += notFound[levels];
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
  final long[] fullyAssociativeMisses() {
    long[] shallow = misses(0, depth);
    rest.settle();
    long[] deep = rest.found();
    long[] misses = Arrays.copyOf(shallow, depth + deep.length);
    for (int above = 0; above < deep.length; above++) {
      misses[depth + above] = misses[depth + above - 1] - deep[above];
    }
    return misses;
  }
}
