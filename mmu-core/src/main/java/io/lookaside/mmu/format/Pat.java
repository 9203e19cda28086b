package io.lookaside.mmu.format;

/**
 * The page attribute table: the IA32_PAT register, eight memory types that PAT, PCD and PWT of an
 * entry choose from. What the MTRRs add is not modelled.
 *
 * <p>Source: Intel SDM Vol. 3A, "Page Attribute Table (PAT)".
 */
public final class Pat {
  /** The value of IA32_PAT after a reset: WB, WT, UC-, UC, twice. */
  public static final long RESET = 0x0007_0406_0007_0406L;

  /**
   * The value that Linux writes: WB, WC, UC-, UC, WB, WP, UC-, WT. Source: Linux 6.1,
   * arch/x86/mm/pat/memtype.c.
   */
  public static final long LINUX = 0x0407_0506_0007_0106L;

  private static final String[] NAMES = {"UC", "WC", "", "", "WT", "WP", "WB", "UC-"};

  private Pat() {}

  /**
   * The memory type of an access.
   *
   * @param pat the value of IA32_PAT
   * @param index 4*PAT + 2*PCD + PWT, 0 to 7
   * @return UC, WC, WT, WP, WB or UC-
   * @throws IllegalArgumentException if the register holds a reserved encoding there
   */
  public static String memoryType(long pat, int index) {
    int encoding = (int) (pat >>> (index * Byte.SIZE)) & 0xff;
    if (encoding >= NAMES.length || NAMES[encoding].isEmpty()) {
      throw new IllegalArgumentException("IA32_PAT holds the reserved encoding " + encoding);
    }
    return NAMES[encoding];
  }
}
