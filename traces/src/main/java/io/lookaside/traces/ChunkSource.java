package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;

/** Chunks that threads fill ahead of whoever takes them, in order. */
interface ChunkSource extends Closeable {
  /**
   * Gives a chunk back and takes the next; not after the last.
   *
   * @param used one that was taken before, or a new one
   */
  Chunk swap(Chunk used) throws IOException, InterruptedException;

  /** CPU time of the threads so far, nanoseconds. */
  long cpuNanos();

  /** Ends the threads. */
  @Override
  void close() throws IOException;
}
