package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class PagingCommandTest {
  @TempDir private Path folder;

  /** Belady's string, each page read twice, the second time further on. */
  private String belady() throws IOException {
    int[] pages = {1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5};
    long[] words = new long[2 * pages.length];
    for (int i = 0; i < pages.length; i++) {
      words[2 * i] = pages[i] * 4096L;
      words[2 * i + 1] = pages[i] * 4096L + 64;
    }
    Path file = folder.resolve("belady.flat64");
    Files.write(file, Cli.words(words));
    return file.toString();
  }

  @Test
  void beladysAnomalyShows() throws IOException {
    String trace = belady();
    JsonNode result =
        Cli.run("paging", trace, "--format", "flat64", "--frames", "4,3", "--json", "-").json();
    assertEquals("lookaside.paging/1", result.path("schema").asString());
    assertEquals(24, result.path("trace").path("references").asInt());
    assertEquals(5, result.path("trace").path("pages").asInt());
    JsonNode three = result.path("faults").path(0);
    JsonNode four = result.path("faults").path(1);
    assertEquals(3, three.path("frames").asInt());
    // Belady, Nelson, Shedler, CACM 12(6), 1969; LRU and OPT as textbooks have them.
    assertEquals(9, three.path("fifo").asInt());
    assertEquals(10, four.path("fifo").asInt());
    assertEquals(10, three.path("lru").asInt());
    assertEquals(8, four.path("lru").asInt());
    assertEquals(7, three.path("opt").asInt());
    assertEquals(6, four.path("opt").asInt());
    Cli.Outcome text =
        Cli.run("paging", trace, "--format", "flat64", "--frames", "3,4", "--policy", "fifo,lru");
    assertEquals(0, text.code());
    String anomaly = "Belady's anomaly: fifo has 9 faults with 3 frames and 10 with 4";
    assertTrue(text.out().contains(anomaly), text.out());
    assertTrue(!text.out().contains("opt"), text.out());
  }

  @Test
  void lruIsTheFullyAssociativeTlbOfCurve() {
    String sample = Path.of("../traces/samples/date.lackey.xz").toString();
    JsonNode faults =
        Cli.run("paging", sample, "--frames", "16,64", "--max-refs", "100K", "--json", "-").json();
    JsonNode curve =
        Cli.run("curve", sample, "--no-cache", "--max-refs", "100K", "--json", "-").json();
    for (JsonNode row : faults.path("faults")) {
      int frames = row.path("frames").asInt();
      JsonNode entries = curve.path("fullyAssociative").path(frames - 1);
      assertEquals(frames, entries.path("entries").asInt());
      assertEquals(entries.path("misses").asLong(), row.path("lru").asLong());
      assertTrue(row.path("opt").asLong() <= row.path("lru").asLong());
    }
  }

  @Test
  void mistakesAreSaid() throws IOException {
    String trace = belady();
    Cli.run("paging", trace).failed(2, "--frames");
    Cli.run("paging", trace, "--frames", "0").failed(2, "--frames", "at least 1");
    Cli.run("paging", trace, "--frames", "3", "--policy", "lur").failed(2, "--policy", "lru");
    Cli.run("paging", trace, "--frames", "3", "--json", trace).failed(2, "overwrite");
    Cli.run("paging", trace, "--format", "flat64", "--frames", "3", "--skip", "24")
        .failed(65, "no references", "--skip");
    Cli.run("paging", folder.resolve("none").toString(), "--frames", "3")
        .failed(66, "no such file");
  }
}
