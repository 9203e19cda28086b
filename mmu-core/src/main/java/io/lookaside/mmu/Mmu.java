package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.Pdpte;
import io.lookaside.mmu.format.Translation;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The memory-management unit of one logical processor: from a linear address to a physical one, or
 * to a fault, by way of a translation cache and a page walker; and what loads of registers and
 * invalidations drop.
 *
 * <p>What is dropped is what the SDM lists, Vol. 3A "Operations that Invalidate TLBs and
 * Paging-Structure Caches", and nothing else. With {@link CpuFeatures#overFlush} it is more, the
 * way of processors that take no account of PCIDs: every MOV to CR3 and every INVPCID drops all
 * entries but global ones, INVLPG the structure caches of all PCIDs, and a change of any bit of CR0
 * or CR4 that concerns paging drops everything.
 *
 * <p>Whether an instruction may do these things is judged by {@link SystemInstructions}.
 */
public final class Mmu {
  private static final int MODES = AccessMode.values().length;

  private final TranslationCache cache;
  private final PageWalker walker;
  private final boolean prefetches;
  private final CpuFeatures features;
  private final @Nullable PagingContext[] contexts = new @Nullable PagingContext[MODES];
  private final long[] pdptes = new long[Pdpte.COUNT];
  private AccessMode mode;
  private boolean alignmentCheck;
  private ControlRegisters registers;
  private PagingFormat format;
  private PagingContext context;
  private long faultAddress;

  /**
   * An MMU with cold caches behind it. In PAE paging it loads the PDPTE registers from where CR3
   * points; if one cannot be loaded, they all say that there is no table.
   *
   * @param mode on whose behalf accesses are made
   */
  public Mmu(
      ControlRegisters registers,
      CpuFeatures features,
      AccessMode mode,
      TranslationCache cache,
      PageWalker walker) {
    this.features = features;
    this.mode = mode;
    this.cache = cache;
    this.prefetches = cache.prefetches();
    this.walker = walker;
    this.registers = registers;
    this.format = PagingFormat.of(registers, features);
    loadPdptes(registers);
    this.context = compile(mode);
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
    if (!context.translates(va)) {
      return untranslated(va);
    }
    long outcome = translateLinear(va, kind);
    if (prefetches && Translation.isValid(outcome)) {
      prefetch(kind);
    }
    return outcome;
  }

