package io.lookaside.simulator.curve;

import java.util.Arrays;

/** Stacks of any depth, as rings that are searched: the newest page of a set is at its head. */
final class RingStacks extends StackDistances {
  /** So many that two pages in turn are always found. */
  private static final int MIN_DEPTH = 2;

  /** A ring has the next power of two of places; what is deeper than {@code depth} is forgotten. */
  private final int ringShift;

  private final int ringMask;

  /** The rings of all sets, one after the other. */
  private final int[] rings;

  /** The place in its ring of what is on top, by set. */
  private final int[] heads;

  /** By page: its place in the deep stack plus 1, 0 if it was never there, stale if it left. */
  private int[] places = new int[1 << 12];

  RingStacks(int maxSets, int maxWays) {
    super(maxSets, Math.max(MIN_DEPTH, maxWays));
    ringShift = Integer.SIZE - Integer.numberOfLeadingZeros(depth - 1);
    ringMask = (1 << ringShift) - 1;
    rings = new int[Math.multiplyExact(2 * maxSets, 1 << ringShift)];
    Arrays.fill(rings, NO_PAGE);
    heads = new int[2 * maxSets];
  }

  @Override
  void reserve(int end) {
    if (end > places.length) {
      places = Arrays.copyOf(places, Math.max(2 * places.length, end));
    }
  }

  @Override
  long readAhead(int page) {
    return places[page];
  }

  @Override
  void lookup(int page, int leaf) {
    int d = find(1, page);
    if (d == depth) {
      lookupBelow(page, leaf);
      return;
    }
    // With more sets it stands at the same depth or higher.
    for (int level = 0; d != 0; ) {
      found[level * depth + d]++;
      raise(leaf >>> (lastLevel - level), d, page);
      level++;
      d = level > lastLevel ? 0 : find(leaf >>> (lastLevel - level), page);
    }
  }

  @Override
  boolean isSecond(int page) {
    return find(1, page) == 1;
  }

  @Override
  void exchange(int leaf, int lastShared) {
    for (int set = leaf >>> (lastLevel - lastShared); set > 0; set >>>= 1) {
      int base = set << ringShift;
      raise(set, 1, rings[base + ((heads[set] + 1) & ringMask)]);
    }
  }

  /** Looks up a page that the ring of the one set has not, from the largest number of sets down. */
  private void lookupBelow(int page, int leaf) {
    int level = lastLevel;
    int set = leaf;
    for (; level > 0; level--) {
      int d = find(set, page);
      if (d == depth) {
        break;
      }
      if (d != 0) {
        found[level * depth + d]++;
        raise(set, d, page);
      }
      set >>>= 1;
    }
    // With fewer sets it is not there either.
    notFound[level + 1]++;
    int fallen = NO_PAGE;
    for (; set > 0; set >>>= 1) {
      fallen = enter(set, page);
    }
    if (places[page] == 0) {
      rest.lookupNew();
    } else {
      rest.lookup(places[page] - 1);
    }
    if (fallen != NO_PAGE) {
      if (rest.isFull()) {
        moveTogether();
      }
      places[fallen] = rest.push() + 1;
    }
  }

  private void moveTogether() {
    rest.settle();
    for (int page = 0; page < places.length; page++) {
      if (places[page] != 0) {
        // What this makes of a stale place is not read before another takes its stead.
        places[page] = rest.below(places[page] - 1) + 1;
      }
    }
    rest.moveTogether();
  }

  /** The number of pages above a page in its set, {@code depth} if it is not among them. */
  private int find(int set, int page) {
    int base = set << ringShift;
    int head = heads[set];
    for (int d = 0; d < depth; d++) {
      if (rings[base + ((head + d) & ringMask)] == page) {
        return d;
      }
    }
    return depth;
  }

  /** Moves a page with {@code d} others above it to the top of its set. */
  private void raise(int set, int d, int page) {
    int base = set << ringShift;
    int head = heads[set];
    for (int i = d; i > 0; i--) {
      rings[base + ((head + i) & ringMask)] = rings[base + ((head + i - 1) & ringMask)];
    }
    rings[base + head] = page;
  }

  /** Puts a page on top of a set that does not have it; returns what falls below the depth. */
  private int enter(int set, int page) {
    int base = set << ringShift;
    int head = heads[set];
    int fallen = rings[base + ((head + depth - 1) & ringMask)];
    head = (head - 1) & ringMask;
    heads[set] = head;
    rings[base + head] = page;
    return fallen;
  }
}
