package io.lookaside.traces;

/**
 * Which references of a trace are kept: after those that are skipped, of each {@code every} the
 * first {@code length}, and {@code most} at most.
 *
 * @param skip references to pass over first
 * @param every references from the beginning of a window to that of the next
 * @param length references in a window
 * @param most the most references that are kept
 */
public record TraceWindow(long skip, long every, long length, long most) {
  /** Checks that the numbers fit each other. */
  public TraceWindow {
    if (skip < 0 || most < 1 || length < 1 || every < length) {
      throw new IllegalArgumentException("a window has 1 to EVERY references");
    }
  }

  /** One window without an end. */
  public static TraceWindow from(long skip, long most) {
    return new TraceWindow(skip, Long.MAX_VALUE, Long.MAX_VALUE, most);
  }

  /** References from {@code position} on of which none is kept; 0 if that one is. */
  long passedOver(long position) {
    if (position < skip) {
      return skip - position;
    }
    long inWindow = (position - skip) % every;
    return inWindow < length ? 0 : every - inWindow;
  }

  /** References from {@code position} on that are kept, if that one is. */
  long kept(long position) {
    return length - (position - skip) % every;
  }
}
