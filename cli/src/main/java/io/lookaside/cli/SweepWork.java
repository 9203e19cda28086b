package io.lookaside.cli;

import io.lookaside.experiments.sweep.SweepFolder;
import io.lookaside.experiments.sweep.SweepMerge;
import io.lookaside.experiments.sweep.SweepPlan;
import io.lookaside.experiments.sweep.SweepPoint;
import io.lookaside.experiments.sweep.SweepRunner;
import java.io.IOException;
import java.nio.file.Path;
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

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  /** Runs points that have no result; returns the exit code. */
  int run(Console console, SweepFolder folder, SweepPlan plan, List<SweepPoint> points)
      throws IOException, InterruptedException, UsageException {
    int cores = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    if (cores < 1) {
      throw new UsageException("--threads must be at least 1");
    }
    SweepRunner.Summary summary;
    boolean bar = console.terminal() && !quiet;
    try (SweepDisplay display = new SweepDisplay(console.err(), bar, points.size())) {
      summary = new SweepRunner(folder, plan, cores, display, Main::codeFor).run(points);
    }
    if (!quiet) {
      console
          .out()
          .printf(
              "%s: of %d points %d were there, %d finished now, %d failed%n",
              folder.path(), points.size(), summary.found(), summary.finished(), summary.failed());
    }
    return summary.exitCode();
  }

  /** Merges what is complete. */
  void merge(Console console, SweepFolder folder, SweepPlan plan) throws IOException {
    SweepMerge merge = new SweepMerge(plan, List.of(folder));
    if (!merge.missing().isEmpty()) {
      return;
    }
    writeAll(merge, folder.path());
    if (!quiet) {
      console.out().printf("%s: result.json, result.jsonl, result.csv%n", folder.path());
    }
  }

  /** Writes the merged result in all of its forms. */
  static void writeAll(SweepMerge merge, Path folder) throws IOException {
    merge.writeJson(folder.resolve("result.json"));
    merge.writeJsonLines(folder.resolve("result.jsonl"));
    merge.writeCsv(folder.resolve("result.csv"));
  }
}
