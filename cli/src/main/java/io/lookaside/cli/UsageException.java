package io.lookaside.cli;

/** Options that each make sense, but not together. */
final class UsageException extends Exception {
  private static final long serialVersionUID = 1;

  UsageException(String message) {
    super(message);
  }
}
