package io.lookaside.cli;

import picocli.CommandLine.Option;

/** The seed of a command whose result depends on chance. */
final class SeedOption {
  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      converter = SeedConverter.class,
      description = "Decides all that is left to chance (default: 0).")
  private long value;

  long value() {
    return value;
  }
}
