package io.lookaside.simulator;

import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.ReferenceBatch;

/** Decoded references of one phase of a batch: slices, each of one process. */
final class BatchChunk {
  /** What references are read for. */
  enum Phase {
    PREFAULT,
    WARMUP,
    MEASURE
  }

  /**
   * The most slices. One machine after the other replays a chunk, and each finds the host's cache
   * full of another's page tables, so a chunk is long.
   */
  static final int SLICES = 128;

  /** The most of the first chunk, and twice as many of each next: all soon have something to do. */
  private static final int FIRST_SLICES = 8;

  /** All references of each slice, where a machine needs them. */
  final ReferenceBatch[] slices;

  /** Each slice compacted, where a machine takes it so. */
  final CompactBatch[] compacted;

  /** The process of each slice. */
  final int[] owners = new int[SLICES];

  /** How many slices there are. */
  int count;

  /** The most that there may be. */
  int limit;

  /** For how many slices there is room. */
  private int made;

  Phase phase = Phase.WARMUP;

  BatchChunk(boolean whole, boolean compact) {
    slices = new ReferenceBatch[whole ? SLICES : 0];
    compacted = new CompactBatch[compact ? SLICES : 0];
  }

  /** Says which chunk of the batch is put here next, from 0 on. */
  void setNumber(long number) {
    limit = (int) Math.min(SLICES, (long) FIRST_SLICES << Math.min(number, Integer.SIZE / 2));
    for (; made < limit; made++) {
      if (slices.length > 0) {
        slices[made] = new ReferenceBatch();
      }
      if (compacted.length > 0) {
        compacted[made] = new CompactBatch();
      }
    }
  }

  /**
   * References of a slice that touch all pages that the slice touches, in the order of first touch.
   */
  ReferenceBatch touches(int slice) {
    return slices.length > 0 ? slices[slice] : compacted[slice].records;
  }
}
