package io.lookaside.simulator;

import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.Compactor;
import io.lookaside.traces.ReferenceBatch;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Runs of the same traces on many machines: the traces are decoded once, and several threads replay
 * them. Each result is that of a {@link Simulation} alone.
 */
public final class BatchSimulation {
  /*
   * Decoded references stand in chunks, of which a few are in memory. The work falls into tasks: to
   * decode the next chunk, one at a time, and to replay a chunk on a machine, which takes its chunks
   * in their order. A thread that is free decodes if chunks run short, else it replays on the machine
   * that is furthest behind. Whoever decodes a chunk compacts it too, for the machines that need no
   * more: a page that a side repeats is then one reference for each of them. So no thread waits as long as any machine has something to do, and how
   * tasks meet threads decides nothing in a result.
   */

  private static final int SLICES = 16;
  private static final int CHUNKS = 4;

  /** With fewer chunks ahead of the last machine, decoding comes first. */
  private static final int FEW_CHUNKS = 2;

  /**
   * A machine and how the traces are run on it.
   *
   * @param options those of all points agree in traces, format, quantum, skip, warmup and
   *     maxReferences
   */
  public record Point(MachineConfig machine, RunOptions options) {}

  /**
   * What came of a point: a result, or why there is none.
   *
   * @param failure what a run of this point alone would have failed with
   */
  public record Outcome(@Nullable RunResult result, @Nullable RuntimeException failure) {}

  /** What a chunk is for. */
  private enum Phase {
    PREFAULT,
    WARMUP,
    MEASURE
  }

  /** Decoded references of one phase: slices, each of one process. */
  private static final class Chunk {
    final ReferenceBatch[] slices = new ReferenceBatch[SLICES];
    final CompactBatch[] compacted = new CompactBatch[SLICES];
    final int[] owners = new int[SLICES];
    int count;
    Phase phase = Phase.WARMUP;

    Chunk() {
      for (int i = 0; i < SLICES; i++) {
        slices[i] = new ReferenceBatch();
        compacted[i] = new CompactBatch();
      }
    }
  }

  /** A machine's progress. */
  private static final class Runner {
    final RunOptions options;
    final @Nullable Simulation simulation;
    @Nullable RuntimeException failure;
    long next;
    boolean busy;
    Phase phase;

    Runner(Point point) {
      options = point.options();
      phase = Phase.WARMUP;
      Simulation made = null;
      try {
        made =
            new Simulation(
                point.machine(),
                options,
                InputStream.nullInputStream(),
                (references, bytes, total) -> {},
                new StageTimes(false));
      } catch (RuntimeException e) {
        // Whatever ends one machine's run is the result of that point; the others go on.
        failure = e;
      }
      simulation = made;
    }

    void take(Chunk chunk) {
      Simulation s = simulation;
      if (s == null || failure != null || (chunk.phase == Phase.PREFAULT && !options.prefault())) {
        return;
      }
      try {
        enter(s, chunk.phase);
        for (int i = 0; i < chunk.count; i++) {
          ReferenceBatch slice = chunk.slices[i];
          if (chunk.phase == Phase.PREFAULT) {
            s.prefault(chunk.owners[i], slice, 0, slice.count());
          } else if (s.takesCompacted()) {
            s.replay(chunk.owners[i], chunk.compacted[i]);
          } else {
            s.replay(chunk.owners[i], slice, 0, slice.count());
          }
        }
      } catch (RuntimeException e) {
        // As above: the point says it, the other points go on.
        failure = e;
      }
    }

    void enter(Simulation s, Phase newPhase) {
      if (newPhase != phase) {
        if (phase == Phase.PREFAULT) {
          s.endPrefaulting();
        }
        if (newPhase == Phase.MEASURE) {
          s.beginMeasuring();
        }
        phase = newPhase;
      }
    }
  }

  private final RunOptions options;
  private final InputStream standardInput;
  private final ProgressListener listener;
  private final int threads;

  /** Whether a machine takes compacted references. */
  private final boolean compacts;

  private final List<Runner> runners = new ArrayList<>();
  private final Chunk[] ring = new Chunk[CHUNKS];

