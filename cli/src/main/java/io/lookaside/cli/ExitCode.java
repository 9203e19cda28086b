package io.lookaside.cli;

/** What the process says with its exit code, after BSD's sysexits where it has one. */
final class ExitCode {
  static final int OK = 0;

  /** A check that was asked for failed. */
  static final int CHECK_FAILED = 1;

  /** The command line makes no sense. */
  static final int USAGE = 2;

  /** A trace, image or configuration is bad. */
  static final int BAD_INPUT = 65;

  /** An input is not there or may not be read. */
  static final int MISSING_INPUT = 66;

  /** A bug in Lookaside. */
  static final int BUG = 70;

  /** A device failed to read or to write. */
  static final int IO_ERROR = 74;

  /** Interrupted, or too little memory: try again. */
  static final int TRY_AGAIN = 75;

  private ExitCode() {}
}
