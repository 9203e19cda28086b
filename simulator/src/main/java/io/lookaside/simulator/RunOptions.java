package io.lookaside.simulator;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.AddressRange;
import io.lookaside.os.FramePlacement;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.simulator.image.ImageSource;
import io.lookaside.traces.TraceFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be replayed, and how.
 *
 * @param traces paths, or {@code -} for standard input; each is one or more processes
 * @param format the traces' format, or {@code null} to detect it
 * @param quantum with several traces, references of one before the next has its turn; at least 1
 * @param prefault map all pages that will be touched before the run, instead of on demand
 * @param frames how data frames are chosen
 * @param pageSize the size of pages that the kernel prefers
 * @param skip references that are passed over and touch nothing
 * @param warmup references after those that change state and are not counted
 * @param maxReferences the most references that are measured
 * @param seed decides everything that is left to chance
 * @param top rankings of where misses come from; without any, nothing is kept for them
 * @param linux the kernel that answers page faults, or {@code null} for one that knows first
 *     touches only
 * @param quantumCycles with a clock and several traces on a core: cycles of one before the next has
 *     its turn; 0 for turns of {@code quantum} references
 * @param image the address space of an image to run in, instead of under a kernel, or {@code null}
 * @param checkStale detect uses of stale translations
 * @param hugePages ranges in which first touches map pages of 2 MiB
 * @param heatmap keep how often addresses are accessed over time, and how they are mapped
 * @param pressureEvery references between samples of memory pressure; 0 for none
 * @param khugepagedPeriod with the kernel modelled on Linux: references, or with a clock cycles,
 *     between two scans of khugepaged; 0 for none
 * @param readAhead whether threads of their own read the traces ahead of the replay; nothing in a
 *     result depends on it
 */
public record RunOptions(
    List<String> traces,
    @Nullable TraceFormat format,
    long quantum,
    boolean prefault,
    FramePlacement frames,
    PageSize pageSize,
    long skip,
    long warmup,
    long maxReferences,
    long seed,
    List<Top> top,
    @Nullable LinuxConfig linux,
    long quantumCycles,
    @Nullable ImageSource image,
    boolean checkStale,
    List<AddressRange> hugePages,
    boolean heatmap,
    long pressureEvery,
    long khugepagedPeriod,
    boolean readAhead) {
  /**
   * A ranking that is asked for.
   *
   * @param axis of what
   * @param limit the most places that it lists, at least 1
   */
  public record Top(MissRanking.Axis axis, int limit) {}

  /** References between two turns, where nothing else is asked for. */
  public static final long DEFAULT_QUANTUM = 100_000;

  /** Copies the lists. */
  public RunOptions {
    traces = List.copyOf(traces);
    top = List.copyOf(top);
    hugePages = List.copyOf(hugePages);
  }

  /** Options of a run that is in no image and detects nothing. */
  public RunOptions(
      List<String> traces,
      @Nullable TraceFormat format,
      long quantum,
      boolean prefault,
      FramePlacement frames,
      PageSize pageSize,
      long skip,
      long warmup,
      long maxReferences,
      long seed,
      List<Top> top,
      @Nullable LinuxConfig linux,
      long quantumCycles) {
    this(
        traces,
        format,
        quantum,
        prefault,
        frames,
        pageSize,
        skip,
        warmup,
        maxReferences,
        seed,
        top,
        linux,
        quantumCycles,
        null,
        false,
        List.of(),
        false,
        0,
        0,
        true);
  }

  /** Options of a run whose page faults are first touches and nothing else. */
  public RunOptions(
      List<String> traces,
      @Nullable TraceFormat format,
      long quantum,
      boolean prefault,
      FramePlacement frames,
      PageSize pageSize,
      long skip,
      long warmup,
      long maxReferences,
      long seed,
      List<Top> top) {
    this(
        traces,
        format,
        quantum,
        prefault,
        frames,
        pageSize,
        skip,
        warmup,
        maxReferences,
        seed,
        top,
        null);
  }

  /** Options of a run whose turns are counted in references. */
  public RunOptions(
      List<String> traces,
      @Nullable TraceFormat format,
      long quantum,
      boolean prefault,
      FramePlacement frames,
      PageSize pageSize,
      long skip,
      long warmup,
      long maxReferences,
      long seed,
      List<Top> top,
      @Nullable LinuxConfig linux) {
    this(
        traces,
        format,
        quantum,
        prefault,
        frames,
        pageSize,
        skip,
        warmup,
        maxReferences,
        seed,
        top,
        linux,
        0);
  }

  /** The same, with pages of 2 MiB on first touches in ranges. */
  public RunOptions withHugePages(List<AddressRange> ranges) {
    return new RunOptions(
        traces,
        format,
        quantum,
        prefault,
        frames,
        pageSize,
        skip,
        warmup,
        maxReferences,
        seed,
        top,
        linux,
        quantumCycles,
        image,
        checkStale,
        ranges,
        heatmap,
        pressureEvery,
        khugepagedPeriod,
        readAhead);
  }

  /** The same, read in the thread that replays. */
  public RunOptions withoutReadAhead() {
    return new RunOptions(
        traces,
        format,
        quantum,
        prefault,
        frames,
        pageSize,
        skip,
        warmup,
        maxReferences,
        seed,
        top,
        linux,
        quantumCycles,
        image,
        checkStale,
        hugePages,
        heatmap,
        pressureEvery,
        khugepagedPeriod,
        false);
  }
}
