package io.lookaside.simulator;

/**
 * One of those who take the chunks of a batch, each in their order with progress of its own: a
 * point, or tables or a first level that points share.
 */
abstract class BatchStage {
  /** The number of the chunk that it takes next. Guarded by the batch's lock, as the next is. */
  long next;

  /** Whether {@link #make} is done. Guarded by the batch's lock. */
  boolean made;

  /** Whether a thread is at it. */
  boolean busy;

  /** Of the thread that is at it, handed on with the lock. */
  final StageTimes times = new StageTimes(true);

  /** Whether what it is made of is there. */
  abstract boolean canBeMade();

  /** Makes its machine or tables, before it takes the first chunk. */
  abstract void make();

  /**
   * Which chunks it may take now: those below this number.
   *
   * @param decoded how many are decoded
   */
  abstract long ready(long decoded);

  /** Whether it reads decoded chunks, which are then kept until it has. */
  abstract boolean readsDecoded();

  /**
   * Takes chunk {@link #next}.
   *
   * @param decoded a ring of the chunks that were decoded last
   */
  abstract void take(BatchChunk[] decoded);

  /** The chunk to be taken, in a ring of decoded ones. */
  final BatchChunk chunk(BatchChunk[] decoded) {
    return decoded[(int) (next % decoded.length)];
  }
}
