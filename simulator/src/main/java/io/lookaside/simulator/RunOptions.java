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
 * @param input the traces
 * @param window which of their references are run and measured
 * @param pages how pages are mapped
 * @param watch what is kept besides the counts
 * @param seed decides everything that is left to chance
 */
public record RunOptions(Input input, Window window, Pages pages, Watch watch, long seed) {
  /** References between two turns, where nothing else is asked for. */
  public static final long DEFAULT_QUANTUM = 100_000;

  /** Bytes of memory of the kernel modelled on Linux, where its policy alone is asked for. */
  public static final long DEFAULT_MEMORY = 4L << 30;

  /**
   * The traces, and how their turns change.
   *
   * @param traces paths, or {@code -} for standard input; each is one or more processes
   * @param format the traces' format, or {@code null} to detect it
   * @param quantum with several traces, references of one before the next has its turn; at least 1
   * @param quantumCycles with a clock and several traces on a core: cycles of one before the next
   *     has its turn; 0 for turns of {@code quantum} references
   * @param readAhead read the traces in threads of their own, ahead of the replay
   */
  public record Input(
      List<String> traces,
      @Nullable TraceFormat format,
      long quantum,
      long quantumCycles,
      boolean readAhead) {
    /** Copies the list. */
    public Input {
      traces = List.copyOf(traces);
    }

    /** Traces that are read ahead, with turns counted in references. */
    public static Input of(List<String> traces, @Nullable TraceFormat format, long quantum) {
      return new Input(traces, format, quantum, 0, true);
    }
  }

  /**
   * Which references are run.
   *
   * @param skip references that are passed over and touch nothing
   * @param warmup references after those that change state and are not counted
   * @param maxReferences the most references that are measured
   */
  public record Window(long skip, long warmup, long maxReferences) {
    /** All references, and all measured. */
    public static final Window ALL = new Window(0, 0, Long.MAX_VALUE);
  }

  /**
   * How pages are mapped.
   *
   * @param prefault map all pages that will be touched before the run, instead of on demand
   * @param frames how data frames are chosen
   * @param pageSize the size of pages that the kernel prefers
   * @param hugePages ranges in which first touches map pages of 2 MiB
   * @param linux the kernel that answers page faults, or {@code null} for one that knows first
   *     touches only
   * @param khugepagedPeriod with the kernel modelled on Linux: references, or with a clock cycles,
   *     between two scans of khugepaged; 0 for none
   * @param image the address space of an image to run in, instead of under a kernel, or {@code
   *     null}
   */
  public record Pages(
      boolean prefault,
      FramePlacement frames,
      PageSize pageSize,
      List<AddressRange> hugePages,
      @Nullable LinuxConfig linux,
      long khugepagedPeriod,
      @Nullable ImageSource image) {
    /** Pages of 4 KiB in contiguous frames, all mapped before the run. */
    public static final Pages PREFAULTED = of(true, FramePlacement.CONTIGUOUS, PageSize.SIZE_4K);

    /** Copies the list. */
    public Pages {
      hugePages = List.copyOf(hugePages);
    }

    /** Pages of one size under a kernel that knows first touches only. */
    public static Pages of(boolean prefault, FramePlacement frames, PageSize pageSize) {
      return new Pages(prefault, frames, pageSize, List.of(), null, 0, null);
    }

    /** The same under a kernel modelled on Linux, if there is one. */
    public Pages under(@Nullable LinuxConfig kernel) {
      return new Pages(prefault, frames, pageSize, hugePages, kernel, khugepagedPeriod, image);
    }
  }

  /**
   * What is kept besides the counts.
   *
   * @param top rankings of where misses come from; without any, nothing is kept for them
   * @param checkStale detect uses of stale translations
   * @param heatmap keep how often addresses are accessed over time, and how they are mapped
   * @param pressureEvery references between samples of memory pressure; 0 for none
   */
  public record Watch(List<Top> top, boolean checkStale, boolean heatmap, long pressureEvery) {
    /** Nothing. */
    public static final Watch NOTHING = new Watch(List.of(), false, false, 0);

    /** Copies the list. */
    public Watch {
      top = List.copyOf(top);
    }
  }

  /**
   * A ranking that is asked for.
   *
   * @param axis of what
   * @param limit the most places that it lists, at least 1
   */
  public record Top(MissRanking.Axis axis, int limit) {}

  /** The same, with the traces read by the thread that replays them. */
  public RunOptions withoutReadAhead() {
    Input same = new Input(input.traces, input.format, input.quantum, input.quantumCycles, false);
    return new RunOptions(same, window, pages, watch, seed);
  }

  /** As in {@link Input}. */
  public List<String> traces() {
    return input.traces();
  }

  /** As in {@link Input}. */
  public @Nullable TraceFormat format() {
    return input.format();
  }

  /** As in {@link Input}. */
  public long quantum() {
    return input.quantum();
  }

  /** As in {@link Input}. */
  public long quantumCycles() {
    return input.quantumCycles();
  }

  /** As in {@link Input}. */
  public boolean readAhead() {
    return input.readAhead();
  }

  /** As in {@link Window}. */
  public long skip() {
    return window.skip();
  }

  /** As in {@link Window}. */
  public long warmup() {
    return window.warmup();
  }

  /** As in {@link Window}. */
  public long maxReferences() {
    return window.maxReferences();
  }

  /** As in {@link Pages}. */
  public boolean prefault() {
    return pages.prefault();
  }

  /** As in {@link Pages}. */
  public FramePlacement frames() {
    return pages.frames();
  }

  /** As in {@link Pages}. */
  public PageSize pageSize() {
    return pages.pageSize();
  }

  /** As in {@link Pages}. */
  public List<AddressRange> hugePages() {
    return pages.hugePages();
  }

  /** As in {@link Pages}. */
  public @Nullable LinuxConfig linux() {
    return pages.linux();
  }

  /** As in {@link Pages}. */
  public long khugepagedPeriod() {
    return pages.khugepagedPeriod();
  }

  /** As in {@link Pages}. */
  public @Nullable ImageSource image() {
    return pages.image();
  }

  /** As in {@link Watch}. */
  public List<Top> top() {
    return watch.top();
  }

  /** As in {@link Watch}. */
  public boolean checkStale() {
    return watch.checkStale();
  }

  /** As in {@link Watch}. */
  public boolean heatmap() {
    return watch.heatmap();
  }

  /** As in {@link Watch}. */
  public long pressureEvery() {
    return watch.pressureEvery();
  }
}
