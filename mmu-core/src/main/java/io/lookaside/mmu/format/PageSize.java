package io.lookaside.mmu.format;

/**
 * A page size of 4-level paging. Its ordinal is the two-bit code that {@link Translation} carries.
 *
 * <p>Source: Intel SDM Vol. 3A, "4-Level Paging and 5-Level Paging".
 */
public enum PageSize {
  /** 4 KiB, mapped by a PTE. */
  SIZE_4K("4K", 12),
  /** 2 MiB, mapped by a PDE with PS = 1. */
  SIZE_2M("2M", 21),
  /** 1 GiB, mapped by a PDPTE with PS = 1. */
  SIZE_1G("1G", 30);

  private static final PageSize[] VALUES = values();

  private final String label;
  private final int shift;

  PageSize(String label, int shift) {
    this.label = label;
    this.shift = shift;
  }

  /** The page size whose {@link #ordinal()} is {@code code}, 0 to 2. */
  public static PageSize ofCode(int code) {
    return VALUES[code];
  }

  /** The {@link #shift()} of the page size whose {@link #ordinal()} is {@code code}, 0 to 2. */
  public static int shiftOfCode(int code) {
    return 12 + 9 * code;
  }

  /** The name that users write: {@code 4K}, {@code 2M}, {@code 1G}. */
  public String label() {
    return label;
  }

  /** The number of low address bits that are the offset in the page. */
  public int shift() {
    return shift;
  }

  /** The size in bytes. */
  public long bytes() {
    return 1L << shift;
  }

  /** The mask of the address bits that are the offset in the page. */
  public long offsetMask() {
    return (1L << shift) - 1;
  }
}
