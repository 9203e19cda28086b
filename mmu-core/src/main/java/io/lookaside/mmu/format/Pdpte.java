package io.lookaside.mmu.format;

import io.lookaside.mmu.memory.PhysicalMemory;

/**
 * A page-directory-pointer-table entry of PAE paging. The processor keeps four of them in
 * registers, which it loads, and checks, when CR3 is loaded; they carry no rights, A or XD.
 *
 * <p>Source: Intel SDM Vol. 3A, "PDPTE Registers" and the table "Format of a PAE
 * Page-Directory-Pointer-Table Entry (PDPTE)".
 */
public final class Pdpte {
  /** The number of PDPTE registers; bits 31:30 of a linear address select one. */
  public static final int COUNT = 4;

  /** The lowest of the address bits that select a PDPTE. */
  public static final int SHIFT = 30;

  /** Bits 2:1 and 8:5. */
  private static final long RESERVED_LOW = 0x1e6L;

  private Pdpte() {}

  /** The entry without the bits that are reserved whatever MAXPHYADDR is. */
  public static long loadable(long pdpte) {
    return pdpte & ~(RESERVED_LOW | -1L << PhysicalMemory.ADDRESS_BITS);
  }

  /**
   * Whether the entry can be loaded: one that is present must have no reserved bit, or the load of
   * the register raises a general-protection fault.
   *
   * @param physicalAddressBits MAXPHYADDR, 32 to 52
   */
  public static boolean isLoadable(long pdpte, int physicalAddressBits) {
    long reserved = RESERVED_LOW | -1L << physicalAddressBits;
    return !Pte.isPresent(pdpte) || (pdpte & reserved) == 0;
  }
}
