package io.lookaside.simulator;

import java.nio.file.Files;
import java.nio.file.Path;

/** The traces that the project ships. */
public final class Samples {
  private Samples() {}

  /** The path of a file in traces/samples, from whichever folder the tests run in. */
  public static String path(String name) {
    Path inProject = Path.of("traces", "samples", name);
    return (Files.exists(inProject) ? inProject : Path.of("..").resolve(inProject)).toString();
  }
}
