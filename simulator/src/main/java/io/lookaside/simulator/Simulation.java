package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.Kernel;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.TraceKernel;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.image.ImageKernel;
import io.lookaside.simulator.image.ImageMetric;
import io.lookaside.timing.TimingConfig;
import io.lookaside.timing.TimingObserver;
import io.lookaside.tlb.MissObserver;
import io.lookaside.traces.PackedReference;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One run of traces on a machine with one core: skip, warm-up, measurement, result. */
public final class Simulation {
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  private final Machine machine;
  private final RunOptions options;
  private final InputStream standardInput;
  private final ProgressListener listener;
  private final StageTimes times;
  private final ReplayEngine replay;
  private final @Nullable MissProfile profile;
  private final @Nullable TimedReplay timed;
  private final @Nullable AccessMap accesses;
  private final @Nullable KernelRun kernelRun;
  private final Counters<ProcessMetric> processCounters = new Counters<>(ProcessMetric.class);

  /** The number of the process that runs on the machine. */
  private int process;

  private @Nullable CoreMeasurement start;
  private @Nullable Snapshot<KernelMetric> osAtStart;
  private @Nullable Snapshot<ImageMetric> imageAtStart;

  private long referencesOfEarlierPasses;
  private long bytesOfEarlierPasses;

  /**
   * A run without a clock that has not begun.
   *
   * @param standardInput read where the trace is {@code -}
   */
  public Simulation(
      MachineConfig config,
      RunOptions options,
      InputStream standardInput,
      ProgressListener listener,
      StageTimes times) {
    this(config, options, standardInput, listener, times, null, false, null);
  }

  /**
   * One of many runs in turn or at once, that no clock watches.
   *
   * @param tables those that it shares with others, and is given references to; or {@code null}
   */
  static Simulation ofMany(
      MachineConfig config, RunOptions options, StageTimes times, @Nullable BatchTables tables) {
    return new Simulation(
        config,
        options,
        InputStream.nullInputStream(),
        (references, bytes, total) -> {},
        times,
        null,
        true,
        tables);
  }

  /**
   * A run that has not begun.
   *
   * @param standardInput read where the trace is {@code -}
   * @param clock what makes it a run with time, or {@code null}; only for machines that say what
   *     timing needs and detection
   * @throws IllegalArgumentException if it is not so, or the machine has several cores
   */
  public Simulation(
      MachineConfig config,
      RunOptions options,
      InputStream standardInput,
      ProgressListener listener,
      StageTimes times,
      @Nullable Clock clock) {
    this(config, options, standardInput, listener, times, clock, false, null);
  }

  private Simulation(
      MachineConfig config,
      RunOptions options,
      InputStream standardInput,
      ProgressListener listener,
      StageTimes times,
      @Nullable Clock clock,
      boolean ofMany,
      @Nullable BatchTables tables) {
    if (config.cores() > 1) {
      throw new IllegalArgumentException(
          config.name() + " has " + config.cores() + " cores; this runs one (--set cores=1)");
    }
    this.options = options;
    this.standardInput = standardInput;
    this.listener = listener;
    this.times = times;
    this.accesses = options.heatmap() ? new AccessMap() : null;
    this.profile = MissProfile.of(config, options, clock != null);
    if (clock != null) {
      TimingConfig timing = config.timing();
      if (timing == null || options.checkStale()) {
        throw new IllegalArgumentException("no clock for this machine, or with other observers");
      }
      TranslationRecorder recorder = new TranslationRecorder(profile);
      this.machine = machine(config, options, recorder, recorder);
      this.timed =
          new TimedReplay(
              machine,
              recorder,
              timing,
              clock.overlap(),
              TimingObserver.both(profile, clock.observer()),
              options.seed());
      this.replay = timed;
    } else {
      this.machine =
          tables == null
              ? machine(config, options, profile, profile)
              : tables.machine(config, options.seed());
      this.timed = null;
      this.replay =
          ofMany ? ReplayEngine.ofMany(machine, profile) : ReplayEngine.of(machine, profile);
    }
    this.kernelRun = KernelRun.of(machine, options);
  }

