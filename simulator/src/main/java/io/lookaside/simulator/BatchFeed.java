package io.lookaside.simulator;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stage that others follow, and what it has for them of the chunks that it took last. */
abstract class BatchFeed extends BatchStage {
  /** What came of one chunk. */
  static final class Chunk {
    final PageReferences references = new PageReferences(0);
    BatchChunk.Phase phase = BatchChunk.Phase.WARMUP;

    /** What would end each run at this chunk or before it. */
    @Nullable RuntimeException failure;
  }

  private final Chunk[] ring;
  private final List<BatchStage> followers = new ArrayList<>();

  /**
   * A stage that nobody follows yet.
   *
   * @param chunks how many are kept for followers that are behind
   */
  BatchFeed(int chunks) {
    ring = new Chunk[chunks];
    for (int i = 0; i < chunks; i++) {
      ring[i] = new Chunk();
    }
  }

  /** Says that a stage follows. */
  final void add(BatchStage follower) {
    followers.add(follower);
  }

  /** What came of a chunk, one of those that are kept. */
  final Chunk chunk(long number) {
    return ring[(int) (number % ring.length)];
  }

  /** No chunk before all followers are made, which look at the memory for it. */
  @Override
  final long ready(long decoded) {
    long space = given(decoded);
    for (BatchStage f : followers) {
      space = Math.min(space, f.made ? f.next + ring.length : 0);
    }
    return space;
  }

  /** The chunks below this number are there to be taken. */
  abstract long given(long decoded);
}
