package io.lookaside.traces;

import java.io.IOException;

/**
 * A trace that cannot be read as one: not a failure of the machine but of the data. The message
 * names the trace and the position, says what was expected and what to do.
 */
public final class TraceException extends IOException {
  private static final long serialVersionUID = 1;

  /** An exception with a message for the user. */
  public TraceException(String message) {
    super(message);
  }
}
