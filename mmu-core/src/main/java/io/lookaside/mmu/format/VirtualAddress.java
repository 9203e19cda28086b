package io.lookaside.mmu.format;

/**
 * A 64-bit linear address under 4-level paging: 48 bits that count, the rest a sign extension.
 *
 * <p>Source: Intel SDM Vol. 1, "Canonical Addressing"; Vol. 3A, "4-Level Paging and 5-Level
 * Paging".
 */
public final class VirtualAddress {
  /** Linear-address bits that 4-level paging translates. */
  public static final int BITS_4_LEVEL = 48;

  /** The offset mask of the smallest page, 4 KiB. */
  public static final long OFFSET_4K = 0xfff;

  private static final int SIGN_SHIFT = 64 - BITS_4_LEVEL;

  private VirtualAddress() {}

  /** Whether bits 63:47 of {@code va} are all equal. */
  public static boolean isCanonical(long va) {
    return (va << SIGN_SHIFT) >> SIGN_SHIFT == va;
  }

  /** The virtual page number of {@code va}, without the sign extension: 36 bits for 4 KiB pages. */
  public static long vpn(long va, int pageShift) {
    return (va << SIGN_SHIFT) >>> (SIGN_SHIFT + pageShift);
  }

  /**
   * The nine bits of {@code va} that index a paging structure whose entries cover 2^shift bytes.
   */
  public static int index(long va, int shift) {
    return (int) (va >>> shift) & 0x1ff;
  }
}
