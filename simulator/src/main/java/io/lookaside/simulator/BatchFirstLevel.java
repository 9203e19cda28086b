package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbStructureConfig;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A first TLB level that points of a batch have in common, behind the tables that they share. */
final class BatchFirstLevel extends BatchFeed {
  /**
   * What points must have in common.
   *
   * @param structures those that hold the pages of fetches, loads and stores
   */
  record Key(BatchTables tables, List<TlbStructureConfig> structures) {}

  /** Fewer than of tables, since there may be many first levels. */
  private static final int CHUNKS = 2;

  private final BatchSimulation.Point point;
  private final BatchTables tables;
  private @Nullable FirstLevel level;

  /**
   * A level that has seen nothing yet.
   *
   * @param point the first of those that have it
   */
  BatchFirstLevel(BatchSimulation.Point point, BatchTables tables) {
    super(CHUNKS);
    this.point = point;
    this.tables = tables;
    tables.add(this);
  }

  /** What a point that shares tables has to have in common with another to share this too. */
  static Key keyOf(MachineConfig config, BatchTables tables) {
    TlbConfig tlb = config.tlb();
    Stream<TlbStructureConfig> ofFetches =
        tlb.l1i().structures().stream().filter(s -> LruFit.holds(s, AccessKind.FETCH));
    Stream<TlbStructureConfig> ofData =
        Stream.of(AccessKind.LOAD, AccessKind.STORE)
            .flatMap(k -> tlb.l1d().structures().stream().filter(s -> LruFit.holds(s, k)));
    return new Key(tables, Stream.concat(ofFetches, ofData).toList());
  }

  @Override
  boolean canBeMade() {
    return tables.made;
  }

  @Override
  void make() {
    level = new FirstLevel(tables.machine(point.machine(), point.options().seed()));
  }

  @Override
  long given(long decoded) {
    return tables.next;
  }

  @Override
  boolean readsDecoded() {
    return false;
  }

  @Override
  void take(BatchChunk[] decoded) {
    Chunk from = tables.chunk(next);
    Chunk into = chunk(next);
    into.phase = from.phase;
    into.failure = from.failure;
    if (from.failure == null && from.phase != BatchChunk.Phase.PREFAULT) {
      times.begin();
      Objects.requireNonNull(level, "made before").take(from.references, into.references);
      times.book(StageTimes.Stage.REPLAY);
    }
  }
}
