package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;

/**
 * The values of CR0, CR3, CR4 and EFER.
 *
 * <p>Modelled today: 4-level paging (CR0.PG, CR4.PAE, EFER.LMA set, CR4.LA57 clear).
 */
public record ControlRegisters(long cr0, long cr3, long cr4, long efer) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException for another paging mode
   */
  public ControlRegisters {
    if (!Cr0.paging(cr0) || !Cr0.protectionEnabled(cr0)) {
      throw new IllegalArgumentException("CR0.PE and CR0.PG must be set: only paging is modelled");
    }
    if (!Cr4.pae(cr4) || !Efer.longModeActive(efer) || Cr4.fiveLevel(cr4)) {
      throw new IllegalArgumentException(
          "only 4-level paging is modelled: CR4.PAE and EFER.LMA set, CR4.LA57 clear");
    }
  }

  /** The current PCID: CR3[11:0] where CR4.PCIDE = 1, else 0. */
  public int pcid() {
    return Cr4.pcidEnabled(cr4) ? Cr3.pcid(cr3) : 0;
  }

  /** The same registers with another CR3. */
  public ControlRegisters withCr3(long value) {
    return new ControlRegisters(cr0, value, cr4, efer);
  }
}
