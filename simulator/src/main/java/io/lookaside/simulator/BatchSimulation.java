package io.lookaside.simulator;

import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.CompactedTrace;
import io.lookaside.traces.ReferenceBatch;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Runs of the same traces on many machines: the traces are decoded once, and several threads replay
 * them. Each result is that of a {@link Simulation} alone.
 */
public final class BatchSimulation {
  /*
   * Decoded references stand in chunks, of which a few are in memory. One thread fills them, and
   * compacts them for the machines that need no more: a page that a side repeats is then one
   * reference for each of them. Where all machines of a batch need no more, the compaction may come
   * from what was kept beside the trace. The other threads take the next task each: to replay a chunk
   * on the machine that is furthest behind; a machine takes its chunks in their order. So a thread
   * waits only if all machines have all that is decoded, and how tasks meet threads decides nothing
   * in a result. Where one thread is asked for, it does all in turn.
   */

  private static final int CHUNKS = 4;

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

  /** A machine's progress. */
  private static final class Runner {
    final RunOptions options;
    final @Nullable Simulation simulation;
    @Nullable RuntimeException failure;
    long next;
    boolean busy;
    BatchChunk.Phase phase = BatchChunk.Phase.WARMUP;

    // Of the thread that it is busy with, handed on with the lock.
    final StageTimes times = new StageTimes(true);
    long replayed;

    Runner(Point point) {
      options = point.options();
      Simulation made = null;
      try {
        made = Simulation.ofMany(point.machine(), options, new StageTimes(false));
      } catch (RuntimeException e) {
        // Whatever ends one machine's run is the result of that point; the others go on.
        failure = e;
      }
      simulation = made;
    }

    /** Whether compacted references are enough; so they are for one that will do nothing. */
    boolean takesCompacted() {
      return simulation == null || simulation.takesCompacted();
    }

    void take(BatchChunk chunk) {
      Simulation s = simulation;
      boolean prefaults = chunk.phase == BatchChunk.Phase.PREFAULT;
      if (s == null || failure != null || (prefaults && !options.prefault())) {
        return;
      }
      times.begin();
      try {
        enter(s, chunk.phase);
        if (prefaults) {
          for (int i = 0; i < chunk.count; i++) {
            ReferenceBatch slice = chunk.touches(i);
            s.prefault(chunk.owners[i], slice, 0, slice.count());
          }
          times.book(StageTimes.Stage.PREFAULT);
        } else {
          for (int i = 0; i < chunk.count; i++) {
            replay(s, chunk, i);
          }
          times.book(StageTimes.Stage.REPLAY);
        }
      } catch (RuntimeException e) {
        // As above: the point says it, the other points go on.
        failure = e;
      }
    }

    private void replay(Simulation s, BatchChunk chunk, int i) {
      if (s.takesCompacted()) {
        CompactBatch compact = chunk.compacted[i];
        ReferenceBatch records = compact.records;
        if (compact.references() == records.count()) {
          s.replay(chunk.owners[i], records, 0, records.count()); // nothing was left out
        } else {
          s.replay(chunk.owners[i], compact);
        }
        replayed += compact.references();
      } else {
        ReferenceBatch slice = chunk.slices[i];
        s.replay(chunk.owners[i], slice, 0, slice.count());
        replayed += slice.count();
      }
    }

    private void enter(Simulation s, BatchChunk.Phase newPhase) {
      if (newPhase != phase) {
        if (phase == BatchChunk.Phase.PREFAULT) {
          s.endPrefaulting();
        }
        if (newPhase == BatchChunk.Phase.MEASURE) {
          s.beginMeasuring();
        }
        phase = newPhase;
      }
    }
  }

  private final RunOptions options;
  private final int threads;
  private final BatchSource source;
  private final List<Runner> runners = new ArrayList<>();
  private final BatchChunk[] ring = new BatchChunk[CHUNKS];

  // Guarded by the lock on this, but for what only the decoding thread uses.
  private long decoded;
  private boolean ended;
  private long waitNanos;
  private @Nullable Throwable failure;

