package io.lookaside.simulator;

import io.lookaside.mmu.memory.PhysicalMemoryLimitException;
import io.lookaside.os.OutOfFramesException;
import io.lookaside.simulator.config.MachineConfig;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Tables that points of a batch share, and what came of chunks for them. */
final class BatchTables extends BatchFeed {
  private final BatchSimulation.Point point;
  private @Nullable SharedTables tables;
  private @Nullable RuntimeException failure;

  /**
   * Tables that have done nothing yet.
   *
   * @param point the first of those that share them
   * @param chunks how many are kept for points that are behind
   */
  BatchTables(BatchSimulation.Point point, int chunks) {
    super(chunks);
    this.point = point;
  }

  /** A machine of its own configuration that has these tables. */
  Machine machine(MachineConfig config, long seed) {
    return tables().machine(config, seed);
  }

  private SharedTables tables() {
    return Objects.requireNonNull(tables, "made before any of its points");
  }

  @Override
  boolean canBeMade() {
    return true;
  }

  @Override
  void make() {
    tables = new SharedTables(point.machine(), point.options());
  }

  @Override
  long given(long decoded) {
    return decoded;
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
