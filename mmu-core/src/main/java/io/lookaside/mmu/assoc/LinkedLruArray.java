package io.lookaside.mmu.assoc;

import java.util.Arrays;

/**
 * Any number of ways. Entries are found by a hash table with chains, a bucket of which is nearly
 * always empty or of one entry; the ways of a set form a ring in the order of their use, in which
 * the back stands before the front and invalid ways behind all valid ones.
 */
final class LinkedLruArray extends LruArray {
  private static final long HASH = 0x9e37_79b9_7f4a_7c15L;

  /** Buckets for each entry, at least. */
  private static final int BUCKETS_PER_ENTRY = 8;

  private static final int NONE = -1;

  private final int hashShift;

  /** By bucket: the first entry of its chain, or NONE. */
  private final int[] chains;

  /** By entry: the next one of its chain, or NONE. */
  private final int[] chained;

  private final long[] tags;
  private final long[] values;
  private final int[] next;
  private final int[] previous;

  /** By set. */
  private final int[] front;

  LinkedLruArray(int sets, int ways) {
    super(sets);
    int entries = Math.multiplyExact(sets, ways);
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(entries * BUCKETS_PER_ENTRY - 1);
    hashShift = Long.SIZE - bits;
    chains = new int[1 << bits];
    Arrays.fill(chains, NONE);
    chained = new int[entries];
    tags = new long[entries];
    values = new long[entries];
    next = new int[entries];
    previous = new int[entries];
    front = new int[sets];
    Rings.link(next, previous, ways);
    for (int set = 0; set < sets; set++) {
      front[set] = set * ways;
    }
  }

  @Override
  public long lookup(long number, long tag) {
    int i = find(tag);
    if (i < 0) {
      return ABSENT;
    }
    int set = setOf(number);
    int first = front[set];
    if (i != first) {
      Rings.moveBeforeFront(next, previous, i, first);
      front[set] = i;
    }
    return values[i];
  }

  @Override
  public boolean insert(long number, long tag, long value) {
    int set = setOf(number);
    int i = previous[front[set]];
    front[set] = i;
    boolean evicts = tags[i] != 0;
    if (evicts) {
      unchain(i);
    }
    tags[i] = tag;
    values[i] = value;
    int bucket = bucket(tag);
    chained[i] = chains[bucket];
    chains[bucket] = i;
    return evicts;
  }

  @Override
  public void update(long number, long tag, long value) {
    int i = find(tag);
    if (i >= 0) {
      values[i] = value;
    }
  }

  @Override
  public void remove(long number, long tag) {
    int i = find(tag);
    if (i < 0) {
      return;
    }
    unchain(i);
    tags[i] = 0;
    int set = setOf(number);
    int first = front[set];
    if (first == i) {
      front[set] = next[i];
    } else {
      Rings.moveBeforeFront(next, previous, i, first);
    }
  }

  private int find(long tag) {
    int i = chains[bucket(tag)];
    while (i >= 0 && tags[i] != tag) {
      i = chained[i];
    }
    return i;
  }

  private void unchain(int i) {
    int bucket = bucket(tags[i]);
    int at = chains[bucket];
    if (at == i) {
      chains[bucket] = chained[i];
      return;
    }
    while (chained[at] != i) {
      at = chained[at];
    }
    chained[at] = chained[i];
  }

  private int bucket(long tag) {
    return (int) ((tag * HASH) >>> hashShift);
  }
}
