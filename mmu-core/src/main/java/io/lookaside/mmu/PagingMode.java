package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.VirtualAddress;

/** A paging mode. Source: Intel SDM Vol. 3A, "Paging Modes and Control Bits". */
public enum PagingMode {
  /** CR0.PG = 0: linear addresses are physical addresses. */
  NONE("none", "no paging", 32),
  /** Two levels of 32-bit entries. */
  BITS_32("32", "32-bit paging", 32),
  /** Four PDPTE registers and two levels of 64-bit entries. */
  PAE("pae", "PAE paging", 32),
  /** Four levels of 64-bit entries, in IA-32e mode. */
  FOUR_LEVEL("4", "4-level paging", VirtualAddress.BITS_4_LEVEL),
  /** Five levels of 64-bit entries, in IA-32e mode. */
  FIVE_LEVEL("5", "5-level paging", VirtualAddress.BITS_5_LEVEL);

  private final String label;
  private final String description;
  private final int linearAddressBits;

  PagingMode(String label, String description, int linearAddressBits) {
    this.label = label;
    this.description = description;
    this.linearAddressBits = linearAddressBits;
  }

  /** The mode that control registers select. */
  public static PagingMode of(long cr0, long cr4, long efer) {
    if (!Cr0.paging(cr0)) {
      return NONE;
    }
    if (Efer.longModeActive(efer)) {
      return Cr4.fiveLevel(cr4) ? FIVE_LEVEL : FOUR_LEVEL;
    }
    return Cr4.pae(cr4) ? PAE : BITS_32;
  }

  /** What users write: none, 32, pae, 4 or 5. */
  public String label() {
    return label;
  }

  /** The name in words. */
  public String description() {
    return description;
  }

  /** The bits of a linear address that count. */
  public int linearAddressBits() {
    return linearAddressBits;
  }

  /** Whether this is a mode of IA-32e, in which linear addresses are sign-extended. */
  public boolean isLongMode() {
    return this == FOUR_LEVEL || this == FIVE_LEVEL;
  }

  /** Whether {@code va} is a linear address: canonical in IA-32e mode, else below 4 GiB. */
  public boolean isLinear(long va) {
    return isLongMode() ? VirtualAddress.isCanonical(va, linearAddressBits) : va >>> 32 == 0;
  }
}
