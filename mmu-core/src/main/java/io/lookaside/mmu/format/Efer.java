package io.lookaside.mmu.format;

/** The IA32_EFER register. Source: Intel SDM Vol. 3A, "Extended Feature Enable Register". */
public final class Efer {
  /** LME: IA-32e mode is entered when paging is switched on. */
  public static final long LONG_MODE_ENABLE = 1L << 8;

  /** LMA: IA-32e mode is active. */
  public static final long LONG_MODE_ACTIVE = 1L << 10;

  /** NXE: the XD bit counts. */
  public static final long NO_EXECUTE_ENABLE = 1L << 11;

  private Efer() {}

  public static boolean longModeEnabled(long efer) {
    return (efer & LONG_MODE_ENABLE) != 0;
  }

  public static boolean longModeActive(long efer) {
    return (efer & LONG_MODE_ACTIVE) != 0;
  }

  public static boolean noExecuteEnabled(long efer) {
    return (efer & NO_EXECUTE_ENABLE) != 0;
  }
}
