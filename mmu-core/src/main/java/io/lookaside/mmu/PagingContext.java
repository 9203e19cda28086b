package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;

/**
 * What the control registers say, compiled for the path of an access: made anew whenever a register
 * changes, never changed itself.
 *
 * @param tableBase physical address of the top table
 * @param pcid current process-context identifier, 0 to 4095
 * @param rights the law of access rights
 * @param noExecuteEnabled EFER.NXE: XD counts, else it is reserved
 * @param globalPages CR4.PGE: G counts
 */
public record PagingContext(
    long tableBase, int pcid, AccessRights rights, boolean noExecuteEnabled, boolean globalPages) {

  /** Compiles registers for accesses at a privilege level. */
  public static PagingContext of(ControlRegisters registers, boolean user, boolean alignmentCheck) {
    return new PagingContext(
        Cr3.tableAddress(registers.cr3()),
        registers.pcid(),
        AccessRights.of(registers, user, alignmentCheck),
        Efer.noExecuteEnabled(registers.efer()),
        Cr4.globalPages(registers.cr4()));
  }
}
