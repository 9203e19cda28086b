package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;

/** The bytes of a flat64 trace, taken as little-endian 64-bit words from front to back. */
interface Flat64Words extends Closeable {
  /**
   * Fills {@code words} from the front on, as far as the trace goes.
   *
   * @return how many bytes of the trace there were; if the last word is not whole, the trace ends
   *     within it
   * @throws IOException if no whole word can be read; words before a failure are given first, and
   *     the next call reports it
   */
  int fill(long[] words) throws IOException;
}
