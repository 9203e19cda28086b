package io.lookaside.cli;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.Version;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.SyntheticTrace;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code lookaside doctor}. */
@Command(
    name = "doctor",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    description = {
      "Check the installation: what Lookaside needs, what it can use, and whether it counts right.",
      "Exit code 1 if something that it needs is not there."
    },
    footerHeading = "%nExamples:%n",
    footer = {"  lookaside doctor", "  lookaside doctor --json -"})
final class DoctorCommand implements Callable<Integer> {
  private static final int OLDEST_JAVA = 17;
  private static final long SMALL_HEAP = 512L << 20;
  private static final int WIDTH = 60;
  private static final long SMALL_DISK = 256L << 20;
  private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  /** References of the stream that is counted, the same one that was given to the C baseline. */
  private static final int REFERENCES = 400_000;

  private final Console console;
  private final List<Finding> findings = new ArrayList<>();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the findings as JSON; - for standard output instead of the table.")
  private @Nullable String json;

  DoctorCommand(Console console) {
    this.console = console;
  }

  private enum State {
    OK("ok"),
    /** It works, but less well. */
    WEAK("weak"),
    /** Something works only with it. */
    ABSENT("absent"),
    /** Nothing works without it. */
    FAILED("FAILED");

    final String label;

    State(String label) {
      this.label = label;
    }
  }

  /**
   * @param what was looked at
   * @param found what there is
   * @param note what it is for, or what to do
   */
  private record Finding(String what, State state, String found, String note) {}

  @Override
  public Integer call() throws Exception {
    ResultFile file = json == null ? null : new ResultFile(json);
    java();
    memory();
    temporaryFolder();
    hugePages();
    program("mvn", "--version", "builds Lookaside from its sources");
    program("valgrind", "--version", "trace record");
    program("gcc", "--version", "benchmarks/compare");
    program("sbatch", "--version", "sweep sbatch: a cluster under Slurm");
    program("parallel", "--version", "sweeps over the cores of one host by GNU parallel");
    counts();
    if (file != null) {
      file.write(RunJson.text(asJson()), console.out());
    }
    if (file == null || !file.isStandardOutput()) {
      table();
    }
    return findings.stream().anyMatch(f -> f.state() == State.FAILED)
        ? ExitCode.CHECK_FAILED
        : ExitCode.OK;
  }

  private void java() {
    int feature = Runtime.version().feature();
    findings.add(
        new Finding(
            "Java",
            feature >= OLDEST_JAVA ? State.OK : State.FAILED,
            Runtime.version() + ", " + System.getProperty("java.vm.name"),
            feature >= OLDEST_JAVA
                ? System.getProperty("java.home", "")
                : "install a JDK " + OLDEST_JAVA + " or later, or set JAVA_HOME"));
    boolean archive =
        java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .anyMatch(a -> a.startsWith("-XX:SharedArchiveFile"));
    findings.add(
        new Finding(
            "class archive",
            archive ? State.OK : State.WEAK,
            archive ? "in use" : "none",
            archive ? "starts faster" : "starts are slower; the launcher makes one where it can"));
  }

  private void memory() {
    long heap = Runtime.getRuntime().maxMemory();
    findings.add(
        new Finding(
            "heap",
            heap >= SMALL_HEAP ? State.OK : State.WEAK,
            (heap >> 20) + " MiB",
            heap >= SMALL_HEAP
                ? "more with LOOKASIDE_JAVA_OPTS=-Xmx8g"
                : "small; more with LOOKASIDE_JAVA_OPTS=-Xmx2g"));
    findings.add(
        new Finding(
            "processors",
            State.OK,
            String.valueOf(Runtime.getRuntime().availableProcessors()),
            "decoding and replay overlap on two; sweeps use all"));
  }

  private void temporaryFolder() {
    String name = System.getProperty("java.io.tmpdir", "");
    try {
      Path probe = Files.createTempFile("lookaside", ".probe");
      long free = Files.getFileStore(probe).getUsableSpace();
      Files.delete(probe);
      findings.add(
          new Finding(
              "temporary folder",
              free >= SMALL_DISK ? State.OK : State.WEAK,
              name,
              (free >> 20) + " MiB free"));
    } catch (IOException e) {
      findings.add(
          new Finding(
              "temporary folder",
              State.FAILED,
              name,
              "cannot be written ("
                  + e.getMessage()
                  + "); set LOOKASIDE_JAVA_OPTS=-Djava.io.tmpdir=..."));
    }
  }

