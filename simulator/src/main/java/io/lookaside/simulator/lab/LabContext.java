package io.lookaside.simulator.lab;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.malloc.MallocConfig;
import io.lookaside.os.policy.PagePolicy;
import io.lookaside.os.policy.PageString;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.simulator.LinuxMachine;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbStructureConfig;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What an experiment runs with: the hardware, the seed, and what is switched off. */
final class LabContext {
  static final long KIB = 1L << 10;
  static final long MIB = 1L << 20;
  static final long GIB = 1L << 30;
  static final long PAGE = 4096;

  private final MachineConfig hardware;
  private final long seed;
  private final Set<String> off;

  LabContext(MachineConfig hardware, long seed, Set<String> off) {
    this.hardware = hardware;
    this.seed = seed;
    this.off = off;
  }

  long seed() {
    return seed;
  }

  boolean has(Switch mechanism) {
    return !off.contains(mechanism.key());
  }

  boolean has(Mechanism mechanism) {
    return !off.contains(mechanism.key());
  }

  /** The faults of a classic policy, or of what stands for it where its idea is switched off. */
  long faults(PagePolicy policy, PageString string, int frames) {
    PagePolicy used =
        switch (policy) {
          case FIFO -> has(Switch.ARRIVAL_ORDER) ? PagePolicy.FIFO : PagePolicy.LRU;
          case LRU -> has(Switch.RECENCY) ? PagePolicy.LRU : PagePolicy.FIFO;
          case CLOCK -> has(Switch.REFERENCE_BITS) ? PagePolicy.CLOCK : PagePolicy.FIFO;
          case OPT -> has(Switch.FORESIGHT) ? PagePolicy.OPT : PagePolicy.LRU;
        };
    return used.faults(string, frames);
  }

  /** A kernel's configuration with this much memory, the seed, and what is switched off. */
  LinuxConfig linux(long memoryBytes) {
    Set<Mechanism> mechanisms = EnumSet.noneOf(Mechanism.class);
    for (Mechanism mechanism : Mechanism.values()) {
      if (!has(mechanism)) {
        mechanisms.add(mechanism);
      }
    }
    return LinuxConfig.of(memoryBytes).withSeed(seed).without(mechanisms);
  }

  LinuxMachine machine(LinuxConfig linux) {
    return new LinuxMachine(tlb(), walker(), linux);
  }

  LinuxMachine machine(long memoryBytes) {
    return machine(linux(memoryBytes));
  }

  MallocConfig malloc() {
    MallocConfig config = MallocConfig.DEFAULT;
    return new MallocConfig(
        has(Switch.TOP_PAD) ? config.topPad() : 0,
        has(Switch.MMAP_THRESHOLD) ? config.mmapThreshold() : Long.MAX_VALUE,
        config.trimThreshold(),
        has(Switch.GROWING_THRESHOLD),
        has(Switch.THREAD_CACHE));
  }

  TlbConfig tlb() {
    TlbConfig config = hardware.tlb();
    if (has(Switch.TLB)) {
      return config;
    }
    return new TlbConfig(
        oneEntry(config.l1i()),
        oneEntry(config.l1d()),
        oneEntry(config.stlb()),
        config.inclusion());
  }

  private static TlbLevelConfig oneEntry(TlbLevelConfig level) {
    List<TlbStructureConfig> structures = new ArrayList<>();
    for (TlbStructureConfig s : level.structures()) {
      Geometry one = new Geometry(1, 1, s.geometry().replacement());
      structures.add(
          new TlbStructureConfig(
              s.name(), one, s.pageSizes(), s.accesses(), s.coalescedPages(), s.sizePrediction()));
    }
    return new TlbLevelConfig(level.name(), level.latencyCycles(), structures);
  }

  WalkerConfig walker() {
    WalkerConfig config = hardware.walker();
    if (has(Switch.STRUCTURE_CACHES)) {
      return config;
    }
    return new WalkerConfig(
        config.structureCacheLatencyCycles(), null, null, null, null, config.tableUpdates());
  }

  /** Cycles that the walks of a run cost, by the hardware's latencies. */
  long walkCycles(long walks, long memoryReads) {
    return walks * hardware.walker().structureCacheLatencyCycles()
        + memoryReads * hardware.memoryLatencyCycles();
  }
}
