package io.lookaside.cli;

import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Goes through the common commands once in one process, so that their classes are loaded when the
 * launcher lets Java write its archive of loaded classes. What they print is dropped.
 */
final class ClassArchive {
  private ClassArchive() {}

  /** Argument: a trace. */
  public static void main(String[] args) {
    String trace = args[0];
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
}
