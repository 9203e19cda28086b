package io.lookaside.experiments.report;

import java.io.IOException;

/** A file that is no result a report can be made of. The message says what was expected. */
public final class ResultException extends IOException {
  private static final long serialVersionUID = 1;

  ResultException(String message) {
    super(message);
  }
}
