package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class CompareCommandTest {
  @TempDir Path folder;

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  /** A sweep over seeds 0, 1, ... with the given cycles. */
  private String sweep(String name, int entries, long... cycles) throws IOException {
    StringBuilder points = new StringBuilder();
    for (int seed = 0; seed < cycles.length; seed++) {
      points.append(
          String.format(
              Locale.ROOT,
              """
              %s{"index": %d, "trace": "t", "axes": {"seed": %d}, "result":
              {"schema": "lookaside.run/1", "provenance": {"traceHash": "x", "machine":
               {"name": "m", "stlb": {"entries": %d, "parts": [{"ways": 4}]}}},
               "tlbs": {"stlb": {"hits": %d, "misses": 0}}, "cycles": {"translation": %d}}}
              """,
              seed == 0 ? "" : ",",
              seed,
              seed,
              entries,
              100 - cycles[seed],
              cycles[seed]));
    }
    String text = "{\"schema\": \"lookaside.sweep/1\", \"plan\": {}, \"points\": [" + points + "]}";
    return Files.writeString(folder.resolve(name), text).toString();
  }

  private static JsonNode figure(JsonNode report, String path) {
    for (JsonNode figure : report.path("figures")) {
      if (figure.path("path").asString().equals(path)) {
        return figure;
      }
    }
    throw new AssertionError("no " + path);
  }

  @Test
  void theIntervalIsThatOfThePairedTTest() throws Exception {
    // Differences 1 to 5: mean 3, s = sqrt(2.5), t(4; 97.5 %) = 2.776445, so 3 -+ 1.963243.
    // Relative
    // to 10, 20, 30, 40, 50 each is 0.1: no spread.
    String a = sweep("a.json", 8, 10, 20, 30, 40, 50);
    String b = sweep("b.json", 16, 11, 22, 33, 44, 55);
    JsonNode report = Cli.run("compare", a, b, "--json", "-").json();
    assertEquals("lookaside.compare/1", report.path("schema").stringValue());
    assertEquals(5, report.path("pairs").intValue());
    JsonNode cycles = figure(report, "cycles.translation");
    assertEquals(30, cycles.path("a").intValue());
    assertEquals(33, cycles.path("b").intValue());
    assertEquals(3, cycles.path("difference").intValue());
    assertEquals(1.036757, cycles.path("differenceInterval").get(0).doubleValue(), 1e-5);
    assertEquals(4.963243, cycles.path("differenceInterval").get(1).doubleValue(), 1e-5);
    assertEquals(0.1, cycles.path("relative").doubleValue(), 1e-9);
    assertEquals(0.1, cycles.path("relativeInterval").get(0).doubleValue(), 1e-9);
    // t(4; 95 %) = 2.131847
    JsonNode ninety = Cli.run("compare", a, b, "--json", "-", "--confidence", "90%").json();
    assertEquals(
        3 - 2.131847 * Math.sqrt(0.5),
        figure(ninety, "cycles.translation").path("differenceInterval").get(0).doubleValue(),
        1e-5);
    assertEquals("stlb.entries", report.at("/machine/0/path").stringValue());
    assertEquals(8, report.at("/machine/0/a").intValue());
    assertEquals(16, report.at("/machine/0/b").intValue());
    assertEquals(5, report.at("/machine/0/pairs").intValue());
    assertEquals(1, report.path("machine").size());
  }

  @Test
  void theExitCodeSaysWhetherALimitIsExceeded() throws Exception {
    String a = sweep("a.json", 8, 50, 50);
    String b = sweep("b.json", 8, 51, 51); // 2 % more cycles; hits 50 -> 49, 2 % less
    assertEquals(0, Cli.run("compare", a, b).code());
    assertEquals(0, Cli.run("compare", a, b, "--fail-over", "2%").code());
    Cli.Outcome over = Cli.run("compare", a, b, "--fail-over", "1.9%");
    assertEquals(1, over.code());
    assertTrue(over.out().contains("FAIL: cycles.translation became worse by +2.00%"), over.out());
    assertEquals(0, Cli.run("compare", b, a, "--fail-over", "0%").code());
    assertEquals(1, Cli.run("compare", a, b, "--fail-over", "1.9%", "--on", "stlb.hits").code());
    assertEquals(0, Cli.run("compare", b, a, "--fail-over", "1.9%", "--on", "stlb.hits").code());
    assertEquals(0, Cli.run("compare", a, b, "--fail-over", "0%", "--on", "stlb.misses").code());
  }

  @Test
  void fromNothingToSomethingIsOverEveryLimit() throws Exception {
    String a = sweep("a.json", 8, 0, 50);
    String b = sweep("b.json", 8, 1, 50);
    assertEquals(1, Cli.run("compare", a, b, "--fail-over", "900%").code());
    assertEquals(0, Cli.run("compare", b, a, "--fail-over", "0%").code());
    assertTrue(
        figure(Cli.run("compare", a, b, "--json", "-").json(), "cycles.translation")
            .path("relative")
            .isNull());
  }

  @Test
  void sidesOfOneSweepArePairedOverTheOtherAxes() throws Exception {
    Files.writeString(
        folder.resolve("s.yaml"),
        """
        traces: [{name: date, file: DATE}]
        axes:
          stlb.entries: [12, 1536]
          frames: [contiguous, scattered]
        """
            .replace(
                "DATE",
                Path.of(Samples.path("date.lackey.xz")).toAbsolutePath().normalize().toString()));
    assertEquals(0, Cli.run("sweep", "run", path("s.yaml"), "-o", path("s")).code());
    JsonNode report =
        Cli.run(
                "compare",
                path("s"),
                "--a",
                "stlb.entries=12",
                "--b",
                "stlb.entries=1536",
                "--json",
                "-")
            .json();
    assertEquals(2, report.path("pairs").intValue());
    assertEquals(1, report.path("machine").size());
    long small = misses("stlb.entries=12");
    long large = misses("stlb.entries=1536");
    assertTrue(large < small);
    assertEquals(small, figure(report, "tlbs.stlb.misses").path("a").longValue());
    assertEquals(large - small, figure(report, "tlbs.stlb.misses").path("difference").longValue());
    // JSON Lines hold the same.
    assertEquals(
        report.path("figures"),
        Cli.run(
                "compare",
                path("s/result.jsonl"),
                path("s"),
                "--a",
                "stlb.entries=12",
                "--b",
                "stlb.entries=1536",
                "--json",
                "-")
            .json()
            .path("figures"));
    Cli.run("compare", path("s"), "--a", "stlb.entries=7", "--b", "stlb.entries=12")
        .failed(65, "no point has", "stlb.entries=[12, 1536]");
    Cli.run("compare", path("s"), path("s"), "--a", "frames=scattered")
        .failed(65, "no point in common");
  }

  private static long misses(String setting) {
    return Cli.run("run", Samples.path("date.lackey.xz"), "--set", setting, "--json", "-")
        .json()
        .at("/tlbs/stlb/misses")
        .longValue();
  }

  @Test
  void twoRunsAreAPairWhateverTheyAre() {
    String date = Samples.path("date.lackey.xz");
    Cli.run("run", date, "--max-refs", "9K", "--json", path("a.json"));
    Cli.run("run", date, "--max-refs", "8K", "--machine", "zen4", "--json", path("b.json"));
    Cli.Outcome outcome = Cli.run("compare", path("a.json"), path("b.json"), "--all");
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.out().contains("the traces are not the same in 1 pair"), outcome.out());
    assertTrue(outcome.out().contains("skylake -> zen4"), outcome.out());
    assertTrue(
        outcome
            .out()
            .lines()
            .anyMatch(l -> l.matches(" *trace.references +9000 +8000 +-1000 +-11.11%")),
        outcome.out());
    Cli.Outcome same = Cli.run("compare", path("a.json"), path("a.json"), "--fail-over", "0%");
    assertEquals(0, same.code());
    assertTrue(same.out().contains("The machines are the same."), same.out());
  }

  @Test
  void badInputIsSaidInOneMessage() throws Exception {
    String a = sweep("a.json", 8, 1);
    Cli.run("compare", a).failed(2, "second result");
    Cli.run("compare", a, path("none.json")).failed(66, "no such result");
    Cli.run("compare", a, folder.toString()).failed(66, "has no result.json");
    Files.writeString(folder.resolve("x.json"), "{\"schema\": \"lookaside.curve/1\"}");
    Cli.run("compare", a, path("x.json")).failed(65, "its schema is lookaside.curve/1");
    Files.writeString(folder.resolve("y.json"), "{");
    Cli.run("compare", a, path("y.json")).failed(65, "is not JSON");
    Cli.run("compare", a, a, "--fail-over", "2").failed(2, "expected a percentage");
    Cli.run("compare", a, a, "--on", "stlb.mises").failed(2, "did you mean 'stlb.misses'");
    Cli.run("compare", a, a, "--json", a).failed(2, "would overwrite its input");
  }
}
