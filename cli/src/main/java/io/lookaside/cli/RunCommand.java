package io.lookaside.cli;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.AddressRange;
import io.lookaside.os.FramePlacement;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.ReclaimConfig;
import io.lookaside.simulator.Clock;
import io.lookaside.simulator.CoresSimulation;
import io.lookaside.simulator.Explanation;
import io.lookaside.simulator.MemoryResult;
import io.lookaside.simulator.MissRanking.Axis;
import io.lookaside.simulator.OptionValues;
import io.lookaside.simulator.PressureResult;
import io.lookaside.simulator.PressureText;
import io.lookaside.simulator.ProgressListener;
import io.lookaside.simulator.ReferenceMetric;
import io.lookaside.simulator.RunCsv;
import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.RunOptions;
import io.lookaside.simulator.RunReport;
import io.lookaside.simulator.RunResult;
import io.lookaside.simulator.Simulation;
import io.lookaside.simulator.StageTimes;
import io.lookaside.simulator.Timeline;
import io.lookaside.simulator.config.ConfigException;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.config.Problem;
import io.lookaside.simulator.image.ImageSource;
import io.lookaside.timing.Overlap;
import io.lookaside.timing.TimingObserver;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code lookaside run}. */
@Command(
    name = "run",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Replay a trace of memory references on a machine and count what its MMU does.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside run traces/samples/date.lackey.xz",
      "  lookaside run prog.lackey.gz --machine reference --json result.json",
      "  lookaside run prog.lackey.gz --set stlb.entries=3072 --page-size 2M",
      "  lookaside run prog.lackey.gz --machine zen4 --top pc 10 --top region 5",
      "  lookaside run one.lackey two.lackey --quantum 10K --csv result.csv",
      "  lookaside run prog.lackey.gz --memory 256M --swap 1G --pressure pressure.csv",
      "  valgrind --tool=lackey --trace-mem=yes --log-file=ls.lackey ls",
      "  lookaside run ls.lackey"
    })
class RunCommand implements Callable<Integer> {
  /** References between samples of memory pressure where {@code --pressure} alone asks for them. */
  private static final long DEFAULT_PRESSURE = 1000;

  private static final String DEFAULT_FRAMES = "contiguous";

  private final Console console;

  @Parameters(
      arity = "1..*",
      paramLabel = "TRACE",
      description =
          "A trace, plain or compressed; - for standard input. Each further one is a further"
              + " process, on the next core where there are several.")
  private List<String> traces = new ArrayList<>();

  @Mixin private TraceFormatOption format = new TraceFormatOption();

  @Mixin private MachineOption machine = new MachineOption();

  @Option(
      names = "--set",
      paramLabel = "path=value",
      description =
          "Change the machine, as in --set stlb.entries=3072; or, with --memory or --thp, the kernel,"
              + " as in --set os.tlbFlush=off, os.khugepaged=on or os.flushOnAge=true; may be repeated.")
  private List<String> settings = new ArrayList<>();

  @Option(
      names = "--map",
      paramLabel = "demand|prefault",
      defaultValue = "demand",
      description = "Map pages on their first touch, or before the run (default: demand).")
  private String map = "demand";

  @Option(
      names = "--page-size",
      paramLabel = "4K|2M|1G",
      defaultValue = "4K",
      description = "The pages that a first touch maps (default: 4K).")
  private String pageSize = "4K";

  @Option(
      names = "--huge-pages",
      paramLabel = "FIRST-LAST",
      description =
          "Map pages of 2M on first touches in the 2 MiB blocks of these addresses, as in"
              + " 0x4000000-0x47fffff; may be repeated.")
  private List<String> hugePages = new ArrayList<>();

