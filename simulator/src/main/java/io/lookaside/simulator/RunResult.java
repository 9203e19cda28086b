package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stale.StaleTranslationDetector;
import io.lookaside.mmu.stale.StaleUse;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.image.ImageMetric;
import io.lookaside.simulator.image.ImagePaging;
import io.lookaside.timing.TimingMetric;
import io.lookaside.tlb.SizePredictionConfig;
import io.lookaside.tlb.TlbCounts;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureConfig;
import io.lookaside.tlb.TlbStructureMetric;
import io.lookaside.traces.TraceFormat;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a run counted, over the measured references alone.
 *
 * @param machine the machine
 * @param options what was asked for
 * @param traces what was read of each trace, in the order in which they were named
 * @param skipped references that were passed over
 * @param warmedUp references that warmed up
 * @param counts what was counted; of several cores the sums
 * @param mappedPages pages mapped by the end of the run, by size, warm-up's included
 * @param tablePages 4 KiB pages that the page tables take by the end of the run
 * @param addressSpace how addresses are mapped by the end of the run; empty where nobody asked
 * @param os counts of the kernel modelled on Linux, or {@code null} where it did not run
 * @param memory what else the kernel modelled on Linux tells of its memory, or {@code null} where
 *     it did not run
 * @param image the address space of an image and what had no translation there, or {@code null} for
 *     a run that is in none
 * @param stale uses of stale translations, warm-up's included, or {@code null} where nobody looked
 * @param top where misses come from, one for each {@code --top}
 * @param heatmap accesses by address and time, or {@code null} where nobody asked
 * @param perCore what each core of a machine with several counted; empty for one core
 */
