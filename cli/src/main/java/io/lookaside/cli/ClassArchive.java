package io.lookaside.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Goes through the common commands once in one process, so that their classes are loaded when the
 * launcher lets Java write its archive of loaded classes. What they print is dropped.
 */
final class ClassArchive {
  private ClassArchive() {}

  /** A sweep of two machines over a trace. */
  private static final String SWEEP =
      """
      traces: ['%s']
      machine: reference
      options: {max-refs: 1}
      axes:
        stlb.entries: [768, 1536]
      """;

  /** Argument: a trace, as an absolute path. */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createTempDirectory("lookaside-classes");
    try {
      run(args[0], folder);
    } finally {
      delete(folder);
    }
  }

  private static void run(String trace, Path folder) throws IOException {
    Path sweep =
        Files.writeString(folder.resolve("a.yaml"), SWEEP.formatted(trace.replace("'", "''")));
    List<String[]> commands =
        List.of(
            new String[] {"--version"},
            new String[] {"--help"},
            new String[] {"run", trace, "--max-refs", "1", "--json", "-"},
            new String[] {"run", trace, "--max-refs", "1"},
            new String[] {"run", trace, "--max-refs", "1", "--map", "prefault", "--timing"},
            new String[] {"curve", trace, "--max-refs", "1"},
            new String[] {"explain", trace, "--max-refs", "1"},
            new String[] {"trace", "info", trace},
            new String[] {
              "sweep", "run", sweep.toString(), "-o", folder.resolve("a.sweep").toString(), "-q"
            },
            new String[] {"machines", "list"},
            new String[] {"lab", "list"});
    PrintStream nothing =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    for (String[] command : commands) {
      Console console = new Console(new ByteArrayInputStream(new byte[0]), nothing, nothing, false);
      // A command that fails has loaded what it could.
      Main.execute(console, command);
    }
  }

  private static void delete(Path folder) throws IOException {
    List<Path> deepestFirst;
    try (Stream<Path> all = Files.walk(folder)) {
      deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : deepestFirst) {
      Files.delete(path);
    }
  }
}
