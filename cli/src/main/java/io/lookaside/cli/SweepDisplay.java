package io.lookaside.cli;

import io.lookaside.experiments.sweep.SweepPoint;
import io.lookaside.experiments.sweep.SweepRunner;
import java.io.PrintStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** The progress of a sweep: a bar on a terminal, and a line for each point that fails. */
final class SweepDisplay implements SweepRunner.Listener, AutoCloseable {
  private static final int WIDTH = 100;

  private final PrintStream err;
  private final @Nullable ProgressBar bar;

  SweepDisplay(PrintStream err, boolean withBar, int points) {
    this.err = err;
    this.bar =
        withBar
            ? new ProgressBarBuilder()
                .setTaskName("sweep")
                .setInitialMax(points)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .setConsumer(new ConsoleProgressBarConsumer(err, WIDTH))
                .setUnit(" points", 1)
                .build()
            : null;
  }

  @Override
  public void finished(SweepPoint point) {
    step();
  }

  @Override
  public void failed(SweepPoint point, String reason) {
    step();
    String text = "point " + point.index() + " (" + point.title() + ") failed: " + reason;
    err.println("lookaside: " + text.replaceAll("\\p{Cntrl}", "?"));
  }

  private void step() {
    if (bar != null) {
      bar.step();
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