public record RunResult(
    MachineConfig machine,
    RunOptions options,
    List<TraceResult> traces,
    long skipped,
    long warmedUp,
    RunCounts counts,
    Map<PageSize, Long> mappedPages,
    long tablePages,
    List<Extent> addressSpace,
    @Nullable Snapshot<KernelMetric> os,
    @Nullable MemoryResult memory,
    @Nullable ImageResult image,
    @Nullable StaleResult stale,
    List<MissRanking> top,
    @Nullable AccessHeatmap heatmap,
    List<RunResult> perCore) {

  /**
   * Pages of one size that lie in a row, or nearly so.
   *
   * @param process whose
   * @param first the lowest address
   * @param last the highest address
   * @param pages how many there are; fewer than fit where there are gaps
   */
  public record Extent(int process, long first, long last, PageSize pageSize, long pages) {}

  /**
   * A run in an image.
   *
   * @param paging the address space
   * @param counts why accesses had no translation
   */
  public record ImageResult(ImagePaging paging, Snapshot<ImageMetric> counts) {}

  /**
   * What the detector of stale translations found.
   *
   * @param count first uses
   * @param uses those of them that are kept in words
   */
  public record StaleResult(long count, List<StaleUse> uses) {
    /** What the detectors of all cores found, or {@code null} where there are none. */
    static @Nullable StaleResult of(List<Machine> cores) {
      List<StaleTranslationDetector> detectors =
          cores.stream().map(Machine::detector).filter(Objects::nonNull).toList();
      return detectors.isEmpty()
          ? null
          : new StaleResult(
              detectors.stream().mapToLong(StaleTranslationDetector::count).sum(),
              detectors.stream().flatMap(d -> d.uses().stream()).toList());
    }
  }

  /** Instructions, or {@code null} where a trace does not tell. */
  public @Nullable Long instructions() {
    return traces.stream().allMatch(TraceResult::fetchesAreInstructions)
        ? references().get(ReferenceMetric.FETCHES)
        : null;
  }

  /** Counts of the replay. */
  public Snapshot<ReferenceMetric> references() {
    return counts.references();
  }

  /** Counts of the processes' turns. */
  public Snapshot<ProcessMetric> processes() {
    return counts.processes();
  }

  /** Counts of the TLB levels, L1I, L1D, second level. */
  public List<LevelResult> levels() {
    return counts.levels();
  }

  /** Counts of the walker. */
  public Snapshot<WalkMetric> walks() {
    return counts.walks();
  }

  /** Sum modulo 2^64 of the physical address of every translation. */
  public long physicalAddressSum() {
    return counts.physicalAddressSum();
  }

  /** What the clock says, or {@code null} for a run without one. */
  public @Nullable TimingResult timing() {
    return counts.timing();
  }

  /** Page faults. What a page that an image lacks would have said is not among them. */
  public long pageFaults() {
    long all = references().get(ReferenceMetric.PAGE_FAULTS);
    return image == null ? all : all - image.counts().get(ImageMetric.MISSING);
  }

  /**
   * What was read of a trace.
   *
   * @param format the format that it was read as
   * @param fetchesAreInstructions whether it has exactly one fetch for each instruction
   * @param addressSpaces how many address spaces the references belong to
   * @param cores how many processors made them, as the trace names them
   * @param hash hash of all references that were read, skipped ones included
   * @param ignoredLines lines of a text trace that were no references
   */
  public record TraceResult(
      TraceFormat format,
      boolean fetchesAreInstructions,
      int addressSpaces,
      int cores,
      long hash,
      long ignoredLines) {}

  /** A level's counts and those of its structures, by name in the order of the configuration. */
  public record LevelResult(
      TlbLevelConfig config,
      TlbCounts counts,
      Map<String, Snapshot<TlbStructureMetric>> structures) {
    /** The kinds of access that look this level up. */
    public Set<AccessKind> kinds() {
      return switch (config.name()) {
        case "l1i" -> EnumSet.of(AccessKind.FETCH);
        case "l1d" -> EnumSet.of(AccessKind.LOAD, AccessKind.STORE);
        default -> EnumSet.allOf(AccessKind.class);
      };
    }

    /** The page sizes that results tell apart: 4K, 2M and 1G, and another if it occurred. */
    public List<PageSize> pageSizes() {
      return Arrays.stream(PageSize.values())
          .filter(p -> STANDARD.contains(p) || occurs(p))
          .toList();
    }

    /** Cycles of probes of page sizes that were not expected. */
    long reprobeCycles() {
      long cycles = 0;
      for (TlbStructureConfig s : config.structures()) {
        SizePredictionConfig prediction = s.sizePrediction();
        if (prediction != null) {
          long reprobes =
              Objects.requireNonNull(structures.get(s.name())).get(TlbStructureMetric.REPROBES);
          cycles += reprobes * prediction.reprobeCycles();
        }
      }
      return cycles;
    }

    private static final Set<PageSize> STANDARD =
        EnumSet.of(PageSize.SIZE_4K, PageSize.SIZE_2M, PageSize.SIZE_1G);

    private boolean occurs(PageSize page) {
      return Arrays.stream(AccessKind.values())
          .anyMatch(k -> counts.hits(k, page) + counts.misses(k, page) != 0);
    }
  }

  /** What the buffer of translations fetched ahead has counted; {@code null} without one. */
  public @Nullable Snapshot<TlbStructureMetric> prefetchBuffer() {
    return machine.tlb().prefetch() == null
        ? null
        : levels().get(2).structures().get("stlb-prefetch");
  }

  /** Translations: look-ups of the first levels. */
  public long translations() {
    return levels().get(0).counts().get(TlbMetric.LOOKUPS)
        + levels().get(1).counts().get(TlbMetric.LOOKUPS);
  }

  /** The formats of the traces, joined with {@code +} where they differ. */
  public String format() {
    return traces.stream().map(t -> t.format().label()).distinct().collect(Collectors.joining("+"));
  }

  /** Address spaces of all traces together: each is a process. */
  public int addressSpaces() {
    return traces.stream().mapToInt(TraceResult::addressSpaces).sum();
  }

  /** The most processors that a trace names. */
  public int cores() {
    return traces.stream().mapToInt(TraceResult::cores).max().orElse(0);
  }

  /** Of one trace its hash; of several a hash of theirs in their order. */
  public long traceHash() {
    long hash = traces.get(0).hash();
    for (TraceResult trace : traces.subList(1, traces.size())) {
      hash = SeededRandom.mix(hash) + trace.hash();
    }
    return hash;
  }

  /** Lines that were no references, of all traces. */
  public long ignoredLines() {
    return traces.stream().mapToLong(TraceResult::ignoredLines).sum();
  }

  /** Walks for any reason, each with one structure-cache look-up. */
  public long allWalks() {
    return walks().get(WalkMetric.WALKS)
        + walks().get(WalkMetric.RETRIES)
        + walks().get(WalkMetric.DIRTY_ASSISTS);
  }

  /**
   * The sum over translations of completion minus start, in cycles. Without a clock every step has
   * a fixed latency, so the sum follows from the counts.
   */
  public long translationCycles() {
    if (timing() != null) {
      return timing().counts().get(TimingMetric.TRANSLATION_CYCLES);
    }
    long cycles = allWalks() * machine.walker().structureCacheLatencyCycles();
    cycles += walks().get(WalkMetric.MEMORY_READS) * machine.memoryLatencyCycles();
    for (LevelResult level : levels()) {
      cycles += level.counts().get(TlbMetric.LOOKUPS) * level.config().latencyCycles();
      cycles += level.reprobeCycles();
    }
    return cycles;
  }
}
