package io.lookaside.simulator;

import io.lookaside.simulator.config.MachineConfig;
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
   * Decoded references stand in chunks, of which a few are in memory. The work falls into tasks: to
   * decode the next chunk, one at a time, and to replay a chunk on a machine, which takes its chunks
   * in their order. A thread that is free decodes if chunks run short, else it replays on the machine
   * that is furthest behind. Whoever decodes a chunk compacts it too, for the machines that need no
   * more: a page that a side repeats is then one reference for each of them. Where all machines of a
   * batch need no more, the compaction may come from what was kept beside the trace. So no thread
   * waits as long as any machine has something to do, and how tasks meet threads decides nothing in
   * a result.
   */

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
        s.replay(chunk.owners[i], chunk.compacted[i]);
        replayed += chunk.compacted[i].references();
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
  private boolean decoding;
  private boolean ended;
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
    BatchCost sum = source.cost();
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
                  runner.times.nanos(StageTimes.Stage.REPLAY)));
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
      boolean any = source.fill(ring[(int) (decoded % CHUNKS)]);
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
}