  // Guarded by the lock on this, but for what only the decoding thread uses.
  private long decoded;
  private boolean decoding;
  private boolean ended;
  private @Nullable Throwable failure;

  // Of the decoding thread, handed on with the lock.
  private @Nullable TraceMix traces;
  private Phase phase;
  private final Compactor compactor = new Compactor();
  private long skipped;
  private long taken;
  private long warmedUp;
  private long measured;
  private long referencesOfEarlierPasses;

  /**
   * A batch that has not begun.
   *
   * @param points one or more
   * @param standardInput read where the trace is {@code -}
   * @param threads how many replay, at least 1
   * @throws IllegalArgumentException if the options do not agree where they must
   */
  public BatchSimulation(
      List<Point> points, InputStream standardInput, ProgressListener listener, int threads) {
    if (points.isEmpty() || threads < 1) {
      throw new IllegalArgumentException("a batch needs a point and a thread");
    }
    this.options = points.get(0).options();
    boolean prefault = false;
    for (Point point : points) {
      if (!sameReferences(point.options(), options)) {
        throw new IllegalArgumentException("the points of a batch are runs of the same references");
      }
      prefault |= point.options().prefault();
      runners.add(new Runner(point));
    }
    this.compacts =
        runners.stream().anyMatch(r -> r.simulation != null && r.simulation.takesCompacted());
    this.standardInput = standardInput;
    this.listener = listener;
    this.threads = threads;
    this.phase = prefault ? Phase.PREFAULT : Phase.WARMUP;
    for (int i = 0; i < CHUNKS; i++) {
      ring[i] = new Chunk();
    }
  }

  private static boolean sameReferences(RunOptions a, RunOptions b) {
    return a.traces().equals(b.traces())
        && a.format() == b.format()
        && a.quantum() == b.quantum()
        && a.skip() == b.skip()
        && a.warmup() == b.warmup()
        && a.maxReferences() == b.maxReferences();
  }

  /**
   * Runs to the end of the traces or of what was asked for.
   *
   * @return an outcome for each point, in their order
   * @throws IOException if the traces cannot be read, or are flawed: no point has a result then
   * @throws InterruptedException if this thread is interrupted; all others have ended then
   */
  public List<Outcome> run() throws IOException, InterruptedException {
    int workers = Math.min(threads, runners.size() + 1);
    CountDownLatch done = new CountDownLatch(workers);
    for (int i = 0; i < workers; i++) {
      Thread worker = new Thread(() -> work(done), "lookaside-replay-" + i);
      worker.setDaemon(true);
      worker.start();
    }
    try {
      done.await();
      rethrow();
      if (measured == 0) {
        throw Simulation.nothingToMeasure(options, skipped + warmedUp);
      }
      List<RunResult.TraceResult> traceResults = Objects.requireNonNull(traces).results();
      return runners.stream().map(r -> outcome(r, traceResults)).toList();
    } catch (InterruptedException e) {
      fail(e);
      awaitSurely(done);
      throw e;
    } finally {
      TraceMix open = traces;
      if (open != null) {
        open.close();
      }
    }
  }

  private Outcome outcome(Runner runner, List<RunResult.TraceResult> traceResults) {
    Simulation s = runner.simulation;
    if (s == null || runner.failure != null) {
      return new Outcome(null, runner.failure);
    }
    return new Outcome(s.result(traceResults, skipped, warmedUp), null);
  }

  /** Each thread ends after its task; the interruption is known already. */
  private static void awaitSurely(CountDownLatch done) {
    while (done.getCount() > 0) {
      try {
        done.await();
      } catch (InterruptedException e) {
        // As above.
      }
    }
  }

  private synchronized void rethrow() throws IOException {
    Throwable t = failure;
    if (t instanceof IOException e) {
      throw e;
    }
    if (t instanceof RuntimeException e) {
      throw e;
    }
    if (t instanceof Error e) {
      throw e;
    }
  }

  private synchronized void fail(Throwable t) {
    if (failure == null) {
      failure = t;
    }
    notifyAll();
  }