  private long translateLinear(long va, int kind) {
    long t = cache.lookup(va, context.pcid(), kind);
    if (t == Translation.NONE) {
      return walkAndFill(va, kind, PageWalker.Cause.MISS);
    }
    AccessRights rights = context.rights();
    if (rights.serves(t, kind)) {
      return t;
    }
    if (!rights.permits(t, kind)) {
      return fault(va, Translation.pageFault(rights.violationCode(t, kind)));
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
    long outcome = walkAndFill(va, kind, PageWalker.Cause.RETRY);
    if (prefetches && Translation.isValid(outcome)) {
      prefetch(kind);
    }
    return outcome;
  }

  /**
   * Walks for a page that the translation cache wants ahead, with the rights of the access that
   * made it want the page, but never to write. A fault is nobody's: the page is not entered.
   */
  private void prefetch(int kind) {
    long va = cache.takePrefetch(context.pcid(), kind);
    if (va == TranslationCache.NO_PREFETCH || !context.translates(va)) {
      return;
    }
    int reading = kind == STORE ? LOAD : kind;
    long t = walker.walk(va, reading, context, PageWalker.Cause.PREFETCH);
    if (Translation.isValid(t)) {
      cache.fillAhead(va, context.pcid(), kind, t);
    }
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
    if (!format.mode().isLinear(va)) {
      return;
    }
    cache.invalidatePage(va, context.pcid());
    if (features.overFlush()) {
      walker.invalidateAll();
    } else {
      walker.invalidatePcid(context.pcid());
    }
  }

  /** INVPCID type 0: drops what is not global of the page of {@code va} under a PCID. */
  public void invalidateAddress(long va, int pcid) {
    if (features.overFlush()) {
      invalidateNonGlobal();
    } else {
      cache.invalidateNonGlobalPage(va, pcid);
      walker.invalidateAddress(va, pcid, format);
    }
  }

  /** INVPCID type 1: drops what is not global under a PCID. */
  public void invalidatePcid(int pcid) {
    if (features.overFlush()) {
      invalidateNonGlobal();
    } else {
      cache.invalidatePcid(pcid);
      walker.invalidatePcid(pcid);
    }
  }

  /** INVPCID type 2: drops everything. */
  public void invalidateAll() {
    cache.invalidateAll();
    walker.invalidateAll();
  }

  /** INVPCID type 3: drops everything but global translations. */
  public void invalidateNonGlobal() {
    cache.invalidateNonGlobal();
    walker.invalidateAll();
  }

  /**
   * MOV to CR0. Clearing PG drops everything. EFER.LMA follows PG while EFER.LME = 1.
   *
   * @return as {@link #writeCr3}
   */
  public boolean writeCr0(long value) {
    long changed = registers.cr0() ^ value;
    long efer = registers.efer();
    boolean longMode = Cr0.paging(value) && Efer.longModeEnabled(efer);
    long newEfer = longMode ? efer | Efer.LONG_MODE_ACTIVE : efer & ~Efer.LONG_MODE_ACTIVE;
    ControlRegisters next = registers.withEfer(newEfer, value);
    if ((changed & Cr0.LOADS_PDPTES) != 0 && !loadPdptes(next)) {
      return false;
    }
    load(next);
    boolean pagingOff = (changed & Cr0.PAGING) != 0 && !Cr0.paging(value);
    if (pagingOff || (features.overFlush() && (changed & Cr0.CONCERNS_PAGING) != 0)) {
      invalidateAll();
    }
    return true;
  }

  /**
   * MOV to CR3. Drops the non-global translations and the structure-cache entries of the new PCID,
   * unless CR4.PCIDE = 1 and bit 63 of the operand is set.
   *
   * @return whether it succeeded; {@code false} if in PAE paging a PDPTE cannot be loaded, which
   *     changes nothing and is a general-protection fault
   */
  public boolean writeCr3(long operand) {
    boolean pcids = Cr4.pcidEnabled(registers.cr4());
    boolean keep = pcids && (operand & Cr3.KEEP_TRANSLATIONS) != 0 && !features.overFlush();
    ControlRegisters next = registers.withCr3(operand & ~Cr3.KEEP_TRANSLATIONS);
    if (!loadPdptes(next)) {
      return false;
    }
    load(next);
    if (!keep) {
      invalidatePcid(context.pcid());
    }
    return true;
  }

  /**
   * MOV to CR4. A change of PGE, and clearing PCIDE, drop everything; a change of PAE, and setting
   * SMEP, drop all translations, global ones too, and all structure-cache entries of the current
   * PCID.
   *
   * @return as {@link #writeCr3}
   */
  public boolean writeCr4(long value) {
    long changed = registers.cr4() ^ value;
    ControlRegisters next = registers.withCr4(value);
    if ((changed & Cr4.LOADS_PDPTES) != 0 && !loadPdptes(next)) {
      return false;
    }
    load(next);
    boolean pcidsOff = (changed & Cr4.PCID_ENABLE) != 0 && !Cr4.pcidEnabled(value);
    boolean smepOn = (changed & Cr4.SMEP) != 0 && Cr4.smep(value);
    if ((changed & Cr4.GLOBAL_PAGES) != 0
        || pcidsOff
        || (features.overFlush() && (changed & Cr4.CONCERNS_PAGING) != 0)) {
      invalidateAll();
    } else if ((changed & Cr4.PHYSICAL_ADDRESS_EXTENSION) != 0 || smepOn) {
      cache.invalidatePcidAndGlobal(context.pcid());
      walker.invalidatePcid(context.pcid());
    }
    return true;
  }

  /**
   * A task switch: loads CR3, as MOV does, if the new task's differs.
   *
   * @return as {@link #writeCr3}
   */
  public boolean switchTask(long cr3) {
    return cr3 == registers.cr3() || writeCr3(cr3);
  }

  /**
   * Gives the registers other values with no effect on anything cached and without loading PDPTE
   * registers: what WRPKRU does, or a debugger.
   */
  public void setRegisters(ControlRegisters values) {
    load(values);
  }

  /** Lets accesses be made on another's behalf; nothing is flushed, for rights are judged late. */
  public void setMode(AccessMode newMode) {
    mode = newMode;
    PagingContext compiled = contexts[newMode.ordinal()];
    context = compiled != null ? compiled : compile(newMode);
  }

  /** Sets RFLAGS.AC. */
  public void setAlignmentCheck(boolean value) {
    if (alignmentCheck != value) {
      alignmentCheck = value;
      recompile();
    }
  }

  /** The linear address of the last page fault, CR2; 0 before the first. */
  public long faultAddress() {
    return faultAddress;
  }

  /** What the registers say, compiled for accesses in the current mode. */
  public PagingContext context() {
    return context;
  }

  /** What CPUID says. */
  public CpuFeatures features() {
    return features;
  }

  /** The current control registers. */
  public ControlRegisters registers() {
    return registers;
  }

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();

  private PagingContext compile(AccessMode forMode) {
    PagingContext compiled = PagingContext.of(registers, format, pdptes, forMode, alignmentCheck);
    contexts[forMode.ordinal()] = compiled;
    return compiled;
  }

  private void load(ControlRegisters values) {
    registers = values;
    format = PagingFormat.of(values, features);
    recompile();
  }

  private void recompile() {
    Arrays.fill(contexts, null);
    context = compile(mode);
  }

  /**
   * Loads the PDPTE registers if {@code next} is PAE paging; returns whether they may be loaded.
   */
  private boolean loadPdptes(ControlRegisters next) {
    if (next.mode() != PagingMode.PAE) {
      return true;
    }
    long[] loaded = new long[Pdpte.COUNT];
    for (int i = 0; i < loaded.length; i++) {
      loaded[i] = walker.readWord(Cr3.pdpteAddress(next.cr3()) + (long) i * Long.BYTES);
      if (!Pdpte.isLoadable(loaded[i], features.physicalAddressBits())) {
        return false;
      }
    }
    System.arraycopy(loaded, 0, pdptes, 0, loaded.length);
    return true;
  }

  /** Without paging the address itself; else it is no linear address. */
  private long untranslated(long va) {
    return format.mode() == PagingMode.NONE
        ? Translation.identity(va)
        : Translation.GENERAL_PROTECTION;
  }

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
    cache.update(va, context.pcid(), cached, t);
    return Translation.isAlike(t, cached)
        ? Translation.piece(t, va, Translation.pieceSize(cached))
        : t;
  }

  private long fault(long va, long fault) {
    faultAddress = va;
    cache.invalidatePage(va, context.pcid());
    walker.invalidateAddress(va, context.pcid(), format);
    return fault;
  }
}
