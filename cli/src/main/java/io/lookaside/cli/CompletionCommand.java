package io.lookaside.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside completion}. */
@Command(
    name = "completion",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    description = "Print a script that completes commands, options and their values.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  source <(lookaside completion bash)       # this shell; add it to ~/.bashrc",
      "  source <(lookaside completion zsh)        # the same for ~/.zshrc"
    })
final class CompletionCommand implements Runnable {
  /** The shells there is a script for. */
  enum Shell {
    /** GNU bash. */
    bash,
    /** Z shell, through its emulation of bash's completion. */
    zsh
  }

  private final Console console;
  @Spec private @Nullable CommandSpec spec;

  @Parameters(paramLabel = "bash|zsh", description = "The shell that is to read it.")
  private Shell shell = Shell.bash;

  CompletionCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    CommandSpec root = Objects.requireNonNull(spec).root();
    if (shell == Shell.zsh) {
      console
          .out()
          .print(
              "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n");
    }
    console.out().println(AutoComplete.bash(root.name(), root.commandLine()));
  }
}
