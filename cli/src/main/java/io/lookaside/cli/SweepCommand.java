package io.lookaside.cli;

import io.lookaside.experiments.sweep.SweepSpec;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code lookaside sweep}. */
@Command(
    name = "sweep",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    description = "Run many machines over many traces, from one file.",
    synopsisSubcommandLabel = "COMMAND",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside sweep run docs/examples/stlb.yaml",
      "  lookaside sweep run docs/examples/stlb.yaml --trace prog.lackey.gz -o prog.sweep",
      "  lookaside sweep plan big.yaml -o big.sweep",
      "  lookaside sweep shard 1/4 big.sweep",
      "  lookaside sweep status big.sweep",
      "  lookaside sweep merge big.sweep",
      "  lookaside sweep sbatch big.sweep --submit"
    })
final class SweepCommand {
  private final Console console;

  private SweepCommand(Console console) {
    this.console = console;
  }

  /** The command with its subcommands. */
  static CommandLine commandLine(Console console) {
    return new CommandLine(new SweepCommand(console))
        .addSubcommand(new SweepPlanCommand(console))
        .addSubcommand(new SweepRunCommand(console))
        .addSubcommand(new SweepShardCommand(console))
        .addSubcommand(new SweepStatusCommand(console))
        .addSubcommand(new SweepMergeCommand(console))
        .addSubcommand(new SweepSbatchCommand(console));
  }

  @Command(
      name = "schema",
      mixinStandardHelpOptions = true,
      description = "The JSON schema of sweep files, for editors.")
  int schema() {
    console.out().print(SweepSpec.schemaText());
    return ExitCode.OK;
  }
}
