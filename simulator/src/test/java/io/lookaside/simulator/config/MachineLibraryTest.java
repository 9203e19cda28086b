package io.lookaside.simulator.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.tlb.PrefetchConfig;
import io.lookaside.tlb.SizePredictionConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbStructureConfig;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class MachineLibraryTest {
  private static final String BASE = "base: reference\n";

  @TempDir Path folder;

  private String file(String text) throws IOException {
    return Files.writeString(folder.resolve("m.yaml"), text).toString();
  }

  private static MachineConfig set(String... settings) throws Exception {
    return MachineLibrary.load("reference", List.of(settings));
  }

  private List<Problem> problems(String text) throws IOException {
    String path = file(text);
    return assertThrows(ConfigException.class, () -> MachineLibrary.load(path, List.of()))
        .problems();
  }

  /** The only problem of a text; its position is {@code m.yaml:where}. */
  private void refused(String text, String where, String key, String words) throws IOException {
    List<Problem> problems = problems(text);
    assertEquals(1, problems.size(), problems.toString());
    Problem p = problems.get(0);
    assertEquals(folder.resolve("m.yaml") + (where.isEmpty() ? "" : ":" + where), p.position());
    assertEquals(key, p.path());
    assertTrue(p.message().contains(words), p.message());
  }

  private static Problem settingRefused(String setting) {
    List<Problem> problems = assertThrows(ConfigException.class, () -> set(setting)).problems();
    assertEquals(1, problems.size(), problems.toString());
    assertTrue(problems.get(0).position().startsWith("--set "), problems.toString());
    return problems.get(0);
  }

  @Test
  void everyShippedMachineFitsTheShippedSchemaAndBinds() throws Exception {
    for (String name : MachineLibrary.NAMES) {
      MachineConfig machine = MachineLibrary.load(name, List.of());
      assertEquals(name, machine.name());
      assertEquals(List.of(), MachineSchema.check(machine.effective()), name);
    }
    assertTrue(MachineLibrary.NAMES.contains(MachineLibrary.DEFAULT));
    assertTrue(MachineLibrary.NAMES.contains("reference"));
  }

  /** From the table of real cores' TLBs: structure, entries, ways, sizes, kinds. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "icelake | l1i | l1i-4k 128/8, l1i-2m 16/8",
        "icelake | l1d | l1d-load-4k 64/4, l1d-load-2m 32/4, l1d-load-1g 8/8, l1d-store-4k-2m-1g"
            + " 16/16",
        "icelake | stlb | stlb-4k-2m 1024/8, stlb-4k-1g 1024/8",
        "goldencove | l1i | l1i-4k 256/8, l1i-2m 32/8",
        "goldencove | l1d | l1d-load-4k 96/6, l1d-load-2m 32/4, l1d-load-1g 8/8, l1d-store-4k-2m-1g"
            + " 16/16",
        "goldencove | stlb | stlb-4k-2m 1024/8, stlb-4k-1g 1024/8",
        "skylake | l1i | l1i-4k 128/8, l1i-2m 8/8",
        "skylake | l1d | l1d-4k 64/4, l1d-2m 32/4, l1d-1g 4/4",
        "skylake | stlb | stlb-4k-2m 1536/12, stlb-1g 16/4",
        "zen2 | l1i | l1i-4k-2m-1g 64/64",
        "zen2 | l1d | l1d-4k-2m-1g 64/64",
        "zen2 | stlb | stlb-load-store-4k-2m 2048/16, stlb-fetch-4k-2m 512/8",
        "zen3 | stlb | stlb-load-store-4k-2m 2048/16, stlb-fetch-4k-2m 512/8, stlb-load-store-1g"
            + " 64/64",
        "zen4 | l1d | l1d-4k-2m-1g 72/72",
        "zen4 | stlb | stlb-load-store-4k-2m 3072/24, stlb-fetch-4k-2m 512/8, stlb-load-store-1g"
            + " 64/64",
        "zen5 | l1i | l1i-4k-2m-1g 64/64",
        "zen5 | l1d | l1d-4k-2m-1g 96/96",
        "zen5 | stlb | stlb-load-store-4k-2m 4096/16, stlb-fetch-4k-2m 2048/8",
        "champsim | l1i | l1i-4k 64/4",
        "champsim | l1d | l1d-4k 64/4",
        "champsim | stlb | stlb-4k 1536/12",
        "drcachesim-lru | l1i | l1i-4k 32/32",
        "drcachesim-lru | l1d | l1d-4k 32/32",
        "drcachesim-lru | stlb | stlb-4k 1024/4",
      })
  void shippedMachinesHaveTheStructuresOfTheirSources(String name, String level, String structures)
      throws Exception {
    TlbConfig tlb = MachineLibrary.load(name, List.of()).tlb();
    TlbLevelConfig config =
        Stream.of(tlb.l1i(), tlb.l1d(), tlb.stlb())
            .filter(l -> l.name().equals(level))
            .findFirst()
            .orElseThrow();
    assertEquals(
        structures,
        config.structures().stream()
            .map(s -> s.name() + " " + s.geometry().entries() + "/" + s.geometry().ways())
            .collect(Collectors.joining(", ")));
  }

  @Test
  void groupsOfPagesAndPredictedSizesCanBeSet() throws Exception {
    TlbConfig tlb =
        MachineLibrary.load(
                "zen4",
                List.of(
                    "l1d.coalescedPages=4",
                    "stlb.sizePrediction={entries: 256, reprobeCycles: 2}",
                    "stlb.parts.0.coalescedPages=8"))
            .tlb();
    assertEquals(4, tlb.l1d().structures().get(0).coalescedPages());
    assertEquals(1, tlb.l1i().structures().get(0).coalescedPages());
    assertEquals(8, tlb.stlb().structures().get(1).coalescedPages());
    assertEquals(new SizePredictionConfig(256, 2), tlb.stlb().structures().get(0).sizePrediction());
    for (String name : MachineLibrary.NAMES) {
      assertEquals(1, MachineLibrary.load(name, List.of()).tlb().coalescedPages(), name);
    }
  }

  @Test
  void prefetchCanBeSetAndMustMakeSense() throws Exception {
    assertEquals(
        new PrefetchConfig(PrefetchConfig.Kind.STRIDE, 16, 8),
        set("tlbPrefetch={kind: stride, bufferEntries: 16, streams: 8}").tlb().prefetch());
    assertEquals(
        new PrefetchConfig(PrefetchConfig.Kind.NEXT_PAGE, 4, 0),
        set("tlbPrefetch={kind: next-page, bufferEntries: 4}").tlb().prefetch());
    refused(
        BASE + "tlbPrefetch: {kind: stride, bufferEntries: 4}\n",
        "2:1",
        "tlbPrefetch",
        "needs 1 to 64 streams");
    refused(
        BASE + "tlbPrefetch: {kind: previous, bufferEntries: 4}\n",
        "2:15",
        "tlbPrefetch.kind",
        "none of next-page, stride");
  }

  @Test
  void groupsOfPagesAndPredictedSizesThatDoNotFitAreRefused() throws Exception {
    refused(
        BASE + "l1d:\n  coalescedPages: 3\n", "3:3", "l1d.coalescedPages", "none of 1, 2, 4, 8");
    refused(
        BASE + "inclusion: inclusive\nl1d:\n  coalescedPages: 4\n",
        "2:1",
        "inclusion",
        "needs inclusion: non-inclusive");
    refused("base: icelake\nstlb:\n  coalescedPages: 4\n", "2:1", "stlb.parts", "here are 2");
    refused(
        BASE + "stlb:\n  sizePrediction: {entries: 16, reprobeCycles: 1}\n",
        "2:1",
        "stlb",
        "several page sizes");
    refused(
        "base: zen4\nstlb:\n  sizePrediction: {entries: 12, reprobeCycles: 1}\n",
        "3:3",
        "stlb.sizePrediction",
        "power of two");
    refused(
        "base: zen4\nl1d:\n  sizePrediction: {entries: 16, reprobeCycles: 1}\n",
        "2:1",
        "l1d",
        "for the second level");
  }

  @Test
  void everyMachineOfTheContractIsShipped() {
    assertEquals(
        Set.of(
            "reference",
            "drcachesim-lru",
            "skylake",
            "icelake",
            "goldencove",
            "zen2",
            "zen3",
            "zen4",
            "zen5",
            "champsim"),
        Set.copyOf(MachineLibrary.NAMES));
    assertEquals("skylake", MachineLibrary.DEFAULT);
  }

  @Test
  void shippedVendorMachinesMarkWhatNoSourceConfirms() {
    for (String name : MachineLibrary.NAMES) {
      boolean vendor = !List.of("reference", "drcachesim-lru", "champsim").contains(name);
      assertEquals(vendor, MachineLibrary.shippedText(name).contains("lru # UNCONFIRMED"), name);
    }
  }

  @Test
  void zensReloadWholePages() throws Exception {
    assertTrue(MachineLibrary.load("zen4", List.of()).tlb().reloadWholePages());
    assertTrue(!MachineLibrary.load("skylake", List.of()).tlb().reloadWholePages());
    assertTrue(set("reloadWholePages=true").tlb().reloadWholePages());
    refused(
        BASE + "reloadWholePages: true\ninclusion: exclusive\n",
        "2:1",
        "reloadWholePages",
        "exclusive");
    refused(BASE + "reloadWholePages: 3\n", "2:1", "reloadWholePages", "boolean");
  }

  @Test
  void overridesOfABaseKeepTheRest() throws Exception {
    String path =
        file("base: skylake\nname: mine\nstlb: {entries: 3072}\nmemory:\n  latencyCycles: 9\n");
    MachineConfig mine = MachineLibrary.load(path, List.of());
    MachineConfig base = MachineLibrary.load("skylake", List.of());
    assertEquals("mine", mine.name());
    assertEquals(9, mine.memoryLatencyCycles());
    assertEquals(3072, mine.tlb().stlb().structures().get(0).geometry().entries());
    assertEquals(
        base.tlb().stlb().structures().get(0).geometry().ways(),
        mine.tlb().stlb().structures().get(0).geometry().ways());
    assertEquals(base.walker(), mine.walker());
    assertEquals(base.physicalAddressBits(), mine.physicalAddressBits());
  }

  /** Files of shipped machines are read once for all. */
  @Test
  void whatIsSetForOneMachineStaysWithIt() throws Exception {
    MachineConfig before = MachineLibrary.load("reference", List.of());
    String effective = before.effective().toString();
    MachineConfig set =
        MachineLibrary.load(
            "reference", List.of("stlb.entries=3072", "walker.pml4eCache.entries=8"));
    assertEquals(3072, set.tlb().stlb().structures().get(0).geometry().entries());
    MachineLibrary.load(file("name: mine\nbase: reference\nl1d: {entries: 128}\n"), List.of());
    MachineConfig after = MachineLibrary.load("reference", List.of());
    assertEquals(before, after);
    assertEquals(effective, after.effective().toString());
    assertEquals(1536, after.tlb().stlb().structures().get(0).geometry().entries());
  }

  /** A value of its own is what it is within a list, which YAML's parser reads. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "7",
        "10",
        "3072",
        "999999999999999999",
        "9999999999999999999",
        "00",
        "08",
        "0x10",
        "0o17",
        "1_000",
        "-5",
        "+5",
        "5.0",
        "1e3",
        "3072 ",
        "٣",
        "true",
        "lru"
      })
  void aNumberMeansWhatItMeansInAFile(String text) throws Exception {
    JsonNode value = YamlDocument.parseValue("--set x", text);
    JsonNode expected = YamlDocument.parseValue("--set x", "[" + text + "]").get(0);
    assertEquals(expected, value);
    assertEquals(expected.getClass(), value.getClass());
  }

  @Test
  void shippedTextIsAMachineFile() throws Exception {
    for (String name : MachineLibrary.NAMES) {
      MachineConfig copy = MachineLibrary.load(file(MachineLibrary.shippedText(name)), List.of());
      assertEquals(MachineLibrary.load(name, List.of()), copy);
    }
  }

  @Test
  void misspeltKeyIsReportedWhereItStandsWithAHint() throws IOException {
    refused(BASE + "l1d:\n  entris: 64\n", "3:3", "l1d.entris", "did you mean 'entries'?");
    refused(BASE + "wlaker: {}\n", "2:1", "wlaker", "did you mean 'walker'?");
    refused(
        BASE + "walker:\n  pdeCache: {entries: 32, wais: 4}\n",
        "3:27",
        "walker.pdeCache.wais",
        "did you mean 'ways'?");
  }

  @Test
  void duplicateKeyIsReportedWithBothPositions() throws IOException {
    refused(BASE + "name: a\nname: b\n", "3:1", "name", folder.resolve("m.yaml") + ":2:1");
  }

  @Test
  void waysThatDoNotDivideEntriesAreReportedAtWays() throws IOException {
    refused(BASE + "l1d:\n  entries: 64\n  ways: 5\n", "4:3", "l1d.ways", "64");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0                    | 0 is less than 1",
        "-4                   | -4 is less than 1",
        "99999999999999999999 | is more than 1048576",
        "1048577              | is more than 1048576",
        "64.5                 | expected a whole number",
        "many                 | expected a whole number",
        "0x40                 | expected a whole number",
        "true                 | expected a whole number",
        "null                 | expected a whole number",
        "[64]                 | expected a whole number",
        "{a: 1}               | expected a whole number",
        ".inf                 | expected a whole number",
        ".nan                 | expected a whole number",
        "''                   | expected a whole number",
      })
  void entriesThatAreNoPositiveNumberAreReported(String value, String words) throws IOException {
    refused(BASE + "l1d:\n  entries: " + value + "\n", "3:3", "l1d.entries", words);
  }

  @Test
  void wordsOutsideTheirListAreReported() throws IOException {
    refused(BASE + "inclusion: maybe\n", "2:1", "inclusion", "non-inclusive");
    refused(BASE + "l1d: {replacement: mru}\n", "2:7", "l1d.replacement", "lru");
    refused(BASE + "l1d: {pageSizes: []}\n", "2:7", "l1d.pageSizes", "at least one");
    refused(BASE + "l1d: {pageSizes: [4K, 4K]}\n", "2:7", "l1d.pageSizes", "twice");
    refused(BASE + "l1d: {pageSizes: [4K, 8K]}\n", "2:23", "l1d.pageSizes.1", "8K");
  }

  @Test
  void missingKeysAreAllNamed() throws IOException {
    String all = problems("name: mine\n").toString();
    for (String key : List.of("l1i", "l1d", "stlb", "walker", "memory", "physicalAddressBits")) {
      assertTrue(all.contains("'" + key + "' is missing"), all);
    }
  }

  @Test
  void severalMistakesAreReportedTogether() throws IOException {
    List<Problem> problems =
        problems(BASE + "l1d:\n  entries: 0\n  ways: 0\nstlb:\n  wais: 4\nmemory: 3\n");
    assertEquals(
        List.of("l1d.entries", "l1d.ways", "memory", "stlb.wais"),
        problems.stream().map(Problem::path).toList());
  }

  @Test
  void mistakesOfEveryKindAreReportedTogether() throws IOException {
    // A duplicate key, a misspelt one, a word that is none, and ways that do not divide entries.
    List<Problem> problems =
        problems(
            BASE
                + "name: a\n"
                + "name: b\n"
                + "l1d:\n"
                + "  entris: 3\n"
                + "  ways: 5\n"
                + "inclusion: maybe\n"
                + "stlb:\n"
                + "  parts:\n"
                + "    - {entries: 9, ways: 2, pageSizes: [1G], replacement: lru}\n");
    assertEquals(
        List.of("name", "inclusion", "l1d.entris", "l1d.ways", "stlb.parts.0.ways"),
        problems.stream().map(Problem::path).toList());
    String file = folder.resolve("m.yaml").toString();
    assertEquals(
        List.of("3:1", "7:1", "5:3", "6:3", "10:20"),
        problems.stream().map(p -> p.position().substring(file.length() + 1)).toList());
    // A duplicate key beside a relation that does not hold.
    List<Problem> two = problems(BASE + "name: a\nname: b\nl1d: {ways: 5}\n");
    assertEquals(List.of("name", "l1d.ways"), two.stream().map(Problem::path).toList());
  }

  @Test
  void badSettingsAreReportedTogetherWithHints() {
    List<Problem> problems =
        assertThrows(
                ConfigException.class,
                () -> set("stbl.entries=3", "l1d.ways=5", "l1d.entris=2", "=4"))
            .problems();
    assertEquals(
        List.of("stbl.entries", "", "l1d.entris", "l1d.ways"),
        problems.stream().map(Problem::path).toList());
    assertTrue(problems.get(0).message().contains("did you mean 'stlb'?"), problems.toString());
    assertTrue(problems.get(2).message().contains("did you mean 'entries'?"), problems.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "# nothing\n", "- a\n- b\n", "reference\n", "[1, 2]\n", "42"})
  void textThatIsNoMappingIsRefused(String text) throws IOException {
    refused(text, "1:1", "", "expected keys and values");
  }

  @Test
  void binaryFilesAreRefused() throws IOException {
    for (byte[] bytes : new byte[][] {{0, 1, 2, 3}, {'a', ':', (byte) 0xff, (byte) 0xfe}, {27}}) {
      String path = Files.write(folder.resolve("m.yaml"), bytes).toString();
      String message =
          String.valueOf(
              assertThrows(ConfigException.class, () -> MachineLibrary.load(path, List.of()))
                  .getMessage());
      assertTrue(message.startsWith(path + ":") && message.contains("text"), message);
    }
  }

  @Test
  void tabsForIndentationAreRefusedAtTheirPlace() throws IOException {
    refused(BASE + "memory:\n\tlatencyCycles: 3\n", "3:1", "", "TAB");
  }

  @Test
  void errorsOfSyntaxHaveAPosition() throws IOException {
    refused(BASE + "name: [a\n", "3:1", "", "not YAML");
    refused(BASE + "---\nname: b\n", "2:1", "", "not YAML");
  }

  @Test
  void aliasesAreRefused() throws IOException {
    List<Problem> problems = problems(BASE + "l1d: &x {ways: 4}\nl1i: *x\n");
    assertEquals(1, problems.size());
    assertEquals("l1i", problems.get(0).path());
    assertTrue(problems.get(0).message().contains("aliases"));
    assertTrue(problems("a: &x [*x]\n").toString().contains("aliases"));
  }

  @Test
  void manyAliasesOfAliasesAreRefusedWithoutExpanding() throws IOException {
    StringBuilder text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 20; i++) {
      String use = "*a" + (i - 1);
      text.append("a" + i + ": &a" + i + " [" + (use + ", ").repeat(8) + use + "]\n");
    }
    assertTrue(problems(text.toString()).toString().contains("aliases"));
  }

  @Test
  void deepNestingIsRefused() throws IOException {
    assertTrue(problems("a: " + "[".repeat(100_000)).toString().contains("nested too deeply"));
    assertTrue(problems("a: " + "{a: ".repeat(100_000)).toString().contains("nested too deeply"));
    assertTrue(problems("- ".repeat(100_000) + "a\n").toString().contains("nested too deeply"));
    StringBuilder indented = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      indented.append(" ".repeat(i)).append("a:\n");
    }
    assertTrue(problems(indented.toString()).toString().contains("nested too deeply"));
  }

  @Test
  void hugeFilesAreRefused() throws IOException {
    refused(BASE + "# " + "x".repeat(5_000_000), "", "", "longer than");
  }

  @Test
  void unknownBaseIsReportedWithAHint() throws IOException {
    refused("name: mine\nbase: skylak\n", "2:1", "base", "did you mean 'skylake'?");
    refused("base: [skylake]\n", "1:1", "base", "skylake");
  }

  @Test
  void unknownNamesAndFilesThatAreNotThereDiffer() {
    assertThrows(
        MachineLibrary.UnknownMachineException.class,
        () -> MachineLibrary.load("skylke", List.of()));
    assertThrows(
        FileNotFoundException.class,
        () -> MachineLibrary.load(folder.resolve("none.yaml").toString(), List.of()));
    assertThrows(ConfigException.class, () -> MachineLibrary.load(folder.toString(), List.of()));
  }

  @Test
  void structuresAlikeGetNamesOfTheirOwn() throws Exception {
    String part = "{entries: 8, ways: 8, pageSizes: [4K], replacement: lru}";
    String text = BASE + "l1d:\n  parts: [" + part + ", " + part + "]\n";
    MachineConfig machine = MachineLibrary.load(file(text), List.of());
    assertEquals(
        List.of("l1d-4k", "l1d-4k-2", "l1d-4k-3"),
        machine.tlb().l1d().structures().stream().map(TlbStructureConfig::name).toList());
  }

  @Test
  void levelThatLeavesAnAccessUnservedIsRefused() throws IOException {
    refused(BASE + "l1d:\n  accesses: [load]\n", "2:1", "l1d", "store");
    refused(BASE + "l1i:\n  accesses: [fetch, load]\n", "3:3", "l1i.accesses", "load");
  }

  @Test
  void settingsChangeTheMachineInOrder() throws Exception {
    MachineConfig machine =
        set("memory.latencyCycles=7", "l1d.pageSizes=[4K, 2M]", "memory.latencyCycles=8");
    assertEquals(8, machine.memoryLatencyCycles());
    assertEquals(2, machine.tlb().l1d().structures().get(0).pageSizes().size());
    assertEquals(8, machine.effective().at("/memory/latencyCycles").intValue());
  }

  @Test
  void aSectionThatTheMachineHasNotIsSetWholeOrKeyByKey() throws Exception {
    MachineConfig whole =
        set(
            "tlbPrefetch={kind: next-page, bufferEntries: 16}",
            "stlb.pageSizes=[4K, 2M]",
            "stlb.sizePrediction={entries: 64, reprobeCycles: 7}",
            "walker.pml5eCache={entries: 4, ways: 4, replacement: lru}");
    MachineConfig byKey =
        set(
            "tlbPrefetch.kind=next-page",
            "tlbPrefetch.bufferEntries=16",
            "stlb.pageSizes=[4K, 2M]",
            "stlb.sizePrediction.reprobeCycles=7",
            "stlb.sizePrediction.entries=64",
            "walker.pml5eCache.entries=4",
            "walker.pml5eCache.ways=4",
            "walker.pml5eCache.replacement=lru");
    assertEquals(whole.effective(), byKey.effective());
    Problem p = settingRefused("tlbPrefetch.kind=next-page");
    assertEquals("tlbPrefetch", p.path());
    assertTrue(p.message().contains("'bufferEntries' is missing"), p.message());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "l1d.entries        | '' | path=value",
        "=3                 | '' | path=value",
        "l1d.entris=64      | l1d.entris | did you mean 'entries'",
        "l2d.entries=64     | l2d.entries | no such place",
        "l1d.entries.x=64   | l1d.entries.x | no such place",
        "l1d.parts.0.ways=4 | l1d.parts.0.ways | no such place",
        "l1d.entries=0      | l1d.entries | less than 1",
        "l1d.entries=many   | l1d.entries | expected a whole number",
        "l1d.entries=       | l1d.entries | expected a whole number",
        "l1d.ways=5         | l1d.ways | 64",
        "l1d=3              | l1d | expected keys and values",
      })
  void badSettingIsReportedByItsText(String setting, String path, String words) {
    Problem p = settingRefused(setting);
    assertEquals("--set " + setting, p.position());
    assertEquals(path, p.path());
    assertTrue(p.message().contains(words), p.message());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"l1d.entries=[", "l1d.entries=1\nx: 2", "l1d.entries=\"", "l1d.entries=*a"})
  void settingWhoseValueIsNoYamlIsReported(String setting) {
    assertThrows(ConfigException.class, () -> set(setting));
  }
}
