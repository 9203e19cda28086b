package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;

/**
 * The values of the registers that control paging.
 *
 * @param pkru rights of protection keys for user-mode pages: bit 2i AD, bit 2i+1 WD of key i
 * @param pkrs the same for supervisor-mode pages (IA32_PKRS)
 */
public record ControlRegisters(long cr0, long cr3, long cr4, long efer, int pkru, int pkrs) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException for paging without protected mode, or IA-32e mode without PAE
   */
  public ControlRegisters {
    if (Cr0.paging(cr0) && !Cr0.protectionEnabled(cr0)) {
      throw new IllegalArgumentException("CR0.PG = 1 needs CR0.PE = 1");
    }
    if (Cr0.paging(cr0) && Efer.longModeActive(efer) && !Cr4.pae(cr4)) {
      throw new IllegalArgumentException("paging in IA-32e mode (EFER.LMA = 1) needs CR4.PAE = 1");
    }
  }

  /** Registers whose protection keys forbid nothing. */
  public ControlRegisters(long cr0, long cr3, long cr4, long efer) {
    this(cr0, cr3, cr4, efer, 0, 0);
  }

  /** The paging mode. */
  public PagingMode mode() {
    return PagingMode.of(cr0, cr4, efer);
  }

  /** The current PCID: CR3[11:0] where CR4.PCIDE = 1, else 0. */
  public int pcid() {
    return Cr4.pcidEnabled(cr4) ? Cr3.pcid(cr3) : 0;
  }

  /** The same registers with another EFER and CR0, which change together. */
  public ControlRegisters withEfer(long newEfer, long newCr0) {
    return new ControlRegisters(newCr0, cr3, cr4, newEfer, pkru, pkrs);
  }

  /** The same registers with another CR3. */
  public ControlRegisters withCr3(long value) {
    return new ControlRegisters(cr0, value, cr4, efer, pkru, pkrs);
  }

  /** The same registers with another CR4. */
  public ControlRegisters withCr4(long value) {
    return new ControlRegisters(cr0, cr3, value, efer, pkru, pkrs);
  }
}
