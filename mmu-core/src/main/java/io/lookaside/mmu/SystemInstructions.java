package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.VirtualAddress;

/**
 * The instructions by which a kernel manages paging: what they demand of privilege and operands
 * before they take effect on the {@link Mmu}. Each returns whether it succeeded; {@code false} is a
 * general-protection fault with error code 0, and nothing has changed.
 *
 * <p>Source: Intel SDM Vol. 2, "MOV - Move to/from Control Registers", "INVLPG", "INVPCID"; Vol.
 * 3A, "Control Registers".
 */
public final class SystemInstructions {
  private static final long LOW_32 = 0xffff_ffffL;
  private static final int LAST_INVPCID_TYPE = 3;

  private final Mmu mmu;

  /** The instructions of one logical processor. */
  public SystemInstructions(Mmu mmu) {
    this.mmu = mmu;
  }

  /** MOV to CR0. */
  public boolean moveToCr0(long operand, CodeSegment code) {
    ControlRegisters r = mmu.registers();
    long value = operand(operand, code);
    boolean paging = Cr0.paging(value);
    boolean clearsPaging = Cr0.paging(r.cr0()) && !paging;
    boolean setsPaging = !Cr0.paging(r.cr0()) && paging;
    boolean refused =
        code == CodeSegment.USER
            || (value & Cr0.RESERVED) != 0
            || (paging && !Cr0.protectionEnabled(value))
            || (value & (Cr0.NOT_WRITE_THROUGH | Cr0.CACHE_DISABLE)) == Cr0.NOT_WRITE_THROUGH
            || (clearsPaging && (is64Bit(code) || Cr4.pcidEnabled(r.cr4())))
            || (setsPaging && Efer.longModeEnabled(r.efer()) && !Cr4.pae(r.cr4()))
            || (!Cr0.writeProtect(value) && Cr4.controlFlowEnforcement(r.cr4()));
    return !refused && mmu.writeCr0(value);
  }

  /** MOV to CR3. */
  public boolean moveToCr3(long operand, CodeSegment code) {
    long value = operand(operand, code);
    long reserved = Cr3.reservedBits(mmu.features().physicalAddressBits());
    if (Cr4.pcidEnabled(mmu.registers().cr4())) {
      reserved &= ~Cr3.KEEP_TRANSLATIONS;
    }
    boolean refused = code == CodeSegment.USER || (is64Bit(code) && (value & reserved) != 0);
    return !refused && mmu.writeCr3(value);
  }

  /** MOV to CR4. */
  public boolean moveToCr4(long operand, CodeSegment code) {
    ControlRegisters r = mmu.registers();
    long value = operand(operand, code);
    long changed = value ^ r.cr4();
    boolean longMode = Efer.longModeActive(r.efer());
    boolean setsPcids = Cr4.pcidEnabled(value) && (changed & Cr4.PCID_ENABLE) != 0;
    long reserved = Cr4.RESERVED | (mmu.features().fiveLevels() ? 0 : Cr4.FIVE_LEVEL);
    boolean refused =
        code == CodeSegment.USER
            || (value & reserved) != 0
            || (setsPcids && (!longMode || Cr3.pcid(r.cr3()) != 0))
            || (longMode && (!Cr4.pae(value) || (changed & Cr4.FIVE_LEVEL) != 0))
            || (Cr4.controlFlowEnforcement(value) && !Cr0.writeProtect(r.cr0()));
    return !refused && mmu.writeCr4(value);
  }

  /** INVLPG; of an address that is not canonical it does nothing. */
  public boolean invlpg(long va, CodeSegment code) {
    if (code == CodeSegment.USER) {
      return false;
    }
    mmu.invlpg(va);
    return true;
  }

  /**
   * INVPCID.
   *
   * @param typeOperand the register operand: 0 one address, 1 one PCID, 2 all with global entries,
   *     3 all but global entries
   * @param descriptor bits 63:0 of the descriptor in memory: the PCID and reserved bits
   * @param va bits 127:64 of the descriptor
   */
  public boolean invpcid(long typeOperand, long descriptor, long va, CodeSegment code) {
    long type = operand(typeOperand, code);
    int pcid = Cr3.pcid(descriptor);
    boolean usesPcid = type == 0 || type == 1;
    boolean refused =
        code == CodeSegment.USER
            || Long.compareUnsigned(type, LAST_INVPCID_TYPE) > 0
            || descriptor != pcid
            || (type == 0 && !VirtualAddress.isCanonical(va, mmu.features().linearAddressBits()))
            || (usesPcid && pcid != 0 && !Cr4.pcidEnabled(mmu.registers().cr4()));
    if (refused) {
      return false;
    }
    switch ((int) type) {
      case 0 -> mmu.invalidateAddress(va, pcid);
      case 1 -> mmu.invalidatePcid(pcid);
      case 2 -> mmu.invalidateAll();
      default -> mmu.invalidateNonGlobal();
    }
    return true;
  }

  /** A task switch by hardware to a task whose TSS holds this CR3; outside IA-32e mode only. */
  public boolean switchTask(long cr3) {
    return !Efer.longModeActive(mmu.registers().efer()) && mmu.switchTask(cr3 & LOW_32);
  }

  /** Register operands have 64 bits in 64-bit mode and 32 bits elsewhere. */
  private long operand(long value, CodeSegment code) {
    return is64Bit(code) ? value : value & LOW_32;
  }

  private boolean is64Bit(CodeSegment code) {
    return Efer.longModeActive(mmu.registers().efer()) && code != CodeSegment.KERNEL_COMPATIBILITY;
  }
}
