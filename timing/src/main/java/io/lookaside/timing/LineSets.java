package io.lookaside.timing;

import io.lookaside.mmu.assoc.WayWord;

/**
 * The lines of a set-associative cache with up to 16 ways and true LRU.
 *
 * <p>An access that misses decides so from 32 adjacent bytes of the host's memory and only writes
 * elsewhere, since a large last level is mostly not in the host's own caches.
 */
final class LineSets {
  private static final int FINGERPRINT_BITS = 8;
  private static final int FINGERPRINTS = Long.SIZE / FINGERPRINT_BITS;
  private static final long EACH_LANE = 0x0101_0101_0101_0101L;
  private static final long TOP_OF_LANE = 0x8080_8080_8080_8080L;
  private static final long HASH = 0x9e37_79b9_7f4a_7c15L;

  private static final int WORDS_SHIFT = 2;

  /**
   * By set, four words: its {@link WayWord}, 8 bits of a hash for each of the first eight ways, the
   * same for the others, and an unused one.
   */
  private final long[] words;

  /** By set and way: the line. */
  private final long[] lines;

  private final int sets;
  private final int setMask;
  private final int wayShift;
  private final int backShift;

  /** Empty sets. */
  LineSets(int sets, int ways) {
    this.sets = sets;
    setMask = Integer.bitCount(sets) == 1 ? sets - 1 : -1;
    wayShift = Integer.SIZE - Integer.numberOfLeadingZeros(ways - 1);
    backShift = WayWord.backShift(ways);
    words = new long[Math.multiplyExact(sets, 1 << WORDS_SHIFT)];
    lines = new long[Math.multiplyExact(sets, 1 << wayShift)];
    for (int set = 0; set < sets; set++) {
      words[set << WORDS_SHIFT] = WayWord.ascending(ways);
    }
  }

  /** Accesses a line: enters it if it is not there, and returns whether it was. */
  boolean access(long line) {
    int mask = setMask;
    int set = mask >= 0 ? (int) line & mask : (int) Long.remainderUnsigned(line, sets);
    int base = set << WORDS_SHIFT;
    int first = set << wayShift;
    long[] w = words;
    long order = w[base];
    // The top bit is that of a way which has been written.
    long print = (line * HASH) >>> (Long.SIZE - FINGERPRINT_BITS);
    print |= 1L << (FINGERPRINT_BITS - 1);
    long pattern = print * EACH_LANE;
    int way = find(first, lanesOf(w[base + 1] ^ pattern), line);
    if (way < 0 && backShift >= FINGERPRINTS * WayWord.BITS) {
      way = find(first + FINGERPRINTS, lanesOf(w[base + 2] ^ pattern), line);
      way += way < 0 ? 0 : FINGERPRINTS;
    }
    if (way >= 0) {
      w[base] = WayWord.raise(order, way);
      return true;
    }
    way = WayWord.back(order, backShift);
    w[base] = WayWord.raiseBack(order, backShift);
    lines[first + way] = line;
    int word = base + 1 + way / FINGERPRINTS;
    int shift = way % FINGERPRINTS * FINGERPRINT_BITS;
    w[word] = (w[word] & ~(0xffL << shift)) | (print << shift);
    return false;
  }

  /**
   * Reads what {@link #access} of a line will need, and changes nothing; the result means nothing.
   */
  long readAhead(long line) {
    int mask = setMask;
    int set = mask >= 0 ? (int) line & mask : (int) Long.remainderUnsigned(line, sets);
    int first = set << wayShift;
    // Eight lines of ways to a line of the host.
    return words[set << WORDS_SHIFT] + lines[first] + lines[first + (1 << wayShift) - 1];
  }

  /** The top bit of every lane that is 0, and of some lanes above one that is. */
  private static long lanesOf(long difference) {
    return (difference - EACH_LANE) & ~difference & TOP_OF_LANE;
  }

  private int find(int first, long lanes, long line) {
    for (long left = lanes; left != 0; left &= left - 1) {
      int way = Long.numberOfTrailingZeros(left) / FINGERPRINT_BITS;
      if (lines[first + way] == line) {
        return way;
      }
    }
    return -1;
  }
}
