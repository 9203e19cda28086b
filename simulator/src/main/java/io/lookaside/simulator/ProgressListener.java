package io.lookaside.simulator;

/** Is told now and then how far a run has come. */
@FunctionalInterface
public interface ProgressListener {
  /**
   * Called after every batch.
   *
   * @param references references read so far, in all passes
   * @param storedBytesRead bytes of the trace's file read so far, in all passes
   * @param storedBytes bytes that all passes will read; -1 if unknown
   */
  void progress(long references, long storedBytesRead, long storedBytes);
}
