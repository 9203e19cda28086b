package io.lookaside.simulator.image;

import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Efer;

/**
 * What an image tells of a processor's registers.
 *
 * @param rip the instruction pointer
 * @param rflags RFLAGS
 * @param cs the selector in CS, whose low bits are CPL
 * @param longMode whether the machine is one of 64 bits; EFER itself is not recorded
 */
public record CpuState(
    long rip, long rflags, int cs, long cr0, long cr2, long cr3, long cr4, boolean longMode) {

  /** The paging mode that the registers select. */
  public PagingMode mode() {
    return PagingMode.of(cr0, cr4, efer(true));
  }

  /**
   * The registers that control paging.
   *
   * @param noExecuteEnabled EFER.NXE, which the image does not tell
   * @throws IllegalArgumentException if they contradict each other
   */
  public ControlRegisters registers(boolean noExecuteEnabled) {
    return new ControlRegisters(cr0, cr3, cr4, efer(noExecuteEnabled));
  }

  private long efer(boolean noExecuteEnabled) {
    long active = Efer.LONG_MODE_ENABLE | (Cr0.paging(cr0) ? Efer.LONG_MODE_ACTIVE : 0);
    return (longMode ? active : 0) | (noExecuteEnabled ? Efer.NO_EXECUTE_ENABLE : 0);
  }
}