  private void hugePages() {
    try {
      String text = Files.readString(HUGE_PAGES, StandardCharsets.US_ASCII).strip();
      boolean off = text.contains("[never]");
      findings.add(
          new Finding(
              "host's huge pages",
              off ? State.WEAK : State.OK,
              text,
              off ? "replays of large footprints are slower" : "make large footprints faster"));
    } catch (IOException e) {
      // Not Linux, or a container that hides it: nothing to say.
    }
  }

  private void program(String name, String argument, String use) {
    String found = firstLine(name, argument);
    findings.add(
        new Finding(
            name,
            found == null ? State.ABSENT : State.OK,
            found == null ? "not on the PATH" : found,
            use));
  }

  private static @Nullable String firstLine(String... command) {
    Path output;
    try {
      output = Files.createTempFile("lookaside", ".out");
    } catch (IOException e) {
      return null;
    }
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return "does not answer";
      }
      String text = Files.readString(output, StandardCharsets.UTF_8);
      String line = text.lines().filter(l -> !l.isBlank()).findFirst().orElse("found");
      return line.replaceAll("\\p{Cntrl}(\\[[0-9;]*m)?", "").strip();
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } finally {
      try {
        Files.deleteIfExists(output);
      } catch (IOException e) {
        // A file of a few bytes stays in the temporary folder.
      }
    }
  }

  /** Counts a stream whose counts an independent program in C has recorded. */
  private void counts() {
    String what = "counts";
    try {
      Path trace = Files.createTempFile("lookaside", ".flat64");
      try {
        write(trace);
        JsonNode result = run(trace);
        boolean right =
            result.at("/tlbs/l1d/misses").asLong() == 6_250
                && result.at("/walker/memoryReads").asLong() == 10_936
                && result.at("/walker/dirtyAssists").asLong() == 4_671
                && result.at("/cycles/translation").asLong() == 1_001_471
                && result.at("/physicalAddressSum").asString().equals("0x61f281704b000");
        findings.add(
            new Finding(
                what,
                right ? State.OK : State.FAILED,
                String.format(Locale.ROOT, "%,d references", REFERENCES),
                right
                    ? "equal to those of the C baseline"
                    : "differ from those of the C baseline: do not trust this installation"));
      } finally {
        Files.deleteIfExists(trace);
      }
    } catch (IOException e) {
      findings.add(
          new Finding(what, State.FAILED, "could not run", String.valueOf(e.getMessage())));
    }
  }

  private static void write(Path file) throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    ByteBuffer bytes =
        ByteBuffer.allocate(ReferenceBatch.CAPACITY * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (SyntheticTrace stream = new SyntheticTrace(SyntheticTrace.Pattern.SEQUENTIAL, REFERENCES);
        OutputStream out = Files.newOutputStream(file)) {
      while (stream.read(batch) > 0) {
        bytes.clear();
        for (int i = 0; i < batch.count(); i++) {
          bytes.putLong(batch.address(i) | ReferenceBatch.kind(batch.descriptor(i)));
        }
        out.write(bytes.array(), 0, bytes.position());
      }
    }
  }

  private static JsonNode run(Path trace) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.execute(
            new Console(
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false),
            "run",
            trace.toString(),
            "--format",
            "flat64",
            "--machine",
            "reference",
            "--map",
            "prefault",
            "--json",
            "-");
    if (code != ExitCode.OK) {
      throw new IOException(err.toString(StandardCharsets.UTF_8).strip());
    }
    return JsonMapper.shared().readTree(out.toString(StandardCharsets.UTF_8));
  }

  private void table() {
    console.out().println("lookaside " + Version.current());
    Column[] columns = {
      column("what"), column("state"), column("found"), column("what for, or what to do")
    };
    String[][] rows =
        findings.stream()
            .map(f -> new String[] {f.what(), f.state().label, f.found(), f.note()})
            .toArray(String[][]::new);
    AsciiTable.getTable(AsciiTable.NO_BORDERS, columns, rows)
        .lines()
        .map(String::stripTrailing)
        .filter(line -> !line.isEmpty())
        .forEach(console.out()::println);
  }

  private static Column column(String header) {
    return new Column()
        .header(header)
        .headerAlign(HorizontalAlign.LEFT)
        .dataAlign(HorizontalAlign.LEFT)
        .maxWidth(WIDTH);
  }

  private ObjectNode asJson() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("schema", "lookaside.doctor/1");
    root.put("version", Version.current());
    ArrayNode array = root.putArray("findings");
    for (Finding f : findings) {
      array
          .addObject()
          .put("what", f.what())
          .put("state", f.state().label)
          .put("found", f.found())
          .put("note", f.note());
    }
    return root;
  }
}
