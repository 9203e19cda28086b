package io.lookaside.cli;

import io.lookaside.simulator.config.MachineLibrary;
import picocli.CommandLine.Option;

/** The machine that a command runs: an option of those that always run one. */
final class MachineOption {
  @Option(
      names = "--machine",
      paramLabel = "NAME|FILE.yaml",
      defaultValue = MachineLibrary.DEFAULT,
      description = "A shipped machine or a file of yours (default: ${DEFAULT-VALUE}).")
  private String name = MachineLibrary.DEFAULT;

  /** The name of a shipped machine, or of a file. */
  String name() {
    return name;
  }
}
