package io.lookaside.cli;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.malloc.MallocConfig;
import io.lookaside.os.malloc.MallocTrace;
import io.lookaside.os.malloc.MallocTraceException;
import io.lookaside.simulator.OptionValues;
import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.Version;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.config.NearMiss;
import io.lookaside.simulator.heap.HeapMetric;
import io.lookaside.simulator.heap.HeapResult;
import io.lookaside.simulator.heap.HeapSimulation;
import io.lookaside.simulator.heap.ValgrindAllocations;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code lookaside malloc}. */
@Command(
    name = "malloc",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    description = {
      "Play a program's calls of malloc and free on an allocator modelled on glibc's, in a process"
          + " of the kernel modelled on Linux: what the heap takes, what is resident, what it costs.",
      "A trace is text, a call a line: m ID SIZE (malloc), c ID COUNT EACH (calloc), r ID SIZE"
          + " (realloc), f ID (free), t ID OFFSET BYTES (write), l ID OFFSET BYTES (read)."
    },
    synopsisSubcommandLabel = "COMMAND",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside malloc record -o date.malloc -- date",
      "  lookaside malloc run date.malloc --write",
      "  lookaside malloc generate --count 10K -o some.malloc"
    })
final class MallocCommand {
  private static final int SAMPLES = 20;
  private static final int MOST_SAMPLES = 100_000;
  private static final double MIB = 1 << 20;

  private final Console console;

  MallocCommand(Console console) {
    this.console = console;
  }

  /** The command with its subcommands. */
  static CommandLine commandLine(Console console) {
    CommandLine line = new CommandLine(new MallocCommand(console));
    // What follows the program's name is the program's.
    Objects.requireNonNull(line.getSubcommands().get("record")).setStopAtPositional(true);
    return line;
  }

  @Command(
      name = "run",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = "Play a trace of allocator calls; - reads standard input.")
  int run(
      @Parameters(paramLabel = "TRACE", description = "The calls, as text.") String trace,
      @Option(names = "--write", description = "Write each allocation in full when it is made.")
          boolean write,
      @Option(
              names = "--memory",
              paramLabel = "SIZE",
              defaultValue = "1G",
              description = "Physical memory, as in 256M (default: ${DEFAULT-VALUE}).")
          String memory,
      @Option(
              names = "--thp",
              paramLabel = "always|madvise|never",
              defaultValue = "madvise",
              description = "Transparent huge pages (default: ${DEFAULT-VALUE}).")
          String thp,
      @Mixin MachineOption machine,
      @Option(
              names = "--set",
              paramLabel = "path=value",
              description = "Change the machine; may be repeated.")
          @Nullable List<String> settings,
      @Option(
              names = "--top-pad",
              paramLabel = "BYTES",
              converter = ByteSizeConverter.class,
              description = "M_TOP_PAD (default: 128K).")
          @Nullable Long topPad,
      @Option(
              names = "--mmap-threshold",
              paramLabel = "BYTES",
              converter = ByteSizeConverter.class,
              description =
                  "M_MMAP_THRESHOLD (default: 128K, which grows); set, it no longer grows.")
          @Nullable Long mmapThreshold,
      @Option(
              names = "--trim-threshold",
              paramLabel = "BYTES",
              converter = ByteSizeConverter.class,
              description = "M_TRIM_THRESHOLD (default: 128K).")
          @Nullable Long trimThreshold,
      @Option(
              names = "--samples",
              paramLabel = "N",
              defaultValue = "" + SAMPLES,
              description = "States to show on the way (default: ${DEFAULT-VALUE}).")
          int samples,
      @Option(
              names = "--seed",
              paramLabel = "N",
              defaultValue = "0",
              converter = SeedConverter.class,
              description = "Decides the layout of the address space (default: 0).")
          long seed,
      @Option(
              names = "--json",
              paramLabel = "FILE",
              description = "Write the result as JSON; - for standard output instead of the text.")
          @Nullable String json,
      @Option(names = "-q", description = "Print nothing but errors.") boolean quiet)
      throws Exception {
    if (samples < 1 || samples > MOST_SAMPLES) {
      throw new UsageException("--samples: expected 1 to " + MOST_SAMPLES);
    }
    MachineConfig hardware =
        MachineLibrary.load(machine.name(), settings == null ? List.of() : settings);
    LinuxConfig linux = linux(memory, thp).withSeed(seed);
    MallocConfig usual = MallocConfig.DEFAULT;
    MallocConfig config =
        new MallocConfig(
            topPad == null ? usual.topPad() : topPad,
            mmapThreshold == null ? usual.mmapThreshold() : mmapThreshold,
            trimThreshold == null ? usual.trimThreshold() : trimThreshold,
            // mallopt and the tunables end the growth of both, whichever is set
            mmapThreshold == null && trimThreshold == null && topPad == null,
            usual.threadCache());
    ResultFile file = json == null ? null : new ResultFile(json);
    MallocTrace calls = read(trace);
    if (calls.calls().isEmpty()) {
      throw new MallocTraceException(trace, 1, "there is no call in it");
    }
    HeapResult result = new HeapSimulation(hardware, linux, config, write).play(calls, samples);
    if (file != null) {
      file.write(RunJson.text(json(result, trace, hardware, memory, thp, seed)), console.out());
    }
    if (!quiet && (file == null || !file.isStandardOutput())) {
      print(result);
    }
    return ExitCode.OK;
  }

