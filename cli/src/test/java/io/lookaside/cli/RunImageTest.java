package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tukaani.xz.XZInputStream;
import tools.jackson.databind.JsonNode;

/** {@code run --image}: a trace in the address space of an image. */
class RunImageTest {
  private static final long FETCH = 2;
  private static final long STORE = 1;

  @TempDir private Path folder = Path.of("");

  private static String recorded(String name) {
    return Samples.image(name).toString();
  }

  /** The rows of a recorded table, without its header. */
  private static List<String[]> table(String name) throws IOException {
    try (XZInputStream in = new XZInputStream(Files.newInputStream(Samples.image(name)))) {
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return text.lines().skip(1).map(line -> line.split("\t", -1)).toList();
    }
  }

  private static long number(String hex) {
    return Long.parseUnsignedLong(hex.substring(2), 16);
  }

  private String trace(List<Long> words) throws IOException {
    Path file = folder.resolve("t.flat64");
    Files.write(file, Cli.words(words.stream().mapToLong(w -> w).toArray()));
    return file.toString();
  }

  private static JsonNode run(String trace, String image, String... options) {
    List<String> words =
        new ArrayList<>(
            List.of("run", trace, "--format", "flat64", "--json", "-", "--image", image));
    words.addAll(List.of(options));
    return Cli.run(words.toArray(new String[0])).json();
  }

  private static long at(JsonNode result, String pointer) {
    JsonNode node = result.at(pointer);
    assertTrue(node.isIntegralNumber(), () -> pointer + " in " + result);
    return node.longValue();
  }

  /** What the monitor of the recorded machine says of a trace of loads. */
  private static final class Expected {
    final List<Long> words = new ArrayList<>();
    long sum;
    long unmapped;
    long noncanonical;

    void add(String va, String pa, int bits) {
      long load = number(va) & ~3L;
      words.add(load);
      if (pa.startsWith("0x")) {
        sum += number(pa) & ~3L;
      } else if (bits < 64 && load << (64 - bits) >> (64 - bits) != load) {
        noncanonical++;
      } else {
        unmapped++;
      }
    }

