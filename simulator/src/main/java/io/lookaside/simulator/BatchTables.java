package io.lookaside.simulator;

import io.lookaside.mmu.memory.PhysicalMemoryLimitException;
import io.lookaside.os.OutOfFramesException;
import io.lookaside.simulator.config.MachineConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Tables that points of a batch share, and what came of chunks for them. */
final class BatchTables extends BatchStage {
  /** What came of one chunk. */
  static final class Chunk {
    final PageReferences references = new PageReferences(0);
    BatchChunk.Phase phase = BatchChunk.Phase.WARMUP;

    /** What would end each run at this chunk or before it. */
    @Nullable RuntimeException failure;
  }

  private final BatchSimulation.Point point;
  private @Nullable SharedTables tables;
  private final Chunk[] ring;
  private final List<BatchPoint> points = new ArrayList<>();
  private @Nullable RuntimeException failure;

  /**
   * Tables that have done nothing yet.
   *
   * @param point the first of those that share them
   * @param chunks how many are kept for points that are behind
   */
  BatchTables(BatchSimulation.Point point, int chunks) {
    this.point = point;
    ring = new Chunk[chunks];
    for (int i = 0; i < chunks; i++) {
      ring[i] = new Chunk();
    }
  }

  /** Says that a point shares these. */
  void add(BatchPoint point) {
    points.add(point);
  }

  /** A machine of its own configuration that has these tables. */
  Machine machine(MachineConfig config, long seed) {
    return tables().machine(config, seed);
  }

  private SharedTables tables() {
    return Objects.requireNonNull(tables, "made before any of its points");
  }

  /** What came of a chunk, one of those that are kept. */
  Chunk chunk(long number) {
    return ring[(int) (number % ring.length)];
  }

  @Override
  boolean canBeMade() {
    return true;
  }

  @Override
  void make() {
    tables = new SharedTables(point.machine(), point.options());
  }

  /** None before all points are made, which look at the memory for it. */
  @Override
  long ready(long decoded) {
    long space = decoded;
    for (BatchPoint p : points) {
      space = Math.min(space, p.made ? p.next + ring.length : 0);
    }
    return space;
  }

  @Override
  boolean readsDecoded() {
    return true;
  }

  @Override
  void take(BatchChunk[] decoded) {
    BatchChunk from = chunk(decoded);
    Chunk into = chunk(next);
    into.phase = from.phase;
    if (failure == null) {
      times.begin();
      try {
        tables().take(from, into.references);
      } catch (OutOfFramesException | PhysicalMemoryLimitException e) {
        failure = e; // what ends each of the points; other tables and machines go on
      }
      times.book(
          from.phase == BatchChunk.Phase.PREFAULT
              ? StageTimes.Stage.PREFAULT
              : StageTimes.Stage.REPLAY);
    }
    into.failure = failure;
  }
}
