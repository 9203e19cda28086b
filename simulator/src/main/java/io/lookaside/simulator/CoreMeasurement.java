package io.lookaside.simulator;

import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.TraceKernel;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.tlb.SetAssociativeTlb;
import io.lookaside.tlb.TlbCounts;
import io.lookaside.tlb.TlbLevel;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What one core counts from a moment on, which begins with the making of this. */
final class CoreMeasurement {
  private final Machine machine;
  private final ReplayEngine replay;
  private final Counters<ProcessMetric> processCounters;

  // At the beginning.
  private final Snapshot<ReferenceMetric> references;
  private final Snapshot<WalkMetric> walks;
  private final long physicalAddressSum;
  private final List<TlbCounts> levels = new ArrayList<>();
  private final Map<SetAssociativeTlb, Snapshot<TlbStructureMetric>> structures =
      new LinkedHashMap<>();
  private final Snapshot<ProcessMetric> processes;

  CoreMeasurement(Machine machine, ReplayEngine replay, Counters<ProcessMetric> processCounters) {
    this.machine = machine;
    this.replay = replay;
    this.processCounters = processCounters;
    references = replay.snapshot();
    walks = machine.walker().snapshot();
    physicalAddressSum = replay.physicalAddressSum();
    processes = processCounters.snapshot();
    for (TlbLevel level : machine.tlbs().levels()) {
      levels.add(level.snapshot());
      level.structures().forEach(s -> structures.put(s, s.snapshot()));
    }
  }

  /** What was counted since. */
  RunCounts result(@Nullable TimingResult timing) {
    List<RunResult.LevelResult> since = new ArrayList<>();
    for (TlbLevel level : machine.tlbs().levels()) {
      Map<String, Snapshot<TlbStructureMetric>> parts = new LinkedHashMap<>();
      for (SetAssociativeTlb s : level.structures()) {
        parts.put(s.config().name(), s.snapshot().minus(Objects.requireNonNull(structures.get(s))));
      }
      TlbCounts counts = level.snapshot().minus(levels.get(since.size()));
      since.add(new RunResult.LevelResult(level.config(), counts, parts));
    }
    return new RunCounts(
        replay.snapshot().minus(references),
        processCounters.snapshot().minus(processes),
        List.copyOf(since),
        machine.walker().snapshot().minus(walks),
        replay.physicalAddressSum() - physicalAddressSum,
        timing);
  }

  /** What the kernel modelled on Linux has counted, where it runs. */
  static @Nullable Snapshot<KernelMetric> osCounts(Machine machine) {
    return machine.kernel() instanceof TraceKernel kernel ? kernel.linux().snapshot() : null;
  }

  /** What that kernel has counted since. */
  static @Nullable Snapshot<KernelMetric> osSince(
      @Nullable Snapshot<KernelMetric> then, Machine machine) {
    Snapshot<KernelMetric> now = osCounts(machine);
    return now == null || then == null ? now : now.minus(then);
  }
}
