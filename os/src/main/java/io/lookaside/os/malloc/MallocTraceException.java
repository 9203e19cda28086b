package io.lookaside.os.malloc;

/** A trace of allocator calls is flawed. */
public final class MallocTraceException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** A flaw in a line, numbered from 1. */
  public MallocTraceException(String name, int line, String problem) {
    super(name + ":" + line + ": " + problem);
  }
}
