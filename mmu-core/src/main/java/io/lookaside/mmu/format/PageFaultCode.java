package io.lookaside.mmu.format;

/**
 * The error code of a page fault. Source: Intel SDM Vol. 3A, "Page-Fault Exceptions", the figure
 * "Page-Fault Error Code".
 */
public final class PageFaultCode {
  /** P: set for a violation of rights or a reserved bit, clear where an entry was not present. */
  public static final int PRESENT = 1;

  /** W/R: the access was a write. */
  public static final int WRITE = 1 << 1;

  /** U/S: the access (not the page) was of user mode. */
  public static final int USER = 1 << 2;

  /** RSVD: a reserved bit was set in a present entry; implies P. */
  public static final int RESERVED = 1 << 3;

  /** I/D: the access was an instruction fetch, reported only with NX or SMEP in use. */
  public static final int FETCH = 1 << 4;

  /** PK: a protection key forbids this data access; implies P. */
  public static final int PROTECTION_KEY = 1 << 5;

  /** SS: the access was one to a shadow stack. */
  public static final int SHADOW_STACK = 1 << 6;

  private PageFaultCode() {}

  public static boolean isPresent(int code) {
    return (code & PRESENT) != 0;
  }

  public static boolean isWrite(int code) {
    return (code & WRITE) != 0;
  }

  public static boolean isReserved(int code) {
    return (code & RESERVED) != 0;
  }
}
