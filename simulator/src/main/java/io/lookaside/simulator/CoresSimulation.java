package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.TraceKernel;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.image.ImageMetric;
import io.lookaside.timing.CoreTiming;
import io.lookaside.timing.MemoryHierarchy;
import io.lookaside.timing.Scheduler;
import io.lookaside.timing.TimingConfig;
import io.lookaside.timing.TimingObserver;
import io.lookaside.traces.PackedReference;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One run of traces on a machine with several cores: skip, warm-up, measurement, result.
 *
 * <p>Thread t of trace i runs on the core whose number is (i + t) modulo the number of cores.
 * Without a clock the cores take turns of {@link #TURN} references, core 0 first; with one, the
 * references of all cores come in the order of the cycles in which they enter.
 */
public final class CoresSimulation {
  /** Without a clock: references of a core before the next one has its turn. */
  public static final int TURN = 1_000;

  /** Linux's pages_to_scan. */
  private static final int PAGES_OF_A_SCAN = 4096;

  private static final int NO_PROCESS = -1;

  /** One core, and what is left of its traces. */
  private static final class Core {
    final Machine machine;
    final ReplayEngine replay;
    final @Nullable TimedReplay timed;
    final Counters<ProcessMetric> processCounters = new Counters<>(ProcessMetric.class);
    int process;
    boolean ended;
    @Nullable CoreMeasurement start;

    // With a clock: the next reference, and the rest of its slice.
    ReferenceBatch batch = new ReferenceBatch();
    int next;
    int end;
    int owner;

    /** Whether the kernel's work that lets the owner run stands before it. */
    boolean switches;

    /** Whether khugepaged is to run before it, or on a core that has ended. */
    boolean khugepaged;

    /** The cycle in which the turn of the process ends. */
    long turnEnds;

    Core(Machine machine, ReplayEngine replay, @Nullable TimedReplay timed, int process) {
      this.machine = machine;
      this.replay = replay;
      this.timed = timed;
      this.process = process;
    }

    /** Says that nothing comes any more. */
    void end() {
      if (!ended) {
        ended = true;
        machine.kernel().idle();
      }
    }

    /** Lets khugepaged scan here; returns the cycles that it took. */
    long scan() {
      return machine.kernel() instanceof TraceKernel kernel
          ? kernel.khugepaged(PAGES_OF_A_SCAN)
          : 0;
    }

    TimedReplay clock() {
      return Objects.requireNonNull(timed);
    }

    void switchTo(int newProcess) {
      if (newProcess != process) {
        boolean first = process == NO_PROCESS;
        process = newProcess;
        machine.switchTo(process);
        replay.addressSpaceChanged();
        processCounters.add(ProcessMetric.CONTEXT_SWITCHES, first ? 0 : 1);
      }
    }
  }

  private final RunOptions options;
  private final InputStream standardInput;
  private final ProgressListener listener;
  private final StageTimes times;
  private final List<Core> cores = new ArrayList<>();
  private final ProcessTable processes;
  private @Nullable Snapshot<KernelMetric> osAtStart;
  private @Nullable Snapshot<ImageMetric> imageAtStart;

  /** Where misses come from, on all cores; {@code null} where no ranking is asked for. */
  private final @Nullable MissProfile profile;

  private final @Nullable TimingObserver observer;
  private final @Nullable Scheduler scheduler;
  private final @Nullable KernelRun kernelRun;

  /** Without a clock: whose turn it is, and how many references are left of it. */
  private int turn;

  private int leftOfTurn = TURN;

  /** Without a clock: references until khugepaged scans again. */
  private long untilScan;

  private long referencesOfEarlierPasses;
  private long bytesOfEarlierPasses;

  /**
   * A run that has not begun.
   *
   * @param standardInput read where a trace is {@code -}
   * @param clock what makes it a run with time, or {@code null}; only for machines that say what
   *     timing needs
   * @throws IllegalArgumentException if it is not so
   */
  public CoresSimulation(
      MachineConfig config,
      RunOptions options,
      InputStream standardInput,
      ProgressListener listener,
      StageTimes times,
      @Nullable Clock clock) {
    this.options = options;
    this.standardInput = standardInput;
    this.listener = listener;
    this.times = times;
    this.processes = new ProcessTable(options.traces().size());
    this.untilScan = options.khugepagedPeriod();
    this.profile = MissProfile.of(config, options, clock != null);
    this.observer = clock == null ? null : clock.observer();
    if (clock == null) {
      scheduler = null;
      for (Machine machine :
          Machine.cores(
              config, options, config.cores(), profile, profile, this::invalidated, null)) {
        cores.add(new Core(machine, ReplayEngine.ofMany(machine, profile), null, firstProcess()));
      }
      kernelRun = KernelRun.of(cores.get(0).machine, options);
      return;
    }
    TimingConfig timing = config.timing();
    if (timing == null) {
      throw new IllegalArgumentException("no clock for this machine");
    }
    TranslationRecorder recorder = new TranslationRecorder(profile);
    Scheduler clockOfAll = new Scheduler(timing.memory().dram());
    scheduler = clockOfAll;
    List<MemoryHierarchy> memories =
        MemoryHierarchy.ofCores(timing.memory(), config.cores(), options.seed());
    Shootdowns shootdowns = new Shootdowns();
    List<Machine> machines =
        Machine.cores(
            config,
            options,
            config.cores(),
            recorder,
            recorder,
            this::invalidated,
            config.cores() == 1 ? null : shootdowns);
    for (Machine machine : machines) {
      TimedReplay replay =
          TimedReplay.ofCore(
              machine,
              recorder,
              timing,
              clock.overlap(),
              TimingObserver.both(profile, observer),
              memories.get(cores.size()),
              clockOfAll,
              shootdowns);
      cores.add(new Core(machine, replay, replay, firstProcess()));
    }
    kernelRun = KernelRun.of(cores.get(0).machine, options);
  }

  /** What the next core runs at first: the first one process 0, the others none. */
  private int firstProcess() {
    return cores.isEmpty() ? 0 : NO_PROCESS;
  }

  /** The kernel has dropped translations of a core, or all it remembered of them. */
  private void invalidated(int core) {
    if (core >= cores.size()) {
      return; // the kernel is booting
    }
    TimedReplay timed = cores.get(core).timed;
    if (timed == null) {
      cores.get(core).replay.addressSpaceChanged();
    } else {
      timed.forget();
    }
  }

  /**
   * Runs to the end of the traces or of what was asked for.
   *
   * @throws TraceException if a trace is flawed, or all end before anything was measured
   */
  public RunResult run() throws IOException {
    if (options.prefault()) {
      prefault();
    }
    try (Mixes mixes = new Mixes()) {
      long skipped = take(mixes, options.skip(), Action.PASS_OVER);
      long warmedUp = take(mixes, options.warmup(), Action.REPLAY);
      beginMeasuring();
      if (measure(mixes, options.maxReferences()) == 0) {
        throw Simulation.nothingToMeasure(options, skipped + warmedUp);
      }
      times.book(StageTimes.Stage.REPLAY);
      times.addDecoding(mixes.nanosAhead(), mixes.nanosInTurn(), mixes.nanosHashing());
      return result(mixes, skipped, warmedUp);
    }
  }

  private enum Action {
    PASS_OVER,
    PREFAULT,
    REPLAY
  }

  /** What each core runs. */
  private final class Mixes implements Closeable {
    final List<TraceMix> ofCore = new ArrayList<>();

    Mixes() throws IOException {
      try {
        for (int i = 0; i < cores.size(); i++) {
          ofCore.add(new TraceMix(options, standardInput, i, cores.size(), processes));
        }
      } catch (IOException e) {
        close();
        throw e;
      }
    }

    long referencesRead() {
      return ofCore.stream().mapToLong(TraceMix::referencesRead).sum();
    }

    long storedBytesRead() {
      return ofCore.stream().mapToLong(TraceMix::storedBytesRead).sum();
    }

    long storedBytes() {
      long least = ofCore.stream().mapToLong(TraceMix::storedBytes).min().orElse(-1);
      return least < 0 ? -1 : ofCore.stream().mapToLong(TraceMix::storedBytes).sum();
    }

    long nanosAhead() {
      return ofCore.stream().mapToLong(TraceMix::nanosAhead).sum();
    }

    long nanosInTurn() {
      return ofCore.stream().mapToLong(TraceMix::nanosInTurn).sum();
    }

    long nanosHashing() {
      return ofCore.stream().mapToLong(TraceMix::nanosHashing).sum();
    }

    /** What was read of a trace, whatever cores read it. */
    RunResult.TraceResult result(int trace) {
      List<RunResult.TraceResult> parts = new ArrayList<>();
      for (TraceMix mix : ofCore) {
        RunResult.TraceResult part = mix.result(trace, false);
        if (part != null) {
          parts.add(part);
        }
      }
      if (parts.isEmpty()) {
        parts.add(Objects.requireNonNull(ofCore.get(trace % cores.size()).result(trace, true)));
      }
      RunResult.TraceResult first = parts.get(0);
      long hash = first.hash();
      long ignoredLines = first.ignoredLines();
      for (RunResult.TraceResult part : parts.subList(1, parts.size())) {
        hash = SeededRandom.mix(hash) + part.hash();
        ignoredLines = Math.max(ignoredLines, part.ignoredLines()); // each reads the whole text
      }
      return new RunResult.TraceResult(
          first.format(),
          first.fetchesAreInstructions(),
          processes.addressSpaces(trace),
          processes.processors(trace),
          hash,
          ignoredLines);
    }

    @Override
    public void close() {
      ofCore.forEach(TraceMix::close);
    }
  }

  private void beginMeasuring() {
    for (Core core : cores) {
      core.start = new CoreMeasurement(core.machine, core.replay, core.processCounters);
    }
    osAtStart = CoreMeasurement.osCounts(cores.get(0).machine);
    imageAtStart = Simulation.imageCounts(cores.get(0).machine);
    if (profile != null) {
      profile.clear();
    }
    for (Core core : cores) {
      if (core.timed != null) {
        core.timed.startClock();
      }
    }
    if (kernelRun != null) {
      kernelRun.beginMeasuring();
    }
  }

  private long measure(Mixes mixes, long limit) throws IOException {
    Scheduler clock = scheduler;
    return clock == null ? take(mixes, limit, Action.REPLAY) : takeInTime(mixes, limit, clock);
  }

  /**
   * Takes up to {@code limit} references in the order in which they enter their cores; of those
   * that could in one cycle, the one on the core with the lowest number comes first.
   */
  private long takeInTime(Mixes mixes, long limit, Scheduler clock) throws IOException {
    if (options.quantumCycles() > 0) {
      mixes.ofCore.forEach(TraceMix::turnsByClock);
    }
    long taken = 0;
    int sinceElapse = 0;
    long nextScan = options.khugepagedPeriod() > 0 ? options.khugepagedPeriod() : Long.MAX_VALUE;
    for (Core core : cores) {
      core.turnEnds = options.quantumCycles();
      taken += announceNext(core, mixes, limit - taken);
    }
    while (taken < limit && (observer == null || !observer.isSatisfied())) {
      CoreTiming timing = clock.nextCore();
      if (timing == null) {
        break;
      }
      Core core = cores.get(timing.number());
      TraceMix mix = mixes.ofCore.get(timing.number());
      if (core.khugepaged) {
        core.khugepaged = false;
        core.clock().kernelThread(core.scan());
        if (!core.ended) {
          core.clock().announce(core.batch, core.next);
        }
      } else if (core.switches) {
        core.switches = false;
        core.switchTo(core.owner);
        core.clock().contextSwitch();
        core.turnEnds =
            timing.entryCycle() + core.clock().contextSwitchCycles() + options.quantumCycles();
        core.clock().announce(core.batch, core.next);
      } else if (timing.entryCycle() >= nextScan) {
        nextScan = timing.entryCycle() + options.khugepagedPeriod();
        Core host = hostOfScan(core);
        host.khugepaged = true;
        host.clock().timing().announceKernelWork(timing.entryCycle());
      } else if (options.quantumCycles() > 0 && timing.entryCycle() >= core.turnEnds) {
        mix.endTurn(core.next);
        core.next = core.end;
        core.turnEnds = timing.entryCycle() + options.quantumCycles();
        taken += announceNext(core, mixes, limit - taken);
      } else {
        perform(core);
        taken++;
        if (kernelRun != null) {
          kernelRun.replayed(core.owner, 1, timing.entryCycle());
          if (++sinceElapse >= KernelRun.STEP) {
            sinceElapse = 0;
            core.machine.kernel().elapse(kernelRun.ownCycles(timing.entryCycle()));
            core.clock().sendOfThreads();
          }
        }
        taken += announceNext(core, mixes, limit - taken);
      }
    }
    for (Core core : cores) {
      CoreTiming timing = core.clock().timing();
      if (core.next < core.end) {
        mixes.ofCore.get(timing.number()).endTurn(core.next); // the rest was not taken
      }
      timing.end();
    }
    clock.nextCore(); // what is under way ends
    return taken;
  }

  /**
   * Says what comes next on a core. References to addresses that are not canonical have come and
   * gone then.
   *
   * @param limit the most of these
   * @return how many of them there were
   */
  private long announceNext(Core core, Mixes mixes, long limit) throws IOException {
    TraceMix mix = mixes.ofCore.get(core.clock().timing().number());
    long taken = 0;
    while (true) {
      if (core.next == core.end) {
        if (core.ended || mix.next(Long.MAX_VALUE) == 0) {
          core.end();
          core.clock().timing().end();
          return taken;
        }
        core.owner = mix.process();
        core.batch = mix.batch();
        core.next = mix.from();
        core.end = mix.to();
        if (core.clock().needsRegisters() && !core.batch.hasRegisters()) {
          throw Simulation.noRegisters(options);
        }
        report(mixes);
      }
      boolean killed = kernelRun != null && core.machine.kernel().hasEnded(core.owner);
      if (!killed && isTranslated(core)) {
        break;
      }
      if (taken == limit) {
        core.clock().timing().end();
        return taken;
      }
      if (killed) {
        Objects.requireNonNull(kernelRun).passedOver(core.owner, 1);
        core.next++;
      } else {
        perform(core);
      }
      taken++;
    }
    boolean first = core.process == NO_PROCESS;
    if (core.owner != core.process && !first && core.clock().contextSwitchCycles() > 0) {
      core.switches = true;
      core.clock().timing().announceKernelWork(0);
    } else {
      core.switchTo(core.owner);
      core.clock().announce(core.batch, core.next);
    }
    return taken;
  }

  private void perform(Core core) {
    int i = core.next++;
    if (profile != null) {
      profile.begin(core.clock().timing().number(), core.owner, core.batch, i, i + 1);
    }
    core.clock().perform(core.batch, i);
  }

  /** Whether the next reference of a core is translated, and no general-protection fault. */
  private static boolean isTranslated(Core core) {
    PagingMode mode = core.machine.mmu().context().format().mode();
    long va = core.batch.address(core.next);
    long last = va + ReferenceBatch.size(core.batch.descriptor(core.next)) - 1;
    return mode.isLinear(va) && mode.isLinear(last);
  }

  /** Takes up to {@code limit} references, the cores in turn; returns how many there were. */
  private long take(Mixes mixes, long limit, Action action) throws IOException {
    long taken = 0;
    while (taken < limit) {
      Core core = cores.get(turn);
      if (core.ended || leftOfTurn == 0) {
        if (cores.stream().allMatch(c -> c.ended)) {
          break;
        }
        turn = (turn + 1) % cores.size();
        leftOfTurn = TURN;
        continue;
      }
      TraceMix mix = mixes.ofCore.get(turn);
      long most = Math.min(limit - taken, leftOfTurn);
      boolean scans = untilScan > 0 && action == Action.REPLAY;
      int n = mix.next(scans ? Math.min(most, untilScan) : most);
      if (n == 0) {
        core.end();
        continue;
      }
      int owner = mix.process();
      if (action == Action.REPLAY) {
        replay(core, owner, mix);
        if (scans) {
          untilScan -= n;
          if (untilScan == 0) {
            untilScan = options.khugepagedPeriod();
            hostOfScan(core).scan();
          }
        }
      } else if (action == Action.PREFAULT) {
        core.machine.kernel().switchTo(owner);
        long[] lastPage = new long[AccessKind.COUNT + 1];
        Arrays.fill(lastPage, PackedReference.NO_PAGE);
        Simulation.prefault(core.machine.kernel(), mix.batch(), mix.from(), mix.to(), lastPage);
      }
      taken += n;
      leftOfTurn -= n;
      report(mixes);
    }
    return taken;
  }

  private void replay(Core core, int owner, TraceMix mix) {
    KernelRun linux = kernelRun;
    int next = mix.from();
    if (!core.machine.kernel().hasEnded(owner)) {
      core.switchTo(owner);
      if (profile != null) {
        profile.begin(cores.indexOf(core), owner, mix.batch(), mix.from(), mix.to());
      }
      next = core.replay.run(mix.batch(), mix.from(), mix.to());
      if (linux != null) {
        // The cores run at the same time.
        core.machine.kernel().elapse(KernelRun.cyclesOf(next - mix.from()) / cores.size());
        linux.replayed(owner, next - mix.from(), -1);
      }
    }
    if (linux != null) {
      linux.passedOver(owner, mix.to() - next);
    }
  }

  /** The core that khugepaged runs on: the first that is idle, or else the one whose turn it is. */
  private Core hostOfScan(Core current) {
    for (Core core : cores) {
      if (core.ended && !core.khugepaged) {
        return core;
      }
    }
    return current;
  }

  /** Maps every page that warm-up and measured references touch, in the order of first touch. */
  private void prefault() throws IOException {
    try (Mixes mixes = new Mixes()) {
      take(mixes, options.skip(), Action.PASS_OVER);
      long wanted = options.warmup() + options.maxReferences();
      take(mixes, wanted < 0 ? Long.MAX_VALUE : wanted, Action.PREFAULT); // the sum may overflow
      bytesOfEarlierPasses = mixes.storedBytesRead();
      referencesOfEarlierPasses = mixes.referencesRead();
      times.add(StageTimes.Stage.PREFAULT, mixes.nanosAhead());
    }
    for (Core core : cores) {
      core.ended = false;
      if (core.process != NO_PROCESS) {
        core.machine.kernel().switchTo(core.process);
      }
    }
    turn = 0;
    leftOfTurn = TURN;
    times.book(StageTimes.Stage.PREFAULT);
  }

  private void report(Mixes mixes) {
    Simulation.report(
        listener,
        options,
        referencesOfEarlierPasses + mixes.referencesRead(),
        bytesOfEarlierPasses + mixes.storedBytesRead(),
        mixes.storedBytes());
  }

  private RunResult result(Mixes mixes, long skipped, long warmedUp) {
    List<RunResult.TraceResult> traces = new ArrayList<>();
    for (int i = 0; i < options.traces().size(); i++) {
      traces.add(mixes.result(i));
    }
    Machine machine = cores.get(0).machine;
    RunCounts sum = null;
    TimingResult all = null;
    List<RunResult> perCore = new ArrayList<>();
    for (Core core : cores) {
      TimingResult time = core.timed == null ? null : core.timed.result(false);
      RunCounts counts = Objects.requireNonNull(core.start).result(time);
      if (time != null) {
        all = all == null ? core.clock().result(true) : all.plus(time);
      }
      sum = sum == null ? counts : sum.plus(counts);
      perCore.add(result(counts, traces, skipped, warmedUp, null, null, List.of(), List.of()));
    }
    return result(
        Objects.requireNonNull(sum).withTiming(all),
        traces,
        skipped,
        warmedUp,
        memory(),
        RunResult.StaleResult.of(cores.stream().map(core -> core.machine).toList()),
        profile == null ? List.of() : profile.rankings(options),
        machine.config().cores() == 1 ? List.of() : perCore);
  }

  private @Nullable MemoryResult memory() {
    return kernelRun != null && cores.get(0).machine.kernel() instanceof TraceKernel kernel
        ? kernelRun.result(kernel)
        : null;
  }

  private RunResult result(
      RunCounts counts,
      List<RunResult.TraceResult> traces,
      long skipped,
      long warmedUp,
      @Nullable MemoryResult memory,
      RunResult.@Nullable StaleResult stale,
      List<MissRanking> rankings,
      List<RunResult> perCore) {
    Machine machine = cores.get(0).machine;
    return new RunResult(
        machine.config(),
        options,
        traces,
        skipped,
        warmedUp,
        counts,
        Simulation.mappedPages(machine.kernel()),
        machine.kernel().tablePages(),
        List.of(),
        CoreMeasurement.osSince(osAtStart, machine),
        memory,
        Simulation.imageSince(imageAtStart, machine),
        stale,
        rankings,
        null,
        perCore);
  }
}
