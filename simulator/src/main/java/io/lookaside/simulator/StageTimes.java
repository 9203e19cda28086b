package io.lookaside.simulator;

import io.lookaside.traces.CompactedTrace;
import java.io.IOException;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Thread CPU time of the stages of a run. Never part of a result. */
public final class StageTimes implements CompactedTrace.Stages {
  /** What a run spends its time on. */
  public enum Stage {
    /** Reading, decompressing and decoding the trace. */
    DECODE,
    /** Hashing its references, for the provenance of the result. */
    HASH,
    /** Mapping pages before the run, with the decoding and hashing for it. */
    PREFAULT,
    /** Everything that the emulated machine does. */
    REPLAY
  }

  /** Where Linux keeps what it knows of this process's threads. */
  private static final Path TASKS = Path.of("/proc/self/task");

  /** What HotSpot calls them, as far as Linux keeps names. */
  private static final Pattern COMPILER = Pattern.compile("C[12] Compiler");

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
   * @param hashing what hashing took of both
   */
  void addDecoding(long ahead, long inTurn, long hashing) {
    add(Stage.DECODE, ahead + inTurn - hashing);
    add(Stage.HASH, hashing);
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

  /**
   * Time that Java's compiler took since the process began, nanoseconds: CPU time of its threads
   * where the system tells it (Linux), else how long they were at it; 0 where nothing is known.
   */
  public long compileNanos() {
    long nanos = 0;
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
      for (Path task : tasks) {
        if (COMPILER.matcher(Files.readString(task.resolve("comm"))).lookingAt()) {
          String times = Files.readString(task.resolve("schedstat"));
          nanos += Long.parseLong(times.substring(0, times.indexOf(' ')));
        }
      }
    } catch (IOException | RuntimeException e) {
      nanos = 0; // not such a system, or a thread ended meanwhile
    }
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    if (nanos > 0 || compiler == null || !compiler.isCompilationTimeMonitoringSupported()) {
      return nanos;
    }
    return TimeUnit.MILLISECONDS.toNanos(compiler.getTotalCompilationTime());
  }

  private long now() {
    return enabled ? threads.getCurrentThreadCpuTime() : 0;
  }
}
