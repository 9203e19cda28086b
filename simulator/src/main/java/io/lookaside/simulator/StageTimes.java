package io.lookaside.simulator;

import io.lookaside.traces.CompactedTrace;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** Thread CPU time of the stages of a run. Never part of a result. */
public final class StageTimes implements CompactedTrace.Stages {
  /** What a run spends its time on. */
  public enum Stage {
    /** Reading, decompressing, decoding and hashing the trace. */
    DECODE,
    /** Mapping pages before the run, with the decoding for it. */
    PREFAULT,
    /** Everything that the emulated machine does. */
    REPLAY
  }

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final boolean enabled;
  private final long[] nanos = new long[Stage.values().length];
  private final long wallStart = System.nanoTime();
  private long mark;

  /** A clock that runs, or one that costs nothing and stays at zero. */
  public StageTimes(boolean enabled) {
    this.enabled = enabled;
    this.mark = now();
  }

  /**
   * Lets the stages begin here: what this thread did since the last booking, such as loading
   * classes and building the machine, is no stage's.
   */
  void begin() {
    mark = now();
  }

  /** Adds time that another thread has spent. */
  public void add(Stage stage, long nanosOfOther) {
    if (enabled) {
      nanos[stage.ordinal()] += nanosOfOther;
    }
  }

  /**
   * Books what reading the trace took beside the replay.
   *
   * @param ahead time of threads of its own
   * @param inTurn time of this thread, which was booked to the replay
   */
  void addDecoding(long ahead, long inTurn) {
    add(Stage.DECODE, ahead + inTurn);
    add(Stage.REPLAY, -inTurn);
  }

  /** Books this thread's time since the last call to {@code stage}. */
  public void book(Stage stage) {
    if (enabled) {
      long t = now();
      nanos[stage.ordinal()] += t - mark;
      mark = t;
    }
  }

  @Override
  public void decoded() {
    book(Stage.DECODE);
  }

  @Override
  public void compacted() {
    book(Stage.REPLAY);
  }

  /** Time booked to a stage, nanoseconds. */
  public long nanos(Stage stage) {
    return nanos[stage.ordinal()];
  }

  /** Wall-clock time since this clock was made, nanoseconds. */
  public long wallNanos() {
    return System.nanoTime() - wallStart;
  }

  private long now() {
    return enabled ? threads.getCurrentThreadCpuTime() : 0;
  }
}
