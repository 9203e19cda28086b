package io.lookaside.cli;

import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.config.NearMiss;
import io.lookaside.simulator.lab.Claim;
import io.lookaside.simulator.lab.Lab;
import io.lookaside.simulator.lab.LabReport;
import io.lookaside.simulator.lab.LabText;
import io.lookaside.simulator.lab.Labs;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code lookaside lab}. */
@Command(
    name = "lab",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    description = "Experiments with the operating system: claims, measured on the model.",
    synopsisSubcommandLabel = "COMMAND",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside lab list",
      "  lookaside lab run fork-cow",
      "  lookaside lab run fork-cow --set os.copyOnWrite=off",
      "  lookaside lab run --all --json labs.json"
    })
final class LabCommand {
  private static final String PREFIX = "os.";

  private final Console console;

  LabCommand(Console console) {
    this.console = console;
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "The experiments, a line each, with what can be switched off.")
  int list(
      @Option(
              names = "--json",
              paramLabel = "FILE",
              description = "Write the list as JSON; - for standard output instead of the text.")
          @Nullable String json)
      throws Exception {
    ResultFile file = json == null ? null : new ResultFile(json);
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("schema", "lookaside.lab/1");
    ArrayNode labs = root.putArray("labs");
    StringBuilder text = new StringBuilder();
    for (Lab lab : Labs.all()) {
      describe(labs.addObject(), lab);
      text.append(String.format("%-26s %s%n", lab.name(), lab.title()));
      text.append(String.format("%-26s   os.%s%n", "", String.join(", os.", lab.ablations())));
    }
    if (file != null) {
      file.write(RunJson.text(root), console.out());
    }
    if (file == null || !file.isStandardOutput()) {
      console.out().print(text);
    }
    return ExitCode.OK;
  }

  private static void describe(ObjectNode node, Lab lab) {
    node.put("name", lab.name());
    node.put("title", lab.title());
    ArrayNode ablations = node.putArray("ablations");
    lab.ablations().forEach(key -> ablations.add(PREFIX + key));
  }

  @Command(
      name = "run",
      mixinStandardHelpOptions = true,
      description = "Run experiments; exit code 1 if a claim does not hold.")
  int run(
      @Parameters(paramLabel = "NAME", arity = "0..*", description = "As 'lab list' names them.")
          @Nullable List<String> names,
      @Option(names = "--all", description = "Run all of them.") boolean all,
      @Option(
              names = "--set",
              paramLabel = "os.KEY=off",
              description = "Switch a mechanism off; repeatable.")
          @Nullable List<String> settings,
      @Mixin MachineOption machine,
      @Mixin SeedOption seed,
      @Option(
              names = "--json",
              paramLabel = "FILE",
              description = "Write the result as JSON; - for standard output instead of the text.")
          @Nullable String json,
      @Option(names = "-q", description = "Print nothing but errors.") boolean quiet)
      throws Exception {
    List<Lab> labs = choose(names == null ? List.of() : names, all);
    Set<String> off = switchedOff(settings == null ? List.of() : settings, labs);
    MachineConfig hardware = MachineLibrary.load(machine.name(), List.of());
    ResultFile file = json == null ? null : new ResultFile(json);
    Map<Lab, LabReport> reports = new LinkedHashMap<>();
    boolean holds = true;
    boolean print = !quiet && (file == null || !file.isStandardOutput());
    for (Lab lab : labs) {
      LabReport report = Labs.run(lab, hardware, seed.value(), off);
      reports.put(lab, report);
      holds &= report.holds();
      if (print) {
        console.out().print(LabText.of(lab, report, off));
        console.out().flush();
      }
    }
    if (file != null) {
      file.write(RunJson.text(json(reports, seed.value(), off)), console.out());
    }
    if (print && labs.size() > 1) {
      long held = reports.values().stream().filter(LabReport::holds).count();
      console.out().printf("%d of %d experiments hold%n", held, labs.size());
    }
    return holds ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  private static List<Lab> choose(List<String> names, boolean all) throws UsageException {
    if (all == !names.isEmpty()) {
      throw new UsageException(
          all
              ? "--all runs every experiment; name none beside it"
              : "name an experiment, or --all");
    }
    if (all) {
      return Labs.all();
    }
    List<Lab> labs = new ArrayList<>();
    for (String name : names) {
      Lab lab = Labs.named(name);
      if (lab == null) {
        throw new UsageException(
            "there is no experiment '" + name + "'" + NearMiss.hint(name, Labs.names()));
      }
      if (!labs.contains(lab)) {
        labs.add(lab);
      }
    }
    return labs;
  }

  private static Set<String> switchedOff(List<String> settings, List<Lab> labs)
      throws UsageException {
    Set<String> off = new LinkedHashSet<>();
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      String key = equals < 0 ? setting : setting.substring(0, equals);
      String value = equals < 0 ? "" : setting.substring(equals + 1);
      boolean known =
          key.startsWith(PREFIX) && Labs.keys().contains(key.substring(PREFIX.length()));
      if (!known) {
        List<String> keys = Labs.keys().stream().map(PREFIX::concat).toList();
        throw new UsageException(
            "--set: there is no mechanism '" + key + "'" + NearMiss.hint(key, keys));
      }
      if (!value.equals("off") && !value.equals("on")) {
        throw new UsageException("--set " + key + ": expected off or on, not '" + value + "'");
      }
      String bare = key.substring(PREFIX.length());
      if (labs.stream().noneMatch(lab -> lab.ablations().contains(bare))) {
        throw new UsageException("--set: none of these experiments rests on " + key);
      }
      if (value.equals("off")) {
        off.add(bare);
      } else {
        off.remove(bare);
      }
    }
    return off;
  }

  private static ObjectNode json(Map<Lab, LabReport> reports, long seed, Set<String> off) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("schema", "lookaside.lab/1");
    root.put("seed", seed);
    ArrayNode switchedOff = root.putArray("off");
    off.forEach(key -> switchedOff.add(PREFIX + key));
    ArrayNode labs = root.putArray("labs");
    reports.forEach(
        (lab, report) -> {
          ObjectNode node = labs.addObject();
          describe(node, lab);
          node.put("holds", report.holds());
          ArrayNode claims = node.putArray("claims");
          for (Claim claim : report.claims()) {
            ObjectNode c = claims.addObject();
            c.put("claim", claim.text());
            c.put("expected", claim.expected());
            c.put("measured", claim.measured());
            c.put("holds", claim.holds());
          }
          ObjectNode table = node.putObject("table");
          ArrayNode headers = table.putArray("headers");
          report.headers().forEach(headers::add);
          ArrayNode rows = table.putArray("rows");
          report.rows().forEach(row -> row.forEach(rows.addArray()::add));
        });
    return root;
  }
}
