package io.lookaside.os;

/** The machine's physical address space holds no further frame for what was asked. */
public final class OutOfFramesException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** With a message for the user. */
  public OutOfFramesException(String message) {
    super(message);
  }
}
