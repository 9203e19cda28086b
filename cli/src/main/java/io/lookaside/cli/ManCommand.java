package io.lookaside.cli;

import io.lookaside.simulator.config.NearMiss;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside man}. */
@Command(
    name = "man",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    description = "Print the manual page of a command, or write the pages of all.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside man run | man -l -",
      "  lookaside man trace record | man -l -",
      "  lookaside man --all ~/.local/share/man/man1"
    })
final class ManCommand implements Runnable {
  private final Console console;
  @Spec private @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description = "The command; without any, the page of lookaside itself.")
  private List<String> names = List.of();

  @Option(
      names = "--all",
      paramLabel = "FOLDER",
      description = "Write a file for each command into this folder.")
  private @Nullable Path folder;

  ManCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    CommandLine root = Objects.requireNonNull(spec).root().commandLine();
    if (folder == null) {
      console.out().print(ManPage.of(named(root)));
      return;
    }
    if (!names.isEmpty()) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--all writes every page; name no command beside it");
    }
    try {
      Files.createDirectories(folder);
      writeAll(root, folder);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private CommandLine named(CommandLine root) {
    CommandLine line = root;
    for (String name : names) {
      CommandLine next = line.getSubcommands().get(name);
      if (next == null) {
        throw new CommandLine.ParameterException(
            Objects.requireNonNull(spec).commandLine(),
            "there is no command '"
                + name
                + "'"
                + NearMiss.hint(name, line.getSubcommands().keySet()));
      }
      line = next;
    }
    return line;
  }

  private static void writeAll(CommandLine line, Path folder) throws java.io.IOException {
    Files.writeString(
        folder.resolve(ManPage.name(line.getCommandSpec()) + ".1"),
        ManPage.of(line),
        StandardCharsets.UTF_8);
    for (Map.Entry<String, CommandLine> sub : line.getSubcommands().entrySet()) {
      writeAll(sub.getValue(), folder);
    }
  }
}
