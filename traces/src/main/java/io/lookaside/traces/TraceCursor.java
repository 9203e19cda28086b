package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;

/** A trace being read from front to back. */
public interface TraceCursor extends Closeable {
  /**
   * Reads on. References that stand before a flaw are delivered first; the next call reports it.
   *
   * @param batch is filled anew
   * @return the number of references read; 0 at the end of the trace
   * @throws TraceException if the trace is flawed
   */
  int read(ReferenceBatch batch) throws IOException;

  /**
   * Lines of text, or packets, that made no references and were passed over; 0 in formats that have
   * neither.
   */
  default long ignoredLines() {
    return 0;
  }

  /**
   * Passes over references without delivering them, as far as the format knows a way that is faster
   * than reading. What is passed over is not checked.
   *
   * @param most the most references to pass over
   * @param listener is told whose they were
   * @return how many were passed over; fewer than {@code most} where the rest must be read
   */
  default long skip(long most, OriginListener listener) throws IOException {
    return 0;
  }

  /**
   * Whether the trace has exactly one fetch for each instruction that was executed.
   *
   * @param byFormat whether all traces of its format have
   */
  default boolean fetchesAreInstructions(boolean byFormat) throws IOException {
    return byFormat;
  }

  /** Is told whose references were passed over. */
  interface OriginListener {
    /** Some were of this address space and core; the order is that of the trace. */
    void origin(long addressSpaceId, int core) throws IOException;
  }
}
