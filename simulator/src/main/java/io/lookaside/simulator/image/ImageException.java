package io.lookaside.simulator.image;

import java.io.IOException;

/**
 * An image that cannot be read as one. The message names the file and the position, says what was
 * expected and what to do.
 */
public final class ImageException extends IOException {
  private static final long serialVersionUID = 1;

  ImageException(String message) {
    super(message);
  }
}
