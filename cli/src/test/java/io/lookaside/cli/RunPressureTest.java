package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code run} with more pages than memory has. */
class RunPressureTest {
  private static final long BASE = 0x7000_0000_0000L;

  /** More than the 32,768 frames of 128 MiB. */
  private static final int PAGES = 40_000;

  @TempDir private Path folder;

  /** A first write to each of a number of pages. */
  private String writes(String name, int pages) throws IOException {
    long[] words = new long[pages];
    for (int i = 0; i < words.length; i++) {
      words[i] = (BASE + i * 4096L) | 1;
    }
    Path file = folder.resolve(name);
    Files.write(file, Cli.words(words));
    return file.toString();
  }

  private Cli.Outcome run(String trace, String... options) {
    List<String> words = new ArrayList<>(List.of("run", trace, "--format", "flat64"));
    words.addAll(List.of("--memory", "128M", "--json", folder.resolve("result.json").toString()));
    words.addAll(List.of(options));
    return Cli.run(words.toArray(new String[0]));
  }

  private JsonNode result() throws IOException {
    return JsonMapper.shared().readTree(Files.readString(folder.resolve("result.json")));
  }

  @Test
  void fullMemoryKillsTheProcessAndTheRunSaysSo() throws IOException {
    Cli.Outcome outcome = run(writes("trace", PAGES));
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains("process 0 was killed"), outcome.err());
    assertTrue(outcome.err().contains("--swap"), outcome.err());
    assertTrue(outcome.out().contains("Out of memory: Killed process"), outcome.out());
    JsonNode os = result().path("os");
    assertEquals(1, os.path("oomKills").asInt());
    assertEquals(1, os.path("killed").size());
    JsonNode killed = os.path("killed").path(0);
    int references = killed.path("references").asInt();
    assertTrue(references > 20_000 && references < 32_768, killed.toString());
    assertEquals(PAGES - references, killed.path("passedOver").asInt());
    assertEquals(references, result().path("trace").path("references").asInt());
    // Each reference is a first write, and the last one asks once.
    assertEquals(references, result().path("faults").path("pageFaults").asInt());
  }

  @Test
  void withTimeAndOnCoresLikewise() throws IOException {
    String trace = writes("trace", PAGES);
    run(trace);
    JsonNode killed = result().path("os").path("killed");
    for (String[] options :
        new String[][] {
          {"--timing"},
          {"--timing", "--overlap", "window"},
          {"--cores", "2"},
          {"--cores", "2", "--timing"}
        }) {
      Cli.Outcome outcome = run(trace, options);
      assertEquals(0, outcome.code(), outcome.err());
      assertEquals(killed, result().path("os").path("killed"), Arrays.toString(options));
    }
  }

  @Test
  void withTheOomKillerOffWhoIsRefusedEndsToo() throws IOException {
    run(writes("trace", PAGES), "--set", "os.oomKiller=off");
    JsonNode os = result().path("os");
    assertEquals(0, os.path("oomKills").asInt());
    assertEquals(1, os.path("killed").size());
  }

  @Test
  void anotherProcessGoesOn() throws IOException {
    String large = writes("large", PAGES);
    String small = writes("small", 4000);
    Cli.Outcome outcome = run(large, small, "--quantum", "1000");
    assertEquals(0, outcome.code(), outcome.err());
    JsonNode os = result().path("os");
    assertEquals(1, os.path("killed").size());
    assertEquals(0, os.path("killed").path(0).path("process").asInt());
    int references = os.path("killed").path(0).path("references").asInt();
    assertEquals(references + 4000, result().path("trace").path("references").asInt());
  }

  @Test
  void withSwapTheTraceRunsToItsEnd() throws IOException {
    Cli.Outcome outcome = run(writes("trace", PAGES), "--swap", "256M");
    assertEquals(0, outcome.code(), outcome.err());
    JsonNode os = result().path("os");
    assertEquals(PAGES, result().path("trace").path("references").asInt());
    assertEquals(0, os.path("killed").size());
    assertEquals(256L << 20, os.path("swapBytes").asLong());
    assertTrue(os.path("pagesSwappedOut").asInt() >= PAGES - 32_768, os.toString());
    assertEquals(os.path("cycles").asLong(), sum(os.path("costs").path("processes")));
    assertEquals(os.path("kswapdCycles").asLong(), sum(os.path("costs").path("kswapd")));
    assertEquals(os.path("flusherCycles").asLong(), sum(os.path("costs").path("flusher")));
    assertTrue(outcome.out().contains("waiting"), outcome.out());
  }

  private static long sum(JsonNode parts) {
    return parts.valueStream().mapToLong(JsonNode::asLong).sum();
  }

  @Test
  void swappinessAndAgeingAreTheKernels() throws IOException {
    run(writes("trace", PAGES), "--swap", "256M", "--swappiness", "100");
    assertEquals(100, result().path("os").path("swappiness").asInt());
    assertEquals(0, result().path("os").path("ageFlushes").asInt());
    run(writes("trace", PAGES), "--swap", "256M", "--set", "os.flushOnAge=true");
    assertTrue(result().path("os").path("ageFlushes").asInt() > 0);
  }

  @Test
  void pressureIsSampledInAFixedNumberOfRows() throws IOException {
    Path csv = folder.resolve("pressure.csv");
    String trace = writes("trace", PAGES);
    run(trace, "--swap", "256M", "--pressure", csv.toString(), "--pressure-every", "10");
    JsonNode pressure = result().path("pressure");
    // 4,000 samples do not fit in 512, nor do 2,000 and 1,000; 500 do.
    assertEquals(80, pressure.path("every").asInt());
    JsonNode rows = pressure.path("rows");
    assertEquals(500, rows.size());
    List<String> names = new ArrayList<>();
    pressure.path("columns").forEach(column -> names.add(column.path("name").asString()));
    for (int i = 0; i < rows.size(); i++) {
      assertEquals(80 * (i + 1), rows.path(i).path(names.indexOf("references")).asInt());
    }
    // What is counted sums to what the kernel counts.
    for (String name :
        List.of("minorFaults", "majorFaults", "pagesSwappedOut", "reclaimedDirect")) {
      int column = names.indexOf(name);
      long sum = rows.valueStream().mapToLong(row -> row.path(column).asLong()).sum();
      assertEquals(result().path("os").path(name).asLong(), sum, name);
    }
    // No row has more pages than memory.
    for (JsonNode row : rows) {
      long pages = 0;
      for (String name :
          List.of("free", "activeAnon", "inactiveAnon", "activeFile", "inactiveFile")) {
        pages += row.path(names.indexOf(name)).asLong();
      }
      assertTrue(pages > 20_000 && pages <= 32_768, row.toString());
    }
    List<String> lines = Files.readAllLines(csv);
    assertEquals(String.join(",", names), lines.get(0));
    assertEquals(501, lines.size());
    String last = String.join(",", rows.path(499).valueStream().map(JsonNode::asString).toList());
    assertEquals(last, lines.get(500));
  }

  @Test
  void pressureIsOnTheTimelineAsCounters() throws IOException {
    Path timeline = folder.resolve("timeline.json");
    run(
        writes("trace", 5000),
        "--pressure-every",
        "1000",
        "--timing",
        "--timeline",
        timeline.toString(),
        "--timeline-window",
        "0:1G");
    JsonNode events = JsonMapper.shared().readTree(Files.readString(timeline)).path("traceEvents");
    List<JsonNode> free =
        events
            .valueStream()
            .filter(event -> event.path("name").asString().equals("memory: free"))
            .toList();
    assertEquals(5, free.size());
    long before = Long.MAX_VALUE;
    for (JsonNode event : free) {
      assertEquals("C", event.path("ph").asString());
      long pages = event.path("args").path("pages").asLong();
      assertTrue(
          pages <= before - (before == Long.MAX_VALUE ? 0 : 1000), "1,000 pages are written");
      before = pages;
    }
    assertTrue(free.get(4).path("ts").asLong() <= result().path("cycles").path("total").asLong());
  }
}
