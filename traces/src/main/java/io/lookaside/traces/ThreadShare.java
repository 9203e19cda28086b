package io.lookaside.traces;

/**
 * Which of a trace's threads are wanted: of those numbered from 0 every {@code stride}th, from
 * {@code first} on. In a folder of drmemtrace files each file is a thread, in order of their names;
 * in other traces each processor that the trace names is one, in the order in which they appear.
 *
 * @param first the number of the first one, 0 to {@code stride} - 1
 * @param stride at least 1
 */
public record ThreadShare(int first, int stride) {
  /** All threads. */
  public static final ThreadShare ALL = new ThreadShare(0, 1);

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public ThreadShare {
    if (stride < 1 || first < 0 || first >= stride) {
      throw new IllegalArgumentException("thread " + first + " of every " + stride);
    }
  }

  /** Whether the thread with a number is wanted. */
  boolean has(int thread) {
    return thread % stride == first;
  }
}
