package io.lookaside.simulator.conform;

import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.PageWalker;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.SystemInstructions;
import io.lookaside.mmu.TranslationCache;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.TlbHierarchy;
import io.lookaside.tlb.UnboundedTlb;

/**
 * A machine that cases run on, one after the other: memory of a few words, a walker, TLBs and the
 * instructions that manage them. Emptying it costs little.
 */
final class ConformanceMachine {
  private final SparseMemory memory;
  private final TranslationCache cache;
  private final PageWalker walker;
  private final CpuFeatures features;

  /** Walks without caches and without a trace: what the tables say now. */
  private final PageWalker fresh;

  private Mmu mmu;
  private SystemInstructions instructions;

  private ConformanceMachine(
      SparseMemory memory, TranslationCache cache, PageWalker walker, CpuFeatures features) {
    this.memory = memory;
    this.cache = cache;
    this.walker = walker;
    this.features = features;
    this.fresh = new HardwarePageWalker(WalkerConfig.READ_ONLY, memory, 0);
    this.mmu =
        new Mmu(new ControlRegisters(0, 0, 0, 0), features, AccessMode.SUPERVISOR, cache, walker);
    this.instructions = new SystemInstructions(mmu);
  }

  /** A machine with the TLBs and structure caches of a real one. */
  static ConformanceMachine of(MachineConfig config) {
    SparseMemory memory = new SparseMemory();
    return new ConformanceMachine(
        memory,
        new TlbHierarchy(config.tlb(), 0),
        new HardwarePageWalker(config.walker(), memory, 0, config.tlb().coalescedPages(), null),
        config.features());
  }

  /** The exact machine: its structures are unlimited, and nothing is evicted. */
  static ConformanceMachine exact() {
    SparseMemory memory = new SparseMemory();
    return new ConformanceMachine(
        memory,
        new UnboundedTlb(),
        HardwarePageWalker.unbounded(TableUpdates.AS_WALKED, memory),
        CpuFeatures.ALL);
  }

  /** Empties memory and caches. */
  void clear() {
    memory.clear();
    cache.invalidateAll();
    walker.invalidateAll();
  }

  /**
   * Gives the processor registers, and in PAE paging the PDPTE registers that CR3 points to.
   *
   * @param physicalAddressBits MAXPHYADDR
   * @throws IllegalArgumentException if it is out of range
   */
  void start(ControlRegisters registers, int physicalAddressBits, boolean alignmentCheck) {
    CpuFeatures f =
        new CpuFeatures(
            physicalAddressBits,
            features.gigabytePages(),
            features.fiveLevels(),
            features.overFlush());
    mmu = new Mmu(registers, f, AccessMode.SUPERVISOR, cache, walker);
    mmu.setAlignmentCheck(alignmentCheck);
    instructions = new SystemInstructions(mmu);
  }

  SparseMemory memory() {
    return memory;
  }

  Mmu mmu() {
    return mmu;
  }

  SystemInstructions instructions() {
    return instructions;
  }

  /** One access; returns a {@link Outcome}. */
  long access(long va, int kind, AccessMode mode) {
    mmu.setMode(mode);
    return Outcome.of(mmu.translate(va, kind), va);
  }

  /** The outcome that the access before would have had without anything cached. */
  long freshOutcome(long va, int kind) {
    PagingContext context = mmu.context();
    return context.translates(va)
        ? Outcome.of(fresh.walk(va, kind, context, PageWalker.Cause.MISS), va)
        : Outcome.of(mmu.translate(va, kind), va);
  }
}
