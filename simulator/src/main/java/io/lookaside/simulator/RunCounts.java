package io.lookaside.simulator;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What was counted on one core, or on several together.
 *
 * @param references counts of the replay
 * @param processes counts of the processes' turns
 * @param levels counts of the TLB levels, L1I, L1D, second level
 * @param walks counts of the walker
 * @param physicalAddressSum sum modulo 2^64 of the physical address of every translation
 * @param timing what the clock says, or {@code null} for a run without one
 */
public record RunCounts(
    Snapshot<ReferenceMetric> references,
    Snapshot<ProcessMetric> processes,
    List<RunResult.LevelResult> levels,
    Snapshot<WalkMetric> walks,
    long physicalAddressSum,
    @Nullable TimingResult timing) {

  /** The sums of these and another core's, but for what the clock says: that is these's. */
  RunCounts plus(RunCounts other) {
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
    return new RunCounts(
        references.plus(other.references),
        processes.plus(other.processes),
        List.copyOf(sums),
        walks.plus(other.walks),
        physicalAddressSum + other.physicalAddressSum,
        timing);
  }

  RunCounts withTiming(@Nullable TimingResult value) {
    return new RunCounts(references, processes, levels, walks, physicalAddressSum, value);
  }
}
