package io.lookaside.experiments.sweep;

import io.lookaside.simulator.RunOptions;
import io.lookaside.traces.TraceFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A trace of a sweep: one file, or several that are processes of one core.
 *
 * @param name its name in results
 * @param files its files, in order
 * @param format its format, or {@code null} to detect it
 * @param quantum with several files, references of one before the next has its turn
 */
public record SweepTrace(
    String name, List<TraceFileId> files, @Nullable TraceFormat format, long quantum) {
  /** References of a turn where nothing else is asked for. */
  static final long DEFAULT_QUANTUM = RunOptions.DEFAULT_QUANTUM;

  /** Copies the list. */
  public SweepTrace {
    files = List.copyOf(files);
  }

  /** The paths to open. */
  public List<String> paths() {
    return files.stream().map(TraceFileId::path).toList();
  }
}
