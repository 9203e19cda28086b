package io.lookaside.cli;

import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code lookaside machines}. */
@Command(
    name = "machines",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    description = "List, show and check machines.",
    synopsisSubcommandLabel = "COMMAND",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside machines list",
      "  lookaside machines show skylake > mine.yaml",
      "  lookaside machines validate mine.yaml"
    })
final class MachinesCommand {
  private final Console console;

  MachinesCommand(Console console) {
    this.console = console;
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "The shipped machines, a line each.")
  int list() throws Exception {
    for (String name : MachineLibrary.NAMES) {
      MachineConfig config = MachineLibrary.load(name, List.of());
      String description = config.effective().path("description").asString("");
      String mark = name.equals(MachineLibrary.DEFAULT) ? " (the default)" : "";
      console.out().printf("%-14s  %s%s%n", name, description, mark);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "A shipped machine's YAML, with its sources.")
  int show(@Parameters(paramLabel = "NAME") String name) throws Exception {
    console.out().print(MachineLibrary.text(name));
    return ExitCode.OK;
  }

  @Command(
      name = "validate",
      mixinStandardHelpOptions = true,
      description = "Check a machine file; says everything that is wrong with it.")
  int validate(@Parameters(paramLabel = "FILE") String file) throws Exception {
    MachineConfig config = MachineLibrary.load(file, List.of());
    console.out().printf("%s: is valid: machine %s%n", file, config.name());
    return ExitCode.OK;
  }

  @Command(
      name = "schema",
      mixinStandardHelpOptions = true,
      description = "The JSON schema of machine files, for editors.")
  int schema() {
    console.out().print(MachineLibrary.schemaText());
    return ExitCode.OK;
  }
}
