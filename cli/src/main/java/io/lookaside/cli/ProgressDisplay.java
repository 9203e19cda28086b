package io.lookaside.cli;

import io.lookaside.simulator.ProgressListener;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A progress bar on a terminal: the share of the trace's bytes, time left, references, rate. */
final class ProgressDisplay implements ProgressListener, AutoCloseable {
  /** A short run is over before a bar would be read. */
  private static final Duration QUIET = Duration.ofMillis(500);

  private static final int WIDTH = 100;

  private final PrintStream err;
  private final String task;
  private final long start = System.nanoTime();
  private @Nullable ProgressBar bar;

  ProgressDisplay(PrintStream err) {
    this(err, "run");
  }

  /** A bar of a task with a name of one word. */
  ProgressDisplay(PrintStream err, String task) {
    this.err = err;
    this.task = task;
  }

  @Override
  public void progress(long references, long storedBytesRead, long storedBytes) {
    long elapsed = System.nanoTime() - start;
    if (bar == null) {
      if (elapsed < QUIET.toNanos()) {
        return;
      }
      bar =
          new ProgressBarBuilder()
              .setTaskName(task)
              .setInitialMax(storedBytes)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(200)
              .setConsumer(new ConsoleProgressBarConsumer(err, WIDTH))
              .setUnit(" MB", 1_000_000)
              .startsFrom(storedBytesRead, Duration.ofNanos(elapsed))
              .build();
    }
    bar.maxHint(storedBytes); // an estimate where --max-refs ends the run
    bar.stepTo(storedBytesRead);
    bar.setExtraMessage(
        String.format(
            Locale.ROOT, "%.1f M refs, %.1f M/s", references / 1e6, references * 1e3 / elapsed));
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
