package io.lookaside.simulator;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.TlbCounts;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureMetric;
import io.lookaside.traces.TraceFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run counted, over the measured references alone.
 *
 * @param machine the machine
 * @param options what was asked for
 * @param format the format that the trace was read as
 * @param addressSpaces how many address spaces the references that were read belong to
 * @param cores how many processors made them; all go through the TLBs of one
 * @param traceHash hash of all references that were read, skipped ones included
 * @param ignoredLines lines of a text trace that were no references
 * @param skipped references that were passed over
 * @param warmedUp references that warmed up
 * @param instructions instructions, or {@code null} where the trace does not tell
 * @param references counts of the replay
 * @param levels counts of the TLB levels, L1I, L1D, second level
 * @param walks counts of the walker
 * @param physicalAddressSum sum modulo 2^64 of the physical address of every translation
 * @param mappedPages pages mapped by the end of the run, by size, warm-up's included
 */
public record RunResult(
    MachineConfig machine,
    RunOptions options,
    TraceFormat format,
    int addressSpaces,
    int cores,
    long traceHash,
    long ignoredLines,
    long skipped,
    long warmedUp,
    @Nullable Long instructions,
    Snapshot<ReferenceMetric> references,
    List<LevelResult> levels,
    Snapshot<WalkMetric> walks,
    long physicalAddressSum,
    Map<PageSize, Long> mappedPages) {

  /** A level's counts and those of its structures, by name in the order of the configuration. */
  public record LevelResult(
      TlbLevelConfig config,
      TlbCounts counts,
      Map<String, Snapshot<TlbStructureMetric>> structures) {}

  /** Walks for any reason, each with one structure-cache look-up. */
  public long allWalks() {
    return walks.get(WalkMetric.WALKS)
        + walks.get(WalkMetric.RETRIES)
        + walks.get(WalkMetric.DIRTY_ASSISTS);
  }

  /**
   * The sum over translations of completion minus start, in cycles. Without timing every step has a
   * fixed latency, so the sum follows from the counts.
   */
  public long translationCycles() {
    long cycles = allWalks() * machine.walker().structureCacheLatencyCycles();
    cycles += walks.get(WalkMetric.MEMORY_READS) * machine.memoryLatencyCycles();
    for (LevelResult level : levels) {
      cycles += level.counts().get(TlbMetric.LOOKUPS) * level.config().latencyCycles();
    }
    return cycles;
  }
}
