package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;

/**
 * A batch of references as flat arrays, owned by the caller and filled again and again.
 *
 * <p>A reference is one access of the program: an address in {@link #addresses} and, in {@link
 * #descriptors}, its kind in bits 1:0 (an {@link AccessKind} code) and its size in bytes less one
 * in bits 17:2.
 */
public final class ReferenceBatch {
  /** The number of references that fit. */
  public static final int CAPACITY = 4096;

  /** The most bytes that one reference can have. */
  public static final int MAX_SIZE = 1 << 16;

  /** Linear addresses. */
  public final long[] addresses = new long[CAPACITY];

  /** Kinds and sizes. */
  public final int[] descriptors = new int[CAPACITY];

  private int count;

  public int count() {
    return count;
  }

  /** The {@link AccessKind} code of a descriptor. */
  public static int kind(int descriptor) {
    return descriptor & 3;
  }

  /** The size in bytes of a descriptor. */
  public static int size(int descriptor) {
    return (descriptor >>> 2) + 1;
  }

  /** The descriptor of a kind and a size of 1 to {@link #MAX_SIZE} bytes. */
  public static int descriptor(int kind, int size) {
    return (size - 1) << 2 | kind;
  }

  void clear() {
    count = 0;
  }

  void add(long address, int descriptor) {
    addresses[count] = address;
    descriptors[count++] = descriptor;
  }

  /** Says that a reader has written the first {@code n} references itself. */
  void setCount(int n) {
    count = n;
  }
}
