package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.VirtualAddress;

/** A paging mode. Source: Intel SDM Vol. 3A, "Paging Modes and Control Bits". */
public enum PagingMode {
  /** CR0.PG = 0: linear addresses are physical addresses. */
  NONE(32),
  /** Two levels of 32-bit entries. */
  BITS_32(32),
  /** Four PDPTE registers and two levels of 64-bit entries. */
  PAE(32),
  /** Four levels of 64-bit entries, in IA-32e mode. */
  FOUR_LEVEL(VirtualAddress.BITS_4_LEVEL),
  /** Five levels of 64-bit entries, in IA-32e mode. */
  FIVE_LEVEL(VirtualAddress.BITS_5_LEVEL);

  private final int linearAddressBits;

  PagingMode(int linearAddressBits) {
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