  private static Machine machine(
      MachineConfig config,
      RunOptions options,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks) {
    boolean check = options.checkStale();
    if (options.image() != null) {
      return new Machine(config, options.image(), options.seed(), misses, walks, check);
    }
    if (options.linux() != null) {
      return new Machine(config, options.linux(), misses, walks, check);
    }
    return new Machine(
        config,
        options.frames(),
        options.pageSize(),
        options.hugePages(),
        options.seed(),
        misses,
        walks,
        check);
  }

  /**
   * Runs to the end of the trace or of what was asked for.
   *
   * @throws TraceException if the trace is flawed, or ends before anything was measured
   */
  public RunResult run() throws IOException {
    times.begin();
    if (options.prefault()) {
      prefault();
    }
    try (TraceMix traces = open()) {
      times.begin(); // opening looks into the file: its format, its compression
      long skipped = take(traces, options.skip(), Action.PASS_OVER);
      long warmedUp = take(traces, options.warmup(), Action.REPLAY);
      beginMeasuring();
      if (take(traces, options.maxReferences(), Action.REPLAY) == 0) {
        throw nothingToMeasure(options, skipped + warmedUp);
      }
      times.book(StageTimes.Stage.REPLAY);
      times.addDecoding(traces.nanosAhead(), traces.nanosInTurn(), traces.nanosHashing());
      return result(traces.results(), skipped, warmedUp);
    }
  }

  /** What there is to say if traces end before the measurement, after so many references. */
  static TraceException nothingToMeasure(RunOptions options, long references) {
    boolean one = options.traces().size() == 1;
    return new TraceException(
        (one ? options.traces().get(0) + ": " : "")
            + "nothing to measure: the "
            + (one ? "trace has " : "traces have ")
            + references
            + " references, all of them skipped or warm-up; lower --skip or --warmup");
  }

  /** What there is to say of a trace that the overlap asked for does not fit. */
  static TraceException noRegisters(RunOptions options) {
    return new TraceException(
        String.join(", ", options.traces())
            + ": has no registers; --overlap dataflow needs them, which champsim traces have;"
            + " use --overlap window");
  }

  /** Says that the references from now on count. */
  void beginMeasuring() {
    start = new CoreMeasurement(machine, replay, processCounters);
    osAtStart = CoreMeasurement.osCounts(machine);
    imageAtStart = imageCounts(machine);
    if (profile != null) {
      profile.clear();
    }
    if (accesses != null) {
      accesses.clear();
    }
    if (timed != null) {
      timed.startClock();
    }
    if (kernelRun != null) {
      kernelRun.beginMeasuring();
    }
  }

  /** Replays a slice of a process; what comes after it was killed is passed over. */
  void replay(int owner, ReferenceBatch batch, int from, int to) {
    KernelRun linux = kernelRun;
    if (linux == null) {
      replayAll(owner, batch, from, to);
      return;
    }
    int next = from;
    while (next < to && !machine.kernel().hasEnded(owner)) {
      int begin = next;
      int stepEnd = Math.min(to, next + KernelRun.STEP);
      while (next < stepEnd && !machine.kernel().hasEnded(owner)) {
        // Whether samples are taken must not change what happens.
        int end =
            replayAll(owner, batch, next, next + Math.min(stepEnd - next, linux.untilSample()));
        linux.replayed(owner, end - next, now());
        next = end;
      }
      boolean dropped = machine.kernel().elapse(ownCycles(linux, next - begin));
      if (dropped && timed != null) {
        timed.forget();
      } else if (dropped) {
        replay.addressSpaceChanged();
      }
    }
    linux.passedOver(owner, to - next);
  }

  private long ownCycles(KernelRun linux, long references) {
    long now = now();
    return now < 0 ? KernelRun.cyclesOf(references) : linux.ownCycles(now);
  }

  /** What the clock shows, or -1 where none runs. */
  private long now() {
    return timed == null || start == null ? -1 : timed.timing().totalCycles();
  }

