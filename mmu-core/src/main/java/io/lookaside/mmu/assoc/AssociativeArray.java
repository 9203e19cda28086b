package io.lookaside.mmu.assoc;

import java.util.Arrays;

/**
 * A set-associative array of tagged words: the storage of every TLB and paging-structure cache.
 *
 * <p>A tag is never 0, which marks an invalid way. Nothing here allocates after construction.
 */
public final class AssociativeArray {
  /** The tag of an invalid way. */
  public static final long INVALID = 0;

  /** What {@link #lookup} returns without a hit; no value is 0. */
  public static final long ABSENT = 0;

  /*
   * A set is a block of one flat array: fingerprints, tags, values. A look-up does not compare tags
   * one after the other: where among the ways a tag stands is unpredictable, and so would be the
   * loop's end. It compares eight bytes at once, a fingerprint of each way's tag, and then the tag of
   * a way whose fingerprint fits, which is nearly always the right one. A fingerprint is never 0, so
   * it fits neither a way that was never written nor the padding of the last word. That of a removed
   * way stays; its tag no longer fits.
   */
  private static final int LANES = Long.BYTES;

  private static final int LANE_SHIFT = 3;
  private static final long EACH = 0x0101_0101_0101_0101L;
  private static final long TOPS = 0x8080_8080_8080_8080L;
  private static final long HASH = 0x9e37_79b9_7f4a_7c15L;

  private final int sets;
  private final int ways;
  private final int setMask;

  /** Words of fingerprints in a block, so the offset of its first tag. */
  private final int words;

  /** Words in a block. */
  private final int stride;

  private final long[] blocks;
  private final ReplacementPolicy policy;
  private long evictedTag;
  private long evictedValue;

  /**
   * An empty array.
   *
   * @param seed for random replacement
   */
  public AssociativeArray(Geometry geometry, long seed) {
    sets = geometry.sets();
    ways = geometry.ways();
    setMask = Integer.bitCount(sets) == 1 ? sets - 1 : -1;
    words = (ways + LANES - 1) / LANES;
    stride = words + 2 * ways;
    blocks = new long[sets * stride];
    policy = geometry.replacement().create(sets, ways, seed);
  }

  public int ways() {
    return ways;
  }

  public int sets() {
    return sets;
  }

  /** The set for a page or block number: its low bits, or the remainder for odd numbers of sets. */
  public int setOf(long number) {
    int mask = setMask;
    return mask >= 0 ? (int) number & mask : (int) Long.remainderUnsigned(number, sets);
  }

  /**
   * The way of {@code set} that holds {@code tag}, or -1. Changes nothing.
   *
   * @param tag not {@link #INVALID}
   */
  public int find(int set, long tag) {
    long[] b = blocks;
    int base = set * stride;
    int firstTag = base + words;
    long pattern = fingerprint(tag) * EACH;
    for (int word = base; word < firstTag; word++) {
      long difference = b[word] ^ pattern;
      // The top bit of every byte that is 0, and of some bytes above one that is.
      long zeros = (difference - EACH) & ~difference & TOPS;
      while (zeros != 0) {
        int way =
            ((word - base) << LANE_SHIFT) + (Long.numberOfTrailingZeros(zeros) >>> LANE_SHIFT);
        if (way < ways && b[firstTag + way] == tag) {
          return way;
        }
        zeros &= zeros - 1;
      }
    }
    return -1;
  }

  /**
   * The value under {@code tag} in the set of {@code number}, noted as a hit; or {@link #ABSENT}.
   *
   * @param tag not {@link #INVALID}
   */
  public long lookup(long number, long tag) {
    long[] b = blocks;
    int n = ways;
    int set = setOf(number);
    int base = set * stride;
    int firstTag = base + words;
    long pattern = fingerprint(tag) * EACH;
    int way = 0;
    for (int word = base; word < firstTag; word++) {
      long difference = b[word] ^ pattern;
      long zeros = (difference - EACH) & ~difference & TOPS;
      while (zeros != 0) {
        int w = way + (Long.numberOfTrailingZeros(zeros) >>> LANE_SHIFT);
        if (w < n && b[firstTag + w] == tag) {
          policy.touch(set, w);
          return b[firstTag + w + n];
        }
        zeros &= zeros - 1;
      }
      way += LANES;
    }
    return ABSENT;
  }

  public long tag(int set, int way) {
    return blocks[tagIndex(set, way)];
  }

  public long value(int set, int way) {
    return blocks[tagIndex(set, way) + ways];
  }

  /** Replaces a value; the order of replacement stays. */
  public void setValue(int set, int way, long value) {
    blocks[tagIndex(set, way) + ways] = value;
  }

  /**
   * Enters a tag that is not in the set of {@code number}. What had to go is then in {@link
   * #evictedTag} and {@link #evictedValue}.
   *
   * @param tag not {@link #INVALID}
   * @param value not {@link #ABSENT}
   */
  public void insert(long number, long tag, long value) {
    long[] b = blocks;
    int set = setOf(number);
    int way = policy.place(this, set);
    int base = set * stride;
    int i = base + words + way;
    evictedTag = b[i];
    evictedValue = b[i + ways];
    b[i] = tag;
    b[i + ways] = value;
    int word = base + (way >>> LANE_SHIFT);
    int shift = (way & (LANES - 1)) * Byte.SIZE;
    b[word] = (b[word] & ~(0xffL << shift)) | (fingerprint(tag) << shift);
  }

  /** The tag that the last {@link #insert} evicted, or {@link #INVALID}. */
  public long evictedTag() {
    return evictedTag;
  }

  /** The value that the last {@link #insert} evicted; meaningless without an evicted tag. */
  public long evictedValue() {
    return evictedValue;
  }

  /** Takes an entry out. */
  public void remove(int set, int way) {
    blocks[tagIndex(set, way)] = INVALID;
    policy.removed(set, way);
  }

  /** Takes all entries out and forgets the history of replacement. */
  public void clear() {
    Arrays.fill(blocks, INVALID);
    policy.clear();
  }

  /** For policies: the first invalid way of a set, or -1. */
  int invalidWay(int set) {
    for (int way = 0; way < ways; way++) {
      if (tag(set, way) == INVALID) {
        return way;
      }
    }
    return -1;
  }

  private int tagIndex(int set, int way) {
    return set * stride + words + way;
  }

  /** Seven bits of a hash, and a one above them. */
  private static long fingerprint(long tag) {
    return ((tag * HASH) >>> 57) | 0x80;
  }
}
