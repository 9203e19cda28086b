package io.lookaside.cli;

import io.lookaside.traces.LackeyRecorder;
import io.lookaside.traces.TraceWindow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside trace record}. */
@Command(
    name = "record",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Record the references of a program, which runs under valgrind's lackey",
      "(some hundred times slower) with its usual input and output. Recorded is its own process with",
      "all threads; children that it forks run without being recorded."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside trace record -o ls.lkt -- ls -l",
      "  lookaside trace record -o gcc.lackey.xz --skip 100M --max-refs 20M -- cc1 prog.c",
      "  lookaside trace record -o gcc.lkt --sample 10M:100K -- cc1 prog.c"
    })
final class TraceRecordCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "The program, its arguments.")
  private List<String> command = new ArrayList<>();

  @Mixin private final TraceTarget target = new TraceTarget();

  @Mixin private SkippedReferences skipped = new SkippedReferences();

  @Option(
      names = "--max-refs",
      paramLabel = "N",
      converter = CountConverter.class,
      description = "Record at most N references, then end the program.")
  private @Nullable Long maxRefs;

  @Option(
      names = "--sample",
      paramLabel = "EVERY:LENGTH",
      description = "Of each EVERY references after the skipped ones record the first LENGTH.")
  private @Nullable String sample;

  @Option(
      names = "--valgrind",
      paramLabel = "FILE",
      defaultValue = "valgrind",
      description = "The valgrind to use (default: the one on the PATH).")
  private String valgrind = "valgrind";

  TraceRecordCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    String place = target.place();
    if (place.equals("-")) {
      throw new UsageException("standard output is the program's; record to a file, -o FILE");
    }
    target.format();
    TraceWindow window = Windows.of(skipped.count(), maxRefs, sample);
    LackeyRecorder recorder = new LackeyRecorder(valgrind, command);
    List<LackeyRecorder.Outcome> outcome = new ArrayList<>();
    target.write(
        console,
        List.of(),
        true, // lackey's fetches are
        writer -> outcome.add(recorder.record(writer, window, n -> {})));
    if (!target.quiet()) {
      report(place, outcome.get(0));
    }
    return ExitCode.OK;
  }

  private void report(String place, LackeyRecorder.Outcome outcome) throws Exception {
    long bytes = Files.isRegularFile(Path.of(place)) ? Files.size(Path.of(place)) : 0;
    console
        .err()
        .printf(
            Locale.ROOT,
            "lookaside: recorded %,d references to %s (%,d bytes); %s%n",
            outcome.references(),
            place,
            bytes,
            outcome.stopped()
                ? "then the program was ended"
                : "the program exited with code " + outcome.exitCode());
  }
}
