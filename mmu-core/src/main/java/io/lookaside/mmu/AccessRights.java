package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;

/**
 * The law of access rights: which accesses a complete translation permits, under given registers
 * and on whose behalf they are made. The only place that states it.
 *
 * <p>For each kind of access the law is one comparison: of the raw rights R/W, U/S, XD and
 * shadow-stack of a translation, those in a <i>mask</i> must have the value <i>wanted</i>; and
 * where protection keys take something away, one look at a bit for each key. The registers only
 * choose these words, so a change of them never touches a cached translation.
 *
 * <p>Source: Intel SDM Vol. 3A, "Determination of Access Rights", "Protection Keys".
 */
public final class AccessRights {
  private static final int KEYS = 16;

  private final long[] mask = new long[AccessKind.COUNT];
  private final long[] wanted = new long[AccessKind.COUNT];
  private final long[] servedMask = new long[AccessKind.COUNT];
  private final long[] servedWanted = new long[AccessKind.COUNT];
  private final int[] faultCode = new int[AccessKind.COUNT];

  /**
   * By kind: bit i is set if key i forbids the access on a supervisor-mode page, bit 16 + i if on a
   * user-mode page. 0 nearly always.
   */
  private final int[] deniedKeys = new int[AccessKind.COUNT];

  private AccessRights(ControlRegisters registers, AccessMode mode, boolean alignmentCheck) {
    boolean nx = Efer.noExecuteEnabled(registers.efer());
    boolean smep = Cr4.smep(registers.cr4());
    boolean writeProtect = Cr0.writeProtect(registers.cr0());
    boolean smapSuspended = alignmentCheck && mode.isExplicit();
    boolean smap = Cr4.smap(registers.cr4()) && !smapSuspended;
    boolean user = mode.isUser();
    for (AccessKind kind : AccessKind.values()) {
      boolean fetch = kind == AccessKind.FETCH;
      boolean store = kind == AccessKind.STORE;
      boolean shadowStack = mode.isShadowStack() && !fetch;
      long m = 0;
      long w = 0;
      if (user) {
        m |= Pte.USER;
        w |= Pte.USER;
      } else if (shadowStack || (fetch ? smep : smap)) {
        m |= Pte.USER; // and wanted stays 0: the page must be a supervisor page
      }
      if (shadowStack) {
        m |= Translation.SHADOW_STACK;
        w |= Translation.SHADOW_STACK;
      } else if (store && (user || writeProtect)) {
        m |= Pte.WRITABLE;
        w |= Pte.WRITABLE;
      }
      if (fetch && nx) {
        m |= Pte.EXECUTE_DISABLE;
      }
      int k = kind.ordinal();
      mask[k] = m;
      wanted[k] = w;
      long dirty = store ? Pte.DIRTY : 0;
      servedMask[k] = m | dirty;
      servedWanted[k] = w | dirty;
      int code = user ? PageFaultCode.USER : 0;
      if (store) {
        code |= PageFaultCode.WRITE;
      }
      if (fetch && (smep || (nx && Cr4.pae(registers.cr4())))) {
        code |= PageFaultCode.FETCH;
      }
      if (shadowStack) {
        code |= PageFaultCode.SHADOW_STACK;
      }
      faultCode[k] = code;
      if (!fetch && registers.mode().isLongMode()) {
        deniedKeys[k] =
            keys(
                Cr4.supervisorProtectionKeys(registers.cr4()),
                registers.pkrs(),
                store && writeProtect);
        deniedKeys[k] |=
            keys(
                    Cr4.protectionKeys(registers.cr4()),
                    registers.pkru(),
                    store && (user || writeProtect))
                << KEYS;
      }
    }
  }

  /**
   * Bit i is set if key i forbids an access. While CR0.WP = 0 PKRU's WD binds user mode alone, and
   * that of IA32_PKRS nobody.
   */
  private static int keys(boolean enabled, int register, boolean writeDisableCounts) {
    int denied = 0;
    for (int key = 0; key < KEYS && enabled; key++) {
      int forbidding = (writeDisableCounts ? 3 : 1) << (2 * key);
      denied |= (register & forbidding) != 0 ? 1 << key : 0;
    }
    return denied;
  }

  /**
   * The law under the given registers.
   *
   * @param mode on whose behalf accesses are made
   * @param alignmentCheck RFLAGS.AC, which suspends SMAP for explicit accesses
   */
  public static AccessRights of(
      ControlRegisters registers, AccessMode mode, boolean alignmentCheck) {
    return new AccessRights(registers, mode, alignmentCheck);
  }

  /**
   * Whether an access is permitted.
   *
   * @param translation a {@link Translation} word
   * @param kind an {@link AccessKind} code
   */
  public boolean permits(long translation, int kind) {
    return ((translation ^ wanted[kind]) & mask[kind]) == 0
        && (deniedKeys[kind] == 0 || !keyDenies(translation, kind));
  }

  /**
   * Whether a cached translation serves an access as it is: the access is permitted and, if it is a
   * store, D is set. In one comparison, because this is the path of every hit.
   */
  public boolean serves(long translation, int kind) {
    return ((translation ^ servedWanted[kind]) & servedMask[kind]) == 0
        && (deniedKeys[kind] == 0 || !keyDenies(translation, kind));
  }

  private boolean keyDenies(long translation, int kind) {
    int page = (translation & Pte.USER) != 0 ? KEYS : 0;
    return (deniedKeys[kind] >>> (page + Translation.protectionKey(translation)) & 1) != 0;
  }

  /**
   * The error-code bits that describe the access itself (W/R, U/S, I/D, SS), to which a fault adds
   * P and RSVD.
   */
  public int faultCode(int kind) {
    return faultCode[kind];
  }

  /**
   * The error code of an access that a complete translation does not permit: P, the bits of the
   * access, and PK if the page's protection key forbids it, whatever else does.
   */
  public int violationCode(long translation, int kind) {
    int key = keyDenies(translation, kind) ? PageFaultCode.PROTECTION_KEY : 0;
    return faultCode[kind] | PageFaultCode.PRESENT | key;
  }
}
