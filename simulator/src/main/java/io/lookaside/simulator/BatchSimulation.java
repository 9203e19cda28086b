package io.lookaside.simulator;

import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.traces.CompactedTrace;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
   * reference for each of them. Where all machines of a batch need no more, the compaction may
   * come from what was kept beside the trace. Such machines share page tables too, where these
   * are the same: what a chunk does to them is done once, and what each machine then gets are
   * pages and events. Of these, machines with the same first level get what missed there, which
   * is found out once. The other threads take the next task each: a chunk for tables or a first
   * level, so that machines have something to do, or else for the machine that is furthest
   * behind; each takes its chunks in their order. They also make the machines, while the trace is
   * opened and the first chunk decoded. So a thread waits only if all have all that is decoded,
   * and how tasks meet threads decides nothing in a result. Where one thread is asked for, it
   * does all in turn.
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

  private final RunOptions options;
  private final int threads;
  private final BatchSource source;

  /** Tables, first levels behind them, and then the points. */
  private final List<BatchStage> stages = new ArrayList<>();

  private final List<BatchPoint> points = new ArrayList<>();
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
    Map<SharedTables.Key, BatchTables> tables = new HashMap<>();
    List<@Nullable BatchTables> tablesOfPoints = new ArrayList<>();
    boolean whole = options.traces().size() > 1; // what is mixed is copied
    for (Point point : points) {
      if (!sameReferences(point.options(), options)) {
        throw new IllegalArgumentException("the points of a batch are runs of the same references");
      }
      prefault |= point.options().prefault();
      SharedTables.Key key = SharedTables.keyOf(point.machine(), point.options());
      BatchTables shared = null;
      if (key == null) {
        whole = true;
      } else if ((shared = tables.get(key)) == null) {
        shared = new BatchTables(point, CHUNKS);
        tables.put(key, shared);
        stages.add(shared);
      }
      tablesOfPoints.add(shared);
    }
    Map<BatchFirstLevel.Key, List<Integer>> sharers = new LinkedHashMap<>();
    for (int i = 0; i < points.size(); i++) {
      BatchTables shared = tablesOfPoints.get(i);
      if (shared != null) {
        BatchFirstLevel.Key key = BatchFirstLevel.keyOf(points.get(i).machine(), shared);
        sharers.computeIfAbsent(key, k -> new ArrayList<>()).add(i);
      }
    }
    @Nullable BatchFirstLevel[] firsts = new BatchFirstLevel[points.size()];
    sharers.forEach(
        (key, those) -> {
          if (those.size() > 1) {
            BatchFirstLevel level = new BatchFirstLevel(points.get(those.get(0)), key.tables());
            stages.add(level);
            those.forEach(i -> firsts[i] = level);
          }
        });
    for (int i = 0; i < points.size(); i++) {
      this.points.add(new BatchPoint(points.get(i), tablesOfPoints.get(i), firsts[i]));
    }
    stages.addAll(this.points);
    boolean compact = !tables.isEmpty();
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
    int workers = threads == 1 ? 0 : Math.min(threads, stages.size());
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
      return points.stream()
          .map(p -> p.outcome(traceResults, source.skipped(), source.warmedUp()))
          .toList();
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
    for (BatchStage stage : stages) {
      long prefault = stage.times.nanos(StageTimes.Stage.PREFAULT);
      long replay = stage.times.nanos(StageTimes.Stage.REPLAY);
      sum = sum.plus(new BatchCost(0, 0, 0, 0, 0, prefault, replay, 0));
    }
    for (BatchPoint point : points) {
      sum = sum.plus(new BatchCost(0, 0, point.replayed(), 0, 0, 0, 0, 0));
    }
    return sum;
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
    for (BatchStage stage : stages) {
      stage.make();
      stage.made = true;
    }
    while (goesOn() && source.fill(nextChunk())) {
      decoded++;
      for (BatchStage stage : stages) {
        stage.take(ring);
        stage.next++;
      }
    }
  }

  private synchronized long waited() {
    return waitNanos;
  }

  private synchronized boolean goesOn() {
    return failure == null;
  }

  private BatchChunk nextChunk() {
    BatchChunk chunk = ring[(int) (decoded % CHUNKS)];
    chunk.setNumber(decoded);
    return chunk;
  }

  private void decode() throws IOException, InterruptedException {
    boolean any = true;
    while (any && awaitSpace()) {
      any = source.fill(nextChunk());
      synchronized (this) {
        decoded += any ? 1 : 0;
        ended = !any;
        notifyAll();
      }
    }
  }

  /**
   * Waits until the last that reads a chunk has done with it; returns whether the batch goes on.
   */
  private synchronized boolean awaitSpace() throws InterruptedException {
    while (failure == null) {
      long behind = decoded;
      for (BatchStage stage : stages) {
        behind = stage.readsDecoded() ? Math.min(behind, stage.next) : behind;
      }
      if (decoded < behind + CHUNKS) {
        return true;
      }
      wait();
    }
    return false;
  }

  private void replay() throws InterruptedException {
    BatchStage stage;
    while ((stage = nextStage()) != null) {
      boolean make = !stage.made; // which this thread alone changes
      if (make) {
        stage.make();
      } else {
        stage.take(ring);
      }
      synchronized (this) {
        stage.made = true;
        stage.next += make ? 0 : 1;
        stage.busy = false;
        notifyAll();
      }
    }
  }

  /** What this thread goes on with; {@code null} when all is done or has failed. */
  private synchronized @Nullable BatchStage nextStage() throws InterruptedException {
    while (failure == null) {
      BatchStage chosen = null;
      boolean all = ended;
      for (BatchStage stage : stages) {
        all &= stage.made && stage.next == decoded;
        if (!stage.busy
            && (stage.made ? stage.next < stage.ready(decoded) : stage.canBeMade())
            && (chosen == null || stage.next < chosen.next)
            && !(chosen instanceof BatchFeed)) {
          chosen = stage;
        }
      }
      if (chosen != null) {
        chosen.busy = true;
        return chosen;
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
