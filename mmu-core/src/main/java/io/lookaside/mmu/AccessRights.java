package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.Pte;

/**
 * The law of access rights: which accesses a complete translation permits, under given control
 * registers and privilege level. The only place that states it.
 *
 * <p>For each kind of access the law is one comparison: of the raw rights R/W, U/S and XD of a
 * translation, those in a <i>mask</i> must have the value <i>wanted</i>. The control registers only
 * choose mask and wanted value, so a change of them never touches a cached translation.
 *
 * <p>Source: Intel SDM Vol. 3A, "Determination of Access Rights". Protection keys and shadow stacks
 * are not modelled yet.
 */
public final class AccessRights {
  private final long[] mask = new long[AccessKind.COUNT];
  private final long[] wanted = new long[AccessKind.COUNT];
  private final long[] servedMask = new long[AccessKind.COUNT];
  private final long[] servedWanted = new long[AccessKind.COUNT];
  private final int[] faultCode = new int[AccessKind.COUNT];

  private AccessRights(ControlRegisters registers, boolean user, boolean alignmentCheck) {
    boolean nx = Efer.noExecuteEnabled(registers.efer());
    boolean smep = Cr4.smep(registers.cr4());
    boolean writeProtect = Cr0.writeProtect(registers.cr0());
    for (AccessKind kind : AccessKind.values()) {
      long m = 0;
      long w = 0;
      if (user) {
        m |= Pte.USER;
        w |= Pte.USER;
      } else if (kind == AccessKind.FETCH ? smep : smapApplies(registers, alignmentCheck)) {
        m |= Pte.USER; // and wanted stays 0: the page must be a supervisor page
      }
      if (kind == AccessKind.STORE && (user || writeProtect)) {
        m |= Pte.WRITABLE;
        w |= Pte.WRITABLE;
      }
      if (kind == AccessKind.FETCH && nx) {
        m |= Pte.EXECUTE_DISABLE;
      }
      mask[kind.ordinal()] = m;
      wanted[kind.ordinal()] = w;
      long dirty = kind == AccessKind.STORE ? Pte.DIRTY : 0;
      servedMask[kind.ordinal()] = m | dirty;
      servedWanted[kind.ordinal()] = w | dirty;
      int code = user ? PageFaultCode.USER : 0;
      if (kind == AccessKind.STORE) {
        code |= PageFaultCode.WRITE;
      }
      // PAE = 1 always holds in 4-level paging.
      if (kind == AccessKind.FETCH && (nx || smep)) {
        code |= PageFaultCode.FETCH;
      }
      faultCode[kind.ordinal()] = code;
    }
  }

  private static boolean smapApplies(ControlRegisters registers, boolean alignmentCheck) {
    return Cr4.smap(registers.cr4()) && !alignmentCheck;
  }

  /**
   * The law under the given registers.
   *
   * @param user whether accesses are of user mode (CPL = 3)
   * @param alignmentCheck RFLAGS.AC, which suspends SMAP for explicit accesses
   */
  public static AccessRights of(ControlRegisters registers, boolean user, boolean alignmentCheck) {
    return new AccessRights(registers, user, alignmentCheck);
  }

  /**
   * Whether an access is permitted.
   *
   * @param rights a word with R/W, U/S and XD of the whole translation at the bits of an entry
   * @param kind an {@link AccessKind} code
   */
  public boolean permits(long rights, int kind) {
    return ((rights ^ wanted[kind]) & mask[kind]) == 0;
  }

  /**
   * Whether a cached translation serves an access as it is: the access is permitted and, if it is a
   * store, D is set. In one comparison, because this is the path of every hit.
   */
  public boolean serves(long translation, int kind) {
    return ((translation ^ servedWanted[kind]) & servedMask[kind]) == 0;
  }

  /**
   * The error-code bits that describe the access itself (W/R, U/S, I/D), to which a fault adds P
   * and RSVD.
   */
  public int faultCode(int kind) {
    return faultCode[kind];
  }
}
