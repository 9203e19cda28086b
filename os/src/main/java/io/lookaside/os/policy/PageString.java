package io.lookaside.os.policy;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.Arrays;

/**
 * A string of page references: which page was referenced, one reference after the other. A
 * reference to the same page as the one before is counted and not kept, since no policy that is
 * here faults on it or is changed by it.
 */
public final class PageString {
  /** The most changes of page that are kept. */
  public static final int MAX_LENGTH = 1 << 29;

  private final IntArrayList places = new IntArrayList();
  private final Long2IntOpenHashMap numbers = new Long2IntOpenHashMap();
  private long references;
  private int last = -1;

  /** A string without references. */
  public PageString() {
    numbers.defaultReturnValue(-1);
  }

  /** A string of these pages. */
  public static PageString of(long... pages) {
    PageString string = new PageString();
    for (long page : pages) {
      string.add(page);
    }
    return string;
  }

  /**
   * Appends a reference.
   *
   * @param page any name of it
   * @throws IllegalStateException if the string is full
   */
  public void add(long page) {
    references++;
    int number = numbers.get(page);
    if (number < 0) {
      number = numbers.size();
      numbers.put(page, number);
    }
    if (number != last) {
      if (places.size() == MAX_LENGTH) {
        throw new IllegalStateException("more than " + MAX_LENGTH + " changes of page");
      }
      places.add(number);
      last = number;
    }
  }

  /** All references. */
  public long references() {
    return references;
  }

  /** Different pages: with as many frames only first uses fault. */
  public int pages() {
    return numbers.size();
  }

  /** References to another page than the one before. */
  public int length() {
    return places.size();
  }

  /** The number of the page at a place, from 0 in the order of first use. */
  int at(int place) {
    return places.getInt(place);
  }

  /** For each place that of the page's next use; where there is none a place past the end. */
  int[] nextUses() {
    int[] next = new int[length()];
    int[] seen = new int[pages()];
    Arrays.fill(seen, length());
    for (int place = length() - 1; place >= 0; place--) {
      next[place] = seen[at(place)];
      seen[at(place)] = place;
    }
    return next;
  }
}