    void assertIn(JsonNode run) {
      assertTrue(words.size() > 300);
      assertEquals(words.size(), at(run, "/trace/references"));
      assertEquals("0x" + Long.toHexString(sum), run.path("physicalAddressSum").asString());
      assertEquals(unmapped, at(run, "/faults/pageFaults"));
      assertEquals(unmapped, at(run, "/image/notPresent"));
      assertEquals(noncanonical, at(run, "/faults/generalProtection"));
      assertEquals(0, at(run, "/image/missingTables"));
      assertEquals(0, at(run, "/image/rights"));
      assertEquals(0, at(run, "/image/reservedBits"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "la57, skylake, 5",
    "pae, skylake, pae",
    "bits32, skylake, 32",
    "la57, reference, 5",
    "pae, zen4, pae",
    "bits32, goldencove, 32",
    "bits32, drcachesim-lru, 32"
  })
  void everyModeTranslatesAsTheMonitorSaid(String name, String machine, String mode)
      throws IOException {
    Expected expected = new Expected();
    // Twice, so that the TLBs answer too.
    for (int pass = 0; pass < 2; pass++) {
      for (String[] row : table(name + "-gva2gpa.tsv.xz")) {
        expected.add(row[0], row[1], 64);
      }
    }
    JsonNode run = run(trace(expected.words), recorded(name + ".elf.xz"), "--machine", machine);
    expected.assertIn(run);
    assertEquals(mode, run.at("/image/paging").asString());
    assertTrue(at(run, "/tlbs/l1d/hits") + at(run, "/tlbs/stlb/hits") > 0);
  }

  /** Processors that share the address space: each translates as the monitor said. */
  @ParameterizedTest
  @CsvSource({
    "la57, 2, ''",
    "la57, 3, --timing",
    "pae, 2, --timing --overlap window",
    "bits32, 2, --timing",
    "bits32, 3, --check-stale",
  })
  void severalCoresTranslateAsTheMonitorSaid(String name, int cores, String options)
      throws IOException {
    Expected expected = new Expected();
    for (int pass = 0; pass < 2; pass++) {
      for (String[] row : table(name + "-gva2gpa.tsv.xz")) {
        expected.add(row[0], row[1], 64);
      }
    }
    StringBuilder text = new StringBuilder("kind,va,size,core\n");
    for (int i = 0; i < expected.words.size(); i++) {
      text.append("L,0x").append(Long.toHexString(expected.words.get(i))).append(",4,");
      text.append(i / 5 % cores).append('\n');
    }
    Path trace = Files.writeString(folder.resolve("t.csv"), text);
    List<String> words =
        new ArrayList<>(List.of("run", trace.toString(), "--json", "-", "--cores", "" + cores));
    words.addAll(List.of("--image", recorded(name + ".elf.xz")));
    words.addAll(options.isEmpty() ? List.of() : List.of(options.split(" ", -1)));
    JsonNode run = Cli.run(words.toArray(new String[0])).json();
    expected.assertIn(run);
    assertEquals(cores, run.path("cores").size());
    long lookups = 0;
    for (JsonNode core : run.path("cores")) {
      assertTrue(at(core, "/tlbs/l1d/lookups") > 100);
      lookups += at(core, "/tlbs/l1d/lookups");
    }
    assertEquals(at(run, "/tlbs/l1d/lookups"), lookups);
  }

  @Test
  void eachAddressSpaceOfFourLevelLinuxTranslatesAsTheMonitorSaid() throws IOException {
    Map<String, Expected> spaces = new TreeMap<>();
    for (String[] row : table("la48-gva2gpa.tsv.xz")) {
      spaces.computeIfAbsent(row[0], cr3 -> new Expected()).add(row[1], row[2], 48);
    }
    assertEquals(10, spaces.size());
    for (Map.Entry<String, Expected> space : spaces.entrySet()) {
      JsonNode run =
          run(
              trace(space.getValue().words),
              recorded("la48-pages.bin.gz"),
              "--cr3",
              space.getKey());
      space.getValue().assertIn(run);
      assertTrue(space.getValue().noncanonical > 0);
    }
  }

  @Test
  void aDumpWithoutTheTablesSaysMissingAndNoFault() throws IOException {
    List<Long> words = new ArrayList<>();
    for (String[] row : table("la48-gva2gpa.tsv.xz")) {
      long va = number(row[1]) & ~3L;
      if (va << 16 >> 16 == va) {
        words.add(va);
      }
    }
    JsonNode run = run(trace(words), recorded("la48-p.elf.xz"));
    assertEquals(words.size(), at(run, "/image/missingTables"));
    assertEquals(0, at(run, "/image/notPresent"));
    assertEquals(0, at(run, "/faults/pageFaults"));
    assertEquals("0x0", run.path("physicalAddressSum").asString());
  }

  @Test
  void pdptesThatAreMissingAreMissingToo() throws IOException {
    JsonNode run =
        run(
            trace(List.of(0x1000L, 0xc000_0000L)),
            recorded("pae.elf.xz"),
            "--cr3",
            "0x77000000",
            "--paging",
            "pae");
    assertEquals(2, at(run, "/image/missingTables"));
    assertEquals(0, at(run, "/faults/pageFaults"));
  }

  /** Page records of a four-level space whose entries have neither A nor D. */
  private Path image(long... leaves) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    long[] first = {0x2007, 0x3007, 0x4007};
    for (int i = 0; i < 4; i++) {
      long[] page = new long[512];
      if (i < 3) {
        page[0] = first[i];
      } else {
        System.arraycopy(leaves, 0, page, 0, leaves.length);
      }
      bytes.writeBytes(Cli.words(0x1000L * (i + 1)));
      bytes.writeBytes(Cli.words(page));
    }
    return Files.write(folder.resolve("made.pages"), bytes.toByteArray());
  }

  private static final long NX = 1L << 63;

  @Test
  void faultsAreToldApartAndWhatIsWrittenStaysOutOfTheFile() throws IOException {
    // User read-write; user read-only; supervisor; no fetches; not present; bits 51:12 all address.
    Path image = image(0xa0007, 0xa1005, 0xa2003, 0xa3007 | NX, 0xa4006, 0xf_ffff_ffff_f007L);
    byte[] before = Files.readAllBytes(image);
    List<Long> words =
        List.of(
            0x10L,
            0x10 | STORE,
            0x20 | STORE, // an assist for the first store
            0x1010L,
            0x1010 | STORE, // rights
            0x2010L,
            0x2010 | STORE,
            0x3010L,
            0x3010 | FETCH, // rights
            0x4010L, // not present
            0x5010L,
            0x8000_0000_0000L); // not canonical
    JsonNode any = run(trace(words), image.toString(), "--cr3", "0x1000");
    long sum = 0xa0010 + 0xa0010 + 0xa0020 + 0xa1010 + 2 * 0xa2010 + 0xa3010 + 0xf_ffff_ffff_f010L;
    assertEquals("0x" + Long.toHexString(sum), any.path("physicalAddressSum").asString());
    assertEquals(3, at(any, "/faults/pageFaults"));
    assertEquals(1, at(any, "/faults/generalProtection"));
    assertEquals(2, at(any, "/image/rights"));
    assertEquals(1, at(any, "/image/notPresent"));
    // A: three tables, five leaves. D: of the first and the third page.
    assertEquals(8, at(any, "/walker/accessedBitsSet"));
    assertEquals(2, at(any, "/walker/dirtyBitsSet"));
    assertEquals(2, at(any, "/walker/dirtyAssists"));
    assertArrayEquals(before, Files.readAllBytes(image));

    JsonNode user = run(trace(words), image.toString(), "--cr3", "0x1000", "--cpl", "3");
    assertEquals(5, at(user, "/faults/pageFaults"));
    assertEquals(4, at(user, "/image/rights"));

    JsonNode noNx = run(trace(words), image.toString(), "--cr3", "0x1000", "--no-nx");
    assertEquals(2, at(noNx, "/image/reservedBits"));
    assertEquals(1, at(noNx, "/image/rights"));
  }

