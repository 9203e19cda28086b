package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ReportCommandTest {
  @TempDir private Path folder;

  private String file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  private void fails(int code, String text, String... words) throws IOException {
    String page = folder.resolve("page.html").toString();
    Cli.run("report", file("result.json", text), "-o", page).failed(code, words);
    assertFalse(Files.exists(Path.of(page)));
  }

  @Test
  void whatIsNoResultIsRefused() throws Exception {
    fails(65, "", "result.json", "names no schema", "run --json");
    fails(65, "{\"schema\": \"lookaside.run/1\",\n  x}", "result.json:2:", "is no JSON");
    fails(65, "{\"schema\": \"lookaside.run/9\"}", "'lookaside.run/9' is not known");
    fails(65, "{\"schema\": \"lookaside.run/1\"}", "has no tlbs", "run --json");
    fails(65, "[1, 2]", "names no schema");
    Cli.run("report", folder.resolve("none").toString(), "-o", "-").failed(66, "no such file");
    Cli.run("report", "a.json", "-o", folder.resolve("x/y.html").toString())
        .failed(74, "no folder");
    String run = file("run.json", "{}");
    Cli.run("report", run, "-o", run).failed(2, "overwrite");
  }

  @Test
  void resultsThatLackMostStillMakeAPage() throws Exception {
    // Written by hand or by another version: nothing in it is required but its kind.
    String run = file("run.json", "{\"schema\": \"lookaside.run/1\", \"tlbs\": {}}");
    String curve = file("c.json", "{\"schema\": \"lookaside.curve/1\", \"fullyAssociative\": []}");
    Cli.Outcome page = Cli.run("report", run, curve, run, "-o", "-");
    assertEquals(0, page.code(), page.err());
    assertTrue(page.out().startsWith("<!DOCTYPE html>"));
    assertFalse(page.out().contains("100 %"), "shares of nothing");
    assertTrue(page.out().contains("There was no walk."));
  }

  @Test
  void memoryOverTimeIsAChartForEachColumn() throws Exception {
    String run =
        file(
            "run.json",
            """
            {"schema": "lookaside.run/1", "tlbs": {}, "pressure": {
              "columns": ["references", "free pages", "pages scanned"],
              "rows": [[1000, 5000, 0], [2000, 1234567, 78]]}}
            """);
    String page = Cli.run("report", run, "-o", "-").out();
    assertTrue(page.contains("<h3>free pages over time</h3>"));
    assertTrue(page.contains("<h3>pages scanned over time</h3>"));
    assertTrue(page.contains("<tr><td class=\"n\">2,000</td><td class=\"n\">1,234,567</td></tr>"));
    assertTrue(page.contains("<tr><td class=\"n\">2,000</td><td class=\"n\">78</td></tr>"));
  }

  @Test
  void histogramOfWalksSumsToTheWalks() {
    JsonNode walker =
        Cli.run("run", Samples.path("date.lackey.xz"), "--timing", "--json", "-")
            .json()
            .path("walker");
    long walks = 0;
    long before = -1;
    for (JsonNode c : walker.path("latencyCycles").path("histogram")) {
      long from = c.path("from").asLong();
      long to = c.path("to").asLong();
      assertTrue(from > before && to >= from, c.toString());
      // Classes are at most a quarter of their begin wide.
      assertTrue(to - from + 1 <= Math.max(1, from / 4), c.toString());
      before = to;
      walks += c.path("walks").asLong();
    }
    assertEquals(
        walker.path("walks").asLong()
            + walker.path("retries").asLong()
            + walker.path("dirtyAssists").asLong(),
        walks);
    assertTrue(walker.path("latencyCycles").path("max").asLong() <= before);
  }
}
