package io.lookaside.traces;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A trace that is not there or may not be read. */
public final class MissingTraceException extends IOException {
  private static final long serialVersionUID = 1;

  MissingTraceException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