  @Test
  void warmUpIsNotCounted() throws IOException {
    Path image = image(0xa0007);
    String trace = trace(List.of(0x4000L, 0x8000_0000_0000L, 0x10L, 0x4000L));
    JsonNode run = run(trace, image.toString(), "--cr3", "0x1000", "--warmup", "2");
    assertEquals(1, at(run, "/image/notPresent"));
    assertEquals(1, at(run, "/faults/pageFaults"));
    assertEquals(0, at(run, "/faults/generalProtection"));
  }

  @Test
  void aReferenceAcrossPagesIsJudgedByTheImagesMode() throws IOException {
    // The addresses of five levels are not canonical with four.
    List<String[]> mapped =
        table("la57-gva2gpa.tsv.xz").stream().filter(row -> row[1].startsWith("0x")).toList();
    Path file = folder.resolve("t.lackey");
    String va = mapped.get(0)[0].substring(2);
    String last = va.substring(0, va.length() - 3) + "fff";
    Files.writeString(file, " L " + last + ",1\n L " + last + ",2\n");
    JsonNode run =
        Cli.run("run", file.toString(), "--json", "-", "--image", recorded("la57.elf.xz")).json();
    assertEquals(0, at(run, "/faults/generalProtection"));
    assertEquals(1, at(run, "/trace/pageCrossings"));
    // In 32-bit modes the limit is 4 GiB.
    Files.writeString(file, " L fffffffe,4\n L 100000000,1\n");
    JsonNode legacy =
        Cli.run("run", file.toString(), "--json", "-", "--image", recorded("pae.elf.xz")).json();
    assertEquals(2, at(legacy, "/faults/generalProtection"));
  }

  @Test
  void theReportSaysWhyThereWasNoTranslation() throws IOException {
    Path image = image(0xa0007);
    String trace = trace(List.of(0x10L, 0x4000L));
    Cli.Outcome outcome =
        Cli.run("run", trace, "--format", "flat64", "--image", image.toString(), "--cr3", "4096");
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.out().contains("made.pages (page records)"), outcome.out());
    assertTrue(outcome.out().contains("Image (4-level paging, CR3 0x1000"), outcome.out());
    assertTrue(outcome.out().contains("notPresent"), outcome.out());
  }

  @Test
  void aTimedRunInAnImageCountsTheSame() throws IOException {
    Expected expected = new Expected();
    for (String[] row : table("bits32-gva2gpa.tsv.xz")) {
      expected.add(row[0], row[1], 64);
    }
    expected.assertIn(run(trace(expected.words), recorded("bits32.elf.xz"), "--timing"));
  }

  @Test
  void noTranslationUsedInAnImageIsStale() throws IOException {
    Expected expected = new Expected();
    for (String[] row : table("la57-gva2gpa.tsv.xz")) {
      expected.add(row[0], row[1], 64);
    }
    JsonNode run = run(trace(expected.words), recorded("la57.elf.xz"), "--check-stale");
    expected.assertIn(run);
    assertEquals(0, at(run, "/staleTranslations/count"));
  }

  @Test
  void mistakesAreSaidInOneLine() throws IOException {
    String trace = trace(List.of(0x10L));
    String image = image(0xa0007).toString();
    Cli.run("run", trace, "--image", image).failed(2, "no registers", "--cr3");
    Cli.run("run", trace, "--cr3", "0x1000").failed(2, "--image");
    Cli.run("run", trace, "--image", image, "--cr3", "x").failed(2, "--cr3", "'x'");
    Cli.run("run", trace, "--image", image, "--cr3", "1", "--paging", "6").failed(2, "'6'");
    Cli.run("run", trace, "--image", image, "--cr3", "1", "--cpl", "1").failed(2, "--cpl");
    Cli.run("run", trace, "--image", image, "--cr3", "1", "--memory", "1G").failed(2, "--memory");
    Cli.run("run", trace, trace, "--image", image, "--cr3", "1").failed(2, "one trace");
    Cli.run("run", trace, "--image", trace, "--cr3", "1").failed(65, "page records");
    Cli.run("run", trace, "--image", image + "x").failed(66, "no such file");
    Cli.run("run", trace, "--image", image, "--cr3", "4096", "--json", image)
        .failed(2, "overwrite");
  }
}
