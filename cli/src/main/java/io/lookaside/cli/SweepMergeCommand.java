package io.lookaside.cli;

import io.lookaside.experiments.sweep.SweepFolder;
import io.lookaside.experiments.sweep.SweepMerge;
import io.lookaside.experiments.sweep.SweepPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside sweep merge}. */
@Command(
    name = "merge",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Merge the results of a sweep into result.json, result.jsonl and result.csv. It refuses if"
          + " points are missing, or if several folders have the same point."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside sweep merge stlb.sweep",
      "  lookaside sweep merge host1.sweep host2.sweep -o all",
    })
final class SweepMergeCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(
      arity = "1..*",
      paramLabel = "DIR",
      description = "The folder of a sweep; several are copies that ran different parts.")
  private List<String> folders = new ArrayList<>();

  @Option(
      names = "-o",
      paramLabel = "DIR",
      description = "Where the results go (default: the first folder).")
  private @Nullable String output;

  @Option(names = "--allow-missing", description = "Merge what is there.")
  private boolean allowMissing;

  @Option(
      names = "--allow-duplicates",
      description = "Take one of several equal results of a point.")
  private boolean allowDuplicates;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  SweepMergeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    List<SweepFolder> sweeps = new ArrayList<>();
    SweepPlan plan = null;
    for (String folder : folders) {
      SweepFolder sweep = new SweepFolder(Path.of(folder));
      SweepPlan its = sweep.plan();
      if (plan != null && !its.hash().equals(plan.hash())) {
        throw new UsageException(
            folder + " has another plan than " + folders.get(0) + "; merge them one by one");
      }
      if (sweeps.stream().anyMatch(s -> same(s.path(), sweep.path()))) {
        throw new UsageException(folder + " is named twice; name it once");
      }
      plan = its;
      sweeps.add(sweep);
    }
    if (plan == null) {
      throw new UsageException("a folder is missing");
    }
    SweepMerge merge = new SweepMerge(plan, sweeps);
    if (!merge.missing().isEmpty() && !allowMissing) {
      return refuse(
          merge.missing().size()
              + " of "
              + plan.points().size()
              + " points have no result: "
              + SweepMerge.names(merge.missing())
              + "; run them, or merge what is there with --allow-missing");
    }
    if (!merge.duplicates().isEmpty() && !allowDuplicates) {
      return refuse(
          merge.duplicates().size()
              + " points are in several folders: "
              + SweepMerge.names(merge.duplicates())
              + "; take one of each with --allow-duplicates");
    }
    Path target = Path.of(output == null ? folders.get(0) : output);
    Files.createDirectories(target);
    merge.writeAll(target);
    if (!quiet) {
      int merged = plan.points().size() - merge.missing().size();
      console
          .out()
          .printf(
              "%s: result.json, result.jsonl, result.csv: %d of %d points%n",
              target, merged, plan.points().size());
    }
    return ExitCode.OK;
  }

  private int refuse(String message) {
    console.err().println("lookaside: " + message.replaceAll("\\p{Cntrl}", "?"));
    return ExitCode.CHECK_FAILED;
  }

  private static boolean same(Path a, Path b) {
    try {
      return Files.isSameFile(a, b);
    } catch (java.io.IOException e) {
      return false;
    }
  }
}
