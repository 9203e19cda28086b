package io.lookaside.mmu.format;

/**
 * Control register CR3: the physical address of the top table and, with CR4.PCIDE = 1, the current
 * process-context identifier.
 *
 * <p>Source: Intel SDM Vol. 3A, "Process-Context Identifiers (PCIDs)" and the tables "Use of CR3
 * with ... Paging".
 */
public final class Cr3 {
  /** Number of distinct PCIDs: twelve bits. */
  public static final int PCID_COUNT = 4096;

  /** Bit 63 of the source operand of MOV to CR3 with PCIDE = 1: keep the PCID's translations. */
  public static final long KEEP_TRANSLATIONS = 1L << 63;

  private static final long PCID_MASK = PCID_COUNT - 1;

  private Cr3() {}

  /** The CR3 value of a top table at {@code tableAddress} (4 KiB aligned) and a PCID, 0 to 4095. */
  public static long of(long tableAddress, int pcid) {
    return (tableAddress & Pte.FRAME) | (pcid & PCID_MASK);
  }

  /** The physical address of the top table in 4-level and 5-level paging. */
  public static long tableAddress(long cr3) {
    return cr3 & Pte.FRAME;
  }

  /** The physical address of the page directory in 32-bit paging: bits 31:12. */
  public static long pageDirectoryAddress(long cr3) {
    return cr3 & 0xffff_f000L;
  }

  /** The physical address of the four PDPTEs in PAE paging: bits 31:5. */
  public static long pdpteAddress(long cr3) {
    return cr3 & 0xffff_ffe0L;
  }

  /**
   * The bits that MOV to CR3 must find zero in 64-bit mode: 63:MAXPHYADDR. Linear-address masking
   * (bits 62:61) is not modelled.
   */
  public static long reservedBits(int physicalAddressBits) {
    return -1L << physicalAddressBits;
  }

  /** Bits 11:0, the PCID where CR4.PCIDE = 1. */
  public static int pcid(long cr3) {
    return (int) (cr3 & PCID_MASK);
  }
}
