package io.lookaside.cli;

import io.lookaside.experiments.sweep.SlurmJobs;
import io.lookaside.experiments.sweep.SweepFolder;
import io.lookaside.experiments.sweep.SweepPlan;
import io.lookaside.experiments.sweep.SweepPoint;
import io.lookaside.simulator.OptionValues;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside sweep sbatch}. */
@Command(
    name = "sbatch",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Write a job array for Slurm that runs the points without a result, and a job that merges"
          + " when it has ended. The sweep's folder and the traces must be visible on the nodes."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside sweep sbatch big.sweep --mem 4G --time 2:00:00 --submit",
      "  lookaside sweep sbatch big.sweep --sbatch --partition=long --per-task 16",
      "  lookaside sweep status big.sweep"
    })
final class SweepSbatchCommand implements Callable<Integer> {
  /** Set by the launcher: its own path. */
  private static final String LAUNCHER_PROPERTY = "lookaside.launcher";

  /** Machines for each CPU that a task runs over one decoding of its trace. */
  private static final int PER_CPU = 4;

  private final Console console;

  @Parameters(paramLabel = "DIR", description = "The folder of a planned sweep.")
  private String folder = "";

  @Option(
      names = "--submit",
      description = "Submit the jobs; else only write them and say how to submit them.")
  private boolean submit;

  @Option(
      names = "--mem",
      paramLabel = "SIZE",
      defaultValue = "2G",
      description = "Memory of a task; Java's heap takes three quarters (default: 2G).")
  private String memory = "2G";

  @Option(
      names = "--time",
      paramLabel = "LIMIT",
      defaultValue = "1:00:00",
      description = "Time limit of a task, as Slurm writes it (default: 1:00:00).")
  private String time = "1:00:00";

  @Option(
      names = "--cpus",
      paramLabel = "N",
      defaultValue = "1",
      description = "CPUs of a task (default: 1).")
  private int cpus = 1;

  @Option(
      names = "--per-task",
      paramLabel = "N",
      description =
          "Points of a task (default: 4 for each CPU); more if the array would exceed"
              + " MaxArraySize.")
  private @Nullable Integer perTask;

  @Option(
      names = "--max-array",
      paramLabel = "N",
      description = "Slurm's MaxArraySize (default: as scontrol says, else 1001).")
  private @Nullable Integer maxArray;

  @Option(
      names = "--sbatch",
      paramLabel = "OPTION",
      description = "A further option of sbatch, as in --sbatch --partition=long; may be repeated.")
  private List<String> extra = new ArrayList<>();

  @Option(
      names = "--launcher",
      paramLabel = "FILE",
      description = "The command that runs Lookaside on the nodes (default: this one).")
  private @Nullable String launcher;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  SweepSbatchCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    SlurmJobs.Request request = request();
    SweepFolder sweep = new SweepFolder(Path.of(folder));
    SweepPlan plan = sweep.plan();
    SlurmJobs jobs = new SlurmJobs(sweep);
    Map<Integer, SlurmJobs.Task> known = jobs.tasks();
    List<SweepPoint> points = new ArrayList<>();
    int ahead = 0;
    for (SweepPoint point : plan.points()) {
      if (sweep.find(point).state() != SweepFolder.State.FINISHED) {
        SlurmJobs.Task task = known.get(point.index());
        if (task != null && task.isAhead()) {
          ahead++;
        } else {
          points.add(point);
        }
      }
    }
    String waiting = ahead == 0 ? "" : "; " + ahead + " more wait or run in Slurm already";
    if (points.isEmpty()) {
      say(sweep.path() + ": there is nothing to submit" + waiting);
      return ExitCode.OK;
    }
    SlurmJobs.Submission made = jobs.write(plan.name(), points, request);
    say(
        made.folder()
            + ": an array of "
            + made.tasks()
            + (made.tasks() == 1 ? " task for " : " tasks for ")
            + points.size()
            + (points.size() == 1 ? " point" : " points")
            + waiting);
    say(submit ? SlurmJobs.submit(made) : "submit it with: bash " + made.folder() + "/submit.sh");
    return ExitCode.OK;
  }

  private void say(String text) {
    if (!quiet) {
      console.out().println(text);
    }
  }

  private SlurmJobs.Request request() throws UsageException, InterruptedException {
    if (cpus < 1 || (perTask != null && perTask < 1) || (maxArray != null && maxArray < 1)) {
      throw new UsageException("--cpus, --per-task and --max-array must be at least 1");
    }
    if (!time.matches("[0-9]{1,6}([:-][0-9]{1,2}){0,3}")) {
      throw new UsageException(
          "--time: expected minutes, hours:minutes:seconds or days-hours, not '" + time + "'");
    }
    for (String option : extra) {
      if (!option.matches("-[^\\n\\r]+")) {
        throw new UsageException(
            "--sbatch: expected an option of sbatch, as in --partition=long, not '" + option + "'");
      }
    }
    long bytes;
    try {
      bytes = OptionValues.memoryBytes(memory);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--mem: " + e.getMessage());
    }
    int least = 512;
    long mebibytes = bytes >> 20;
    if (mebibytes < least || mebibytes > Integer.MAX_VALUE) {
      throw new UsageException("--mem: a task needs at least " + least + "M");
    }
    String own = System.getProperty(LAUNCHER_PROPERTY);
    String command = launcher == null ? own : launcher;
    if (command == null) {
      throw new UsageException(
          "--launcher: name the command that runs Lookaside on the nodes, as in"
              + " --launcher /home/you/lookaside/lookaside");
    }
    return new SlurmJobs.Request(
        command.contains("/") ? Path.of(command).toAbsolutePath().normalize().toString() : command,
        cpus,
        (int) mebibytes,
        time,
        perTask == null ? PER_CPU * cpus : perTask,
        maxArray == null ? SlurmJobs.maxArraySize() : maxArray,
        extra);
  }
}
