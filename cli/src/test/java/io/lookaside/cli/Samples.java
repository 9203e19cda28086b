package io.lookaside.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** Files of the project that tests read, from whichever folder the tests run in. */
final class Samples {
  private Samples() {}

  /** The path of a file in traces/samples. */
  static String path(String name) {
    return inProject(Path.of("traces", "samples", name)).toString();
  }

  /** The path of a recorded memory image. */
  static Path image(String name) {
    return inProject(
        Path.of("simulator/src/test/resources/io/lookaside/simulator/image").resolve(name));
  }

  /** The path of an example of the guide. */
  static Path example(String name) {
    return inProject(Path.of("docs", "examples").resolve(name));
  }

  private static Path inProject(Path file) {
    return Files.exists(file) ? file : Path.of("..").resolve(file);
  }
}
