package io.lookaside.simulator;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.TraceKernel;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.config.MachineConfig;
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
  Counts result(@Nullable TimingResult timing) {
    List<RunResult.LevelResult> since = new ArrayList<>();
    for (TlbLevel level : machine.tlbs().levels()) {
      Map<String, Snapshot<TlbStructureMetric>> parts = new LinkedHashMap<>();
      for (SetAssociativeTlb s : level.structures()) {
        parts.put(s.config().name(), s.snapshot().minus(Objects.requireNonNull(structures.get(s))));
      }
      TlbCounts counts = level.snapshot().minus(levels.get(since.size()));
      since.add(new RunResult.LevelResult(level.config(), counts, parts));
    }
    return new Counts(
        machine.config(),
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

  /** What was counted on one core, or on several together. */
  record Counts(
      MachineConfig machine,
      Snapshot<ReferenceMetric> references,
      Snapshot<ProcessMetric> processes,
      List<RunResult.LevelResult> levels,
      Snapshot<WalkMetric> walks,
      long physicalAddressSum,
      @Nullable TimingResult timing) {

    /** The sums of these and another core's, but for what the clock says: that is these's. */
    Counts plus(Counts other) {
      List<RunResult.LevelResult> sums = new ArrayList<>();
      for (int i = 0; i < levels.size(); i++) {
        RunResult.LevelResult mine = levels.get(i);
        RunResult.LevelResult others = other.levels.get(i);
        Map<String, Snapshot<TlbStructureMetric>> parts = new LinkedHashMap<>();
        mine.structures()
            .forEach(
                (name, counts) ->
                    parts.put(
                        name, counts.plus(Objects.requireNonNull(others.structures().get(name)))));
        sums.add(
            new RunResult.LevelResult(mine.config(), mine.counts().plus(others.counts()), parts));
      }
      return new Counts(
          machine,
          references.plus(other.references),
          processes.plus(other.processes),
          List.copyOf(sums),
          walks.plus(other.walks),
          physicalAddressSum + other.physicalAddressSum,
          timing);
    }

    Counts withTiming(@Nullable TimingResult value) {
      return new Counts(machine, references, processes, levels, walks, physicalAddressSum, value);
    }

    /** A run's result with these counts. */
    RunResult of(
        RunOptions options,
        List<RunResult.TraceResult> traces,
        long skipped,
        long warmedUp,
        Map<PageSize, Long> mappedPages,
        long tablePages,
        List<MissRanking> rankings,
        @Nullable Snapshot<KernelMetric> os,
        List<RunResult> perCore) {
      boolean fetchesAreInstructions =
          traces.stream().allMatch(RunResult.TraceResult::fetchesAreInstructions);
      Long instructions = fetchesAreInstructions ? references.get(ReferenceMetric.FETCHES) : null;
      return new RunResult(
          machine,
          options,
          traces,
          skipped,
          warmedUp,
          instructions,
          references,
          processes,
          levels,
          walks,
          physicalAddressSum,
          mappedPages,
          tablePages,
          rankings,
          os,
          timing,
          perCore,
          null,
          null,
          null,
          List.of(),
          null);
    }
  }
}
