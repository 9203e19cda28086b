package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;

/**
 * The memory-management unit of one logical processor: from a linear address to a physical one, or
 * to a fault, by way of a translation cache and a page walker.
 */
public final class Mmu {
  private final TranslationCache cache;
  private final PageWalker walker;
  private final boolean user;
  private final boolean alignmentCheck;
  private ControlRegisters registers;
  private PagingContext context;

  /**
   * An MMU with cold caches behind it.
   *
   * @param user whether accesses are of user mode (CPL = 3)
   */
  public Mmu(ControlRegisters registers, boolean user, TranslationCache cache, PageWalker walker) {
    this.registers = registers;
    this.user = user;
    this.alignmentCheck = false;
    this.cache = cache;
    this.walker = walker;
    this.context = PagingContext.of(registers, user, alignmentCheck);
  }

  /**
   * Translates one access within one 4 KiB page.
   *
   * <p>A page fault has dropped what was cached for its address, as the SDM requires ("Operations
   * that Invalidate TLBs and Paging-Structure Caches"), so that software which mends the tables
   * needs no INVLPG.
   *
   * @param va linear address, any 64-bit value
   * @param kind an {@link AccessKind} code
   * @return a {@link Translation} word: valid, or a fault
   */
  public long translate(long va, int kind) {
    if (!VirtualAddress.isCanonical(va)) {
      return Translation.GENERAL_PROTECTION;
    }
    long t = cache.lookup(va, context.pcid(), kind);
    if (t == Translation.NONE) {
      return walkAndFill(va, kind, PageWalker.Cause.MISS);
    }
    AccessRights rights = context.rights();
    if (rights.serves(t, kind)) {
      return t;
    }
    if (!rights.permits(t, kind)) {
      return fault(va, Translation.pageFault(rights.faultCode(kind) | PageFaultCode.PRESENT));
    }
    return dirtyAssist(va, t);
  }

  /**
   * Repeats the walk of an access whose page fault the operating system has answered. The
   * repetition is not looked up in the translation cache again.
   *
   * @return as {@link #translate}
   */
  public long retry(long va, int kind) {
    return walkAndFill(va, kind, PageWalker.Cause.RETRY);
  }

  /**
   * Whether a translation, as it is cached, serves an access of {@code kind} without a fault and
   * without a walk.
   */
  public boolean serves(long translation, int kind) {
    return context.rights().serves(translation, kind);
  }

  /** INVLPG: drops the page of {@code va}, and all structure-cache entries of the current PCID. */
  public void invlpg(long va) {
    if (VirtualAddress.isCanonical(va)) {
      cache.invalidatePage(va, context.pcid());
      walker.invalidatePcid(context.pcid());
    }
  }

  /**
   * MOV to CR3. Drops the non-global translations and the structure-cache entries of the new PCID,
   * unless CR4.PCIDE = 1 and bit 63 of the operand is set.
   */
  public void writeCr3(long operand) {
    boolean pcids = Cr4.pcidEnabled(registers.cr4());
    boolean keep = pcids && (operand & Cr3.KEEP_TRANSLATIONS) != 0;
    registers = registers.withCr3(operand & ~Cr3.KEEP_TRANSLATIONS);
    context = PagingContext.of(registers, user, alignmentCheck);
    if (!keep) {
      cache.invalidatePcid(context.pcid());
      walker.invalidatePcid(context.pcid());
    }
  }

  /** The current control registers. */
  public ControlRegisters registers() {
    return registers;
  }

  private static final int STORE = AccessKind.STORE.ordinal();

  private long walkAndFill(long va, int kind, PageWalker.Cause cause) {
    long t = walker.walk(va, kind, context, cause);
    if (!Translation.isValid(t)) {
      return fault(va, t);
    }
    cache.fill(va, context.pcid(), kind, t);
    return t;
  }

  /** A store through a cached translation whose D is clear: walks again, to set D in memory. */
  private long dirtyAssist(long va, long cached) {
    long t = walker.walk(va, STORE, context, PageWalker.Cause.DIRTY_ASSIST);
    if (!Translation.isValid(t)) {
      return fault(va, t);
    }
    if (Translation.isAlike(t, cached)) {
      cache.update(va, context.pcid(), t);
      return Translation.piece(t, va, Translation.pieceSize(cached));
    }
    // Software has put another page there and not said so: what is cached is of no use any more.
    cache.invalidatePage(va, context.pcid());
    cache.fill(va, context.pcid(), STORE, t);
    return t;
  }

  private long fault(long va, long fault) {
    cache.invalidatePage(va, context.pcid());
    walker.invalidateAddress(va, context.pcid());
    return fault;
  }
}
