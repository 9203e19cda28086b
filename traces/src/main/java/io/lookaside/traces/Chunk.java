package io.lookaside.traces;

import org.jspecify.annotations.Nullable;

/** Bytes that change hands at once: handing over wakes a thread, which takes its time. */
final class Chunk {
  static final int BYTES = 1 << 16;

  final byte[] bytes = new byte[BYTES];

  /** How many there are. */
  int length;

  /** The first that has not been taken. */
  int next;

  /** Stored bytes that had been read for it and all before it. */
  long storedBytesRead;

  /**
   * Whether nothing comes after it but {@link #failure}, if there is one: from this thread, or to
   * the taker.
   */
  boolean last;

  /** Whether the block of which it is a part ends with it. */
  boolean endsBlock;

  @Nullable Throwable failure;

  /** Makes it empty. */
  void clear() {
    length = 0;
    next = 0;
    last = false;
    endsBlock = false;
    failure = null;
  }
}
