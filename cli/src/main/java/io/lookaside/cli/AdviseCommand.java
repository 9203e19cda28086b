package io.lookaside.cli;

import io.lookaside.experiments.advise.Advice;
import io.lookaside.experiments.advise.AdviceRequest;
import io.lookaside.experiments.advise.Advisor;
import io.lookaside.simulator.ProgressListener;
import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.RunOptions;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside advise}. */
@Command(
    name = "advise",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Say what limits a program's address translation and what would help: larger pages and where,"
          + " larger TLBs, more walkers. Each figure is measured by a run of the trace with one"
          + " thing changed."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside advise traces/samples/shuf.lkt",
      "  lookaside advise prog.lackey.gz --machine zen4 --json advice.json",
      "  lookaside report run.json advice.json -o report.html"
    })
final class AdviseCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(
      paramLabel = "TRACE",
      description = "A trace, plain or compressed; it is read several times.")
  private String trace = "";

  @Mixin private TraceFormatOption format = new TraceFormatOption();

  @Mixin private MachineOption machine = new MachineOption();

  @Option(
      names = "--set",
      paramLabel = "path=value",
      description = "Change that machine before anything is tried; may be repeated.")
  private List<String> settings = new ArrayList<>();

  @Mixin private MeasuredReferences references = new MeasuredReferences();

  @Option(
      names = "--regions",
      paramLabel = "N",
      defaultValue = "5",
      description = "Try 2M pages in each of the N regions whose misses cost most (default: 5).")
  private int regions = 5;

  @Mixin private SeedOption seed = new SeedOption();

  @Option(
      names = "--no-timing",
      description = "Leave out the runs with a clock, which take most of the time.")
  private boolean noTiming;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "How many threads work (default: one for each core); the advice does not depend on it.")
  private @Nullable Integer threads;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the advice as JSON; - for standard output instead of the text.")
  private @Nullable String json;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  AdviseCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    AdviceRequest request = request();
    ResultFiles files =
        new ResultFiles(console.out(), List.of(trace, machine.name())).add("--json", json);
    Advice advice = run(request);
    files.write("--json", () -> RunJson.text(advice.json()));
    if (!quiet) {
      files.print(advice::text);
    }
    return ExitCode.OK;
  }

  private Advice run(AdviceRequest request) throws Exception {
    if (quiet || !console.terminal()) {
      ProgressListener nobody = (references, bytes, total) -> {};
      return new Advisor(request, nobody).run();
    }
    try (ProgressDisplay display = new ProgressDisplay(console.err())) {
      return new Advisor(request, display).run();
    }
  }

  private AdviceRequest request() throws UsageException {
    boolean stream = Files.exists(Path.of(trace)) && !Files.isRegularFile(Path.of(trace));
    if (trace.equals(TraceFile.STANDARD_INPUT) || (stream && !Files.isDirectory(Path.of(trace)))) {
      throw new UsageException(
          "advise reads the trace several times, which standard input and pipes do not allow; save"
              + " it to a file");
    }
    TraceFormat known = format.chosen();
    if (regions < 1) {
      throw new UsageException("--regions must be at least 1");
    }
    RunOptions.Window window = references.window();
    int working = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    if (working < 1) {
      throw new UsageException("--threads must be at least 1");
    }
    for (String setting : settings) {
      if (setting.indexOf('=') <= 0) {
        throw new UsageException(
            "--set: expected path=value, as in stlb.entries=3072, not '" + setting + "'");
      }
    }
    return new AdviceRequest(
        trace,
        known,
        machine.name(),
        settings,
        window.skip(),
        window.warmup(),
        window.maxReferences(),
        seed.value(),
        !noTiming,
        regions,
        working);
  }
}