  /**
   * A batch that has not begun.
   *
   * @param points one or more
   * @param standardInput read where the trace is {@code -}
   * @param threads how many replay, at least 1; if it is 1, it reads the traces too
   * @param cache whether compactions are kept beside the trace; not where there are several traces,
   *     or a machine needs all references
   * @throws IllegalArgumentException if the options do not agree where they must
   */
  public BatchSimulation(
      List<Point> points,
      InputStream standardInput,
      ProgressListener listener,
      int threads,
      CompactedTrace.Cache cache) {
    if (points.isEmpty() || threads < 1) {
      throw new IllegalArgumentException("a batch needs a point and a thread");
    }
    RunOptions first = points.get(0).options();
    this.options = threads == 1 ? first.withoutReadAhead() : first;
    this.threads = threads;
    boolean prefault = false;
    for (Point point : points) {
      if (!sameReferences(point.options(), options)) {
        throw new IllegalArgumentException("the points of a batch are runs of the same references");
      }
      prefault |= point.options().prefault();
      runners.add(new Runner(point));
    }
    boolean one = options.traces().size() == 1;
    boolean whole = !one || !runners.stream().allMatch(Runner::takesCompacted);
    boolean compact = runners.stream().anyMatch(Runner::takesCompacted);
    this.source =
        whole
            ? new MixSource(options, standardInput, listener, prefault)
            : new CompactSource(options, standardInput, cache, listener, prefault);
    for (int i = 0; i < CHUNKS; i++) {
      ring[i] = new BatchChunk(whole, compact);
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
    int workers = threads == 1 ? 0 : Math.min(threads, runners.size());
    CountDownLatch done = new CountDownLatch(1 + workers);
    start("lookaside-decode", workers == 0 ? this::inTurn : this::decode, done);
    for (int i = 0; i < workers; i++) {
      start("lookaside-replay-" + i, this::replay, done);
    }
    try {
      done.await();
      rethrow();
      if (source.measured() == 0) {
        throw Simulation.nothingToMeasure(options, source.skipped() + source.warmedUp());
      }
      List<RunResult.TraceResult> traceResults = source.results();
      return runners.stream().map(r -> outcome(r, traceResults)).toList();
    } catch (InterruptedException e) {
      fail(e);
      awaitSurely(done);
      throw e;
    } finally {
      source.close();
    }
  }

  /** What the run cost, to be asked for after it. */
  public BatchCost cost() {
    BatchCost sum = source.cost().plus(new BatchCost(0, 0, 0, 0, 0, 0, 0, waited()));
    for (Runner runner : runners) {
      sum =
          sum.plus(
              new BatchCost(
                  0,
                  0,
                  runner.replayed,
                  0,
                  0,
                  runner.times.nanos(StageTimes.Stage.PREFAULT),
                  runner.times.nanos(StageTimes.Stage.REPLAY),
                  0));
    }
    return sum;
  }

  private Outcome outcome(Runner runner, List<RunResult.TraceResult> traceResults) {
    Simulation s = runner.simulation;
    if (s == null || runner.failure != null) {
      return new Outcome(null, runner.failure);
    }
    return new Outcome(s.result(traceResults, source.skipped(), source.warmedUp()), null);
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

  /** What a thread does. */
  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  /** Starts a thread; what ends it early ends the batch. */
  private void start(String name, Work work, CountDownLatch done) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException | InterruptedException | RuntimeException | Error e) {
                fail(e);
              } finally {
                done.countDown();
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  /** All that there is to do, for one thread. */
  private void inTurn() throws IOException {
    while (goesOn() && source.fill(ring[0])) {
      for (Runner runner : runners) {
        runner.take(ring[0]);
      }
    }
  }

  private synchronized long waited() {
    return waitNanos;
  }

  private synchronized boolean goesOn() {
    return failure == null;
  }

  private void decode() throws IOException, InterruptedException {
    boolean any = true;
    while (any && awaitSpace()) {
      any = source.fill(ring[(int) (decoded % CHUNKS)]);
      synchronized (this) {
        decoded += any ? 1 : 0;
        ended = !any;
        notifyAll();
      }
    }
  }

  /** Waits until the last machine has done with a chunk; returns whether the batch goes on. */
  private synchronized boolean awaitSpace() throws InterruptedException {
    while (failure == null) {
      if (decoded < runners.stream().mapToLong(r -> r.next).min().orElseThrow() + CHUNKS) {
        return true;
      }
      wait();
    }
    return false;
  }

  private void replay() throws InterruptedException {
    Runner runner;
    while ((runner = nextRunner()) != null) {
      runner.take(ring[(int) (runner.next % CHUNKS)]);
      synchronized (this) {
        runner.next++;
        runner.busy = false;
        notifyAll();
      }
    }
  }

  /** The machine that this thread goes on with; {@code null} when all is done or has failed. */
  private synchronized @Nullable Runner nextRunner() throws InterruptedException {
    while (failure == null) {
      Runner behind = null;
      boolean all = ended;
      for (Runner runner : runners) {
        all &= runner.next == decoded;
        boolean ready = !runner.busy && runner.next < decoded;
        if (ready && (behind == null || runner.next < behind.next)) {
          behind = runner;
        }
      }
      if (behind != null) {
        behind.busy = true;
        return behind;
      }
      if (all) {
        return null;
      }
      long begun = System.nanoTime();
      wait();
      waitNanos += System.nanoTime() - begun;
    }
    return null;
  }
}
