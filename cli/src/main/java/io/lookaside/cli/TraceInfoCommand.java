package io.lookaside.cli;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.simulator.RunJson;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceSummary;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code lookaside trace info}. */
@Command(
    name = "info",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Say what a trace holds: reads it from its first reference to its last.",
    footerHeading = "%nExample:%n",
    footer = "  lookaside trace info traces/samples/date.lackey.xz")
final class TraceInfoCommand implements Callable<Integer> {
  /** Lists are cut after so many in the text; the JSON has them whole. */
  private static final int SHOWN = 8;

  private final Console console;

  @Mixin private final TraceSource source = new TraceSource();

  @Option(
      names = "--max-refs",
      paramLabel = "N",
      converter = CountConverter.class,
      description = "Look at the first N references only, or a few more.")
  private @Nullable Long maxRefs;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write it as JSON; - for standard output instead of the text.")
  private @Nullable String json;

  TraceInfoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    ResultFiles files = new ResultFiles(console.out(), List.of(source.path())).add("--json", json);
    try (TraceFile in = source.open(console);
        ProgressDisplay display = new ProgressDisplay(console.err(), "info")) {
      TraceSummary summary = new TraceSummary();
      ReferenceBatch batch = new ReferenceBatch();
      long most = maxRefs == null ? Long.MAX_VALUE : maxRefs;
      while (summary.references() < most && in.read(batch) > 0) {
        summary.add(batch);
        if (console.terminal()) {
          display.progress(summary.references(), in.storedBytesRead(), in.storedBytes());
        }
      }
      files.write("--json", () -> RunJson.text(jsonOf(in, summary)));
      if (files.leaveStandardOutput()) {
        print(in, summary);
      }
    }
    return ExitCode.OK;
  }

  private void print(TraceFile in, TraceSummary s) throws Exception {
    row("trace", "%s", source.path().replaceAll("\\p{Cntrl}", "?"));
    row(
        "format",
        "%s%s",
        in.format().label(),
        in.compressions().isEmpty()
            ? ", not compressed"
            : " in " + String.join(" in ", in.compressions()));
    if (in.storedBytes() >= 0 && s.references() > 0) {
      row(
          "size",
          "%,d bytes, %.2f bits for a reference",
          in.storedBytes(),
          8.0 * in.storedBytesRead() / s.references());
    }
    row(
        "references",
        "%,d: %,d fetches, %,d loads, %,d stores",
        s.references(),
        s.references(AccessKind.FETCH),
        s.references(AccessKind.LOAD),
        s.references(AccessKind.STORE));
    if (in.fetchesAreInstructions()) {
      row("instructions", "%,d", s.references(AccessKind.FETCH));
    } else {
      row("instructions", "the format does not say");
    }
    row(
        "pages",
        "%,d of 4K, %,d of 2M",
        s.distinctPages(PageSize.SIZE_4K),
        s.distinctPages(PageSize.SIZE_2M));
    row("crossings", "%,d of 4 KiB boundaries", s.pageCrossings());
    if (s.touchesMemory()) {
      row("addresses", "0x%x to 0x%x", s.lowestAddress(), s.highestAddress());
    }
    if (s.nonCanonical() > 0) {
      row("", "%,d references are not canonical and touch nothing", s.nonCanonical());
    }
    row("sizes", "%s", listed(s.sizes(), " bytes"));
    long[] spaces = in.addressSpaceIds();
    String ids =
        Arrays.stream(spaces)
            .limit(SHOWN)
            .mapToObj(Long::toUnsignedString)
            .collect(Collectors.joining(", "));
    row("processes", "%,d (%s%s)", spaces.length, ids, spaces.length > SHOWN ? ", ..." : "");
    row("cores", "%,d (%s)", s.cores().size(), listed(s.cores(), ""));
    if (s.withInstructionAddresses() > 0) {
      row("pcs", "%,d references name their instruction", s.withInstructionAddresses());
    }
    if (in.ignoredLines() > 0) {
      row("ignored", "%,d lines that are no references", in.ignoredLines());
    }
    row("hash", "%s", hash(s));
  }

  private static String hash(TraceSummary s) {
    return "refs64:" + HexFormat.of().toHexDigits(s.hash());
  }

  private static String listed(Map<Integer, Long> counts, String unit) {
    String text =
        counts.entrySet().stream()
            .limit(SHOWN)
            .map(e -> String.format(Locale.ROOT, "%d%s: %,d", e.getKey(), unit, e.getValue()))
            .collect(Collectors.joining("; "));
    return counts.size() > SHOWN ? text + "; ..." : text;
  }

  private void row(String name, String format, Object... values) {
    console.out().printf("%-13s", name);
    console.out().printf(Locale.ROOT, format + "%n", values);
  }

  private ObjectNode jsonOf(TraceFile in, TraceSummary s) throws IOException {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("schema", "lookaside.trace-info/1");
    root.put("trace", source.path());
    root.put("format", in.format().label());
    root.set("compressions", JsonNodeFactory.instance.arrayNode());
    in.compressions().forEach(root.withArray("/compressions")::add);
    root.put("storedBytes", in.storedBytes());
    root.put("references", s.references());
    root.put("fetches", s.references(AccessKind.FETCH));
    root.put("loads", s.references(AccessKind.LOAD));
    root.put("stores", s.references(AccessKind.STORE));
    if (in.fetchesAreInstructions()) {
      root.put("instructions", s.references(AccessKind.FETCH));
    } else {
      root.putNull("instructions");
    }
    root.put("pageCrossings", s.pageCrossings());
    root.put("nonCanonical", s.nonCanonical());
    root.putObject("distinctPages")
        .put("4K", s.distinctPages(PageSize.SIZE_4K))
        .put("2M", s.distinctPages(PageSize.SIZE_2M));
    root.put("lowestAddress", "0x" + Long.toHexString(s.touchesMemory() ? s.lowestAddress() : 0));
    root.put("highestAddress", "0x" + Long.toHexString(s.highestAddress()));
    ObjectNode sizes = root.putObject("sizes");
    s.sizes().forEach((size, n) -> sizes.put(String.valueOf(size), n));
    ObjectNode cores = root.putObject("cores");
    s.cores().forEach((core, n) -> cores.put(String.valueOf(core), n));
    for (long id : in.addressSpaceIds()) {
      root.withArray("/addressSpaces").add(Long.toUnsignedString(id));
    }
    root.put("withInstructionAddresses", s.withInstructionAddresses());
    root.put("ignoredLines", in.ignoredLines());
    root.put("traceHash", hash(s));
    return root;
  }
}
