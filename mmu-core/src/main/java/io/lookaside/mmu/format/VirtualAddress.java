package io.lookaside.mmu.format;

/**
 * A 64-bit linear address: 48 bits that count under 4-level paging and 57 under 5-level paging, the
 * rest a sign extension. Linear addresses outside IA-32e mode have 32 bits.
 *
 * <p>Source: Intel SDM Vol. 1, "Canonical Addressing"; Vol. 3A, "4-Level Paging and 5-Level
 * Paging".
 */
public final class VirtualAddress {
  /** Linear-address bits that 4-level paging translates. */
  public static final int BITS_4_LEVEL = 48;

  /** Linear-address bits that 5-level paging translates, the most of all modes. */
  public static final int BITS_5_LEVEL = 57;

  /** The offset mask of the smallest page, 4 KiB. */
  public static final long OFFSET_4K = 0xfff;

  private static final int SIGN_SHIFT = 64 - BITS_5_LEVEL;

  private VirtualAddress() {}

  /** Whether bits 63:47 of {@code va} are all equal: canonical under 4-level paging. */
  public static boolean isCanonical(long va) {
    return isCanonical(va, BITS_4_LEVEL);
  }

  /** The canonical address under 4-level paging that has the lower 48 bits of {@code va}. */
  public static long signExtended(long va) {
    return (va << (64 - BITS_4_LEVEL)) >> (64 - BITS_4_LEVEL);
  }

  /** Whether all bits of {@code va} from the highest of {@code bits} on are equal. */
  public static boolean isCanonical(long va, int bits) {
    return (va << (64 - bits)) >> (64 - bits) == va;
  }

  /**
   * The virtual page number of {@code va}, without the sign extension above 57 bits: 45 bits for 4
   * KiB pages.
   */
  public static long vpn(long va, int pageShift) {
    return (va << SIGN_SHIFT) >>> (SIGN_SHIFT + pageShift);
  }

  /**
   * The nine bits of {@code va} that index a paging structure of 64-bit entries which cover 2^shift
   * bytes each.
   */
  public static int index(long va, int shift) {
    return (int) (va >>> shift) & 0x1ff;
  }
}
