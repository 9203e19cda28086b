package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CurveCommandTest {
  private static final String SAMPLE =
      Path.of("../traces/samples/date.lackey.xz").toAbsolutePath().normalize().toString();

  /** Enough to tell geometries apart, and soon read. */
  private static final String REFERENCES = "100K";

  private static JsonNode ofData;

  @TempDir private Path folder;

  @BeforeAll
  static void dataOfTheSample() {
    ofData = curve("--side", "data");
  }

  private static JsonNode curve(String... options) {
    List<String> words =
        new ArrayList<>(List.of("curve", SAMPLE, "--max-refs", REFERENCES, "--json", "-"));
    words.addAll(List.of(options));
    return Cli.run(words.toArray(new String[0])).json();
  }

  private static long misses(JsonNode curve, int sets, int ways) {
    for (JsonNode n : curve.path("setAssociative")) {
      if (n.path("sets").asInt() == sets && n.path("ways").asInt() == ways) {
        return n.path("misses").asLong();
      }
    }
    throw new AssertionError("no " + sets + " x " + ways);
  }

  private static JsonNode tlb(String level, String... settings) {
    List<String> words =
        new ArrayList<>(List.of("run", SAMPLE, "--machine", "reference", "--json", "-"));
    words.addAll(List.of("--max-refs", REFERENCES));
    for (String s : settings) {
      words.addAll(List.of("--set", s));
    }
    return Cli.run(words.toArray(new String[0])).json().path("tlbs").path(level);
  }

  @Test
  void schemaAndGeometriesAreThoseOfTheContract() {
    assertEquals("lookaside.curve/1", ofData.path("schema").asString());
    assertEquals(11 * 16, ofData.path("setAssociative").size());
    JsonNode full = ofData.path("fullyAssociative");
    // The largest set-associative geometry has more entries than the sample has pages.
    assertEquals(1024 * 16, full.size());
    for (int i = 0; i < full.size(); i++) {
      assertEquals(i + 1, full.get(i).path("entries").asInt());
    }
  }

  @Test
  void aFirstLevelOfEachGeometryHasTheMissesOfItsPoint() {
    int[][] geometries = {{1, 1}, {1, 16}, {2, 3}, {16, 4}, {64, 2}, {1024, 1}, {8, 11}};
    for (int[] g : geometries) {
      JsonNode l1d = tlb("l1d", "l1d.entries=" + g[0] * g[1], "l1d.ways=" + g[1]);
      assertEquals(l1d.path("misses").asLong(), misses(ofData, g[0], g[1]), g[0] + " x " + g[1]);
      assertEquals(l1d.path("lookups").asLong(), ofData.path("lookups").asLong());
    }
  }

  @Test
  void pointsOfAnySurfaceAreThoseOfSeparateRuns() {
    Random random = new Random(5);
    for (int round = 0; round < 4; round++) {
      int maxSets = 1 << random.nextInt(12);
      int maxWays = 1 + random.nextInt(round % 2 == 0 ? 16 : 30);
      boolean fetch = random.nextBoolean();
      boolean behind = random.nextBoolean();
      List<String> options = new ArrayList<>();
      options.addAll(List.of("--max-sets", "" + maxSets, "--max-ways", "" + maxWays));
      options.addAll(List.of("--side", behind ? "all" : fetch ? "fetch" : "data"));
      if (behind) {
        options.addAll(List.of("--machine", "reference"));
        options.addAll(List.of("--set", "l1i.entries=2", "--set", "l1i.ways=1"));
      }
      JsonNode curve = curve(options.toArray(new String[0]));
      int sets = 1 << random.nextInt(1 + Integer.numberOfTrailingZeros(maxSets));
      int ways = 1 + random.nextInt(maxWays);
      String level = behind ? "stlb" : fetch ? "l1i" : "l1d";
      List<String> settings = new ArrayList<>();
      if (behind) {
        settings.addAll(List.of("l1i.entries=2", "l1i.ways=1"));
      }
      settings.addAll(List.of(level + ".entries=" + sets * ways, level + ".ways=" + ways));
      JsonNode tlb = tlb(level, settings.toArray(new String[0]));
      String which = options + " " + sets + " x " + ways;
      assertEquals(tlb.path("lookups").asLong(), curve.path("lookups").asLong(), which);
      assertEquals(tlb.path("misses").asLong(), misses(curve, sets, ways), which);
    }
  }

  @Test
  void fullyAssociativeFirstLevelsHaveTheMissesOfTheirSizes() {
    for (int entries : new int[] {1, 2, 5, 16, 17, 33, 100}) {
      JsonNode l1d = tlb("l1d", "l1d.entries=" + entries, "l1d.ways=" + entries);
      long misses = ofData.path("fullyAssociative").get(entries - 1).path("misses").asLong();
      assertEquals(l1d.path("misses").asLong(), misses, "entries " + entries);
    }
  }

  @Test
  void theSideOfFetchesIsWhatL1ISees() {
    JsonNode curve = curve("--side", "fetch", "--max-sets", "8");
    JsonNode l1i = tlb("l1i", "l1i.entries=12", "l1i.ways=3");
    assertEquals(l1i.path("misses").asLong(), misses(curve, 4, 3));
    assertEquals(l1i.path("lookups").asLong(), curve.path("lookups").asLong());
    assertEquals(4 * 16, curve.path("setAssociative").size());
  }

  @Test
  void bothSidesAreTheDefault() {
    JsonNode all = curve();
    assertEquals("all", all.path("side").asString());
    long fetches = tlb("l1i").path("lookups").asLong();
    long data = tlb("l1d").path("lookups").asLong();
    assertEquals(fetches + data, all.path("lookups").asLong());
  }

  @Test
  void behindAMachineTheSecondLevelOfEachGeometryHasTheMissesOfItsPoint() {
    String[] first = {"l1i.entries=4", "l1i.ways=2", "l1d.entries=4", "l1d.ways=4"};
    List<String> options = new ArrayList<>(List.of("--machine", "reference"));
    for (String s : first) {
      options.addAll(List.of("--set", s));
    }
    JsonNode curve = curve(options.toArray(new String[0]));
    int[][] geometries = {{1, 1}, {4, 2}, {16, 3}, {32, 12}, {1, 16}};
    for (int[] g : geometries) {
      List<String> settings = new ArrayList<>(List.of(first));
      settings.addAll(List.of("stlb.entries=" + g[0] * g[1], "stlb.ways=" + g[1]));
      JsonNode stlb = tlb("stlb", settings.toArray(new String[0]));
      assertEquals(stlb.path("misses").asLong(), misses(curve, g[0], g[1]), g[0] + " x " + g[1]);
      assertEquals(stlb.path("lookups").asLong(), curve.path("lookups").asLong());
    }
  }

  @Test
  void largePagesHaveTheMissesOfARunWithThem() {
    JsonNode curve = curve("--side", "data", "--page-size", "2M");
    Cli.Outcome run =
        Cli.run(
            "run",
            SAMPLE,
            "--max-refs",
            REFERENCES,
            "--machine",
            "reference",
            "--page-size",
            "2M",
            "--set",
            "l1d.pageSizes=[4K, 2M]",
            "--set",
            "stlb.pageSizes=[4K, 2M]",
            "--set",
            "l1d.entries=3",
            "--set",
            "l1d.ways=3",
            "--json",
            "-");
    JsonNode l1d = run.json().path("tlbs").path("l1d");
    assertEquals(l1d.path("misses").asLong(), misses(curve, 1, 3));
    assertEquals(l1d.path("lookups").asLong(), curve.path("lookups").asLong());
  }

  @Test
  void listedSizesReachTheDistinctPagesUpToALimit() {
    JsonNode small = curve("--side", "data", "--max-sets", "1", "--max-ways", "1");
    long pages = small.path("distinctPages").asLong();
    JsonNode full = small.path("fullyAssociative");
    assertEquals(pages, full.size());
    assertEquals(pages, full.get(full.size() - 1).path("misses").asLong());
    assertEquals(9, curve("--max-entries", "9").path("fullyAssociative").size());
  }

  @Test
  void csvHasARowForEachGeometry() throws IOException {
    Path csv = folder.resolve("c.csv");
    Cli.Outcome outcome =
        Cli.run(
            "curve",
            SAMPLE,
            "--max-refs",
            REFERENCES,
            "--side",
            "data",
            "--max-sets",
            "2",
            "--max-ways",
            "3",
            "-q",
            "--csv",
            csv.toString());
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals("", outcome.out());
    List<String> lines = Files.readAllLines(csv);
    assertEquals("organisation,sets,ways,entries,side,pageSize,lookups,misses", lines.get(0));
    long pages = ofData.path("distinctPages").asLong();
    assertEquals(1 + 2 * 3 + pages, lines.size());
    String expected =
        "setAssociative,2,3,6,data,4K,"
            + ofData.path("lookups").asLong()
            + ","
            + misses(ofData, 2, 3);
    assertTrue(lines.contains(expected), expected);
  }

  @Test
  void thePictureIsWellFormedAndEscapesTheName() throws Exception {
    Path trace = folder.resolve("<b>&.flat64");
    Files.write(trace, Cli.words(0x1000, 0x2001, 0x1000, 0x3000));
    Path svg = folder.resolve("c.svg");
    Cli.Outcome outcome = Cli.run("curve", trace.toString(), "--svg", svg.toString());
    assertEquals(0, outcome.code(), outcome.err());
    String text = Files.readString(svg);
    assertFalse(text.contains("<b>"), "escaped");
    assertFalse(text.contains("NaN") || text.contains("Infinity"), "coordinates are numbers");
    int cells =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
            .getElementsByTagName("rect")
            .getLength();
    assertEquals(1 + 11 * 16, cells);
  }

  @Test
  void theReportNamesTheSizeFromWhichOnOnlyFirstTouchesMiss() throws IOException {
    // Pages 1 2 3 in turn, three rounds: with three entries only three look-ups miss.
    Path trace = folder.resolve("t.flat64");
    Files.write(
        trace, Cli.words(0x1000, 0x2000, 0x3000, 0x1000, 0x2000, 0x3000, 0x1000, 0x2000, 0x3000));
    Cli.Outcome outcome = Cli.run("curve", trace.toString());
    assertTrue(
        outcome
            .out()
            .contains("From 3 entries on only the first look-up of each page misses: 33.3 %"),
        outcome.out());
  }

  @Test
  void addressesThatAreNotCanonicalAreNotLookedUp() throws IOException {
    Path trace = folder.resolve("t.flat64");
    Files.write(trace, Cli.words(0x8000_0000_0000L, 0x1000, 0x1000));
    JsonNode curve = Cli.run("curve", trace.toString(), "--format", "flat64", "--json", "-").json();
    assertEquals(2, curve.path("lookups").asLong());
    assertEquals(1, misses(curve, 1, 1));
    assertEquals(3, curve.path("trace").path("references").asLong());
  }

  @Test
  void wrongOptionsAreUsage() {
    Cli.run("curve", SAMPLE, "--side", "dta").failed(2, "--side", "did you mean 'data'");
    Cli.run("curve", SAMPLE, "--page-size", "64K").failed(2, "--page-size", "2M");
    Cli.run("curve", SAMPLE, "--max-sets", "12").failed(2, "--max-sets", "power of two", "12");
    Cli.run("curve", SAMPLE, "--max-sets", "0").failed(2, "--max-sets");
    Cli.run("curve", SAMPLE, "--max-ways", "0").failed(2, "--max-ways");
    Cli.run("curve", SAMPLE, "--max-entries", "0").failed(2, "--max-entries");
    Cli.run("curve", SAMPLE, "--max-refs", "0").failed(2, "--max-refs");
    Cli.run("curve", SAMPLE, "--machine", "skylak").failed(2, "skylake");
    Cli.run("curve", SAMPLE, "--set", "l1d.entries=4").failed(2, "--machine");
    Cli.run("curve", SAMPLE, "--json", "-", "--csv", "-").failed(2, "--json and --csv");
    Cli.run("curve", SAMPLE, "--json", SAMPLE).failed(2, "overwrite");
    Cli.run("curve").failed(2, "TRACE");
  }

  @Test
  void aMachineWhoseSecondLevelIsInclusiveIsRefusedWithWhatToDo() {
    Cli.run("curve", SAMPLE, "--machine", "reference", "--set", "inclusion=inclusive")
        .failed(2, "inclusive", "use run");
  }

  @Test
  void badTracesAndMissingOnesHaveTheirCodes() throws IOException {
    Path bad = folder.resolve("bad.flat64");
    Files.write(bad, Cli.words(0x1000, 0x2003));
    Cli.run("curve", bad.toString()).failed(65, "record 2", "kind 3");
    Cli.run("curve", folder.resolve("none").toString()).failed(66, "no such file");
    Cli.run("curve", SAMPLE, "--skip", "1G").failed(65, "nothing to look up", "--skip");
  }

  @Test
  void speedHasTheStages() throws IOException {
    Path speed = folder.resolve("s.json");
    Cli.Outcome outcome = Cli.run("curve", SAMPLE, "-q", "--speed", speed.toString());
    assertEquals(0, outcome.code(), outcome.err());
    JsonNode stages = JsonMapper.shared().readTree(Files.readString(speed));
    assertTrue(stages.path("replayNanos").asLong() > 0 && stages.path("decodeNanos").asLong() > 0);
  }
}
