package io.lookaside.simulator.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.simulator.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RunCommandTest {
  /** The first data frame: page-frame number 0x100000. */
  private static final long DATA = 0x1_0000_0000L;

  @TempDir Path folder;

  private String lackey(String text) throws IOException {
    return Files.writeString(folder.resolve("t.lackey"), text).toString();
  }

  private String flat64(long... words) throws IOException {
    return Files.write(folder.resolve("t.flat64"), Cli.words(words)).toString();
  }

  private static JsonNode reference(String trace, String... options) {
    List<String> args =
        new ArrayList<>(List.of("run", trace, "--machine", "reference", "--json", "-"));
    args.addAll(List.of(options));
    return Cli.run(args.toArray(new String[0])).json();
  }

  private static long at(JsonNode result, String pointer) {
    JsonNode node = result.at(pointer);
    assertTrue(node.isIntegralNumber(), () -> pointer + " in " + result);
    return node.longValue();
  }

  private static void assertLevel(JsonNode r, String level, long lookups, long hits, long misses) {
    assertEquals(lookups, at(r, "/tlbs/" + level + "/lookups"), level + " lookups");
    assertEquals(hits, at(r, "/tlbs/" + level + "/hits"), level + " hits");
    assertEquals(misses, at(r, "/tlbs/" + level + "/misses"), level + " misses");
  }

  private static void assertStarts(JsonNode r, long pde, long pdpte, long pml4e, long none) {
    assertEquals(pde, at(r, "/pagingStructureCaches/pde/hits"), "pde");
    assertEquals(pdpte, at(r, "/pagingStructureCaches/pdpte/hits"), "pdpte");
    assertEquals(pml4e, at(r, "/pagingStructureCaches/pml4e/hits"), "pml4e");
    assertEquals(none, at(r, "/pagingStructureCaches/none/hits"), "none");
  }

  private static void assertWalker(JsonNode r, long walks, long retries, long reads) {
    assertEquals(walks, at(r, "/walker/walks"), "walks");
    assertEquals(retries, at(r, "/walker/retries"), "retries");
    assertEquals(reads, at(r, "/walker/memoryReads"), "memoryReads");
  }

  private static void assertConserved(JsonNode r) {
    for (String level : List.of("l1i", "l1d", "stlb")) {
      String p = "/tlbs/" + level;
      assertEquals(at(r, p + "/lookups"), at(r, p + "/hits") + at(r, p + "/misses"), level);
    }
    assertEquals(
        at(r, "/tlbs/stlb/lookups"), at(r, "/tlbs/l1i/misses") + at(r, "/tlbs/l1d/misses"));
    assertEquals(at(r, "/tlbs/stlb/misses"), at(r, "/walker/walks"));
    long starts = 0;
    for (String cache : List.of("pde", "pdpte", "pml4e", "none")) {
      starts += at(r, "/pagingStructureCaches/" + cache + "/hits");
    }
    assertEquals(
        at(r, "/walker/walks") + at(r, "/walker/retries") + at(r, "/walker/dirtyAssists"), starts);
    assertEquals(
        at(r, "/tlbs/l1i/lookups") + at(r, "/tlbs/l1d/lookups"),
        at(r, "/trace/references")
            + at(r, "/trace/pageCrossings")
            - at(r, "/faults/generalProtection"));
    assertEquals(
        at(r, "/trace/references"),
        at(r, "/trace/fetches") + at(r, "/trace/loads") + at(r, "/trace/stores"));
  }

  @Test
  void firstTouchesOnDemandFaultAndTheRetryReadsAllFourLevels() throws IOException {
    // Three pages of one page table. The walk of the first reads the empty PML4 entry: 1 read.
    // Those
    // of the others find the PDE cached and read the empty PTE: 1 read. Each fault drops the cached
    // entries for its address (SDM 5.10.4.1), so that each retry reads 4 entries.
    JsonNode r = reference(lackey(" L 1000,8\n L 2000,8\n L 3000,8\n"));
    assertLevel(r, "l1d", 3, 0, 3);
    assertLevel(r, "l1i", 0, 0, 0);
    assertLevel(r, "stlb", 3, 0, 3);
    assertWalker(r, 3, 3, 3 * (1 + 4));
    assertStarts(r, 2, 0, 0, 1 + 3);
    assertEquals(3, at(r, "/faults/pageFaults"));
    assertEquals(0, at(r, "/faults/generalProtection"));
    // The first retry marks PML4E, PDPTE, PDE and PTE, the others only their PTE.
    assertEquals(4 + 1 + 1, at(r, "/walker/accessedBitsSet"));
    assertEquals(0, at(r, "/walker/dirtyBitsSet"));
    // L1 1 cycle and L2 7 cycles once each; structure caches 1 cycle for each walk; 50 for a read.
    assertEquals(3 * (1 + 7) + 6 * 1 + 15 * 50, at(r, "/cycles/translation"));
    assertConserved(r);
  }

  @Test
  void prefaultedPagesAreWalkedWithoutFaults() throws IOException {
    JsonNode r = reference(flat64(0x1000, 0x2004, 0x3008, 0x1ffc), "--map", "prefault");
    assertLevel(r, "l1d", 4, 1, 3);
    assertLevel(r, "stlb", 3, 0, 3);
    // 4 reads for the first page, then the PDE cache leaves one.
    assertWalker(r, 3, 0, 4 + 1 + 1);
    assertStarts(r, 2, 0, 0, 1);
    assertEquals(0, at(r, "/faults/pageFaults"));
    assertEquals(4 + 1 + 1, at(r, "/walker/accessedBitsSet"));
    assertEquals(4 * 1 + 3 * 7 + 3 * 1 + 6 * 50, at(r, "/cycles/translation"));
    long sum = DATA + (DATA + 0x1004) + (DATA + 0x2008) + (DATA + 0xffc);
    assertEquals("0x" + Long.toHexString(sum), r.at("/physicalAddressSum").stringValue());
    assertConserved(r);
  }

  @Test
  void walksStartFromTheLowestCachedLevel() throws IOException {
    // Pages that share with the first: the PDE, the PDPTE (next 2 MiB), the PML4E (next 1 GiB),
    // none.
    JsonNode r =
        reference(
            flat64(0x1000, 0x2000, 0x20_0000L, 0x4000_0000L, 0x80_0000_0000L), "--map", "prefault");
    assertStarts(r, 1, 1, 1, 2);
    assertWalker(r, 5, 0, 4 + 1 + 2 + 3 + 4);
    assertEquals(4 + 1 + 2 + 3 + 4, at(r, "/walker/accessedBitsSet"));
    assertConserved(r);
  }

  @Test
  void storeThroughACleanEntryIsAnAssistAndNoWalk() throws IOException {
    JsonNode r = reference(flat64(0x1000, 0x1001, 0x1001), "--map", "prefault");
    assertLevel(r, "l1d", 3, 2, 1);
    // The load walks 4 levels; the assist starts at the cached PDE and reads the PTE.
    assertWalker(r, 1, 0, 4 + 1);
    assertStarts(r, 1, 0, 0, 1);
    assertEquals(1, at(r, "/walker/dirtyAssists"));
    assertEquals(1, at(r, "/walker/dirtyBitsSet"));
    assertEquals(3 * 1 + 7 + 2 * 1 + 5 * 50, at(r, "/cycles/translation"));
    assertConserved(r);
  }

  @Test
  void storeThatWalksSetsDirtyWithoutAnAssist() throws IOException {
    JsonNode r = reference(flat64(0x1001, 0x1001), "--map", "prefault");
    assertEquals(0, at(r, "/walker/dirtyAssists"));
    assertEquals(1, at(r, "/walker/dirtyBitsSet"));
    assertWalker(r, 1, 0, 4);
    assertConserved(r);
  }

  @Test
  void modifyIsALoadAndAStoreAndFetchesAreInstructions() throws IOException {
    JsonNode r = reference(lackey("I  400000,4\n M 1000,8\nI  400004,4\nnoise\n"));
    assertEquals("lackey", r.at("/trace/format").stringValue());
    assertEquals(4, at(r, "/trace/references"));
    assertEquals(2, at(r, "/trace/fetches"));
    assertEquals(1, at(r, "/trace/loads"));
    assertEquals(1, at(r, "/trace/stores"));
    assertEquals(2, at(r, "/trace/instructions"));
    assertEquals(1, at(r, "/walker/dirtyAssists"));
    assertLevel(r, "l1i", 2, 1, 1);
    assertLevel(r, "l1d", 2, 1, 1);
    assertConserved(r);
  }

  @Test
  void accessAcrossAPageBoundaryIsTranslatedOncePerPage() throws IOException {
    // 0x1ffc to 0x2003 touches two pages; 0x1ff8 to 0x1fff only one. The second page is translated
    // at its first byte.
    JsonNode r = reference(lackey(" L 1ffc,8\n L 1ff8,8\n"), "--map", "prefault");
    assertEquals(2, at(r, "/trace/references"));
    assertEquals(1, at(r, "/trace/pageCrossings"));
    assertLevel(r, "l1d", 3, 1, 2);
    long sum = (DATA + 0xffc) + (DATA + 0x1000) + (DATA + 0xff8);
    assertEquals("0x" + Long.toHexString(sum), r.at("/physicalAddressSum").stringValue());
    assertConserved(r);
  }

  @Test
  void nonCanonicalAddressIsAGeneralProtectionFaultThatTouchesNothing() throws IOException {
    for (String map : List.of("demand", "prefault")) {
      JsonNode r = reference(flat64(0x8000_0000_0000L, 0x1234_0000_0000_0000L), "--map", map);
      assertEquals(2, at(r, "/trace/references"));
      assertEquals(2, at(r, "/faults/generalProtection"));
      assertEquals(0, at(r, "/faults/pageFaults"));
      assertEquals("0x0", r.at("/physicalAddressSum").stringValue());
      assertWalker(r, 0, 0, 0);
      assertConserved(r);
    }
  }

  @Test
  void kernelHalfIsTranslatedToo() throws IOException {
    JsonNode r = reference(flat64(0xffff_8000_0000_0000L, -4L), "--map", "prefault");
    assertEquals(0, at(r, "/faults/generalProtection"));
    assertWalker(r, 2, 0, 4 + 4);
    assertConserved(r);
  }

  @Test
  void skippedReferencesTouchNothing() throws IOException {
    JsonNode r = reference(flat64(0x1000, 0x2000, 0x1000, 0x2000), "--skip", "2");
    assertEquals(2, at(r, "/trace/references"));
    assertLevel(r, "l1d", 2, 0, 2);
    assertEquals(2, at(r, "/faults/pageFaults"));
    // Skipped pages are not prefaulted: the first that is touched gets the first frame.
    JsonNode p = reference(flat64(0x9000, 0x1000), "--skip", "1", "--map", "prefault");
    assertEquals("0x" + Long.toHexString(DATA), p.at("/physicalAddressSum").stringValue());
  }

  @Test
  void warmupChangesStateAndIsNotCounted() throws IOException {
    JsonNode r =
        reference(flat64(0x1000, 0x2000, 0x1000, 0x2000), "--warmup", "2", "--map", "prefault");
    assertEquals(2, at(r, "/trace/references"));
    assertEquals(2, at(r, "/trace/loads"));
    assertLevel(r, "l1d", 2, 2, 0);
    assertWalker(r, 0, 0, 0);
    assertEquals(0, at(r, "/walker/accessedBitsSet"));
    assertEquals(2, at(r, "/cycles/translation"));
    long sum = DATA + (DATA + 0x1000);
    assertEquals("0x" + Long.toHexString(sum), r.at("/physicalAddressSum").stringValue());
    assertConserved(r);
  }

  @Test
  void maxRefsCountsMeasuredReferencesOnly() throws IOException {
    JsonNode r =
        reference(
            flat64(0x1000, 0x2000, 0x3001, 0x4000, 0x5000),
            "--skip=1",
            "--warmup=1",
            "--max-refs=2",
            "--map=prefault");
    assertEquals(2, at(r, "/trace/references"));
    assertEquals(1, at(r, "/trace/stores"));
    // Frames by first touch of warm-up and measured references: 0x2000, 0x3000, 0x4000.
    long sum = (DATA + 0x1000) + (DATA + 0x2000);
    assertEquals("0x" + Long.toHexString(sum), r.at("/physicalAddressSum").stringValue());
    assertEquals(5, at(reference(flat64(0, 0, 0, 0, 0), "--max-refs", "1G"), "/trace/references"));
  }

  @Test
  void referencesBehindMaxRefsAreNotNeeded() throws IOException {
    String trace = lackey(" L 1000,8\n L 2000,8\n L 3000,x\n");
    assertEquals(2, at(reference(trace, "--max-refs", "2"), "/trace/references"));
    assertEquals(65, Cli.run("run", trace).code());
  }

  @Test
  void everyKeyOfTheContractIsThereWithItsType() throws IOException {
    for (String machine : List.of("reference", "skylake")) {
      String trace = flat64(0x1000, 0x2001, 0x3002);
      JsonNode r = Cli.run("run", trace, "--machine", machine, "--json", "-").json();
      assertEquals("lookaside.run/1", r.at("/schema").stringValue());
      for (String text : List.of("version", "command", "machineHash", "traceHash")) {
        assertTrue(r.at("/provenance/" + text).isString(), text);
      }
      assertTrue(r.at("/provenance/machine").isObject());
      assertEquals(0, at(r, "/provenance/seed"));
      assertEquals("flat64", r.at("/trace/format").stringValue());
      assertTrue(r.at("/trace/instructions").isNull());
      for (String pointer :
          List.of(
              "/trace/references",
              "/trace/fetches",
              "/trace/loads",
              "/trace/stores",
              "/trace/pageCrossings",
              "/walker/walks",
              "/walker/retries",
              "/walker/memoryReads",
              "/walker/accessedBitsSet",
              "/walker/dirtyBitsSet",
              "/walker/dirtyAssists",
              "/faults/pageFaults",
              "/faults/generalProtection",
              "/cycles/translation")) {
        assertTrue(at(r, pointer) >= 0, pointer);
      }
      assertTrue(r.at("/physicalAddressSum").stringValue().matches("0x(0|[1-9a-f][0-9a-f]*)"));
      assertConserved(r);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--machine=reference",
        "--machine=skylake",
        "--page-size=2M",
        "--page-size=1G",
        "--frames=scattered",
        "--frames=fragmented:0.5",
        "--map=prefault",
        "--set=inclusion=inclusive",
        "--set=inclusion=exclusive",
        "--set=walker.pdeCache=null"
      })
  void countsAreConserved(String option) throws IOException {
    Random random = new Random(7);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      String kind = List.of("I  ", " L ", " S ", " M ").get(random.nextInt(4));
      long spread = random.nextInt(10) == 0 ? 1L << 32 : 1L << 22;
      long va = random.nextLong(spread) + (random.nextInt(50) == 0 ? 0x7fff_ffff_f000L : 0);
      text.append(kind).append(Long.toHexString(va)).append(',').append(1 + random.nextInt(64));
      text.append('\n');
    }
    String trace = lackey(text.toString());
    JsonNode r = Cli.run("run", trace, option, "--warmup", "1K", "--json", "-").json();
    assertConserved(r);
    assertTrue(at(r, "/trace/pageCrossings") > 0);
    assertTrue(at(r, "/faults/generalProtection") > 0);
  }

  @Test
  void resultIsTheSameBytesEachTimeWhateverItsFileIsCalled() throws IOException {
    String trace = lackey(" L 1000,8\n S 2000,8\nI  3000,4\n");
    Path a = folder.resolve("a.json");
    Path b = folder.resolve("other.json");
    Path speed = folder.resolve("speed.json");
    assertEquals(0, Cli.run("run", trace, "-q", "--json", a.toString()).code());
    assertEquals(
        0, Cli.run("run", trace, "--json", b.toString(), "--speed", speed.toString()).code());
    assertArrayEquals(Files.readAllBytes(a), Files.readAllBytes(b));
    String out = Cli.run("run", trace, "--json", "-").out();
    assertEquals(Files.readString(a), out);
    assertEquals(
        Set.of("decodeNanos", "prefaultNanos", "replayNanos", "wallNanos"),
        Set.copyOf(JsonMapper.shared().readTree(Files.readString(speed)).propertyNames()));
  }

  @Test
  void standardInputIsReadAsAFileIs() throws IOException {
    String text = " L 1000,8\n S 2000,8\nI  3000,4\n";
    JsonNode file = Cli.run("run", lackey(text), "--json", "-").json();
    JsonNode input =
        Cli.runWithInput(text.getBytes(StandardCharsets.US_ASCII), "run", "-", "--json", "-")
            .json();
    for (String key : List.of("trace", "tlbs", "walker", "faults", "physicalAddressSum")) {
      assertEquals(file.get(key), input.get(key), key);
    }
    assertEquals(file.at("/provenance/traceHash"), input.at("/provenance/traceHash"));
  }

  @Test
  void quietPrintsNothing() throws IOException {
    Outcome o = Cli.run("run", lackey(" L 1000,8\n"), "-q");
    assertEquals(new Outcome(0, "", ""), o);
  }

  @Test
  void seedDecidesWhatIsLeftToChance() throws IOException {
    String trace = flat64(0x1000, 0x2000, 0x3000);
    String zero = reference(trace, "--frames=scattered").at("/physicalAddressSum").stringValue();
    String same = reference(trace, "--frames=scattered").at("/physicalAddressSum").stringValue();
    String one =
        reference(trace, "--frames=scattered", "--seed=1").at("/physicalAddressSum").stringValue();
    assertEquals(zero, same);
    assertNotEquals(zero, one);
  }
}
