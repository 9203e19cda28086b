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

  /** Lines of text that were no references and were passed over; 0 in binary formats. */
  default long ignoredLines() {
    return 0;
  }
}
