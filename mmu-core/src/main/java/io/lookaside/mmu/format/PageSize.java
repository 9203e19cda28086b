package io.lookaside.mmu.format;

import java.util.List;

/**
 * A page size, in ascending order. Its ordinal is the two-bit code that {@link Translation}
 * carries.
 *
 * <p>Source: Intel SDM Vol. 3A, "32-Bit Paging", "PAE Paging", "4-Level Paging and 5-Level Paging".
 */
public enum PageSize {
  /** 4 KiB, mapped by a PTE. */
  SIZE_4K("4K", 12),
  /** 2 MiB, mapped by a PDE with PS = 1. */
  SIZE_2M("2M", 21),
  /** 4 MiB, mapped by a PDE of 32-bit paging with PS = 1, where CR4.PSE = 1. */
  SIZE_4M("4M", 22),
  /** 1 GiB, mapped by a PDPTE with PS = 1. */
  SIZE_1G("1G", 30);

  /** The sizes of 4-level and 5-level paging, ascending. */
  public static final List<PageSize> OF_LONG_MODE = List.of(SIZE_4K, SIZE_2M, SIZE_1G);

  private static final PageSize[] VALUES = values();

  /** A byte for every code. */
  private static final int SHIFTS = 12 | 21 << 8 | 22 << 16 | 30 << 24;

  private final String label;
  private final int shift;

  PageSize(String label, int shift) {
    this.label = label;
    this.shift = shift;
  }

  /** The page size whose {@link #ordinal()} is {@code code}, 0 to 3. */
  public static PageSize ofCode(int code) {
    return VALUES[code];
  }

  /** The {@link #shift()} of the page size whose {@link #ordinal()} is {@code code}, 0 to 3. */
  public static int shiftOfCode(int code) {
    return SHIFTS >>> (code << 3) & 0xff;
  }

  /** The name that users write: {@code 4K}, {@code 2M}, {@code 4M}, {@code 1G}. */
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

  /**
   * The next smaller size of 4-level and 5-level paging.
   *
   * @throws IllegalStateException for 4 KiB
   */
  public PageSize nextSmaller() {
    return switch (this) {
      case SIZE_1G -> SIZE_2M;
      case SIZE_2M, SIZE_4M -> SIZE_4K;
      case SIZE_4K -> throw new IllegalStateException("no page is smaller than 4 KiB");
    };
  }
}
