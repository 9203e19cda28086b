package io.lookaside.traces;

import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;

/** The threads of a trace, numbered in the order in which they appear. */
final class DrmemtraceThreads {
  /** A bound on what a damaged trace can make a reader remember. */
  private static final int MAX_THREADS = 1 << 16;

  private final String name;
  private final Long2IntOpenHashMap numbers = new Long2IntOpenHashMap();

  DrmemtraceThreads(String name) {
    this.name = name;
    numbers.defaultReturnValue(-1);
  }

  /** The number of the thread with an identifier. */
  int numberOf(long identifier) throws TraceException {
    int number = numbers.get(identifier);
    if (number < 0) {
      number = numbers.size();
      if (number == MAX_THREADS) {
        throw new TraceException(
            name
                + ": thread "
                + identifier
                + " is one more than the "
                + MAX_THREADS
                + " that a trace may have; the trace is damaged, or --format names the wrong one");
      }
      numbers.put(identifier, number);
    }
    return number;
  }
}
