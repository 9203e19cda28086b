package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class SweepCommandTest {
  private static final List<String> RESULTS = List.of("result.json", "result.jsonl", "result.csv");

  @TempDir Path folder;

  /** A sweep file over two traces, eight machines each, one with a clock and two kernels. */
  private Path sweep() throws IOException {
    Path file = folder.resolve("s.yaml");
    return Files.writeString(
        file,
        """
        traces:
          - {name: date, file: DATE}
          - {name: both, files: [DATE, DATE], quantum: 5K}
        options: {warmup: 1K, max-refs: 20K, memory: 128M}
        axes:
          stlb.entries: [48, 96]
          stlb.replacement: [lru, random]
        zip:
          - thp: [never, always]
            seed: [1, 2]
        measures: [trace.references, stlb.misses, rates.stlb.missRate]
        """
            .replace("DATE", date()));
  }

  private static String date() {
    return Path.of(Samples.path("date.lackey.xz")).toAbsolutePath().normalize().toString();
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private void assertSameResults(String expected, String actual) throws IOException {
    for (String name : RESULTS) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve(expected).resolve(name)),
          Files.readAllBytes(folder.resolve(actual).resolve(name)),
          name);
    }
  }

  private JsonNode json(String sweep) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(folder.resolve(sweep + "/result.json")));
  }

  @Test
  void everyPointIsTheRunThatItsCommandNames() throws Exception {
    assertEquals(0, Cli.run("sweep", "run", sweep().toString(), "-o", path("a")).code());
    JsonNode merged = json("a");
    assertEquals("lookaside.sweep/1", merged.path("schema").stringValue());
    assertEquals(16, merged.path("points").size());
    List<String> lines = Files.readAllLines(folder.resolve("a/result.jsonl"));
    List<String> rows = Files.readAllLines(folder.resolve("a/result.csv"));
    assertEquals(
        "point,key,trace,stlb.entries,stlb.replacement,thp,seed,trace.references,tlbs.stlb.misses,"
            + "rates.stlb.missRate",
        rows.get(0));
    for (int i = 0; i < 16; i++) {
      JsonNode point = merged.path("points").get(i);
      assertEquals(point, JsonMapper.shared().readTree(lines.get(i)));
      JsonNode result = point.path("result");
      List<String> command =
          new ArrayList<>(List.of(result.at("/provenance/command").stringValue().split(" ", -1)));
      command.addAll(List.of("--json", "-"));
      JsonNode alone = Cli.run(command.toArray(String[]::new)).json();
      assertEquals(alone, result);
      assertEquals(20_000, result.at("/trace/references").longValue());
      assertEquals(point.at("/axes/stlb.entries"), result.at("/provenance/machine/stlb/entries"));
      assertEquals(point.at("/axes/seed"), result.at("/provenance/seed"));
      assertEquals(i < 8 ? "date" : "both", point.path("trace").stringValue());
      JsonNode rate = alone.at("/rates/stlb/missRate"); // null where nothing was looked up
      String expected =
          String.join(
              ",",
              Integer.toString(i),
              point.path("key").stringValue(),
              point.path("trace").stringValue(),
              point.at("/axes/stlb.entries").toString(),
              point.at("/axes/stlb.replacement").stringValue(),
              point.at("/axes/thp").stringValue(),
              point.at("/axes/seed").toString(),
              "20000",
              alone.at("/tlbs/stlb/misses").toString(),
              rate.isNull() ? "" : rate.decimalValue().toPlainString());
      assertEquals(expected, rows.get(i + 1));
    }
  }

  /** Two LRU machines over a copy of a sample that is long enough to be kept. */
  private String sweepOfALongTrace() throws IOException {
    Files.copy(Path.of(Samples.path("sort.lackey.xz")), folder.resolve("t.lackey.xz"));
    Path file = folder.resolve("long.yaml");
    Files.writeString(
        file,
        """
        traces: [t.lackey.xz]
        machine: reference
        options: {warmup: 10K, max-refs: 1200K}
        axes: {stlb.entries: [768, 1536]}
        """);
    return file.toString();
  }

  private JsonNode speed(String... command) throws Exception {
    List<String> words = new ArrayList<>(List.of(command));
    words.addAll(List.of("--speed", "-"));
    return Cli.run(words.toArray(String[]::new)).json();
  }

  @Test
  void theNextSweepReadsWhatTheFirstKeptOfTheTraceAndCountsTheSame() throws Exception {
    String file = sweepOfALongTrace();
    long references = 1_210_000;
    JsonNode without = speed("sweep", "run", file, "-o", path("without"), "--no-cache");
    assertFalse(Files.exists(folder.resolve(".lookaside-cache")));
    JsonNode first = speed("sweep", "run", file, "-o", path("first"));
    JsonNode second = speed("sweep", "run", file, "-o", path("second"));
    for (JsonNode decodes : List.of(without, first)) {
      assertEquals(references, decodes.path("decodedReferences").longValue());
      assertEquals(0, decodes.path("keptReferences").longValue());
    }
    assertEquals(0, second.path("decodedReferences").longValue());
    assertEquals(references, second.path("keptReferences").longValue());
    for (JsonNode speed : List.of(without, first, second)) {
      assertEquals(2 * references, speed.path("replayedReferences").longValue());
    }
    assertSameResults("without", "first");
    assertSameResults("without", "second");
    assertEquals(2, json("second").path("points").size());
  }

  @Test
  void curveAndSweepShareWhatIsKept() throws Exception {
    String file = sweepOfALongTrace();
    Files.writeString(
        Path.of(file), Files.readString(Path.of(file)).replace("warmup: 10K, max-refs: 1200K", ""));
    String trace = path("t.lackey.xz");
    assertEquals(0, Cli.run("curve", trace, "--max-sets", "1", "--max-ways", "1").code());
    JsonNode speed = speed("sweep", "run", file, "-o", path("s"));
    assertEquals(0, speed.path("decodedReferences").longValue());
  }

  @Test
  void speedMustNotOverwriteAnInput() throws Exception {
    String file = sweepOfALongTrace();
    String trace = path("t.lackey.xz");
    for (String input : List.of(file, trace)) {
      Cli.Outcome outcome = Cli.run("sweep", "run", file, "-o", path("s"), "--speed", input);
      assertEquals(2, outcome.code(), outcome.err());
    }
  }

  @Test
  void theMergedResultDoesNotDependOnThreadsOrderShardsOrFolders() throws Exception {
    String file = sweep().toString();
    assertEquals(0, Cli.run("sweep", "run", file, "-o", path("whole"), "--threads", "1").code());

    Cli.run("sweep", "plan", file, "-o", path("parts"));
    for (int k = 5; k >= 1; k--) {
      assertEquals(0, Cli.run("sweep", "shard", k + "/5", path("parts"), "--threads", "3").code());
    }
    assertEquals(0, Cli.run("sweep", "merge", path("parts")).code());
    assertSameResults("whole", "parts");

    Cli.run("sweep", "plan", file, "-o", path("one"));
    Cli.run("sweep", "plan", file, "-o", path("two"));
    assertEquals(0, Cli.run("sweep", "run", path("one"), "--points", "0-2,9,15").code());
    assertEquals(0, Cli.run("sweep", "run", path("two"), "--points", "3-8,10-14").code());
    Cli.Outcome gap = Cli.run("sweep", "merge", path("one"));
    gap.failed(1, "11 of 16 points have no result", "3 (trace date, stlb.entries 48");
    assertEquals(
        0, Cli.run("sweep", "merge", path("two"), path("one"), "-o", path("three")).code());
    assertSameResults("whole", "three");

    Cli.run("sweep", "run", path("two"), "--points", "0");
    Cli.run("sweep", "merge", path("one"), path("two"), "-o", path("four"))
        .failed(1, "1 points are in several folders: 0 (", "--allow-duplicates");
    assertEquals(
        0,
        Cli.run(
                "sweep",
                "merge",
                path("one"),
                path("two"),
                "-o",
                path("four"),
                "--allow-duplicates")
            .code());
    assertSameResults("whole", "four");
  }

  @Test
  void finishedPointsAreSkippedAndDamagedOnesRunAgain() throws Exception {
    String file = sweep().toString();
    assertEquals(0, Cli.run("sweep", "run", file, "-o", path("a")).code());
    byte[] before = Files.readAllBytes(folder.resolve("a/result.json"));
    Cli.Outcome again = Cli.run("sweep", "run", file, "-o", path("a"));
    assertTrue(again.out().contains("of 16 points 16 were there, 0 finished now"), again.out());

    List<Path> points;
    try (Stream<Path> files = Files.list(folder.resolve("a/points"))) {
      points = files.sorted().toList();
    }
    assertEquals(16, points.size());
    String text = Files.readString(points.get(0));
    Files.writeString(points.get(0), text.substring(0, text.length() / 2)); // cut short
    // One digit is another one: still JSON, but not what was written.
    String digit = text.contains("\"references\":20000") ? "\"references\":20000" : "";
    assertFalse(digit.isEmpty());
    Files.writeString(
        points.get(1), Files.readString(points.get(1)).replace(digit, "\"references\":20001"));
    Files.copy(points.get(3), points.get(2), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    Files.delete(points.get(4));
    Files.writeString(folder.resolve("a/points/.tmp~elsewhere~1~x"), "half");

    Cli.Outcome status = Cli.run("sweep", "status", path("a"));
    assertEquals(1, status.code());
    assertTrue(status.out().contains("12 finished, 0 failed, 3 damaged, 1 missing"), status.out());
    JsonNode report =
        JsonMapper.shared().readTree(Cli.run("sweep", "status", path("a"), "--json", "-").out());
    assertEquals(3, report.at("/counts/damaged").intValue());
    assertEquals(4, report.path("unfinished").size());
    Cli.run("sweep", "merge", path("a")).failed(1, "4 of 16 points have no result");
    assertEquals(
        0, Cli.run("sweep", "merge", path("a"), "--allow-missing", "-o", path("some")).code());
    assertEquals(12, json("some").path("points").size());
    assertEquals(4, json("some").path("missing").size());

    Cli.Outcome mended = Cli.run("sweep", "run", path("a"));
    assertTrue(mended.out().contains("12 were there, 4 finished now, 0 failed"), mended.out());
    assertArrayEquals(before, Files.readAllBytes(folder.resolve("a/result.json")));
    assertEquals(0, Cli.run("sweep", "status", path("a")).code());
  }

  @Test
  void aLargerPlanTakesTheResultsThatAreThere() throws Exception {
    String file = sweep().toString();
    Cli.run("sweep", "run", file, "-o", path("a"));
    Files.writeString(
        folder.resolve("s.yaml"),
        Files.readString(folder.resolve("s.yaml")).replace("[48, 96]", "[96, 192]"));
    Cli.Outcome more = Cli.run("sweep", "run", file, "-o", path("a"));
    assertTrue(more.out().contains("8 were there, 8 finished now"), more.out());
    Cli.Outcome status = Cli.run("sweep", "status", path("a"));
    assertEquals(0, status.code());
    assertTrue(status.out().contains("8 results in it are of other plans"), status.out());
  }

  @Test
  void aPointThatFailsKeepsItsReasonAndDoesNotKeepOthersFromRunning() throws Exception {
    Path bad = folder.resolve("bad.flat64");
    Files.write(bad, Cli.words(0x1000, 0x2000));
    Files.writeString(
        folder.resolve("s.yaml"),
        """
        traces: [bad.flat64, {name: date, file: DATE}]
        options: {max-refs: 1K}
        axes: {stlb.ways: [6, 12]}
        """
            .replace("DATE", date()));
    Cli.run("sweep", "plan", path("s.yaml"), "-o", path("a"));
    Files.write(bad, new byte[] {3, 0, 0, 0, 0, 0, 0, 0}, StandardOpenOption.APPEND);
    Cli.Outcome run = Cli.run("sweep", "run", path("a"));
    assertEquals(65, run.code());
    assertTrue(run.err().contains("point 0 (trace bad, stlb.ways 6) failed: "), run.err());
    assertTrue(run.err().contains("has changed since the plan"), run.err());
    assertTrue(run.out().contains("of 4 points 0 were there, 2 finished now, 2 failed"), run.out());

    assertEquals(65, Cli.run("sweep", "run", path("s.yaml"), "-o", path("a")).code());
    Cli.Outcome status = Cli.run("sweep", "status", path("a"));
    assertEquals(1, status.code());
    assertTrue(status.out().contains("2 finished, 2 failed, 0 damaged, 0 missing"), status.out());
    assertTrue(status.out().contains("bad.flat64: record 3 at byte offset 16"), status.out());

    Files.delete(bad);
    assertEquals(66, Cli.run("sweep", "run", path("a")).code());
    Files.write(bad, Cli.words(0x1000, 0x2000));
    assertEquals(0, Cli.run("sweep", "run", path("s.yaml"), "-o", path("a")).code());
    assertEquals(4, json("a").path("points").size());
  }

  @Test
  void misuseIsSaidInOneMessage() throws Exception {
    Cli.run("sweep", "run", path("none.yaml")).failed(66, "no such sweep file");
    Cli.run("sweep", "status", folder.toString()).failed(66, "plan.json");
    Cli.run("sweep", "plan", sweep().toString(), "-o", path("a"));
    Cli.run("sweep", "shard", "5/4", path("a")).failed(2, "'5/4' is no part");
    Cli.run("sweep", "run", path("a"), "--points", "3,16")
        .failed(2, "'16' is not within", "0 to 15");
    Cli.run("sweep", "run", path("a"), "--trace", "x").failed(2, "-o and --trace");
    Cli.run("sweep", "merge", path("a"), path("a")).failed(2, "named twice");
    Files.writeString(folder.resolve("a/plan.json"), "{\"schema\":");
    Cli.run("sweep", "status", path("a")).failed(65, "plan.json", "plan the sweep again");
  }

  @Test
  void theExampleHas24MachinesAndEachTraceCanTakeItsPlace() throws Exception {
    Path example = Path.of("docs/examples/stlb.yaml");
    String file = (Files.exists(example) ? example : Path.of("..").resolve(example)).toString();
    Cli.Outcome list = Cli.run("sweep", "plan", file, "--list");
    assertEquals(24, list.out().lines().count(), list.err());
    Cli.Outcome run =
        Cli.run(
            "sweep", "run", file, "--trace", Samples.path("date.lackey.xz"), "-o", path("a"), "-q");
    assertEquals(0, run.code(), run.err());
    assertEquals("", run.out() + run.err());
    assertEquals(24, json("a").path("points").size());
  }
}
