package io.lookaside.cli;

import io.lookaside.experiments.sweep.SweepFolder;
import io.lookaside.experiments.sweep.SweepPlan;
import io.lookaside.experiments.sweep.SweepPlanner;
import io.lookaside.experiments.sweep.SweepPoint;
import io.lookaside.experiments.sweep.SweepSpec;
import io.lookaside.simulator.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside sweep plan}. */
@Command(
    name = "plan",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Check a sweep file, all of its machines included, and write the plan: a row for each point."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside sweep plan docs/examples/stlb.yaml -o stlb.sweep",
      "  lookaside sweep plan docs/examples/stlb.yaml --list"
    })
final class SweepPlanCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "FILE", description = "A sweep file; see: lookaside sweep schema.")
  private String file = "";

  @Option(
      names = "-o",
      paramLabel = "DIR",
      description = "The sweep's folder (default: the file's name with .sweep, here).")
  private @Nullable String folder;

  @Option(
      names = "--trace",
      paramLabel = "TRACE",
      description = "Take this trace instead of those that the file names; may be repeated.")
  private List<String> traces = new ArrayList<>();

  @Option(names = "--list", description = "List the points, and write nothing.")
  private boolean list;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  SweepPlanCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    SweepSpec spec = SweepSpec.read(file, traces);
    if (list) {
      for (SweepPoint point : SweepPlanner.plan(spec).points()) {
        console.out().println(point.index() + "\t" + point.key() + "\t" + point.title());
      }
      return ExitCode.OK;
    }
    SweepFolder target = folderFor(file, folder);
    SweepPlan plan = plan(spec, target);
    if (!quiet) {
      console
          .out()
          .printf(
              "%s: %d points, %d machines, %d traces; run it with: lookaside sweep run %s%n",
              target.path(),
              plan.points().size(),
              plan.machines().size(),
              plan.traces().size(),
              target.path());
    }
    return ExitCode.OK;
  }

  /** The folder of a sweep that is made from a file. */
  static SweepFolder folderFor(String file, @Nullable String folder) throws IOException {
    Path path = Path.of(folder == null ? name(file) : folder);
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new IOException(path + ": cannot be the sweep's folder: it is a file");
    }
    return new SweepFolder(path);
  }

  private static String name(String file) {
    String last = String.valueOf(Path.of(file).getFileName());
    return last.replaceAll("\\.ya?ml$", "") + ".sweep";
  }

  /** Plans, and writes the plan if it is another than the one that is there. */
  static SweepPlan plan(SweepSpec spec, SweepFolder folder) throws ConfigException, IOException {
    SweepPlan plan = SweepPlanner.plan(spec);
    folder.write(plan);
    return plan;
  }
}
