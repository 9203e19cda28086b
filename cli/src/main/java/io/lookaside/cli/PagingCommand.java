package io.lookaside.cli;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.lookaside.os.policy.PagePolicy;
import io.lookaside.simulator.PagingSimulation;
import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.Version;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code lookaside paging}. */
@Command(
    name = "paging",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Count the page faults of the classic replacement policies on the pages of a trace: FIFO,"
          + " LRU, Clock and OPT, which knows the future."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside paging traces/samples/sort.lackey.xz --frames 16,32,64",
      "  lookaside paging prog.lackey.gz --frames 100 --policy fifo,opt --json faults.json",
    })
final class PagingCommand implements Callable<Integer> {
  private static final List<String> POLICIES =
      Arrays.stream(PagePolicy.values()).map(PagePolicy::label).toList();

  private final Console console;

  @Mixin private final TraceSource source = new TraceSource();

  @Option(
      names = "--frames",
      required = true,
      split = ",",
      paramLabel = "N",
      description = "How many pages fit in memory; several numbers with commas between them.")
  private List<Integer> frames = new ArrayList<>();

  @Option(
      names = "--policy",
      split = ",",
      paramLabel = "fifo|lru|clock|opt",
      description = "Which policies, with commas between them (default: all).")
  private List<String> policies = new ArrayList<>();

  @Mixin private TakenReferences references = new TakenReferences();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the counts as JSON; - for standard output instead of the table.")
  private @Nullable String json;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  PagingCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    PagingSimulation.Options options = options();
    List<PagePolicy> chosen = new ArrayList<>();
    for (String policy : policies.isEmpty() ? POLICIES : policies) {
      String label = RunCommand.oneOf("--policy", policy, POLICIES);
      PagePolicy one = PagePolicy.values()[POLICIES.indexOf(label)];
      if (!chosen.contains(one)) {
        chosen.add(one);
      }
    }
    for (int number : frames) {
      if (number < 1) {
        throw new UsageException("--frames: expected at least 1, not " + number);
      }
    }
    ResultFiles files = new ResultFiles(console.out(), List.of(source.path())).add("--json", json);
    List<Integer> ascending = List.copyOf(new TreeSet<>(frames));
    PagingSimulation.Result result =
        new PagingSimulation(options).run(console.in(), ascending, chosen);
    files.write("--json", () -> RunJson.text(json(result)));
    if (!quiet) {
      files.print(() -> text(result));
    }
    return ExitCode.OK;
  }

  private PagingSimulation.Options options() throws UsageException {
    return new PagingSimulation.Options(
        source.path(), source.format().chosen(), references.skip(), references.most());
  }

  private String text(PagingSimulation.Result result) {
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "trace  %s (%s)%n       %,d references to %,d pages%n%nPage faults, first uses included%n",
            source.path(),
            result.format().label(),
            result.references(),
            result.pages()));
    List<Column> columns = new ArrayList<>();
    columns.add(column("frames"));
    result.policies().forEach(policy -> columns.add(column(policy.label())));
    String[][] rows = new String[result.frames().size()][];
    for (int i = 0; i < rows.length; i++) {
      List<String> row = new ArrayList<>();
      row.add(String.format(Locale.ROOT, "%,d", result.frames().get(i)));
      result.faults().get(i).forEach(n -> row.add(String.format(Locale.ROOT, "%,d", n)));
      rows[i] = row.toArray(new String[0]);
    }
    String table = AsciiTable.getTable(AsciiTable.NO_BORDERS, columns.toArray(new Column[0]), rows);
    table.lines().map(String::stripTrailing).forEach(line -> out.append(line).append('\n'));
    out.append('\n');
    anomalies(out, result);
    return out.toString();
  }

  private static Column column(String header) {
    return new Column()
        .header(header)
        .headerAlign(HorizontalAlign.RIGHT)
        .dataAlign(HorizontalAlign.RIGHT);
  }

  /** Where more frames have more faults. */
  private static void anomalies(StringBuilder out, PagingSimulation.Result result) {
    for (int p = 0; p < result.policies().size(); p++) {
      for (int i = 1; i < result.frames().size(); i++) {
        long before = result.faults().get(i - 1).get(p);
        long now = result.faults().get(i).get(p);
        if (now > before) {
          out.append(
              String.format(
                  Locale.ROOT,
                  "Belady's anomaly: %s has %,d faults with %,d frames and %,d with %,d%n",
                  result.policies().get(p).label(),
                  before,
                  result.frames().get(i - 1),
                  now,
                  result.frames().get(i)));
        }
      }
    }
  }

  private ObjectNode json(PagingSimulation.Result result) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("schema", "lookaside.paging/1");
    ObjectNode provenance = root.putObject("provenance");
    provenance.put("version", Version.current());
    provenance.put("command", command());
    provenance.put("traceHash", RunJson.hashText(result.hash()));
    ObjectNode about = root.putObject("trace");
    about.put("format", result.format().label());
    about.put("references", result.references());
    about.put("pages", result.pages());
    ArrayNode rows = root.putArray("faults");
    for (int i = 0; i < result.frames().size(); i++) {
      ObjectNode row = rows.addObject();
      row.put("frames", result.frames().get(i));
      for (int p = 0; p < result.policies().size(); p++) {
        row.put(result.policies().get(p).label(), result.faults().get(i).get(p).longValue());
      }
    }
    return root;
  }

  /** The command with what decides the result, and without what only directs its output. */
  private String command() {
    List<String> words = new ArrayList<>(List.of("paging", source.path()));
    words.addAll(List.of("--frames", String.join(",", frames.stream().map(n -> "" + n).toList())));
    if (!policies.isEmpty()) {
      words.addAll(List.of("--policy", String.join(",", policies)));
    }
    source.format().addTo(words);
    references.addTo(words);
    return String.join(" ", words);
  }
}