  private void work(CountDownLatch done) {
    try {
      Runnable task;
      while ((task = nextTask()) != null) {
        task.run();
      }
    } catch (InterruptedException | RuntimeException | Error e) {
      fail(e);
    } finally {
      done.countDown();
    }
  }

  /** What this thread does next; {@code null} when all is done or has failed. */
  private synchronized @Nullable Runnable nextTask() throws InterruptedException {
    while (failure == null) {
      long last = Long.MAX_VALUE;
      Runner behind = null;
      for (Runner runner : runners) {
        last = Math.min(last, runner.next);
        boolean ready = !runner.busy && runner.next < decoded;
        if (ready && (behind == null || runner.next < behind.next)) {
          behind = runner;
        }
      }
      boolean mayDecode = !ended && !decoding && decoded < last + CHUNKS;
      if (mayDecode && (behind == null || decoded < last + FEW_CHUNKS)) {
        decoding = true;
        return this::decode;
      }
      if (behind != null) {
        Runner runner = behind;
        runner.busy = true;
        return () -> replay(runner);
      }
      if (ended && last == decoded) {
        return null;
      }
      wait();
    }
    return null;
  }

  private void replay(Runner runner) {
    runner.take(ring[(int) (runner.next % CHUNKS)]);
    synchronized (this) {
      runner.next++;
      runner.busy = false;
      notifyAll();
    }
  }

  private void decode() {
    try {
      boolean any = fill(ring[(int) (decoded % CHUNKS)]);
      synchronized (this) {
        decoded += any ? 1 : 0;
        ended = !any;
        decoding = false;
        notifyAll();
      }
    } catch (IOException e) {
      fail(e);
    }
  }

  /** Decodes the next chunk of a phase; returns whether there is one. */
  private boolean fill(Chunk chunk) throws IOException {
    TraceMix mix = traces;
    if (mix == null) {
      mix = open();
    }
    chunk.count = 0;
    while (chunk.count < SLICES) {
      long left = left();
      int n = left == 0 ? 0 : mix.next(left);
      if (n == 0) {
        if (chunk.count > 0) {
          break; // a chunk is of one phase
        }
        if (!nextPhase(left == 0)) {
          return false;
        }
        mix = open();
        continue;
      }
      if (skipped < options.skip()) {
        skipped += n;
        continue;
      }
      taken += n;
      chunk.phase = phase;
      chunk.owners[chunk.count] = mix.process();
      ReferenceBatch slice = chunk.slices[chunk.count];
      slice.copy(mix.batch(), mix.from(), mix.to());
      if (compacts) {
        CompactBatch compact = chunk.compacted[chunk.count];
        compactor.begin(slice, compact);
        compactor.add(slice, 0, slice.count(), compact);
      }
      chunk.count++;
    }
    listener.progress(
        referencesOfEarlierPasses + mix.referencesRead(), mix.storedBytesRead(), mix.storedBytes());
    return true;
  }

  /** References until the skipped ones or the phase end. */
  private long left() {
    if (skipped < options.skip()) {
      return options.skip() - skipped;
    }
    long wanted =
        switch (phase) {
          case PREFAULT -> {
            long both = options.warmup() + options.maxReferences();
            yield both < 0 ? Long.MAX_VALUE : both; // the sum may overflow
          }
          case WARMUP -> options.warmup();
          case MEASURE -> options.maxReferences();
        };
    return wanted - taken;
  }

  /** Goes on to the next phase; returns whether there is one. */
  private boolean nextPhase(boolean complete) throws IOException {
    TraceMix mix = Objects.requireNonNull(traces);
    switch (phase) {
      case PREFAULT -> {
        referencesOfEarlierPasses = mix.referencesRead();
        mix.close();
        traces = null;
        skipped = 0;
        phase = Phase.WARMUP;
      }
      case WARMUP -> {
        warmedUp = taken;
        phase = Phase.MEASURE;
      }
      case MEASURE -> {
        measured = taken;
        return false;
      }
    }
    taken = 0;
    return complete || phase == Phase.WARMUP;
  }

  private TraceMix open() throws IOException {
    TraceMix mix = traces;
    if (mix == null) {
      mix = new TraceMix(options, standardInput);
      traces = mix;
    }
    return mix;
  }
}
