package io.lookaside.cli;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.simulator.ProgressListener;
import io.lookaside.simulator.StageTimes;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.curve.CurveOptions;
import io.lookaside.simulator.curve.CurvePicture;
import io.lookaside.simulator.curve.CurveReport;
import io.lookaside.simulator.curve.CurveResult;
import io.lookaside.simulator.curve.CurveSimulation;
import io.lookaside.simulator.curve.CurveText;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.traces.TraceFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lookaside curve}. */
@Command(
    name = "curve",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Count the LRU misses of every TLB geometry in one pass over a trace: each power-of-two"
          + " number of sets with each number of ways, and each fully associative size."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside curve traces/samples/sort.lackey.xz",
      "  lookaside curve prog.lackey.gz --side data --json curve.json --svg curve.svg",
      "  lookaside curve prog.lackey.gz --page-size 2M --max-sets 64",
      "  lookaside curve prog.lackey.gz --machine skylake",
    })
final class CurveCommand implements Callable<Integer> {
  private static final List<String> SIDES =
      Arrays.stream(CurveOptions.Side.values()).map(CurveOptions.Side::label).toList();

  private final Console console;

  @Mixin private final TraceSource source = new TraceSource();

  @Option(
      names = "--side",
      paramLabel = "data|fetch|all",
      defaultValue = "all",
      description =
          "What is looked up: loads and stores, instruction fetches, or all in one structure"
              + " (default: all).")
  private String side = "all";

  @Option(
      names = "--page-size",
      paramLabel = "4K|2M|1G",
      defaultValue = "4K",
      description = "The size of all pages (default: 4K).")
  private String pageSize = "4K";

  @Option(
      names = "--max-sets",
      paramLabel = "N",
      defaultValue = "1024",
      description = "The largest number of sets, a power of two (default: 1024).")
  private int maxSets = 1024;

  @Option(
      names = "--max-ways",
      paramLabel = "N",
      defaultValue = "16",
      description = "The largest number of ways (default: 16).")
  private int maxWays = 16;

  @Option(
      names = "--max-entries",
      paramLabel = "N",
      defaultValue = "1048576",
      description =
          "The most fully associative sizes that --json and --csv list (default: 1048576).")
  private int maxEntries = Geometry.MAX_ENTRIES;

  @Option(
      names = "--machine",
      paramLabel = "NAME|FILE.yaml",
      description =
          "Put the geometries behind the first level of this machine: look up what misses it.")
  private @Nullable String machine;

  @Option(
      names = "--set",
      paramLabel = "path=value",
      description = "Change that machine, as in --set l1d.entries=32; may be repeated.")
  private List<String> settings = new ArrayList<>();

  @Mixin private TakenReferences references = new TakenReferences();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write all counts as JSON; - for standard output instead of the tables.")
  private @Nullable String json;

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "Write all counts as CSV, a row for each geometry; - as for --json.")
  private @Nullable String csv;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Draw the curves and a heat map by sets and ways.")
  private @Nullable String svg;

  @Option(
      names = "--speed",
      paramLabel = "FILE",
      description =
          "Write the CPU time of decoding, hashing, the pass and Java's compiler as JSON.")
  private @Nullable String speed;

  @Option(
      names = "--no-cache",
      description = "Neither use nor keep a compacted trace in .lookaside-cache beside the trace.")
  private boolean noCache;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  CurveCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    CurveOptions options = options();
    ResultFiles files = resultFiles();
    StageTimes times = new StageTimes(speed != null);
    CurveResult result = simulate(options, times);

    files.write("--json", () -> CurveText.json(result, command(), maxEntries));
    files.write("--csv", () -> CurveText.csv(result, maxEntries));
    files.write("--svg", () -> CurvePicture.svg(result));
    files.write("--speed", () -> SpeedJson.text(times));
    if (!quiet) {
      files.print(() -> CurveReport.of(result));
    }
    return ExitCode.OK;
  }

  private ResultFiles resultFiles() throws IOException, UsageException {
    List<String> inputs =
        machine == null ? List.of(source.path()) : List.of(source.path(), machine);
    return new ResultFiles(console.out(), inputs)
        .add("--json", json)
        .add("--csv", csv)
        .add("--svg", svg)
        .add("--speed", speed);
  }

  private CurveResult simulate(CurveOptions options, StageTimes times) throws IOException {
    if (quiet || !console.terminal()) {
      ProgressListener nobody = (references, bytes, total) -> {};
      return new CurveSimulation(options, console.in(), nobody, times).run();
    }
    try (ProgressDisplay display = new ProgressDisplay(console.err())) {
      return new CurveSimulation(options, console.in(), display, times).run();
    }
  }

  private CurveOptions options() throws Exception {
    TraceFormat traceFormat = source.format().chosen();
    String chosenSide = RunCommand.oneOf("--side", side, SIDES);
    List<String> sizes = List.of("4K", "2M", "1G");
    String chosenSize = RunCommand.oneOf("--page-size", pageSize, sizes);
    if (maxSets < 1 || maxSets > CurveOptions.MAX_SETS || Integer.bitCount(maxSets) != 1) {
      throw new UsageException(
          "--max-sets: expected a power of two from 1 to "
              + CurveOptions.MAX_SETS
              + ", not "
              + maxSets);
    }
    if (maxWays < 1 || maxWays > CurveOptions.MAX_WAYS) {
      throw new UsageException(
          "--max-ways: expected 1 to " + CurveOptions.MAX_WAYS + ", not " + maxWays);
    }
    if (maxEntries < 1) {
      throw new UsageException("--max-entries must be at least 1");
    }
    long most = references.most();
    return new CurveOptions(
        source.path(),
        traceFormat,
        CurveOptions.Side.values()[SIDES.indexOf(chosenSide)],
        PageSize.ofCode(sizes.indexOf(chosenSize)),
        maxSets,
        maxWays,
        references.skip(),
        most,
        behind(),
        !noCache);
  }

  private @Nullable MachineConfig behind() throws Exception {
    if (machine == null) {
      if (!settings.isEmpty()) {
        throw new UsageException("--set changes a machine; name one with --machine");
      }
      return null;
    }
    MachineConfig config = MachineLibrary.load(machine, settings);
    if (config.tlb().inclusion() != TlbConfig.Inclusion.NON_INCLUSIVE) {
      throw new UsageException(
          "--machine: the second level of "
              + config.name()
              + " is "
              + config.tlb().inclusion().label()
              + ": what misses its first level depends on the size of the second, so one pass"
              + " cannot tell; use run with --set stlb.entries=N for each size, or add --set"
              + " inclusion=non-inclusive");
    }
    if (config.tlb().coalescedPages() > 1) {
      throw new UsageException(
          "--machine: entries of "
              + config.name()
              + " cover several pages, which one pass cannot tell; use run, or add --set"
              + " coalescedPages=1 for the level that has them, as in --set"
              + " l1d.coalescedPages=1");
    }
    return config;
  }

  /** The command with what decides the result, and without what only directs its output. */
  private String command() {
    List<String> words = new ArrayList<>(List.of("curve", source.path()));
    source.format().addTo(words);
    words.addAll(List.of("--side", side, "--page-size", pageSize));
    words.addAll(List.of("--max-sets", "" + maxSets, "--max-ways", "" + maxWays));
    if (machine != null) {
      words.addAll(List.of("--machine", machine));
    }
    for (String setting : settings) {
      words.addAll(List.of("--set", setting));
    }
    references.addTo(words);
    return String.join(" ", words);
  }
}
