package io.lookaside.mmu.assoc;

import java.util.Arrays;

/**
 * A set-associative array of tagged words: the storage of every TLB and paging-structure cache.
 *
 * <p>Tags and values are flat {@code long[]}, a way of a set at {@code set * ways + way}. A tag is
 * never 0, which marks an invalid way. Nothing here allocates after construction.
 */
public final class AssociativeArray {
  /** The tag of an invalid way. */
  public static final long INVALID = 0;

  /** Shorter moves are cheaper entry by entry than by a block copy. */
  private static final int BLOCK_COPY_FROM = 6;

  private final int sets;
  private final int ways;
  private final int setMask;
  private final long[] tags;
  private final long[] values;
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
    tags = new long[geometry.entries()];
    values = new long[geometry.entries()];
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

  /** The way of {@code set} that holds {@code tag}, or -1. Changes nothing. */
  public int find(int set, long tag) {
    long[] t = tags;
    int n = ways;
    int base = set * n;
    for (int i = 0; i < n; i++) {
      if (t[base + i] == tag) {
        return i;
      }
    }
    return -1;
  }

  /** Notes a hit; returns the way in which the entry now stands. */
  public int touch(int set, int way) {
    return policy.touch(this, set, way);
  }

  public long tag(int set, int way) {
    return tags[set * ways + way];
  }

  public long value(int set, int way) {
    return values[set * ways + way];
  }

  /** Replaces a value; the order of replacement stays. */
  public void setValue(int set, int way, long value) {
    values[set * ways + way] = value;
  }

  /**
   * Enters a tag that is not in the set. What had to go is then in {@link #evictedTag} and {@link
   * #evictedValue}.
   *
   * @param tag not {@link #INVALID}
   */
  public void insert(int set, long tag, long value) {
    evictedTag = INVALID;
    int i = policy.place(this, set) + set * ways;
    tags[i] = tag;
    values[i] = value;
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
    policy.remove(this, set, way);
  }

  /** Takes all entries out and forgets the history of replacement. */
  public void clear() {
    Arrays.fill(tags, INVALID);
    policy.clear();
  }

  // What follows serves the policies.

  void evict(int set, int way) {
    int i = set * ways + way;
    evictedTag = tags[i];
    evictedValue = values[i];
  }

  int invalidWay(int set) {
    return find(set, INVALID);
  }

  void invalidateWay(int set, int way) {
    tags[set * ways + way] = INVALID;
  }

  /** Moves ways 0 to {@code last - 1} one further; what stood in {@code last} is gone. */
  void shiftDown(int set, int last) {
    long[] t = tags;
    long[] v = values;
    int base = set * ways;
    if (last >= BLOCK_COPY_FROM) {
      System.arraycopy(t, base, t, base + 1, last);
      System.arraycopy(v, base, v, base + 1, last);
    } else {
      for (int i = base + last; i > base; i--) {
        t[i] = t[i - 1];
        v[i] = v[i - 1];
      }
    }
  }

  /** Closes the gap at {@code way} by moving the ways behind it forward; the last is invalid. */
  void shiftUp(int set, int way) {
    int from = set * ways + way;
    int end = (set + 1) * ways - 1;
    System.arraycopy(tags, from + 1, tags, from, end - from);
    System.arraycopy(values, from + 1, values, from, end - from);
    tags[end] = INVALID;
  }

  void moveToFront(int set, int way) {
    int base = set * ways;
    long tag = tags[base + way];
    long value = values[base + way];
    shiftDown(set, way);
    tags[base] = tag;
    values[base] = value;
  }
}
