package io.lookaside.simulator.curve;

import java.util.Arrays;

/**
 * The lower part of an LRU stack, of any size: in what order pages came in, and how deep each one
 * is. Pages are known by their places only; whoever uses the stack remembers which page has which.
 *
 * <p>Pages come in at the top and are taken out anywhere. Each stands at a place of a bitmap in the
 * order of coming in, so its depth is the number of set bits behind its own. When the bitmap is
 * full, the pages must move together, in order.
 */
final class DeepStack {
  /*
   * Counting bits costs neither loops nor guesses: every node of a tree over the bitmap is one long,
   * which holds for each of its parts but the last the number of bits in the parts behind it. A
   * block of 8 words has 7 counts of 9 bits, as in Vigna's rank9 ("Broadword implementation of
   * rank/select queries", WEA 2008); a node above has 3 counts of 21 bits. A shift brings out the
   * count behind a part, 0 for the last one, and one subtraction changes the counts of all parts
   * before it. Bits of places that are still free are set from the beginning: then pages come in
   * without a change to anything, and what is behind them is known.
   */

  private static final int WORD_SHIFT = 6;
  private static final int BLOCK_SHIFT = 9;
  private static final int BLOCK_COUNT_BITS = 9;
  private static final long BLOCK_COUNT_MASK = (1L << BLOCK_COUNT_BITS) - 1;
  private static final long ONE_IN_EACH_OF_BLOCK = 0x0040_2010_0804_0201L;

  private static final int FAN_OUT_SHIFT = 2;
  private static final int FAN_OUT_MASK = (1 << FAN_OUT_SHIFT) - 1;
  private static final int COUNT_BITS = 21;
  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;
  private static final long ONE_IN_EACH = 1 | 1L << COUNT_BITS | 1L << (2 * COUNT_BITS);

  /** The logarithm of the places under the parts of the highest nodes: three have a count. */
  private static final int MAX_PART_SHIFT = 19;

  private static final int FIRST_PLACES = 1 << 15;
  private static final int MAX_PLACES = 1 << 30;

  private long[] words = new long[0];
  private long[] blocks = new long[0];

  /** By order: the nodes whose parts are blocks, whose parts are those nodes, and so on. */
  private long[][] nodes = new long[0][];

  /** The number of set bits behind what one of the highest nodes covers. */
  private int[] behind = new int[0];

  private int behindShift;

  private int places;

  /** Places under all nodes; those that are not there count as free ones. */
  private int covered;

  private int next;
  private int size;

  DeepStack() {
    lay(FIRST_PLACES);
  }

  /** How many places there are. */
  int places() {
    return places;
  }

  /** How many pages can come in before {@link #moveTogether}. */
  int free() {
    return places - next;
  }

  /** Puts a page on top; returns its place, 0 or more. */
  int push() {
    size++;
    return next++;
  }

  /** The place of the next page to come in. */
  int next() {
    return next;
  }

  /** Reads where {@link #remove} will read first; returns something of no meaning. */
  long readAhead(int place) {
    return words[place >>> WORD_SHIFT];
  }

  /**
   * Takes the page at a place out; returns the number of pages that were above it when the next
   * place was {@code nextThen}, if all that were taken out since are known to this stack.
   */
  int remove(int place, int nextThen) {
    int word = place >>> WORD_SHIFT;
    long bits = words[word];
    words[word] = bits & ~(1L << place);
    int above = Long.bitCount(bits >>> place >>> 1) - (covered - nextThen);

    int block = place >>> BLOCK_SHIFT;
    long counts = blocks[block];
    int shift = (word & 7) * BLOCK_COUNT_BITS;
    above += (int) (counts >>> shift & BLOCK_COUNT_MASK);
    blocks[block] = counts - (ONE_IN_EACH_OF_BLOCK & ((1L << shift) - 1));

    int part = block;
    for (long[] order : nodes) {
      int node = part >>> FAN_OUT_SHIFT;
      counts = order[node];
      shift = (part & FAN_OUT_MASK) * COUNT_BITS;
      above += (int) (counts >>> shift & COUNT_MASK);
      order[node] = counts - (ONE_IN_EACH & ((1L << shift) - 1));
      part = node;
    }
    above += behind[part];
    for (int i = 0; i < part; i++) {
      behind[i]--;
    }
    size--;
    return above;
  }

  /** The number of pages under the one at a place: the place that it moves to. */
  int below(int place) {
    int word = place >>> WORD_SHIFT;
    int above = Long.bitCount(words[word] >>> place >>> 1) - (covered - next);
    int block = place >>> BLOCK_SHIFT;
    above += (int) (blocks[block] >>> ((word & 7) * BLOCK_COUNT_BITS) & BLOCK_COUNT_MASK);
    int part = block;
    for (long[] order : nodes) {
      int node = part >>> FAN_OUT_SHIFT;
      above += (int) (order[node] >>> ((part & FAN_OUT_MASK) * COUNT_BITS) & COUNT_MASK);
      part = node;
    }
    return size - 1 - above - behind[part];
  }

  /** Gives the pages the first places, in the order in which they stand: see {@link #below}. */
  void moveTogether() {
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

  /** Lays out a bitmap whose first {@code size} places are taken, and the others free. */
  private void lay(int newPlaces) {
    if (newPlaces != places) {
      places = newPlaces;
      words = new long[places >>> WORD_SHIFT];
      blocks = new long[places >>> BLOCK_SHIFT];
      int orders = 0;
      int shift = BLOCK_SHIFT;
      while (shift <= MAX_PART_SHIFT && 1 << shift < places) {
        shift += FAN_OUT_SHIFT;
        orders++;
      }
      behindShift = shift;
      covered = Math.max(places, 1 << shift);
      nodes = new long[orders][];
      for (int order = 0; order < orders; order++) {
        int covered = BLOCK_SHIFT + FAN_OUT_SHIFT * (order + 1);
        nodes[order] = new long[Math.max(1, places >>> covered)];
      }
      behind = new int[Math.max(1, places >>> behindShift)];
    }
    next = size;
    Arrays.fill(words, -1L);
    Arrays.fill(blocks, countsOf(7, 1 << WORD_SHIFT, BLOCK_COUNT_BITS));
    for (int order = 0; order < nodes.length; order++) {
      int part = 1 << (BLOCK_SHIFT + FAN_OUT_SHIFT * order);
      Arrays.fill(nodes[order], countsOf(FAN_OUT_MASK, part, COUNT_BITS));
    }
    for (int i = 0; i < behind.length; i++) {
      behind[i] = (behind.length - 1 - i) << behindShift;
    }
  }

  /** The counts of a node all of whose parts, {@code last} + 1 of them, have all bits set. */
  private static long countsOf(int last, int part, int bits) {
    long counts = 0;
    for (int i = 0; i < last; i++) {
      counts |= ((long) (last - i) * part) << (i * bits);
    }
    return counts;
  }
}
