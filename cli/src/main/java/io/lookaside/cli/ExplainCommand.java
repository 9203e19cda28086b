package io.lookaside.cli;

import io.lookaside.simulator.Explanation;
import io.lookaside.simulator.ReferenceMetric;
import io.lookaside.simulator.RunResult;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** {@code lookaside explain}: the life of one reference, cycle by cycle. */
@Command(
    name = "explain",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Run a trace with a clock and print the life of one reference, cycle by cycle.",
      "Takes the options of run that decide what happens."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside explain traces/samples/date.lackey.xz --ref 0",
      "  lookaside explain prog.lackey.gz --ref 1000 --machine zen4 --overlap window",
      "  lookaside explain threads.csv --cores 2 --core 1 --ref 17"
    })
final class ExplainCommand extends RunCommand {
  private final Console console;

  @Option(
      names = "--ref",
      paramLabel = "N",
      required = true,
      converter = CountConverter.class,
      description = "The reference, numbered from 0 among the measured ones of its core.")
  private @Nullable Long reference;

  @Option(
      names = "--core",
      paramLabel = "N",
      defaultValue = "0",
      description = "With --cores: the core of the reference, numbered from 0 (default: 0).")
  private int core;

  /** Options of run that say where its results go, or what explain does anyway. */
  private static final List<String> NOT_OF_EXPLAIN =
      List.of(
          "--timing",
          "--timeline",
          "--timeline-window",
          "--json",
          "--csv",
          "--speed",
          "--pressure",
          "--pressure-every",
          "--top",
          "--heatmap",
          "--check-stale",
          "-q",
          "-v");

  /** The command, whose help leaves out what makes no sense here. */
  static CommandLine commandLine(Console console) {
    CommandLine line = new CommandLine(new ExplainCommand(console));
    CommandSpec spec = line.getCommandSpec();
    for (String name : NOT_OF_EXPLAIN) {
      OptionSpec option = spec.findOption(name);
      spec.remove(option);
      spec.addOption(OptionSpec.builder(option).hidden(true).build());
    }
    return line;
  }

  private ExplainCommand(Console console) {
    super(console);
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    long number = reference == null ? 0 : reference;
    Explanation explanation = new Explanation(core, number);
    RunResult result = runWatched(explanation, core, number);
    boolean several = !result.perCore().isEmpty();
    if (!explanation.isComplete()) {
      throw new UsageException(
          "--ref "
              + number
              + ": there are "
              + (several ? result.perCore().get(core) : result)
                  .references()
                  .get(ReferenceMetric.REFERENCES)
              + " measured references that were translated"
              + (several ? " on core " + core : "")
              + ", numbered from 0");
    }
    console
        .out()
        .printf(
            "reference %d%s on %s, %s%n%n",
            number, several ? " of core " + core : "", result.machine().name(), overlap(result));
    console.out().print(explanation.text());
    console.out().flush();
    return ExitCode.OK;
  }

  private static String overlap(RunResult result) {
    return result.timing() == null ? "" : result.timing().overlap().label();
  }
}