  @Option(
      names = "--frames",
      paramLabel = "contiguous|scattered|fragmented:P",
      defaultValue = DEFAULT_FRAMES,
      description = "How physical frames are chosen (default: contiguous).")
  private String frames = DEFAULT_FRAMES;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description =
          "Run the kernel modelled on Linux with this much memory, as in 256M; suffixes M and G are"
              + " binary.")
  private @Nullable String memory;

  @Option(
      names = "--thp",
      paramLabel = "always|madvise|never",
      description =
          "Run the kernel modelled on Linux with this policy of huge pages (default with --memory:"
              + " madvise; a trace advises nothing).")
  private @Nullable String thp;

  @Option(
      names = "--swap",
      paramLabel = "SIZE",
      description = "With --memory or --thp: a swap device of this size (default: none).")
  private @Nullable String swap;

  @Option(
      names = "--swappiness",
      paramLabel = "N",
      description =
          "With --memory or --thp: how much rather anonymous pages are reclaimed than those of"
              + " files, 0 to 200 (default: 60).")
  private @Nullable Integer swappiness;

  @Option(
      names = "--pressure",
      paramLabel = "FILE",
      description =
          "With --memory or --thp: write memory pressure over time as CSV; - for standard output.")
  private @Nullable String pressure;

  @Option(
      names = "--pressure-every",
      paramLabel = "N",
      converter = CountConverter.class,
      description =
          "Sample memory pressure every N references (default with --pressure: 1K); doubled as often"
              + " as needed to keep at most 512 samples.")
  private @Nullable Long pressureEvery;

  @Mixin private ImageOptions image = new ImageOptions();

  @Option(
      names = "--check-stale",
      description =
          "Compare every TLB hit with what a page walk finds now, and report the first uses of"
              + " translations that software changed and did not invalidate; exit code 1 if there"
              + " are any.")
  private boolean checkStale;

  @Mixin private MeasuredReferences references = new MeasuredReferences();

  @Option(
      names = "--quantum",
      paramLabel = "N",
      converter = CountConverter.class,
      description =
          "With several traces on a core: references of one before the next has its turn (default:"
              + " 100K).")
  private @Nullable Long quantum;

  @Option(
      names = "--quantum-cycles",
      paramLabel = "N",
      converter = CountConverter.class,
      description =
          "With --timing and several traces on a core: cycles of one before the next has its turn,"
              + " instead of --quantum.")
  private @Nullable Long quantumCycles;

  @Option(
      names = "--cores",
      paramLabel = "N",
      description =
          "Cores of the machine, 1 to 256. Thread t of trace i runs on core (i + t) modulo N; the"
              + " threads of a drmemtrace share their address space (default: the machine's, 1).")
  private @Nullable Integer cores;

  @Option(
      names = "--top",
      arity = "2",
      paramLabel = "pc|page|region N",
      hideParamSyntax = true,
      description =
          "Show the N instructions, pages or regions whose misses cost most; as in --top pc 10;"
              + " may be repeated.")
  private List<String> top = new ArrayList<>();

  @Option(
      names = "--heatmap",
      description =
          "Keep accesses by address and time, and which pages map which addresses, for --json and"
              + " report.")
  private boolean heatmap;

  @Mixin private SeedOption seed = new SeedOption();

  @Option(
      names = "--threads",
      paramLabel = "1|2",
      description =
          "Host threads: 1 reads the traces in the thread that replays them, 2 in threads of their"
              + " own ahead of it (default: 2). The result is the same.")
  private int threads = 2;

  @Option(
      names = "--timing",
      description = "Say when things happen: cycles by cause, walk latencies, caches and DRAM.")
  private boolean timing;

  @Option(
      names = "--overlap",
      paramLabel = "serial|window|dataflow",
      description =
          "With --timing: each reference after the one before, an out-of-order window, or one that"
              + " waits for registers, where the trace has them (default: serial).")
  private @Nullable String overlap;

  @Option(
      names = "--timeline",
      paramLabel = "FILE",
      description = "With --timing: write a window of cycles as a trace that Perfetto opens.")
  private @Nullable String timeline;

  @Option(
      names = "--timeline-window",
      paramLabel = "FROM:TO",
      description = "The cycles of the timeline; suffixes as above (default: 0:20K).")
  private @Nullable String timelineWindow;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the result as JSON; - for standard output instead of the report.")
  private @Nullable String json;

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "Write the result as CSV, a row for each figure; - for standard output.")
  private @Nullable String csv;

  @Option(
      names = "--speed",
      paramLabel = "FILE",
      description =
          "Write the CPU time of decoding, hashing, prefaulting, replay and Java's compiler as JSON.")
  private @Nullable String speed;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  @Option(names = "-v", description = "Say on standard error what was read, and what the run took.")
  private boolean verbose;

  RunCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    openImage();
    try {
      return run();
    } finally {
      closeImage();
    }
  }

  private int run() throws Exception {
    RunOptions options = options();
    MachineConfig config = machineConfig();
    ResultFiles files = resultFiles();
    Timeline events = files.has("--timeline") ? timeline(config) : null;

    StageTimes times = new StageTimes(files.has("--speed") || verbose);
    RunResult result = simulate(config, options, times, clock(config, events));

    files.write("--json", () -> RunJson.text(RunJson.of(result, command())));
    files.write("--csv", () -> RunCsv.of(RunJson.of(result, command())));
    files.write("--speed", () -> SpeedJson.text(times));
    if (verbose) {
      sayMore(result, times);
    }
    MemoryResult memoryResult = result.memory();
    PressureResult samples = memoryResult == null ? null : memoryResult.pressure();
    if (samples != null) {
      files.write("--pressure", () -> PressureText.csv(samples));
    }
    if (events != null) {
      if (samples != null) {
        events.pressure(samples);
      }
      files.write("--timeline", events::text);
      if (events.leftOut() > 0) {
        console
            .err()
            .println(
                "lookaside: the timeline holds the first "
                    + Timeline.MAX_STEPS
                    + " steps of its window; "
                    + events.leftOut()
                    + " more were left out; narrow --timeline-window");
      }
    }
    if (!quiet) {
      files.print(() -> RunReport.of(result, command()));
    }
    if (memoryResult != null) {
      for (MemoryResult.Killed killed : memoryResult.killed()) {
        console
            .err()
            .printf(
                "lookaside: process %d was killed since memory was full; its last %d references"
                    + " were passed over (more memory: --memory, --swap)%n",
                killed.process(), killed.passedOver());
      }
    }
    RunResult.StaleResult stale = result.stale();
    if (stale != null && stale.count() > 0) {
      console
          .err()
          .println(
              "lookaside: "
                  + stale.count()
                  + " stale translations were used, the first: "
                  + stale.uses().get(0));
      return ExitCode.CHECK_FAILED;
    }
    return ExitCode.OK;
  }

  private ResultFiles resultFiles() throws UsageException, IOException {
    List<String> inputs = new ArrayList<>(traces);
    inputs.add(machine.name());
    String read = image.file();
    if (read != null) {
      inputs.add(read);
    }
    return new ResultFiles(console.out(), inputs)
        .add("--json", json)
        .add("--csv", csv)
        .add("--speed", speed)
        .add("--timeline", timeline)
        .add("--pressure", pressure);
  }

  /** The image that the run is in, once it is open. */
  private @Nullable ImageSource source;

  private void closeImage() throws IOException {
    if (source != null) {
      source.image().close();
    }
  }

  /** Opens the image, where there is one. */
  private void openImage() throws IOException, UsageException {
    String file = image.file();
    image.check();
    if (file == null) {
      return;
    }
    if (memory != null
        || thp != null
        || asksOfKernel()
        || !map.equals("demand")
        || !pageSize.equals("4K")) {
      throw new UsageException(
          "with --image nothing is mapped;"
              + " leave out --memory, --thp, --map prefault and --page-size");
    }
    if (!frames.equals(DEFAULT_FRAMES)) {
      throw new UsageException("with --image no frames are chosen; leave out --frames");
    }
    if (traces.size() > 1) {
      throw new UsageException(
          "with --image there is one address space, so there can be one trace only");
    }
    source = image.open(file);
  }

  /**
   * Runs with a clock, for a command that watches one reference.
   *
   * @param core of the reference
   * @param number of the reference on it; the run ends some time after it
   */
  RunResult runWatched(TimingObserver observer, int core, long number) throws Exception {
    boolean results = json != null || csv != null || speed != null || timeline != null;
    if (results || pressure != null || pressureEvery != null || !top.isEmpty()) {
      throw new UsageException(
          "--json, --csv, --speed, --timeline, --pressure and --top belong to run; leave them out");
    }
    timing = true;
    openImage();
    try {
      MachineConfig config = machineConfig();
      if (core < 0 || core >= config.cores()) {
        throw new UsageException(
            "--core "
                + core
                + ": the machine has "
                + (config.cores() == 1 ? "one core, number 0" : config.cores() + " cores, from 0")
                + " (--cores)");
      }
      if (references.unlimited() && config.cores() == 1) {
        references.limit(
            Math.addExact(Math.min(number, Long.MAX_VALUE / 2), Explanation.AFTERMATH));
      }
      return simulate(config, options(), new StageTimes(false), clock(config, observer));
    } finally {
      closeImage();
    }
  }

  private MachineConfig machineConfig() throws Exception {
    if (cores != null && (cores < 1 || cores > MachineConfig.MAX_CORES)) {
      throw new UsageException("--cores must be 1 to " + MachineConfig.MAX_CORES);
    }
    MachineConfig config = MachineLibrary.load(machine.name(), machineSettings());
    if (cores != null && cores != config.cores()) {
      List<String> more = new ArrayList<>(machineSettings());
      more.add("cores=" + cores);
      config = MachineLibrary.load(machine.name(), more);
    }
    if ((config.cores() > 1 || quantumCycles != null) && heatmap) {
      throw new UsageException(
          "--heatmap is of one core whose turns are counted in references; leave --heatmap or"
              + " --cores and --quantum-cycles out");
    }
    return config;
  }

  private RunResult simulate(
      MachineConfig config, RunOptions options, StageTimes times, @Nullable Clock clock)
      throws IOException {
    if (quiet || !console.terminal()) {
      return simulate(config, options, times, clock, (references, bytes, total) -> {});
    }
    try (ProgressDisplay display = new ProgressDisplay(console.err())) {
      return simulate(config, options, times, clock, display);
    }
  }

  private RunResult simulate(
      MachineConfig config,
      RunOptions options,
      StageTimes times,
      @Nullable Clock clock,
      ProgressListener listener)
      throws IOException {
    boolean oneIsNotEnough = config.cores() > 1 || options.quantumCycles() > 0;
    return oneIsNotEnough || options.khugepagedPeriod() > 0
        ? new CoresSimulation(config, options, console.in(), listener, times, clock).run()
        : new Simulation(config, options, console.in(), listener, times, clock).run();
  }

  private @Nullable Clock clock(MachineConfig config, @Nullable TimingObserver observer)
      throws UsageException, ConfigException {
    if (!timing) {
      return null;
    }
    List<String> labels = Arrays.stream(Overlap.values()).map(Overlap::label).toList();
    String label = overlap == null ? Overlap.SERIAL.label() : overlap;
    int chosen = labels.indexOf(oneOf("--overlap", label, labels));
    if (config.timing() == null) {
      throw new ConfigException(
          List.of(
              new Problem(
                  machine.name(),
                  "timing",
                  "is missing; --timing needs it, as in ./lookaside machines show skylake")));
    }
    if (config.cores() > 1 && config.timing().interrupts() == null) {
      throw new ConfigException(
          List.of(
              new Problem(
                  machine.name(),
                  "timing.interrupts",
                  "is missing; several cores with --timing need it, as in ./lookaside machines show"
                      + " skylake")));
    }
    return new Clock(Overlap.values()[chosen], observer);
  }

  private Timeline timeline(MachineConfig config) throws UsageException {
    String text = timelineWindow == null ? "0:20K" : timelineWindow;
    int colon = text.indexOf(':');
    if (colon > 0) {
      try {
        CountConverter counts = new CountConverter();
        long from = counts.convert(text.substring(0, colon));
        long to = counts.convert(text.substring(colon + 1));
        if (from < to) {
          return new Timeline(config.tlb(), from, to);
        }
      } catch (TypeConversionException e) {
        // said below
      }
    }
    throw new UsageException(
        "--timeline-window: expected FROM:TO in cycles, as in 1M:1050K, not '" + text + "'");
  }

  private RunOptions options() throws UsageException {
    if (Collections.frequency(traces, TraceFile.STANDARD_INPUT) > 1) {
      throw new UsageException("standard input (-) can be one trace only");
    }
    if (!timing && (overlap != null || timeline != null)) {
      throw new UsageException("--overlap and --timeline need --timing");
    }
    if (timelineWindow != null && timeline == null) {
      throw new UsageException("--timeline-window needs --timeline FILE");
    }
    if (timing && checkStale) {
      throw new UsageException("--check-stale runs without a clock; leave --timing out");
    }
    if (threads < 1 || threads > 2) {
      throw new UsageException("--threads must be 1 or 2; a run uses no more");
    }
    if (quantum != null && quantum == 0) {
      throw new UsageException("--quantum must be at least 1");
    }
    if (quantum != null && traces.size() == 1) {
      throw new UsageException("--quantum is for several traces; there is one");
    }
    if (quantumCycles != null && quantumCycles == 0) {
      throw new UsageException("--quantum-cycles must be at least 1");
    }
    if (quantumCycles != null && (!timing || quantum != null || traces.size() == 1)) {
      throw new UsageException(
          "--quantum-cycles is for several traces with --timing, and stands instead of --quantum");
    }
    TraceFormat traceFormat = format.chosen();
    boolean prefault = oneOf("--map", map, List.of("demand", "prefault")).equals("prefault");
    List<String> sizes = PageSize.OF_LONG_MODE.stream().map(PageSize::label).toList();
    PageSize size = PageSize.OF_LONG_MODE.get(sizes.indexOf(oneOf("--page-size", pageSize, sizes)));
    FramePlacement placement;
    try {
      placement = FramePlacement.parse(frames);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--frames: " + e.getMessage());
    }
    for (String setting : settings) {
      if (setting.indexOf('=') <= 0) {
        throw new UsageException(
            "--set: expected path=value, as in stlb.entries=3072, not '" + setting + "'");
      }
    }
    if (prefault && !traces.stream().allMatch(RunCommand::canBeReadTwice)) {
      throw new UsageException(
          "--map prefault reads the trace twice, which standard input and pipes do not allow;"
              + " save it to a file, or use --map demand");
    }
    if (prefault && (size != PageSize.SIZE_4K || !frames.equals(DEFAULT_FRAMES))) {
      throw new UsageException(
          "--map prefault maps 4K pages to contiguous frames;"
              + " --page-size and --frames need --map demand");
    }
    RunOptions.Window window = references.window();
    LinuxConfig linux =
        linux(
            prefault
                || size != PageSize.SIZE_4K
                || !hugePages.isEmpty()
                || !frames.equals(DEFAULT_FRAMES));
    long turn = quantum == null ? RunOptions.DEFAULT_QUANTUM : quantum;
    return new RunOptions(
        new RunOptions.Input(
            traces, traceFormat, turn, quantumCycles == null ? 0 : quantumCycles, threads > 1),
        window,
        new RunOptions.Pages(
            prefault,
            placement,
            size,
            hugeRanges(size, prefault),
            linux,
            kernelSettings().khugepagedPeriod(),
            source),
        new RunOptions.Watch(rankings(), checkStale, heatmap, pressureEvery()),
        seed.value());
  }

  private List<AddressRange> hugeRanges(PageSize size, boolean prefault) throws UsageException {
    if (!hugePages.isEmpty() && (size != PageSize.SIZE_4K || prefault)) {
      throw new UsageException(
          "--huge-pages gives ranges 2M pages where all else has 4K, on first touches; leave out"
              + " --page-size and --map prefault");
    }
    List<AddressRange> ranges = new ArrayList<>();
    for (String range : hugePages) {
      try {
        ranges.add(AddressRange.parse(range));
      } catch (IllegalArgumentException e) {
        throw new UsageException("--huge-pages: " + e.getMessage());
      }
    }
    return ranges;
  }

  private void sayMore(RunResult result, StageTimes times) {
    for (int i = 0; i < result.traces().size(); i++) {
      console
          .err()
          .printf(
              "lookaside: %s: %s, %s%n",
              result.options().traces().get(i),
              result.traces().get(i).format().label(),
              RunJson.hashText(result.traces().get(i).hash()));
    }
    console
        .err()
        .printf(
            Locale.ROOT,
            "lookaside: machine %s; %,d references in %.2f s: %.2f s of CPU time for decoding, %.2f s"
                + " for their hash, %.2f s for prefaulting, %.2f s for the replay%n",
            result.machine().name(),
            result.references().get(ReferenceMetric.REFERENCES),
            times.wallNanos() / 1e9,
            times.nanos(StageTimes.Stage.DECODE) / 1e9,
            times.nanos(StageTimes.Stage.HASH) / 1e9,
            times.nanos(StageTimes.Stage.PREFAULT) / 1e9,
            times.nanos(StageTimes.Stage.REPLAY) / 1e9);
  }

  /** The kernel modelled on Linux, where an option asks for it. */
  private @Nullable LinuxConfig linux(boolean placedOtherwise) throws UsageException {
    KernelSettings kernel = kernelSettings();
    if (memory == null && thp == null) {
      if (asksOfKernel()) {
        throw new UsageException(
            "--swap, --swappiness and --pressure are for the kernel modelled on Linux; add --memory"
                + " SIZE");
      }
      if (kernel.any()) {
        throw new UsageException(
            "--set os.KEY is for the kernel modelled on Linux; add --memory SIZE or --thp POLICY");
      }
      return null;
    }
    if (placedOtherwise) {
      throw new UsageException(
          "with --memory or --thp the kernel places pages itself;"
              + " leave out --page-size, --huge-pages, --frames and --map prefault");
    }
    List<String> policies = List.of("always", "madvise", "never");
    String policy = thp == null ? "madvise" : oneOf("--thp", thp, policies);
    try {
      return LinuxConfig.of(
              memory == null ? RunOptions.DEFAULT_MEMORY : OptionValues.memoryBytes(memory))
          .withSeed(seed.value())
          .without(kernel.off())
          .withSwap(swapBytes())
          .withReclaim(reclaim(kernel.flushOnAge()))
          .withThp(LinuxConfig.Thp.values()[policies.indexOf(policy)]);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--memory: " + e.getMessage());
    }
  }

  private boolean asksOfKernel() {
    return swap != null || swappiness != null || pressure != null || pressureEvery != null;
  }

  private long swapBytes() throws UsageException {
    try {
      return swap == null || swap.equals("0") ? 0 : OptionValues.memoryBytes(swap);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--swap: " + e.getMessage());
    }
  }

  private ReclaimConfig reclaim(boolean flushOnAge) throws UsageException {
    ReclaimConfig config = ReclaimConfig.DEFAULT.withFlushOnAge(flushOnAge);
    try {
      return swappiness == null ? config : config.withSwappiness(swappiness);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--swappiness: " + e.getMessage());
    }
  }

  private long pressureEvery() throws UsageException {
    if (pressureEvery != null && pressureEvery == 0) {
      throw new UsageException("--pressure-every must be at least 1");
    }
    return pressureEvery != null ? pressureEvery : pressure != null ? DEFAULT_PRESSURE : 0;
  }

  private List<String> machineSettings() {
    return settings.stream().filter(s -> !KernelSettings.isOne(s)).toList();
  }

  private KernelSettings kernelSettings() throws UsageException {
    return KernelSettings.of(settings.stream().filter(KernelSettings::isOne).toList());
  }

  /** Reads the pairs of {@code --top}. */
  private List<RunOptions.Top> rankings() throws UsageException {
    List<String> labels = Arrays.stream(Axis.values()).map(Axis::label).toList();
    List<RunOptions.Top> rankings = new ArrayList<>();
    for (int i = 0; i < top.size(); i += 2) {
      Axis axis = Axis.values()[labels.indexOf(oneOf("--top", top.get(i), labels))];
      if (rankings.stream().anyMatch(r -> r.axis() == axis)) {
        throw new UsageException("--top " + axis.label() + " is given twice; give it once");
      }
      String n = top.get(i + 1);
      if (!n.matches("[1-9][0-9]{0,8}")) {
        throw new UsageException(
            "--top "
                + axis.label()
                + ": '"
                + n
                + "' is no number of lines; expected one such as 10");
      }
      rankings.add(new RunOptions.Top(axis, Integer.parseInt(n)));
    }
    return rankings;
  }

  private static boolean canBeReadTwice(String trace) {
    try {
      Path path = Path.of(trace);
      boolean stream = Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path);
      return !trace.equals(TraceFile.STANDARD_INPUT) && !stream;
    } catch (InvalidPathException e) {
      return true; // said when it is opened
    }
  }

  static String oneOf(String option, String value, List<String> allowed) throws UsageException {
    try {
      return allowed.get(OptionValues.oneOf(value, allowed));
    } catch (IllegalArgumentException e) {
      throw new UsageException(option + ": " + e.getMessage());
    }
  }

  /** The command with what decides the result, and without what only directs its output. */
  private String command() {
    List<String> words = new ArrayList<>(List.of("run"));
    words.addAll(traces);
    format.addTo(words);
    words.addAll(List.of("--machine", machine.name()));
    for (String setting : settings) {
      words.addAll(List.of("--set", setting));
    }
    words.addAll(List.of("--map", map, "--page-size", pageSize, "--frames", frames));
    for (String range : hugePages) {
      words.addAll(List.of("--huge-pages", range));
    }
    if (memory != null) {
      words.addAll(List.of("--memory", memory));
    }
    if (thp != null) {
      words.addAll(List.of("--thp", thp));
    }
    if (swap != null) {
      words.addAll(List.of("--swap", swap));
    }
    if (swappiness != null) {
      words.addAll(List.of("--swappiness", Integer.toString(swappiness)));
    }
    if (pressureEvery != null) {
      words.addAll(List.of("--pressure-every", Long.toString(pressureEvery)));
    } else if (pressure != null) {
      words.addAll(List.of("--pressure-every", Long.toString(DEFAULT_PRESSURE)));
    }
    words.addAll(image.words());
    if (checkStale) {
      words.add("--check-stale");
    }
    references.addTo(words);
    if (cores != null && cores != 1) {
      words.addAll(List.of("--cores", Integer.toString(cores)));
    }
    if (quantum != null) {
      words.addAll(List.of("--quantum", Long.toString(quantum)));
    }
    if (quantumCycles != null) {
      words.addAll(List.of("--quantum-cycles", Long.toString(quantumCycles)));
    }
    words.addAll(List.of("--seed", Long.toString(seed.value())));
    if (timing) {
      words.addAll(List.of("--timing", "--overlap", overlap == null ? "serial" : overlap));
    }
    for (int i = 0; i < top.size(); i += 2) {
      words.addAll(List.of("--top", top.get(i), top.get(i + 1)));
    }
    if (heatmap) {
      words.add("--heatmap");
    }
    return String.join(" ", words);
  }
}
