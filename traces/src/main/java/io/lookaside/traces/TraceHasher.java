package io.lookaside.traces;

import io.lookaside.mmu.assoc.SeededRandom;

/**
 * A 64-bit hash of a sequence of references: of kinds, addresses and sizes in order and of the
 * numbers of their address spaces, whatever the format and compression they came in. It tells
 * traces apart; it is no cryptographic hash.
 *
 * <p>Four lanes take the references in turn, each by xor and an odd multiplication, so that they do
 * not wait for each other.
 */
public final class TraceHasher {
  private static final int LANES = 4;
  private static final long MULTIPLIER = 0x9e3779b97f4a7c15L;
  private static final long DESCRIPTOR_MULTIPLIER = 0xc2b2ae3d27d4eb4fL;

  private final long[] lanes = {1, 2, 3, 4};
  private long count;
  private int addressSpace;

  /** Takes references {@code from} to {@code to} - 1 of a batch. */
  public void add(ReferenceBatch batch, int from, int to) {
    if (from == to) {
      return; // whose references they would be does not count
    }
    long[] addresses = batch.addresses;
    int[] descriptors = batch.descriptors;
    if (batch.addressSpace() != addressSpace) {
      addressSpace = batch.addressSpace();
      lanes[0] = SeededRandom.mix(lanes[0] ^ count * MULTIPLIER ^ addressSpace);
    }
    int i = from;
    while (i < to && (count & (LANES - 1)) != 0) {
      addOne(addresses[i], descriptors[i]);
      i++;
    }
    long a = lanes[0];
    long b = lanes[1];
    long c = lanes[2];
    long d = lanes[3];
    int bulk = i + ((to - i) & -LANES);
    count += bulk - i;
    for (; i < bulk; i += LANES) {
      a = step(a, addresses[i], descriptors[i]);
      b = step(b, addresses[i + 1], descriptors[i + 1]);
      c = step(c, addresses[i + 2], descriptors[i + 2]);
      d = step(d, addresses[i + 3], descriptors[i + 3]);
    }
    lanes[0] = a;
    lanes[1] = b;
    lanes[2] = c;
    lanes[3] = d;
    for (; i < to; i++) {
      addOne(addresses[i], descriptors[i]);
    }
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

  private void addOne(long address, int descriptor) {
    int lane = (int) count & (LANES - 1);
    lanes[lane] = step(lanes[lane], address, descriptor);
    count++;
  }

  private static long step(long lane, long address, int descriptor) {
    long h = (lane ^ address ^ descriptor * DESCRIPTOR_MULTIPLIER) * MULTIPLIER;
    return h ^ h >>> 32;
  }
}
