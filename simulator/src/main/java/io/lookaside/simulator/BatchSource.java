package io.lookaside.simulator;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * The references that the machines of a batch replay: those of a pass to map pages, if that is
 * asked for, and then those of the run. Used by one thread at a time.
 */
interface BatchSource extends Closeable {
  /**
   * Puts the next references of a phase into a chunk.
   *
   * @return whether there were any
   */
  boolean fill(BatchChunk chunk) throws IOException;

  /** References that were passed over; after the end. */
  long skipped();

  /** References of the warm-up; after the end. */
  long warmedUp();

  /** References after those; after the end. */
  long measured();

  /** What was read of each trace; after the end. */
  List<RunResult.TraceResult> results();

  /** What reading cost so far; the rest of the cost is zero. */
  BatchCost cost();
}
