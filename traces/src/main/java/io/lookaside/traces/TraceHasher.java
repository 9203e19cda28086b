package io.lookaside.traces;

import io.lookaside.mmu.assoc.SeededRandom;

/**
 * A 64-bit hash of a sequence of references: of kinds, addresses and sizes in order and of the
 * numbers of their address spaces, whatever the format and compression they came in. It tells
 * traces apart; it is no cryptographic hash.
 *
 * <p>Eight lanes take the references in turn, each by xor and an odd multiplication, so that they
 * do not wait for each other.
 */
public final class TraceHasher {
  private static final int LANES = 8;
  private static final long MULTIPLIER = 0x9e3779b97f4a7c15L;

  private final long[] lanes = {1, 2, 3, 4, 5, 6, 7, 8};
  private long count;
  private int addressSpace;

  /** Takes references {@code from} to {@code to} - 1 of a batch. */
  public void add(ReferenceBatch batch, int from, int to) {
    if (from == to) {
      return; // whose references they would be does not count
    }
    if (batch.addressSpace() != addressSpace) {
      addressSpace = batch.addressSpace();
      lanes[0] = SeededRandom.mix(lanes[0] ^ count * MULTIPLIER ^ addressSpace);
    }
    int i = from;
    while (i < to && (count & (LANES - 1)) != 0) {
      addOne(batch, i);
      i++;
    }
    if (!batch.hasUnusual()) {
      int bulk = i + ((to - i) & -LANES);
      addWords(batch.words, i, bulk);
      i = bulk;
    }
    for (; i < to; i++) {
      addOne(batch, i);
    }
  }

  /** Takes words, a multiple of {@link #LANES}, that tell all. */
  private void addWords(long[] words, int from, int to) {
    long a = lanes[0];
    long b = lanes[1];
    long c = lanes[2];
    long d = lanes[3];
    long e = lanes[4];
    long f = lanes[5];
    long g = lanes[6];
    long h = lanes[7];
    for (int i = from; i < to; i += LANES) {
      a = step(a, words[i]);
      b = step(b, words[i + 1]);
      c = step(c, words[i + 2]);
      d = step(d, words[i + 3]);
      e = step(e, words[i + 4]);
      f = step(f, words[i + 5]);
      g = step(g, words[i + 6]);
      h = step(h, words[i + 7]);
    }
    lanes[0] = a;
    lanes[1] = b;
    lanes[2] = c;
    lanes[3] = d;
    lanes[4] = e;
    lanes[5] = f;
    lanes[6] = g;
    lanes[7] = h;
    count += to - from;
  }

  /** Takes over what another has been given so far. */
  void copyFrom(TraceHasher other) {
    System.arraycopy(other.lanes, 0, lanes, 0, LANES);
    count = other.count;
    addressSpace = other.addressSpace;
  }

  /** The hash of what was added so far. */
  public long value() {
    long h = count;
    for (long lane : lanes) {
      h = SeededRandom.mix(h * MULTIPLIER + lane);
    }
    return h;
  }

  private void addOne(ReferenceBatch batch, int i) {
    int lane = (int) count & (LANES - 1);
    long word = batch.words[i];
    long h = step(lanes[lane], word);
    if (PackedReference.isUnusual(word)) {
      h = step(step(h, batch.address(i)), batch.descriptor(i));
    }
    lanes[lane] = h;
    count++;
  }

  private static long step(long lane, long word) {
    long h = (lane ^ word) * MULTIPLIER;
    return h ^ h >>> 32;
  }
}
