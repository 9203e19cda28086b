package io.lookaside.simulator.curve;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The depths at which pages are found in the lower part of an LRU stack: for each look-up that the
 * upper part does not answer, the page goes up, and one that has fallen out of the upper part comes
 * in on top.
 *
 * <p>Look-ups are put down as they come and counted many at a time: nothing above depends on them,
 * and so many reads of memory far away can be under way at once.
 */
final class DeepDistances {
  private static final int CAPACITY = 256;
  static final int NO_PAGE = -1;

  /** The depth of a page that was never seen. */
  private static final int NEVER = -1;

  private final DeepStack stack = new DeepStack();

  /** By page: its place in the stack plus 1, 0 if it was never there, stale if it is not now. */
  private int[] places = new int[1 << 12];

  private final int[] pages = new int[CAPACITY];
  private final int[] fallen = new int[CAPACITY];
  private final int[] depths = new int[CAPACITY];
  private int waiting;

  /** By the pages above, in the deep stack alone. */
  private int[] found = new int[1 << 10];

  /** What does not fit there: 2^31 each. */
  private final Map<Integer, Integer> overflows = new HashMap<>();

  private long coldMisses;

  /** Makes room for pages with numbers below {@code end}. */
  void reserve(int end) {
    if (end > places.length) {
      places = Arrays.copyOf(places, Math.max(2 * places.length, end));
    }
  }

  /**
   * Looks up a page that is not in the upper part.
   *
   * @param out the page that falls out of the upper part, or -1
   */
  void lookup(int page, int out) {
    if (waiting == CAPACITY) {
      settle();
    }
    pages[waiting] = page;
    fallen[waiting] = out;
    waiting++;
  }

  /** Counts what waits. */
  void settle() {
    int n = waiting;
    for (int from = 0; from < n; ) {
      int to = Math.min(n, from + stack.free());
      run(from, to);
      if (to < n) {
        moveTogether();
      }
      from = to;
    }
    for (int i = 0; i < n; i++) {
      count(depths[i]);
    }
    waiting = 0;
  }

  private void run(int from, int to) {
    int[] at = places;
    for (int i = from; i < to; i++) {
      int place = at[pages[i]];
      depths[i] = place == 0 ? NEVER : stack.remove(place - 1);
      int out = fallen[i];
      if (out != NO_PAGE) {
        at[out] = stack.push() + 1;
      }
    }
  }

  /** Makes room in the stack, where the places of all pages change. */
  private void moveTogether() {
    for (int page = 0; page < places.length; page++) {
      if (places[page] != 0) {
        // What this makes of a stale place is not read before another takes its stead.
        places[page] = stack.below(places[page] - 1) + 1;
      }
    }
    stack.moveTogether();
  }

  private void count(int above) {
    if (above == NEVER) {
      coldMisses++;
      return;
    }
    if (above >= found.length) {
      found = Arrays.copyOf(found, Math.max(2 * found.length, above + 1));
    }
    if (++found[above] < 0) {
      found[above] = 0;
      overflows.merge(above, 1, Integer::sum);
    }
  }

  /** Look-ups of pages never seen before: as many as there are distinct pages. */
  long coldMisses() {
    return coldMisses;
  }

  /** Look-ups by the pages above, in the lower part alone; ends with the deepest. */
  long[] found() {
    int deepest = found.length;
    while (deepest > 0 && found[deepest - 1] == 0 && !overflows.containsKey(deepest - 1)) {
      deepest--;
    }
    long[] counts = new long[deepest];
    for (int above = 0; above < deepest; above++) {
      counts[above] = found[above] + ((long) overflows.getOrDefault(above, 0) << 31);
    }
    return counts;
  }
}
