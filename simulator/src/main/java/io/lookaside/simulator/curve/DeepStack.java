package io.lookaside.simulator.curve;

import java.util.Arrays;

/**
 * The lower part of an LRU stack, of any size: which pages are in it, in what order they came, and
 * how deep each one is.
 *
 * <p>Pages come in at the top and are taken out anywhere. Each stands at a place of a bitmap in the
 * order of coming in, so its depth is the number of set bits behind it: a population count over the
 * rest of its block of words, then sums of whole blocks, of blocks of blocks, and so on. When the
 * bitmap is full, the pages move together, in order.
 */
final class DeepStack {
  /** A page that was never in the stack. */
  static final int NEVER = -1;

  // What a page's number in the table means; otherwise its place + FIRST.
  private static final int UNKNOWN = 0;
  private static final int OUTSIDE = 1;
  private static final int FIRST = 2;

  private static final int WORD_SHIFT = 6;
  private static final int FIRST_PLACES = 1 << 15;
  private static final int MAX_PLACES = 1 << 30;

  /** A block is 16 words; a block of a higher order is 16 of the order below. */
  private static final int FAN_OUT_SHIFT = 4;

  private static final int FAN_OUT = 1 << FAN_OUT_SHIFT;

  private final PlaceTable table = new PlaceTable();
  private long[] words = new long[0];
  private int[][] blockSums = new int[0][];
  private int places;
  private int next;
  private int size;

  DeepStack() {
    lay(FIRST_PLACES);
  }

  /**
   * Takes a page out.
   *
   * @return the number of pages above it; {@link #NEVER} if it never came in. It must be inside if
   *     it ever was.
   */
  int remove(long key) {
    int at = table.find(key);
    int[] values = table.values();
    int place = values[at] - FIRST;
    values[at] = OUTSIDE;
    if (place == UNKNOWN - FIRST) {
      return NEVER;
    }
    int above = above(place);
    size--;
    int word = place >>> WORD_SHIFT;
    words[word] &= ~(1L << place);
    addToBlocks(word, -1);
    return above;
  }

  /** Puts a page on top that is not inside. */
  void push(long key) {
    if (next == places) {
      moveTogether();
    }
    int at = table.find(key);
    table.values()[at] = next + FIRST;
    int word = next >>> WORD_SHIFT;
    words[word] |= 1L << next;
    addToBlocks(word, 1);
    next++;
    size++;
  }

  /** The number of pages behind a place. */
  private int above(int place) {
    // Whole blocks, what is before masked out: loops of one length are not mispredicted.
    int word = place >>> WORD_SHIFT;
    long[] bits = words;
    int n = Long.bitCount(bits[word] >>> place >>> 1);
    int from = word & -FAN_OUT;
    for (int i = 0; i < FAN_OUT; i++) {
      n += Long.bitCount(bits[from + i]) & maskIfAfter(from + i, word);
    }
    int block = word >>> FAN_OUT_SHIFT;
    for (int[] sums : blockSums) {
      from = block & -FAN_OUT;
      for (int i = 0; i < FAN_OUT; i++) {
        n += sums[from + i] & maskIfAfter(from + i, block);
      }
      block >>>= FAN_OUT_SHIFT;
    }
    return n;
  }

  /** All ones if {@code i} is larger than {@code at}, else 0. */
  private static int maskIfAfter(int i, int at) {
    return (at - i) >> (Integer.SIZE - 1);
  }

  private void addToBlocks(int word, int change) {
    int block = word >>> FAN_OUT_SHIFT;
    for (int[] sums : blockSums) {
      sums[block] += change;
      block >>>= FAN_OUT_SHIFT;
    }
  }

  /** Gives the pages the first places, in the order in which they stand. */
  private void moveTogether() {
    int[] before = new int[words.length];
    int n = 0;
    for (int i = 0; i < words.length; i++) {
      before[i] = n;
      n += Long.bitCount(words[i]);
    }
    int[] values = table.values();
    for (int i = 0; i < table.size(); i++) {
      if (values[i] >= FIRST) {
        int place = values[i] - FIRST;
        int word = place >>> WORD_SHIFT;
        values[i] = before[word] + Long.bitCount(words[word] & ((1L << place) - 1)) + FIRST;
      }
    }
    int wanted = places;
    // With three free places for each page, moving them is rare.
    while (4L * size > wanted && wanted < MAX_PLACES) {
      wanted <<= 1;
    }
    if (size == wanted) {
      throw new OutOfMemoryError("more distinct pages than a bitmap holds");
    }
    lay(wanted);
  }

  /** Lays out a bitmap whose first {@code size} places are taken. */
  private void lay(int newPlaces) {
    places = newPlaces;
    next = size;
    words = new long[places >>> WORD_SHIFT];
    int fullWords = size >>> WORD_SHIFT;
    Arrays.fill(words, 0, fullWords, -1L);
    words[fullWords] = (1L << size) - 1;
    int blocks = words.length >>> FAN_OUT_SHIFT;
    int orders = 1;
    for (int n = blocks; n > FAN_OUT; n >>>= FAN_OUT_SHIFT) {
      orders++;
    }
    blockSums = new int[orders][];
    for (int order = 0; order < orders; order++) {
      // Whole blocks of the order above, so that a loop over one never leaves the array.
      blockSums[order] = new int[(blocks + FAN_OUT - 1) & -FAN_OUT];
      blocks >>>= FAN_OUT_SHIFT;
    }
    for (int word = 0; word <= fullWords; word++) {
      addToBlocks(word, Long.bitCount(words[word]));
    }
  }
}
