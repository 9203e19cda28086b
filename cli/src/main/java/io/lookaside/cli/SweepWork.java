package io.lookaside.cli;

import io.lookaside.experiments.sweep.SweepFolder;
import io.lookaside.experiments.sweep.SweepMerge;
import io.lookaside.experiments.sweep.SweepPlan;
import io.lookaside.experiments.sweep.SweepPoint;
import io.lookaside.experiments.sweep.SweepRunner;
import io.lookaside.experiments.sweep.SweepTrace;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code sweep run} and {@code sweep shard} have in common. */
final class SweepWork {
  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "How many threads work (default: one for each core).")
  private @Nullable Integer threads;

  @Option(
      names = "--no-cache",
      description = "Neither use nor keep compacted traces in .lookaside-cache beside the traces.")
  private boolean noCache;

  @Option(
      names = "--speed",
      paramLabel = "FILE",
      description =
          "Write the CPU time of decoding, compacting, prefaulting and replay, and how many"
              + " references were decoded, read from .lookaside-cache and replayed, as JSON.")
  private @Nullable String speed;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  /** The file for {@code --speed}, if there is to be one; must not be the {@code input}. */
  private @Nullable ResultFile speedFile(SweepPlan plan, String input)
      throws IOException, UsageException {
    if (speed == null) {
      return null;
    }
    ResultFile file = new ResultFile(speed);
    boolean overwrites = file.isFile(input);
    for (SweepTrace trace : plan.traces()) {
      for (String path : trace.paths()) {
        overwrites |= file.isFile(path);
      }
    }
    if (overwrites) {
      throw new UsageException("--speed would overwrite an input; name another file");
    }
    return file;
  }

  /**
   * Runs points that have no result; returns the exit code.
   *
   * @param input what the command was given: the sweep's file or folder
   */
  int run(
      Console console, SweepFolder folder, SweepPlan plan, List<SweepPoint> points, String input)
      throws IOException, InterruptedException, UsageException {
    int cores = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    if (cores < 1) {
      throw new UsageException("--threads must be at least 1");
    }
    ResultFile speedFile = speedFile(plan, input);
    long begun = System.nanoTime();
    SweepRunner.Summary summary;
    boolean bar = console.terminal() && !quiet;
    try (SweepDisplay display = new SweepDisplay(console.err(), bar, points.size())) {
      summary = new SweepRunner(folder, plan, cores, !noCache, display, Main::codeFor).run(points);
    }
    if (speedFile != null) {
      speedFile.write(SpeedJson.text(summary.cost(), System.nanoTime() - begun), console.out());
    }
    if (talks()) {
      console
          .out()
          .printf(
              "%s: of %d points %d were there, %d finished now, %d failed%n",
              folder.path(), points.size(), summary.found(), summary.finished(), summary.failed());
    }
    return summary.exitCode();
  }

  /** Whether there is more to say on standard output than results. */
  private boolean talks() {
    return !quiet && !"-".equals(speed);
  }

  /** Merges what is complete. */
  void merge(Console console, SweepFolder folder, SweepPlan plan)
      throws IOException, InterruptedException {
    SweepMerge merge = new SweepMerge(plan, List.of(folder));
    if (!merge.missing().isEmpty()) {
      return;
    }
    merge.writeAll(folder.path());
    if (talks()) {
      console.out().printf("%s: result.json, result.jsonl, result.csv%n", folder.path());
    }
  }
}
