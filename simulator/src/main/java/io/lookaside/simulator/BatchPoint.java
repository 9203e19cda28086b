package io.lookaside.simulator;

import io.lookaside.traces.ReferenceBatch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A point of a batch: its machine, and how far it is. */
final class BatchPoint extends BatchStage {
  private final BatchSimulation.Point point;
  private final RunOptions options;
  private final @Nullable BatchTables tables;

  /** What it follows: its tables, or a first level behind them. */
  private final @Nullable BatchFeed feed;

  private @Nullable Simulation simulation;
  private @Nullable RuntimeException failure;
  private BatchChunk.Phase phase = BatchChunk.Phase.WARMUP;
  private long replayed;

  /**
   * A point that has not begun.
   *
   * @param tables those that it shares; {@code null} if it has its own, and needs all references
   * @param first the first level that it shares, or {@code null}
   */
  BatchPoint(
      BatchSimulation.Point point, @Nullable BatchTables tables, @Nullable BatchFirstLevel first) {
    this.point = point;
    this.options = point.options();
    this.tables = tables;
    this.feed = first == null ? tables : first;
    if (tables != null) {
      tables.add(this); // also behind a first level: tables change only when all machines are made
    }
    if (first != null) {
      first.add(this);
    }
  }

  /** References that its machine went over. */
  long replayed() {
    return replayed;
  }

  @Override
  boolean canBeMade() {
    return tables == null || tables.made;
  }

  @Override
  void make() {
    try {
      simulation = Simulation.ofMany(point.machine(), options, new StageTimes(false), tables);
    } catch (RuntimeException e) {
      // Replacement policies may be the user's classes, so what ends the making of a machine cannot
      // be listed. It is the result of this point; the others go on.
      failure = e;
    }
  }

  @Override
  long ready(long decoded) {
    return feed == null ? decoded : feed.next;
  }

  @Override
  boolean readsDecoded() {
    return tables == null;
  }

  @Override
  void take(BatchChunk[] decoded) {
    Simulation s = simulation;
    if (s == null || failure != null) {
      return;
    }
    times.begin();
    if (feed != null) {
      take(s, feed.chunk(next)); // which only a fault of ours can end
      return;
    }
    try {
      take(s, chunk(decoded));
    } catch (RuntimeException e) {
      // As above: the user's policies, full frames, full RAM, a process that was killed.
      failure = e;
    }
  }

  private void take(Simulation s, BatchFeed.Chunk chunk) {
    failure = chunk.failure;
    if (failure != null || chunk.phase == BatchChunk.Phase.PREFAULT) {
      return;
    }
    enter(s, chunk.phase);
    s.replay(chunk.references);
    for (long n : chunk.references.references()) {
      replayed += n;
    }
    times.book(StageTimes.Stage.REPLAY);
  }

  private void take(Simulation s, BatchChunk chunk) {
    boolean prefaults = chunk.phase == BatchChunk.Phase.PREFAULT;
    if (prefaults && !options.prefault()) {
      return;
    }
    enter(s, chunk.phase);
    for (int i = 0; i < chunk.count; i++) {
      if (prefaults) {
        ReferenceBatch slice = chunk.touches(i);
        s.prefault(chunk.owners[i], slice, 0, slice.count());
      } else {
        ReferenceBatch slice = chunk.slices[i];
        s.replay(chunk.owners[i], slice, 0, slice.count());
        replayed += slice.count();
      }
    }
    times.book(prefaults ? StageTimes.Stage.PREFAULT : StageTimes.Stage.REPLAY);
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

  /** What came of it, after the end. */
  BatchSimulation.Outcome outcome(List<RunResult.TraceResult> traces, long skipped, long warmedUp) {
    Simulation s = simulation;
    if (s == null || failure != null) {
      return new BatchSimulation.Outcome(null, failure);
    }
    return new BatchSimulation.Outcome(s.result(traces, skipped, warmedUp), null);
  }
}
