package io.lookaside.cli;

import io.lookaside.experiments.sweep.SlurmJobs;
import io.lookaside.experiments.sweep.SweepFolder;
import io.lookaside.experiments.sweep.SweepFolder.Found;
import io.lookaside.experiments.sweep.SweepFolder.State;
import io.lookaside.experiments.sweep.SweepPlan;
import io.lookaside.experiments.sweep.SweepPoint;
import io.lookaside.simulator.RunJson;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code lookaside sweep status}. */
@Command(
    name = "status",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Say how far a sweep is: the points that are missing or damaged, and those that failed, with"
          + " the reason; and what Slurm says of them, where it runs them. The exit code is 0 if"
          + " all are finished, else 1."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside sweep status stlb.sweep",
      "  lookaside sweep status stlb.sweep --json -"
    })
final class SweepStatusCommand implements Callable<Integer> {
  private static final int MOST_LISTED = 20;

  private final Console console;

  @Parameters(paramLabel = "DIR", description = "The folder of a planned sweep.")
  private String folder = "";

  @Option(
      names = "--all",
      description = "List all points that are not finished, not only the first.")
  private boolean all;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write it as JSON; - for standard output instead of the text.")
  private @Nullable String json;

  SweepStatusCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    ResultFile jsonFile = json == null ? null : new ResultFile(json);
    SweepFolder sweep = new SweepFolder(Path.of(folder));
    SweepPlan plan = sweep.plan();
    Map<Integer, SlurmJobs.Task> jobs = new SlurmJobs(sweep).tasks();
    Map<State, Integer> counts = new EnumMap<>(State.class);
    for (State state : State.values()) {
      counts.put(state, 0);
    }
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("schema", "lookaside.sweep-status/1").put("points", plan.points().size());
    ObjectNode countNode = root.putObject("counts");
    ArrayNode unfinished = root.putArray("unfinished");
    StringBuilder text = new StringBuilder();
    int listed = 0;
    for (SweepPoint point : plan.points()) {
      Found found = sweep.find(point);
      counts.merge(found.state(), 1, Integer::sum);
      if (found.state() == State.FINISHED) {
        continue;
      }
      String word = word(found.state());
      ObjectNode row = unfinished.addObject().put("index", point.index()).put("key", point.key());
      row.put("point", point.title()).put("state", word).put("reason", found.reason());
      SlurmJobs.Task task = jobs.get(point.index());
      if (task != null) {
        row.putObject("slurm").put("task", task.task()).put("state", task.state());
      }
      if (all || listed < MOST_LISTED) {
        String reason = found.reason().isEmpty() ? "" : ": " + found.reason();
        reason += task == null ? "" : " [" + task + "]";
        text.append(String.format(Locale.ROOT, "%6d  %-8s  ", point.index(), word))
            .append(point.title())
            .append(reason.replaceAll("\\p{Cntrl}", "?"))
            .append('\n');
      }
      listed++;
    }
    if (!all && listed > MOST_LISTED) {
      text.append("        and ").append(listed - MOST_LISTED).append(" more; see --all\n");
    }
    counts.forEach((state, n) -> countNode.put(word(state), n));
    int strangers = sweep.strangers(plan).size();
    root.put("ofOtherPlans", strangers);
    boolean complete = counts.getOrDefault(State.FINISHED, 0) == plan.points().size();
    if (jsonFile != null) {
      jsonFile.write(RunJson.text(root), console.out());
    }
    if (jsonFile == null || !jsonFile.isStandardOutput()) {
      console
          .out()
          .printf(
              "%s: %d points: %d finished, %d failed, %d damaged, %d missing%n",
              sweep.path(),
              plan.points().size(),
              counts.get(State.FINISHED),
              counts.get(State.FAILED),
              counts.get(State.DAMAGED),
              counts.get(State.MISSING));
      console.out().print(text);
      if (strangers > 0) {
        console.out().println(strangers + " results in it are of other plans and are left out");
      }
    }
    return complete ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  private static String word(State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
