package io.lookaside.mmu.assoc;

/**
 * Up to 16 ways. A set is a block of one flat array: the order of its ways, fingerprints, tags,
 * values.
 *
 * <p>The order is a {@link WayWord}, invalid ways behind all valid ones. Fingerprints are 16 bits
 * of each way's tag, four to a word and compared at once, so that neither a hit nor a miss has a
 * branch for any single way.
 */
final class PackedLruArray extends LruArray {
  private static final int LANE_BITS = 16;
  private static final int LANES = Long.SIZE / LANE_BITS;
  private static final int LANE_SHIFT = 2;
  private static final long EACH_LANE = 0x0001_0001_0001_0001L;
  private static final long TOP_OF_LANE = 0x8000_8000_8000_8000L;
  private static final long HASH = 0x9e37_79b9_7f4a_7c15L;

  /** Words of fingerprints. */
  private final int words;

  /** Offsets in a block; tags are padded to a whole word of fingerprints. */
  private final int firstTag;

  private final int firstValue;
  private final int strideShift;

  /** Shift of the number at the back of an order. */
  private final int backShift;

  private final long[] blocks;

  PackedLruArray(int sets, int ways) {
    super(sets);
    words = (ways + LANES - 1) / LANES;
    firstTag = 1 + words;
    firstValue = firstTag + words * LANES;
    int stride = firstValue + ways;
    strideShift = Integer.SIZE - Integer.numberOfLeadingZeros(stride - 1);
    backShift = WayWord.backShift(ways);
    blocks = new long[Math.multiplyExact(sets, 1 << strideShift)];
    for (int set = 0; set < sets; set++) {
      blocks[set << strideShift] = WayWord.ascending(ways);
    }
  }

  @Override
  public long lookup(long number, long tag) {
    long[] b = blocks;
    int base = setOf(number) << strideShift;
    long pattern = fingerprint(tag) * EACH_LANE;
    int tags = base + firstTag;
    int way = 0;
    for (int word = base + 1; word < tags; word++) {
      long difference = b[word] ^ pattern;
      // The top bit of every lane that is 0, and of some lanes above one that is.
      long zeros = (difference - EACH_LANE) & ~difference & TOP_OF_LANE;
      while (zeros != 0) {
        int w = way + (Long.numberOfTrailingZeros(zeros) / LANE_BITS);
        if (b[tags + w] == tag) {
          long order = b[base];
          if ((order & WayWord.MASK) != w) {
            b[base] = WayWord.raise(order, w);
          }
          return b[base + firstValue + w];
        }
        zeros &= zeros - 1;
      }
      way += LANES;
    }
    return ABSENT;
  }

  @Override
  public boolean insert(long number, long tag, long value) {
    long[] b = blocks;
    int base = setOf(number) << strideShift;
    long order = b[base];
    int way = WayWord.back(order, backShift);
    b[base] = WayWord.raiseBack(order, backShift);
    int at = base + firstTag + way;
    long evicted = b[at];
    b[at] = tag;
    b[base + firstValue + way] = value;
    int word = base + 1 + (way >>> LANE_SHIFT);
    int shift = (way & (LANES - 1)) * LANE_BITS;
    b[word] = (b[word] & ~(0xffffL << shift)) | (fingerprint(tag) << shift);
    return evicted != 0;
  }

  @Override
  public void update(long number, long tag, long value) {
    int base = setOf(number) << strideShift;
    int way = find(base, tag);
    if (way >= 0) {
      blocks[base + firstValue + way] = value;
    }
  }

  @Override
  public void remove(long number, long tag) {
    int base = setOf(number) << strideShift;
    int way = find(base, tag);
    if (way < 0) {
      return;
    }
    blocks[base + firstTag + way] = 0;
    blocks[base] = WayWord.sink(blocks[base], way, backShift);
  }

  private int find(int base, long tag) {
    for (int way = 0; way < words * LANES; way++) {
      if (blocks[base + firstTag + way] == tag) {
        return way;
      }
    }
    return -1;
  }

  /** 15 bits of a hash and a one above them, so never that of a way that was never written. */
  private static long fingerprint(long tag) {
    return (tag * HASH) >>> 49 | 0x8000;
  }
}
