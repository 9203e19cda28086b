package io.lookaside.simulator.conform;

import java.io.IOException;

/** A vector file that cannot be read as one. The message names the file and the line. */
public final class VectorException extends IOException {
  private static final long serialVersionUID = 1;

  VectorException(String message) {
    super(message);
  }
}
