package io.lookaside.simulator.config;

import io.lookaside.mmu.CpuFeatures;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.timing.Latencies;
import io.lookaside.timing.TimingConfig;
import io.lookaside.tlb.TlbConfig;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A machine.
 *
 * @param name its name in results
 * @param cores how many there are of TLBs, walkers and private caches; at least 1
 * @param features what CPUID says of paging
 * @param tlb the TLBs
 * @param walker the page walker and its structure caches
 * @param memoryLatencyCycles cycles of one read of a page-table entry
 * @param timing what timing needs, or {@code null} if the machine does not say
 * @param effective the configuration as it is in force, after base and {@code --set}, for the
 *     record
 */
public record MachineConfig(
    String name,
    int cores,
    CpuFeatures features,
    TlbConfig tlb,
    WalkerConfig walker,
    int memoryLatencyCycles,
    @Nullable TimingConfig timing,
    ObjectNode effective) {
  /** The most cores of a machine. */
  public static final int MAX_CORES = 256;

  /** A machine with one core. */
  public MachineConfig(
      String name,
      CpuFeatures features,
      TlbConfig tlb,
      WalkerConfig walker,
      int memoryLatencyCycles,
      @Nullable TimingConfig timing,
      ObjectNode effective) {
    this(name, 1, features, tlb, walker, memoryLatencyCycles, timing, effective);
  }

  /** MAXPHYADDR. */
  public int physicalAddressBits() {
    return features.physicalAddressBits();
  }

  /** The latencies of all structures that translate. */
  public Latencies latencies() {
    return new Latencies(
        tlb.l1i().latencyCycles(),
        tlb.l1d().latencyCycles(),
        tlb.stlb().latencyCycles(),
        walker.structureCacheLatencyCycles());
  }
}
