package io.lookaside.mmu;

/** What an access does. The ordinal is the code that traces and hot paths carry. */
public enum AccessKind {
  /** A data read. */
  LOAD,
  /** A data write; a read-modify-write counts as one too. */
  STORE,
  /** An instruction fetch. */
  FETCH;

  /** The number of kinds. */
  public static final int COUNT = 3;

  private static final AccessKind[] VALUES = values();

  /** The kind whose {@link #ordinal()} is {@code code}, 0 to 2. */
  public static AccessKind ofCode(int code) {
    return VALUES[code];
  }
}
