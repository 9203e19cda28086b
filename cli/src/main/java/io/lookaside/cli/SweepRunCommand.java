package io.lookaside.cli;

import io.lookaside.experiments.sweep.SweepFolder;
import io.lookaside.experiments.sweep.SweepPlan;
import io.lookaside.experiments.sweep.SweepPoint;
import io.lookaside.experiments.sweep.SweepSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside sweep run}. */
@Command(
    name = "run",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Run the points of a sweep that have no result yet, and merge the results when all are there."
          + " Started again after an interruption, it goes on."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside sweep run docs/examples/stlb.yaml",
      "  lookaside sweep run docs/examples/stlb.yaml --trace prog.lackey.gz -o prog.sweep",
      "  lookaside sweep run stlb.sweep --threads 2"
    })
final class SweepRunCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(
      paramLabel = "FILE|DIR",
      description = "A sweep file, which is planned first; or the folder of a planned sweep.")
  private String target = "";

  @Option(
      names = "-o",
      paramLabel = "DIR",
      description = "With FILE: the sweep's folder (default: the file's name with .sweep, here).")
  private @Nullable String folder;

  @Option(
      names = "--trace",
      paramLabel = "TRACE",
      description =
          "With FILE: take this trace instead of those that the file names; may be repeated.")
  private List<String> traces = new ArrayList<>();

  @Option(
      names = "--points",
      paramLabel = "LIST",
      description = "Run only these points, as in 0-3,7; they are numbered from 0.")
  private @Nullable String some;

  @Mixin private SweepWork work = new SweepWork();

  SweepRunCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    SweepFolder sweep;
    SweepPlan plan;
    if (Files.isDirectory(Path.of(target))) {
      if (folder != null || !traces.isEmpty()) {
        throw new UsageException("-o and --trace go with a sweep file; " + target + " is a folder");
      }
      sweep = new SweepFolder(Path.of(target));
      plan = sweep.plan();
    } else {
      sweep = SweepPlanCommand.folderFor(target, folder);
      plan = SweepPlanCommand.plan(SweepSpec.read(target, traces), sweep);
    }
    List<SweepPoint> points =
        some == null ? plan.points() : points(some, plan.points().size()).map(plan);
    int code = work.run(console, sweep, plan, points, target);
    if (some == null) {
      work.merge(console, sweep, plan);
    }
    return code;
  }

  /** Numbers of points. */
  record Numbers(List<Integer> indices) {
    List<SweepPoint> map(SweepPlan plan) {
      return indices.stream().map(plan.points()::get).toList();
    }
  }

  /** Reads a list such as {@code 0-3,7}. */
  static Numbers points(String text, int count) throws UsageException {
    TreeSet<Integer> indices = new TreeSet<>();
    for (String part : text.split(",", -1)) {
      if (!part.matches("[0-9]{1,9}(-[0-9]{1,9})?")) {
        throw new UsageException(
            "--points: '" + text + "' is no list of points; expected one such as 0-3,7");
      }
      int dash = part.indexOf('-');
      int from = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
      int to = Integer.parseInt(part.substring(dash + 1));
      if (from > to || to >= count) {
        throw new UsageException(
            "--points: '" + part + "' is not within the plan's points, 0 to " + (count - 1));
      }
      for (int i = from; i <= to; i++) {
        indices.add(i);
      }
    }
    return new Numbers(List.copyOf(indices));
  }
}
