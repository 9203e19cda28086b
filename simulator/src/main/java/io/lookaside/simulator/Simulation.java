package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.Kernel;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.SetAssociativeTlb;
import io.lookaside.tlb.TlbCounts;
import io.lookaside.tlb.TlbLevel;
import io.lookaside.tlb.TlbStructureMetric;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceException;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceHasher;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** One run of a trace on a machine: skip, warm-up, measurement, result. */
public final class Simulation {
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  private final Machine machine;
  private final RunOptions options;
  private final InputStream standardInput;
  private final ProgressListener listener;
  private final StageTimes times;
  private final Replay replay;
  private final ReferenceBatch batch = new ReferenceBatch();

  // What is left of the batch stands from next to available - 1.
  private int next;
  private int available;

  /** The number of the process that runs on the machine. */
  private int process;

  private long referencesRead;
  private long bytesOfEarlierPasses;

  /**
   * A run that has not begun.
   *
   * @param standardInput read where the trace is {@code -}
   */
  public Simulation(
      MachineConfig config,
      RunOptions options,
      InputStream standardInput,
      ProgressListener listener,
      StageTimes times) {
    this.machine = new Machine(config, options.frames(), options.pageSize(), options.seed());
    this.options = options;
    this.standardInput = standardInput;
    this.listener = listener;
    this.times = times;
    this.replay = new Replay(machine.mmu(), machine.tlbs(), machine.kernel());
  }

  /**
   * Runs to the end of the trace or of what was asked for.
   *
   * @throws TraceException if the trace is flawed, or ends before anything was measured
   */
  public RunResult run() throws IOException {
    if (options.prefault()) {
      prefault();
    }
    try (TraceFile trace = open()) {
      TraceHasher hasher = new TraceHasher();
      long skipped = take(trace, hasher, options.skip(), Action.PASS_OVER);
      long warmedUp = take(trace, hasher, options.warmup(), Action.REPLAY);
      Start start = new Start(machine, replay);
      if (take(trace, hasher, options.maxReferences(), Action.REPLAY) == 0) {
        throw new TraceException(
            options.trace()
                + ": nothing to measure: the trace has "
                + (skipped + warmedUp)
                + " references, all of them skipped or warm-up; lower --skip or --warmup");
      }
      return result(trace, hasher, start, skipped, warmedUp);
    }
  }

  private enum Action {
    PASS_OVER,
    REPLAY
  }

  /** Takes up to {@code limit} references from the trace; returns how many there were. */
  private long take(TraceFile trace, TraceHasher hasher, long limit, Action action)
      throws IOException {
    long taken = 0;
    while (taken < limit) {
      if (next == available) {
        next = 0;
        available = trace.read(batch);
        times.book(StageTimes.Stage.DECODE);
        if (available == 0) {
          break;
        }
        referencesRead += available;
        report(trace);
      }
      int n = (int) Math.min(available - next, limit - taken);
      hasher.add(batch, next, next + n);
      times.book(StageTimes.Stage.DECODE);
      if (action == Action.REPLAY) {
        switchTo(batch.addressSpace());
        replay.run(batch, next, next + n);
        times.book(StageTimes.Stage.REPLAY);
      }
      next += n;
      taken += n;
    }
    return taken;
  }

  private void switchTo(int newProcess) {
    if (newProcess != process) {
      process = newProcess;
      machine.switchTo(process);
      replay.addressSpaceChanged();
    }
  }

  /** Maps every page that warm-up and measured references touch, in the order of first touch. */
  private void prefault() throws IOException {
    Kernel kernel = machine.kernel();
    try (TraceFile trace = open()) {
      long[] lastPage = new long[AccessKind.COUNT + 1];
      long toSkip = options.skip();
      long wanted = options.warmup() + options.maxReferences();
      long left = wanted < 0 ? Long.MAX_VALUE : wanted; // the sum may overflow
      int n;
      while (left > 0 && (n = trace.read(batch)) > 0) {
        referencesRead += n;
        int from = (int) Math.min(n, toSkip);
        toSkip -= from;
        int to = (int) Math.min(n, from + Math.min(left, n));
        left -= to - from;
        if (from < to) {
          kernel.switchTo(batch.addressSpace());
        }
        Arrays.fill(lastPage, -1); // the batch before may be another process's
        for (int i = from; i < to; i++) {
          long va = batch.addresses[i];
          int descriptor = batch.descriptors[i];
          int kind = ReferenceBatch.kind(descriptor);
          long last = va + ReferenceBatch.size(descriptor) - 1;
          long lastNumber = last >>> PAGE_SHIFT;
          if (va >>> PAGE_SHIFT != lastPage[kind] || lastNumber != lastPage[kind]) {
            prefault(kernel, va, last);
            lastPage[kind] = lastNumber;
          }
        }
        report(trace);
      }
      bytesOfEarlierPasses = trace.storedBytesRead();
    }
    kernel.switchTo(process);
    times.book(StageTimes.Stage.PREFAULT);
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

  private TraceFile open() throws IOException {
    return TraceFile.open(options.trace(), options.format(), standardInput);
  }

  private void report(TraceFile trace) {
    long size = trace.storedBytes();
    listener.progress(
        referencesRead,
        bytesOfEarlierPasses + trace.storedBytesRead(),
        size < 0 || !options.prefault() ? size : 2 * size);
  }

  /** The counts when the measurement begins, which its result leaves out. */
  private static final class Start {
    final Snapshot<ReferenceMetric> references;
    final Snapshot<WalkMetric> walks;
    final long physicalAddressSum;
    final List<TlbCounts> levels = new ArrayList<>();
    final Map<SetAssociativeTlb, Snapshot<TlbStructureMetric>> structures = new LinkedHashMap<>();

    Start(Machine machine, Replay replay) {
      references = replay.snapshot();
      walks = machine.walker().snapshot();
      physicalAddressSum = replay.physicalAddressSum();
      for (TlbLevel level : machine.tlbs().levels()) {
        levels.add(level.snapshot());
        level.structures().forEach(s -> structures.put(s, s.snapshot()));
      }
    }
  }

  private RunResult result(
      TraceFile trace, TraceHasher hasher, Start start, long skipped, long warmedUp) {
    Snapshot<ReferenceMetric> references = replay.snapshot().minus(start.references);
    List<RunResult.LevelResult> levels = new ArrayList<>();
    for (TlbLevel level : machine.tlbs().levels()) {
      Map<String, Snapshot<TlbStructureMetric>> structures = new LinkedHashMap<>();
      for (SetAssociativeTlb s : level.structures()) {
        structures.put(
            s.config().name(), s.snapshot().minus(Objects.requireNonNull(start.structures.get(s))));
      }
      TlbCounts counts = level.snapshot().minus(start.levels.get(levels.size()));
      levels.add(new RunResult.LevelResult(level.config(), counts, structures));
    }
    Map<PageSize, Long> mapped = new EnumMap<>(PageSize.class);
    for (PageSize size : PageSize.values()) {
      mapped.put(size, machine.kernel().mappedPages(size));
    }
    Long instructions =
        trace.format().fetchesAreInstructions() ? references.get(ReferenceMetric.FETCHES) : null;
    return new RunResult(
        machine.config(),
        options,
        trace.format(),
        trace.addressSpaceIds().length,
        trace.cores(),
        hasher.value(),
        trace.ignoredLines(),
        skipped,
        warmedUp,
        instructions,
        references,
        List.copyOf(levels),
        machine.walker().snapshot().minus(start.walks),
        replay.physicalAddressSum() - start.physicalAddressSum,
        mapped);
  }
}
