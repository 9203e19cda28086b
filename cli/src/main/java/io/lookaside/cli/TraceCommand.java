package io.lookaside.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code lookaside trace}. */
@Command(
    name = "trace",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    description = "Look into, convert, record and make traces.",
    synopsisSubcommandLabel = "COMMAND",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside trace info traces/samples/date.lackey.xz",
      "  lookaside trace record -o ls.lkt -- ls -l",
      "  lookaside trace convert prog.lackey.gz prog.champsim.xz",
      "  lookaside trace generate chase --footprint 64M --count 1M -o chase.lkt"
    })
final class TraceCommand {
  private TraceCommand() {}

  /** The command with its subcommands. */
  static CommandLine commandLine(Console console) {
    return new CommandLine(new TraceCommand())
        .addSubcommand(new TraceInfoCommand(console))
        .addSubcommand(new TraceHeadCommand(console))
        .addSubcommand(new TraceConvertCommand(console))
        .addSubcommand(
            // What follows the program's name is the program's.
            new CommandLine(new TraceRecordCommand(console)).setStopAtPositional(true))
        .addSubcommand(new TraceGenerateCommand(console));
  }
}