  private int replayAll(int owner, ReferenceBatch batch, int from, int to) {
    switchTo(owner);
    if (profile != null) {
      profile.begin(0, owner, batch, from, to);
    }
    if (accesses != null) {
      accesses.add(owner, batch, from, to);
    }
    return replay.run(batch, from, to);
  }

  /** Replays references to the tables that it shares. */
  void replay(PageReferences references) {
    processCounters.add(ProcessMetric.CONTEXT_SWITCHES, references.contextSwitches);
    replay.run(references);
  }

  /** Maps the pages that a slice of a process touches, before the run. */
  void prefault(int owner, ReferenceBatch batch, int from, int to) {
    machine.kernel().switchTo(owner);
    // The slice before may be another process's.
    long[] lastPage = new long[AccessKind.COUNT + 1];
    Arrays.fill(lastPage, PackedReference.NO_PAGE);
    prefault(machine.kernel(), batch, from, to, lastPage);
  }

  /** Says that all pages are mapped. */
  void endPrefaulting() {
    machine.kernel().switchTo(process);
  }

  private enum Action {
    PASS_OVER,
    REPLAY
  }

  /** Takes up to {@code limit} references from the traces; returns how many there were. */
  private long take(TraceMix traces, long limit, Action action) throws IOException {
    long taken = 0;
    while (taken < limit) {
      int n = traces.next(limit - taken);
      if (n == 0) {
        break;
      }
      int owner = traces.process();
      if (action == Action.REPLAY) {
        if (timed != null && timed.needsRegisters() && !traces.batch().hasRegisters()) {
          throw noRegisters(options);
        }
        replay(owner, traces.batch(), traces.from(), traces.to());
      }
      taken += n;
      report(traces);
    }
    return taken;
  }

  private void switchTo(int newProcess) {
    if (newProcess != process) {
      process = newProcess;
      machine.switchTo(process);
      replay.addressSpaceChanged();
      if (timed != null) {
        timed.contextSwitch();
      }
      processCounters.add(ProcessMetric.CONTEXT_SWITCHES, 1);
    }
  }

  /** Maps every page that warm-up and measured references touch, in the order of first touch. */
  private void prefault() throws IOException {
    try (TraceMix traces = open()) {
      long toSkip = options.skip();
      long wanted = options.warmup() + options.maxReferences();
      long left = wanted < 0 ? Long.MAX_VALUE : wanted; // the sum may overflow
      int n;
      while (left > 0 && (n = traces.next(toSkip > 0 ? toSkip : left)) > 0) {
        int owner = traces.process();
        if (toSkip > 0) {
          toSkip -= n;
        } else {
          left -= n;
          prefault(owner, traces.batch(), traces.from(), traces.to());
        }
        report(traces);
      }
      bytesOfEarlierPasses = traces.storedBytesRead();
      referencesOfEarlierPasses = traces.referencesRead();
      times.add(StageTimes.Stage.PREFAULT, traces.nanosAhead());
    }
    endPrefaulting();
    times.book(StageTimes.Stage.PREFAULT);
  }

  /**
   * Maps the pages that references touch.
   *
   * @param lastPage by kind of access: the page that was mapped last, as {@link
   *     PackedReference#page} says, or {@link PackedReference#NO_PAGE}
   */
  static void prefault(Kernel kernel, ReferenceBatch batch, int from, int to, long[] lastPage) {
    long[] words = batch.words;
    for (int i = from; i < to; i++) {
      long word = words[i];
      int kind = PackedReference.kind(word);
      if (!PackedReference.isOn(word, lastPage[kind])) {
        long va = batch.address(i);
        long last = va + ReferenceBatch.size(batch.descriptor(i)) - 1;
        prefault(kernel, va, last);
        lastPage[kind] =
            (word & PackedReference.APART) == 0
                ? PackedReference.page(va, kind)
                : PackedReference.NO_PAGE;
      }
    }
  }

