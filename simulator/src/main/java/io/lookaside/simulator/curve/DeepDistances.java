package io.lookaside.simulator.curve;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The depths at which pages are found in the lower part of an LRU stack, and how often each.
 *
 * <p>Pages come in on top when they fall out of the upper part, and are known by the place that
 * they get; when they are looked up, they go. Look-ups are put down as they come and counted many
 * at a time: nothing above depends on them, and so many reads of memory far away can be under way
 * at once.
 */
final class DeepDistances {
  private static final int CAPACITY = 256;

  private final DeepStack stack = new DeepStack();

  /** Look-ups that were not counted yet: the page's place, and what the next place was. */
  private final int[] waitingPlaces = new int[CAPACITY];

  private final int[] waitingNexts = new int[CAPACITY];
  private int waiting;

  /** Nobody reads it: it keeps the compiler from leaving out what is read ahead. */
  @SuppressWarnings("UnusedVariable")
  private long readAhead;

  /** By the pages above, in the deep stack alone. */
  private int[] found = new int[1 << 10];

  /** What does not fit there: 2^31 each. */
  private final Map<Integer, Integer> overflows = new HashMap<>();

  private long coldMisses;

  /** Whether {@link #moveTogether} must come before the next {@link #push}. */
  boolean isFull() {
    return stack.free() == 0;
  }

  /** How many places there are. */
  int places() {
    return stack.places();
  }

  /** Lets a page in on top; returns its place. */
  int push() {
    return stack.push();
  }

  /** Looks up the page at a place, which leaves it. */
  void lookup(int place) {
    if (waiting == CAPACITY) {
      settle();
    }
    waitingPlaces[waiting] = place;
    waitingNexts[waiting] = stack.next();
    waiting++;
  }

  /** Counts a look-up of a page that was never seen before. */
  void lookupNew() {
    coldMisses++;
  }

  /** Counts the look-ups that wait. */
  void settle() {
    int n = waiting;
    long read = 0;
    for (int i = 0; i < n; i++) {
      read += stack.readAhead(waitingPlaces[i]);
    }
    readAhead += read;
    for (int i = 0; i < n; i++) {
      waitingPlaces[i] = stack.remove(waitingPlaces[i], waitingNexts[i]);
    }
    for (int i = 0; i < n; i++) {
      count(waitingPlaces[i]);
    }
    waiting = 0;
  }

  /** The place that {@link #moveTogether} gives to the page at a place; nothing must wait. */
  int below(int place) {
    return stack.below(place);
  }

  /** Makes room on top, where the places of all pages change: see {@link #below}. */
  void moveTogether() {
    stack.moveTogether();
  }

  private void count(int above) {
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
