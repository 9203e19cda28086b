package io.lookaside.simulator;

/**
 * What runs cost. Never part of a result.
 *
 * @param decodedReferences references that were decoded from traces, skipped ones included, in all
 *     passes
 * @param keptReferences references whose compactions were read from what was kept beside traces
 * @param replayedReferences references that machines went over, summed over the machines
 * @param decodeNanos thread CPU time of reading, decompressing, decoding and hashing, and of
 *     reading and writing what is kept
 * @param compactNanos thread CPU time of compacting, and of copying for machines that need all
 *     references
 * @param prefaultNanos thread CPU time of mapping pages before runs
 * @param replayNanos thread CPU time of the emulated machines
 * @param waitNanos wall time that threads of batches waited for references to replay
 */
public record BatchCost(
    long decodedReferences,
    long keptReferences,
    long replayedReferences,
    long decodeNanos,
    long compactNanos,
    long prefaultNanos,
    long replayNanos,
    long waitNanos) {
  /** Nothing yet. */
  public static final BatchCost NONE = new BatchCost(0, 0, 0, 0, 0, 0, 0, 0);

  /** Both together. */
  public BatchCost plus(BatchCost other) {
    return new BatchCost(
        decodedReferences + other.decodedReferences,
        keptReferences + other.keptReferences,
        replayedReferences + other.replayedReferences,
        decodeNanos + other.decodeNanos,
        compactNanos + other.compactNanos,
        prefaultNanos + other.prefaultNanos,
        replayNanos + other.replayNanos,
        waitNanos + other.waitNanos);
  }

  /** What a run alone cost. */
  public static BatchCost of(RunResult result, StageTimes times) {
    long replayed = result.warmedUp() + result.references().get(ReferenceMetric.REFERENCES);
    long references = result.skipped() + replayed;
    return new BatchCost(
        result.options().prefault() ? 2 * references : references,
        0,
        replayed,
        times.nanos(StageTimes.Stage.DECODE),
        0,
        times.nanos(StageTimes.Stage.PREFAULT),
        times.nanos(StageTimes.Stage.REPLAY),
        0);
  }
}
