package io.lookaside.cli;

import io.lookaside.traces.TraceCopy;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceWindow;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code lookaside trace convert}. */
@Command(
    name = "convert",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Write a trace in another format or compression. What that loses is said.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside trace convert prog.lackey.gz prog.lkt",
      "  lookaside trace convert prog.lkt -o prog.champsim.xz",
      "  lookaside trace convert prog.lkt --to csv -o - --max-refs 10"
    })
final class TraceConvertCommand implements Callable<Integer> {
  private final Console console;

  @Mixin private final TraceSource source = new TraceSource();

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "FILE",
      description = "Where to write; the same as -o.")
  private @Nullable String file;

  @Mixin private final TraceTarget target = new TraceTarget();

  @Mixin private final TakenReferences references = new TakenReferences();

  TraceConvertCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    target.orElse(file);
    target.format(); // said before anything is read
    TraceWindow window = TraceWindow.from(references.skip(), references.most());
    try (TraceFile in = source.open(console);
        ProgressDisplay display = new ProgressDisplay(console.err(), "convert")) {
      boolean show = console.terminal() && !target.quiet();
      LongConsumer listener =
          n -> {
            if (show) {
              display.progress(n, in.storedBytesRead(), in.storedBytes());
            }
          };
      target.write(
          console,
          List.of(source.path()),
          in.fetchesAreInstructions(),
          writer -> {
            if (TraceCopy.copy(in, writer, window, listener) == 0) {
              throw Windows.nothingLeft(source.path());
            }
          });
    }
    return ExitCode.OK;
  }
}
