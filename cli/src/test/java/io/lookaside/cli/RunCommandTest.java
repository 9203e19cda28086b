package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

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

  private static void assertBreakdownSumsUp(JsonNode r, String level) {
    long lookups = 0;
    long hits = 0;
    long misses = 0;
    for (JsonNode kind : r.at("/breakdown/" + level)) {
      long sizedHits = 0;
      long sizedMisses = 0;
      for (JsonNode size : kind.get("pageSizes")) {
        sizedHits += size.path("hits").longValue(0);
        sizedMisses += at(size, "/misses");
      }
      assertEquals(at(kind, "/hits"), sizedHits, level);
      assertEquals(at(kind, "/misses"), sizedMisses, level);
      assertEquals(at(kind, "/lookups"), sizedHits + sizedMisses, level);
      lookups += at(kind, "/lookups");
      hits += sizedHits;
      misses += sizedMisses;
    }
    assertLevel(r, level, lookups, hits, misses);
  }

  private static void assertConserved(JsonNode r) {
    for (String level : List.of("l1i", "l1d", "stlb")) {
      assertBreakdownSumsUp(r, level);
    }
    long walksByLength = 0;
    long readsByLength = 0;
    for (int n = 0; n <= 5; n++) {
      walksByLength += at(r, "/walkLengths/reads" + n);
      readsByLength += n * at(r, "/walkLengths/reads" + n);
    }
    assertEquals(at(r, "/walker/memoryReads"), readsByLength);
    assertEquals(
        at(r, "/walker/walks") + at(r, "/walker/retries") + at(r, "/walker/dirtyAssists"),
        walksByLength);
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
        Set.of(
            "decodeNanos",
            "hashNanos",
            "prefaultNanos",
            "replayNanos",
            "compileNanos",
            "wallNanos"),
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

  @Test
  void hitsAndMissesAreToldApartByAccessAndPageSize() throws IOException {
    String trace = lackey(" L 1000,8\n L 1000,8\n S 201000,8\nI  401000,4\n L 202000,8\n");
    JsonNode r = Cli.run("run", trace, "--machine=skylake", "--page-size=2M", "--json", "-").json();
    // Pages of 2 MiB: two misses of loads and stores each find one, a load then hits the store's.
    assertEquals(2, at(r, "/breakdown/l1d/load/pageSizes/2M/hits"));
    assertEquals(1, at(r, "/breakdown/l1d/load/pageSizes/2M/misses"));
    assertEquals(0, at(r, "/breakdown/l1d/store/hits"));
    assertEquals(1, at(r, "/breakdown/l1d/store/pageSizes/2M/misses"));
    assertEquals(1, at(r, "/breakdown/l1i/fetch/pageSizes/2M/misses"));
    assertEquals(1, at(r, "/breakdown/stlb/fetch/misses"));
    assertEquals(0, at(r, "/breakdown/l1d/load/pageSizes/4K/hits"));
    assertConserved(r);
  }

  @Test
  void ratesArePerThousandInstructionsAndReferences() throws IOException {
    // 4 instructions, 8 references, 1 data miss of 4 look-ups, 1 fetch miss of 4.
    String trace = lackey("I  400000,4\n L 1000,8\n".repeat(4));
    JsonNode r = reference(trace, "--map", "prefault");
    assertEquals(0.25, r.at("/rates/l1d/missRate").doubleValue());
    assertEquals(250.0, r.at("/rates/l1d/missesPerThousandInstructions").doubleValue());
    assertEquals(125.0, r.at("/rates/l1d/missesPerThousandReferences").doubleValue());
    assertEquals(1.0, r.at("/rates/stlb/missRate").doubleValue());
    // Two walks, each of a PML4 entry of its own? No: both lie in the first 512 GiB and 1 GiB, so
    // the
    // second starts from the PDPTE cache and reads the PDE and the PTE: 4 + 2 reads.
    assertEquals(3.0, r.at("/rates/walker/memoryReadsPerWalk").doubleValue());
    assertEquals(1, at(r, "/walkLengths/reads4"));
    assertEquals(1, at(r, "/walkLengths/reads2"));
    JsonNode noFetches = reference(flat64(0x1000));
    assertTrue(noFetches.at("/rates/l1d/missesPerThousandInstructions").isNull());
    assertTrue(noFetches.at("/rates/l1i/missRate").isNull());
  }

  @Test
  void pageTablesAreCountedInPagesAndBytes() throws IOException {
    // The root, a PDPT, a page directory, and a page table for each of two 2 MiB regions.
    JsonNode r = reference(flat64(0x1000, 0x2000, 0x20_0000));
    assertEquals(5, at(r, "/pageTables/pages"));
    assertEquals(5 * 4096, at(r, "/pageTables/bytes"));
  }

  private String[] two(String options) throws IOException {
    Path a = Files.write(folder.resolve("a.flat64"), Cli.words(0x1000, 0x1000, 0x1000));
    Path b = Files.write(folder.resolve("b.flat64"), Cli.words(0x1000, 0x1000));
    List<String> args = new ArrayList<>(List.of("run", a.toString(), b.toString()));
    args.addAll(List.of("--machine", "reference", "--json", "-"));
    args.addAll(List.of(options.split(" ", -1)));
    return args.toArray(new String[0]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"demand", "prefault"})
  void furtherTracesAreFurtherProcessesOfTheSameCore(String map) throws IOException {
    // With turns of one reference: a b a b a. The address is the same, the pages are not, and no
    // entry is flushed: each process misses once.
    JsonNode r = Cli.run(two("--quantum 1 --map " + map)).json();
    assertEquals(5, at(r, "/trace/references"));
    assertEquals(2, at(r, "/trace/addressSpaces"));
    assertEquals(4, at(r, "/trace/contextSwitches"));
    assertLevel(r, "l1d", 5, 3, 2);
    assertEquals(map.equals("demand") ? 2 : 0, at(r, "/faults/pageFaults"));
    assertEquals(2, at(r, "/mappedPages/4K"));
    // Two roots, and for each process three tables below it.
    assertEquals(2 + 2 * 3, at(r, "/pageTables/pages"));
    long sum = 3 * DATA + 2 * (DATA + 0x1000);
    assertEquals("0x" + Long.toHexString(sum), r.at("/physicalAddressSum").stringValue());
    assertConserved(r);
  }

  @Test
  void severalCoresTakeTheTracesInTurn() throws IOException {
    JsonNode r = Cli.run(two("--cores 2")).json();
    assertEquals(5, at(r, "/trace/references"));
    assertEquals(0, at(r, "/trace/contextSwitches"));
    assertEquals(2, r.path("cores").size());
    assertEquals(3, at(r, "/cores/0/trace/references"));
    assertEquals(2, at(r, "/cores/1/trace/references"));
    assertEquals(2, at(r, "/cores/0/tlbs/l1d/hits"));
    assertEquals(1, at(r, "/cores/1/tlbs/l1d/hits"));
    assertLevel(r, "l1d", 5, 3, 2);
    assertEquals(2, at(r, "/provenance/machine/cores"));
    assertConserved(r);
    String[] report = Arrays.copyOf(two("--cores 2"), 7);
    report[5] = "--cores";
    report[6] = "2";
    assertTrue(Cli.run(report).out().contains("on 2 cores"));
  }

  @Test
  void oneCoreIsTheSameByteForByte() throws IOException {
    assertEquals(Cli.run(two("--quantum 1")).out(), Cli.run(two("--quantum 1 --cores 1")).out());
    assertEquals(Cli.run(two("--cores 2")).out(), Cli.run(two("--cores 2")).out());
  }

  @Test
  void coresAreRefusedWhereTheyCannotBe() throws IOException {
    Cli.run(two("--cores 0")).failed(2, "--cores", "1 to 256");
    Cli.run(two("--cores 257")).failed(2, "--cores");
    Cli.run(two("--set cores=0")).failed(65, "cores", "less than 1");
  }

  @Test
  void theQuantumDecidesHowOftenTracesTakeTurns() throws IOException {
    // a a, b b, a
    JsonNode r = Cli.run(two("--quantum 2")).json();
    assertEquals(2, at(r, "/trace/contextSwitches"));
    assertEquals(2, at(r, "/trace/quantum"));
    // By default a trace of three references ends before its turn does: a a a b b.
    JsonNode longTurns = Cli.run(two("-q")).json();
    assertEquals(1, at(longTurns, "/trace/contextSwitches"));
    assertEquals(100_000, at(longTurns, "/trace/quantum"));
    assertEquals("flat64", longTurns.at("/trace/format").stringValue());
    // Skip, warm-up and limit count references of the common sequence: (a) b [a b] a.
    JsonNode part = Cli.run(two("--quantum 1 --skip 1 --warmup 1 --max-refs 2")).json();
    assertEquals(2, at(part, "/trace/references"));
    assertEquals(2, at(part, "/trace/contextSwitches"));
    assertLevel(part, "l1d", 2, 1, 1); // a's page is new, b's is warm
  }

  @Test
  void theHashOfSeveralTracesDependsOnEachAndOnTheirOrder() throws IOException {
    String a = two("")[1];
    String b = two("")[2];
    String ab = Cli.run("run", a, b, "--json", "-").json().at("/provenance/traceHash").asString();
    String ba = Cli.run("run", b, a, "--json", "-").json().at("/provenance/traceHash").asString();
    JsonNode one = Cli.run("run", a, "--json", "-").json();
    JsonNode both = Cli.run("run", a, b, "--quantum", "1", "--json", "-").json();
    assertNotEquals(ab, ba);
    assertNotEquals(ab, one.at("/provenance/traceHash").asString());
    assertEquals(ab, both.at("/provenance/traceHash").asString()); // turns are no part of it
    assertEquals(one.at("/provenance/traceHash"), both.at("/trace/traces/0/traceHash"));
    assertEquals(b, both.at("/trace/traces/1/name").asString());
  }

  @Test
  void topNamesTheInstructionsPagesAndRegionsOfTheMisses() throws IOException {
    // An instruction at 0x400000 loads from pages of its own, 2 MiB apart but one; another hits.
    String trace =
        lackey(
            """
            I  400000,4
             L 10000000,8
            I  400000,4
             L 10200000,8
            I  400000,4
             L 20000000,8
            I  400010,4
             L 10000000,8
            """);
    JsonNode r =
        reference(
            trace, "--map=prefault", "--top", "pc", "1", "--top", "page", "9", "--top=region", "2");
    assertEquals(4, at(r, "/walker/walks"));
    JsonNode pc = r.at("/top/pc");
    assertEquals(1, pc.get("entries").size());
    assertEquals("0x400000", pc.at("/entries/0/address").stringValue());
    assertEquals(4, at(pc, "/entries/0/misses")); // its own fetch, and three loads
    assertEquals(4, at(pc, "/entries/0/walks"));
    // The first walk reads 4 entries; the others start from the PDPTE cache and read 2.
    assertEquals(4 + 2 + 2 + 2, at(pc, "/entries/0/memoryReads"));
    assertEquals(4 * 7 + 4 * 1 + 10 * 50, at(pc, "/entries/0/cycles"));
    assertEquals(1, at(pc, "/distinct"));
    assertEquals(pc.get("total"), pc.get("listed"));
    assertTrue(pc.get("exact").booleanValue());
    JsonNode page = r.at("/top/page");
    assertEquals(4, at(page, "/distinct"));
    assertEquals("0x400000", page.at("/entries/0/address").stringValue()); // 4 reads, the others 2
    assertEquals("4K", page.at("/entries/0/size").stringValue());
    assertEquals("0x10000000", page.at("/entries/1/address").stringValue());
    JsonNode region = r.at("/top/region");
    assertEquals(3, at(region, "/distinct"));
    // Of equal cycles the two neighbouring blocks come first together: 2 walks of 2 reads against
    // one of 4.
    assertEquals("0x10000000", region.at("/entries/0/first").stringValue());
    assertEquals("0x10200fff", region.at("/entries/0/last").stringValue());
    assertEquals(2, at(region, "/entries/0/walks"));
    assertEquals("0x400000", region.at("/entries/1/first").stringValue());
    assertEquals(3, at(region, "/listed/walks"));
    assertEquals(4, at(region, "/total/walks"));
    assertConserved(r);
  }

  @Test
  void topTellsProcessesApartAndLeavesWarmupOut() throws IOException {
    JsonNode r = Cli.run(two("--quantum 1 --top page 5 --warmup 1")).json();
    // a's miss is warm-up; b's page has the same address.
    assertEquals(1, at(r, "/top/page/distinct"));
    assertEquals(1, at(r, "/top/page/entries/0/process"));
    assertEquals(1, at(r, "/top/page/total/misses"));
  }

  @Test
  void missesOfUnknownInstructionsAreSaidToBeSo() throws IOException {
    JsonNode r = reference(flat64(0x1000, 0x400002, 0x2000), "--top", "pc", "5");
    assertEquals(1, at(r, "/top/pc/unknown/misses")); // before the first fetch
    assertEquals(1, at(r, "/top/pc/distinct"));
    assertEquals(2, at(r, "/top/pc/entries/0/misses")); // the fetch and the load after it
    assertEquals(3, at(r, "/top/pc/total/misses"));
    String text = Cli.run("run", flat64(0x1000), "--top", "pc", "5").out();
    assertTrue(text.contains("instruction unknown"), text);
  }

  @Test
  void withoutTopTheResultSaysNothingOfIt() throws IOException {
    JsonNode without = reference(flat64(0x1000, 0x2000));
    JsonNode with = reference(flat64(0x1000, 0x2000), "--top", "page", "1");
    assertTrue(without.path("top").isMissingNode());
    for (String key : List.of("trace", "tlbs", "walker", "cycles", "breakdown", "rates")) {
      assertEquals(without.get(key), with.get(key), key);
    }
  }

  @Test
  void csvHasARowForEachFigureOfTheJsonResult() throws IOException {
    Path trace = Files.write(folder.resolve("odd, \"name\".flat64"), Cli.words(0x1000, 0x2001));
    Path csv = folder.resolve("r.csv");
    String json =
        Cli.run("run", trace.toString(), "--top", "page", "2", "--csv", csv.toString(), "--json=-")
            .out();
    Map<String, String> expected = new LinkedHashMap<>();
    flatten("", JsonMapper.shared().readTree(json), expected);
    List<List<String>> rows = parse(Files.readString(csv));
    assertEquals(List.of("key", "value", "unit"), rows.get(0));
    Map<String, String> actual = new LinkedHashMap<>();
    Map<String, String> units = new LinkedHashMap<>();
    for (List<String> row : rows.subList(1, rows.size())) {
      assertEquals(3, row.size(), row.toString());
      actual.put(row.get(0), row.get(1));
      units.put(row.get(0), row.get(2));
    }
    assertEquals(expected, actual);
    assertTrue(csvField(actual, "provenance.command").contains("odd, \"name\""));
    assertEquals("1536", actual.get("provenance.machine.stlb.entries"));
    assertEquals("lookups", units.get("tlbs.l1d.misses"));
    assertEquals("reads", units.get("walker.memoryReads"));
    assertEquals("walks", units.get("pagingStructureCaches.pde.hits"));
    assertEquals("references", units.get("trace.loads"));
    assertEquals("cycles", units.get("cycles.translation"));
    assertEquals("pages", units.get("mappedPages.4K"));
    assertEquals("", units.get("provenance.machine.stlb.entries"));
  }

  private static String csvField(Map<String, String> fields, String key) {
    return fields.getOrDefault(key, "");
  }

  private static void flatten(String path, JsonNode node, Map<String, String> out) {
    String prefix = path.isEmpty() ? "" : path + ".";
    if (node.isObject()) {
      node.properties().forEach(e -> flatten(prefix + e.getKey(), e.getValue(), out));
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        flatten(prefix + i, node.get(i), out);
      }
    } else {
      out.put(path, node.isNull() ? "" : node.isString() ? node.stringValue() : node.toString());
    }
  }

  /** RFC 4180, character by character. */
  private static List<List<String>> parse(String text) {
    List<List<String>> rows = new ArrayList<>();
    List<String> row = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted) {
        if (c != '"') {
          field.append(c);
        } else if (i + 1 < text.length() && text.charAt(i + 1) == '"') {
          field.append(text.charAt(++i));
        } else {
          quoted = false;
        }
      } else if (c == '"') {
        quoted = true;
      } else if (c == ',') {
        row.add(field.toString());
        field.setLength(0);
      } else if (c == '\r' && text.charAt(i + 1) == '\n') {
        i++;
        row.add(field.toString());
        field.setLength(0);
        rows.add(row);
        row = new ArrayList<>();
      } else {
        field.append(c);
      }
    }
    assertEquals(0, row.size() + field.length(), "the last row ends with a line break");
    return rows;
  }

  @Test
  void theReportSaysWhatTheMachineIsAndShowsNoControlCharacters() throws IOException {
    String name = folder.resolve("evil\u001b[31m.flat64").toString();
    Files.write(Path.of(name), Cli.words(0x1000));
    String out = Cli.run("run", name, "--set", "stlb.entries=3072").out();
    assertTrue(out.chars().noneMatch(c -> c < ' ' && c != '\n'), out);
    assertTrue(out.contains("stlb.entries=3072"), out);
    assertTrue(out.contains("command"), out);
  }

  /** Without what says how the run was asked for. */
  private static JsonNode counts(Cli.Outcome outcome) {
    ObjectNode root = (ObjectNode) outcome.json();
    root.remove("provenance");
    return root;
  }

  @Test
  void hugePagesEverywhereAreThePagesOfAll() {
    String trace = Samples.path("date.lackey.xz");
    JsonNode all = counts(Cli.run("run", trace, "--page-size", "2M", "--json", "-"));
    String everywhere = "0x0-0x7fffffffffff";
    assertEquals(all, counts(Cli.run("run", trace, "--huge-pages", everywhere, "--json", "-")));
    JsonNode none = counts(Cli.run("run", trace, "--json", "-"));
    String elsewhere = "0x700000000000-0x7fffffffffff";
    assertEquals(none, counts(Cli.run("run", trace, "--huge-pages", elsewhere, "--json", "-")));
  }

  @Test
  void hugePagesAreWhereTheRangesAre() {
    // Two words in each of three blocks; ranges that touch the first and the last of them.
    byte[] trace =
        Cli.words(0x400000, 0x401000, 0x600000, 0x601000, 0x800000, 0x801000, 0x400000, 0x801000);
    JsonNode run =
        Cli.runWithInput(
                trace,
                "run",
                "-",
                "--format",
                "flat64",
                "--huge-pages",
                "0x5fffff-0x5fffff",
                "--huge-pages",
                "0x9ff000-0x123456789",
                "--heatmap",
                "--json",
                "-")
            .json();
    assertEquals(2, run.path("mappedPages").path("2M").asInt());
    assertEquals(2, run.path("mappedPages").path("4K").asInt());
    List<String> extents = new ArrayList<>();
    run.path("addressSpace")
        .forEach(
            e ->
                extents.add(
                    e.path("first").asString()
                        + " "
                        + e.path("last").asString()
                        + " "
                        + e.path("pageSize").asString()
                        + " "
                        + e.path("pages").asInt()));
    assertEquals(
        List.of("0x400000 0x5fffff 2M 1", "0x600000 0x601fff 4K 2", "0x800000 0x9fffff 2M 1"),
        extents);
    assertEquals(
        "[\"0x5fffff-0x5fffff\",\"0x9ff000-0x123456789\"]",
        run.path("provenance").path("hugePages").toString());
  }

  @Test
  void heatmapChangesNothingElse() {
    for (String[] more :
        new String[][] {{}, {"--timing"}, {"--memory", "256M", "--thp", "always"}}) {
      List<String> words =
          new ArrayList<>(List.of("run", Samples.path("date.lackey.xz"), "--warmup", "100K"));
      words.addAll(List.of(more));
      words.addAll(List.of("--json", "-"));
      JsonNode plain = counts(Cli.run(words.toArray(String[]::new)));
      words.add("--heatmap");
      ObjectNode watched = (ObjectNode) counts(Cli.run(words.toArray(String[]::new)));
      long accesses = 0;
      for (JsonNode band : watched.remove("heatmap").path("bands")) {
        for (JsonNode n : band.path("accesses")) {
          accesses += n.asLong();
        }
      }
      assertEquals(plain.path("trace").path("references").asLong(), accesses);
      Map<String, Long> pages = new TreeMap<>();
      for (JsonNode e : watched.remove("addressSpace")) {
        pages.merge(e.path("pageSize").asString(), e.path("pages").asLong(), Long::sum);
      }
      plain
          .path("mappedPages")
          .properties()
          .forEach(e -> assertEquals(e.getValue().asLong(), pages.getOrDefault(e.getKey(), 0L)));
      assertEquals(plain, watched);
    }
  }

  @Test
  void hugePagesThatCannotBeAreRefused() {
    String trace = Samples.path("date.lackey.xz");
    Cli.run("run", trace, "--huge-pages", "0x4000").failed(2, "--huge-pages", "FIRST-LAST");
    Cli.run("run", trace, "--huge-pages", "0x4000-0x3fff").failed(2, "0x4000 is above 0x3fff");
    Cli.run("run", trace, "--huge-pages", "0-1", "--page-size", "2M").failed(2, "--page-size");
    Cli.run("run", trace, "--huge-pages", "0-1", "--thp", "always").failed(2, "--huge-pages");
  }

  @Test
  void verboseSaysWhatWasReadAndChangesNothingElse() {
    byte[] trace = Cli.words(0x1000, 0x2001, 0x3002);
    Cli.Outcome plain = Cli.runWithInput(trace, "run", "-", "--format", "flat64", "--json", "-");
    Cli.Outcome more =
        Cli.runWithInput(trace, "run", "-", "--format", "flat64", "--json", "-", "-v");
    assertEquals(plain.out(), more.out());
    assertEquals("", plain.err());
    assertTrue(more.err().contains("lookaside: -: flat64, refs64:"), more.err());
    assertTrue(more.err().contains("machine skylake; 3 references in"), more.err());
  }
}