  private static LinuxConfig linux(String memory, String thp) throws UsageException {
    List<String> labels =
        Arrays.stream(LinuxConfig.Thp.values())
            .map(t -> t.name().toLowerCase(Locale.ROOT))
            .toList();
    if (!labels.contains(thp)) {
      throw new UsageException(
          "--thp: expected always, madvise or never, not '"
              + thp
              + "'"
              + NearMiss.hint(thp, labels));
    }
    try {
      return LinuxConfig.of(OptionValues.memoryBytes(memory))
          .withThp(LinuxConfig.Thp.valueOf(thp.toUpperCase(Locale.ROOT)));
    } catch (IllegalArgumentException e) {
      throw new UsageException("--memory: " + e.getMessage());
    }
  }

  private MallocTrace read(String trace) throws IOException {
    if (trace.equals("-")) {
      return MallocTrace.read(
          new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8)),
          "standard input");
    }
    Path path = Path.of(trace);
    if (!Files.isRegularFile(path)) {
      throw new FileNotFoundException(trace + ": there is no such file");
    }
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(Files.newInputStream(path), StandardCharsets.UTF_8))) {
      return MallocTrace.read(reader, trace);
    }
  }

  private void print(HeapResult result) {
    Snapshot<HeapMetric> end = result.end();
    console
        .out()
        .printf(
            Locale.ROOT,
            "%,d calls asked for %.2f MiB in all, at most %.2f MiB at a time; the process had at most"
                + " %.2f MiB resident.%n%n",
            end.get(HeapMetric.CALLS),
            result.requestedBytes() / MIB,
            result.peakLiveBytes() / MIB,
            result.peakResidentBytes() / MIB);
    List<String[]> rows = new ArrayList<>();
    for (Snapshot<HeapMetric> s : result.series()) {
      rows.add(
          new String[] {
            count(s, HeapMetric.CALLS),
            mib(s, HeapMetric.LIVE_BYTES),
            mib(s, HeapMetric.ARENA_BYTES),
            mib(s, HeapMetric.TOP_BYTES),
            count(s, HeapMetric.MAPPED_CHUNKS),
            mib(s, HeapMetric.MAPPED_BYTES),
            mib(s, HeapMetric.RESIDENT_BYTES),
            count(s, HeapMetric.MINOR_FAULTS),
            count(s, HeapMetric.WALKS)
          });
    }
    String[] headers = {
      "calls",
      "live MiB",
      "arena MiB",
      "top MiB",
      "mapped chunks",
      "mapped MiB",
      "resident MiB",
      "minor faults",
      "walks"
    };
    Column[] columns =
        Arrays.stream(headers)
            .map(h -> new Column().header(h).headerAlign(HorizontalAlign.RIGHT))
            .toArray(Column[]::new);
    AsciiTable.getTable(AsciiTable.NO_BORDERS, columns, rows.toArray(new String[0][]))
        .lines()
        .map(String::stripTrailing)
        .filter(line -> !line.isEmpty())
        .forEach(console.out()::println);
    console.out().println();
    for (HeapMetric metric : HeapMetric.values()) {
      console
          .out()
          .printf(
              Locale.ROOT,
              "%-18s %,16d  %s %s%n",
              metric.key(),
              end.get(metric),
              metric.unit(),
              metric.meaning());
    }
    if (result.ended() != null) {
      console
          .out()
          .printf(
              "%nThe process was ended after %,d calls: %s%n",
              end.get(HeapMetric.CALLS), result.ended());
    }
  }

  private static String count(Snapshot<HeapMetric> s, HeapMetric metric) {
    return String.format(Locale.ROOT, "%,d", s.get(metric));
  }

  private static String mib(Snapshot<HeapMetric> s, HeapMetric metric) {
    return String.format(Locale.ROOT, "%.2f", s.get(metric) / MIB);
  }

  private static ObjectNode json(
      HeapResult result,
      String trace,
      MachineConfig hardware,
      String memory,
      String thp,
      long seed) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("schema", "lookaside.malloc/1");
    ObjectNode provenance = root.putObject("provenance");
    provenance.put("version", Version.current());
    provenance.put("trace", trace);
    provenance.set("machine", hardware.effective());
    provenance.put("machineHash", RunJson.hash(hardware.effective()));
    provenance.put("memory", memory);
    provenance.put("thp", thp);
    provenance.put("seed", seed);
    root.put("requestedBytes", result.requestedBytes());
    root.put("peakLiveBytes", result.peakLiveBytes());
    root.put("peakResidentBytes", result.peakResidentBytes());
    root.put("ended", result.ended());
    put(root.putObject("end"), result.end());
    ArrayNode series = root.putArray("series");
    result.series().forEach(s -> put(series.addObject(), s));
    return root;
  }

  private static void put(ObjectNode node, Snapshot<HeapMetric> s) {
    for (HeapMetric metric : HeapMetric.values()) {
      node.put(metric.key(), s.get(metric));
    }
  }

  @Command(
      name = "generate",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = "Make a random program's calls, the same ones everywhere for the same seed.")
  int generate(
      @Option(
              names = {"-o", "--output"},
              paramLabel = "FILE",
              required = true,
              description = "Where to write; - for standard output.")
          String output,
      @Option(
              names = "--count",
              paramLabel = "N",
              defaultValue = "1K",
              converter = CountConverter.class,
              description = "Allocations (default: ${DEFAULT-VALUE}).")
          long count,
      @Mixin SeedOption seed)
      throws Exception {
    if (count < 1 || count > MallocTrace.MAX_ID) {
      throw new UsageException("--count: expected 1 to " + MallocTrace.MAX_ID);
    }
    MallocTrace trace = MallocTrace.generate(seed.value(), (int) count);
    new ResultFile(output)
        .write(
            out -> {
              Writer writer =
                  new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.US_ASCII));
              trace.write(writer);
              writer.flush();
            },
            console.out());
    return ExitCode.OK;
  }

  @Command(
      name = "record",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = {
        "Record the allocator calls of a program, which runs under valgrind with its usual input and"
            + " output. What it writes into its memory is not recorded: see run --write."
      })
  int record(
      @Option(
              names = {"-o", "--output"},
              paramLabel = "FILE",
              required = true,
              description = "Where to write.")
          String output,
      @Option(
              names = "--valgrind",
              paramLabel = "FILE",
              defaultValue = "valgrind",
              description = "The valgrind to use (default: the one on the PATH).")
          String valgrind,
      @Parameters(
              paramLabel = "COMMAND",
              arity = "1..*",
              description = "The program, its arguments.")
          List<String> command)
      throws Exception {
    if (output.equals("-")) {
      throw new UsageException("standard output is the program's; record to a file, -o FILE");
    }
    ResultFile file = new ResultFile(output);
    Path log = Files.createTempFile("lookaside", ".malloc-log");
    try {
      List<String> words = new ArrayList<>();
      words.add(valgrind);
      words.add("--tool=memcheck");
      words.add("--undef-value-errors=no");
      words.add("--leak-check=no");
      words.add("--trace-malloc=yes");
      words.add("--log-file=" + log);
      words.addAll(command);
      int code = started(words, valgrind).waitFor();
      long[] calls = new long[1];
      file.write(
          out -> {
            Writer writer =
                new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.US_ASCII));
            try (BufferedReader reader =
                Files.newBufferedReader(log, StandardCharsets.ISO_8859_1)) {
              calls[0] = new ValgrindAllocations().convert(reader, writer);
            }
            writer.flush();
          },
          console.out());
      console
          .err()
          .printf(
              Locale.ROOT,
              "lookaside: recorded %,d calls to %s; the program exited with code %d%n",
              calls[0],
              output,
              code);
      return ExitCode.OK;
    } finally {
      Files.deleteIfExists(log);
    }
  }

  private static Process started(List<String> words, String valgrind) throws IOException {
    try {
      return new ProcessBuilder(words).inheritIO().start();
    } catch (IOException e) {
      FileNotFoundException missing =
          new FileNotFoundException(
              valgrind
                  + ": not found; malloc record runs the program under valgrind. Install it (Debian and"
                  + " Ubuntu: apt install valgrind; Fedora: dnf install valgrind)");
      missing.initCause(e);
      throw missing;
    }
  }
}