  private static void prefault(Kernel kernel, long va, long last) {
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      return; // a general-protection fault, which touches nothing
    }
    long page = va >>> PAGE_SHIFT;
    kernel.prefault(va);
    while (page != last >>> PAGE_SHIFT) {
      page = (page + 1) & (~0L >>> PAGE_SHIFT);
      kernel.prefault(page << PAGE_SHIFT);
    }
  }

  private TraceMix open() throws IOException {
    return new TraceMix(options, standardInput);
  }

  private void report(TraceMix traces) {
    report(
        listener,
        options,
        referencesOfEarlierPasses + traces.referencesRead(),
        bytesOfEarlierPasses + traces.storedBytesRead(),
        traces.storedBytes());
  }

  /**
   * Tells how far a run is: by bytes or, where that ends it sooner, by references.
   *
   * @param references read so far, in all passes
   * @param read bytes read so far, in all passes
   * @param storedBytes of one pass; -1 if unknown
   */
  static void report(
      ProgressListener listener, RunOptions options, long references, long read, long storedBytes) {
    int passes = options.prefault() ? 2 : 1;
    long size = storedBytes < 0 ? -1 : passes * storedBytes;
    double wanted = passes * ((double) options.skip() + options.warmup() + options.maxReferences());
    if (wanted < references + 1.0) {
      size = read; // the last batch
    } else if (references > 0 && size > 0) {
      size = Math.min(size, Math.max(read, (long) (read * (wanted / references))));
    }
    listener.progress(references, read, size);
  }

  /** What was counted since {@link #beginMeasuring}. */
  RunResult result(List<RunResult.TraceResult> traceResults, long skipped, long warmedUp) {
    CoreMeasurement measurement = Objects.requireNonNull(start);
    RunCounts counts = measurement.result(timed == null ? null : timed.result());
    Snapshot<KernelMetric> os = CoreMeasurement.osSince(osAtStart, machine);
    MemoryResult memory = memory();
    RunResult.ImageResult image = imageSince(imageAtStart, machine);
    AccessMap map = accesses;
    return new RunResult(
        machine.config(),
        options,
        traceResults,
        skipped,
        warmedUp,
        counts,
        mappedPages(machine.kernel()),
        machine.kernel().tablePages(),
        map == null ? List.of() : addressSpace(traceResults), // after all else
        os,
        memory,
        image,
        RunResult.StaleResult.of(List.of(machine)),
        profile == null ? List.of() : profile.rankings(options),
        map == null ? null : map.result(),
        List.of());
  }

  private @Nullable MemoryResult memory() {
    return kernelRun != null && machine.kernel() instanceof TraceKernel kernel
        ? kernelRun.result(kernel)
        : null;
  }

  /** How the processes' addresses are mapped. To be asked for at the end, as it switches tables. */
  private List<RunResult.Extent> addressSpace(List<RunResult.TraceResult> traceResults) {
    if (machine.kernel() instanceof ImageKernel) {
      return List.of(); // image map tells it
    }
    int processes = traceResults.stream().mapToInt(RunResult.TraceResult::addressSpaces).sum();
    List<Long> cr3s = new ArrayList<>();
    for (int i = 0; i < processes; i++) {
      cr3s.add(machine.kernel().switchTo(i));
    }
    return AddressSpaceMap.of(machine.memory(), cr3s, options.linux() == null);
  }

  /** Why accesses had no translation in the image so far, where the run is in one. */
  static @Nullable Snapshot<ImageMetric> imageCounts(Machine machine) {
    return machine.kernel() instanceof ImageKernel kernel ? kernel.snapshot() : null;
  }

  /** The same since a point in time, with the address space. */
  static RunResult.@Nullable ImageResult imageSince(
      @Nullable Snapshot<ImageMetric> start, Machine machine) {
    return machine.kernel() instanceof ImageKernel kernel && start != null
        ? new RunResult.ImageResult(kernel.paging(), kernel.snapshot().minus(start))
        : null;
  }

  /** The pages that are mapped, by size. */
  static Map<PageSize, Long> mappedPages(Kernel kernel) {
    Map<PageSize, Long> mapped = new EnumMap<>(PageSize.class);
    for (PageSize size : PageSize.OF_LONG_MODE) {
      mapped.put(size, kernel.mappedPages(size));
    }
    return mapped;
  }
}
