package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExitCodeTest {
  @TempDir Path folder;
  private String trace = "";

  @BeforeEach
  void writeTrace() throws IOException {
    trace = file("t.lackey", " L 1000,8\n S 2000,8\n L 3000,8\n");
  }

  private String file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void goodRunSucceedsWithAReportOnStandardOutput() {
    Outcome o = Cli.run("run", trace, "--machine", "reference");
    assertEquals(0, o.code());
    assertTrue(o.out().contains("stlb"), o.out());
    assertEquals("", o.err());
  }

  @Test
  void helpAndVersionSucceed() {
    for (String[] args :
        new String[][] {{"--help"}, {"run", "--help"}, {"machines", "--help"}, {"--version"}}) {
      Outcome o = Cli.run(args);
      assertEquals(0, o.code());
      assertFalse(o.out().isEmpty());
      assertEquals("", o.err());
    }
  }

  @Test
  void commandLinesWithoutACommandThatExistsAreUsageErrors() {
    Cli.run().failed(2, "command", "--help");
    Cli.run("rnu", trace).failed(2, "rnu");
    Cli.run("machines").failed(2, "subcommand");
    Cli.run("run").failed(2, "TRACE");
  }

  @ParameterizedTest
  @CsvSource({
    "--formt, lackey, --formt",
    "--machine, skylke, did you mean 'skylake'",
    "--machine, referense, did you mean 'reference'",
    "--machine, vax, reference",
    "--map, prefualt, did you mean 'prefault'",
    "--map, Demand, demand",
    "--frames, contigous, contiguous",
    "--frames, fragmented:2, probability",
    "--frames, fragmented:NaN, probability",
    "--page-size, 4M, '4K, 2M, 1G'",
    "--format, lacky, 'one of lackey, '",
    "--skip, -1, --skip",
    "--skip, 0.5, --skip",
    "--skip, 1.0005K, --skip",
    "--warmup, 1e6, --warmup",
    "--warmup, 10KB, --warmup",
    "--warmup, K, --warmup",
    "--max-refs, 0, at least 1",
    "--max-refs, -3, --max-refs",
    "--max-refs, 0x10, --max-refs",
    "--max-refs, 9223372036854775808, --max-refs",
    "--max-refs, 9999999999G, --max-refs",
    "--seed, x, --seed",
  })
  void optionThatCannotBeReadIsAUsageError(String option, String value, String word) {
    Cli.run("run", trace, option, value).failed(2, word);
  }

  @Test
  void topWithoutAnAxisAndANumberIsAUsageError() {
    Cli.run("run", trace, "--top", "pcs", "5").failed(2, "--top", "did you mean 'pc'");
    Cli.run("run", trace, "--top", "pc", "0").failed(2, "--top pc", "'0'");
    Cli.run("run", trace, "--top", "pc", "many").failed(2, "--top pc", "'many'");
    Cli.run("run", trace, "--top", "pc").failed(2, "--top");
    Cli.run("run", trace, "--top", "pc", "1", "--top", "pc", "2").failed(2, "given twice");
  }

  @Test
  void turnsOfTracesThatMakeNoSenseAreUsageErrors() {
    Cli.run("run", trace, "--quantum", "5").failed(2, "--quantum", "several traces");
    Cli.run("run", trace, trace, "--quantum", "0").failed(2, "--quantum", "at least 1");
    Cli.run("run", "-", "-").failed(2, "standard input");
    Cli.run("run", trace, "-", "--map", "prefault").failed(2, "standard input");
  }

  @Test
  void aMissingTraceAmongSeveralIsNamed() {
    String none = folder.resolve("none.lackey").toString();
    Cli.run("run", trace, none).failed(66, none + ": no such file");
    Cli.run("run", trace, trace, "--skip", "1G").failed(65, "6 references");
  }

  @Test
  void prefaultOfStandardInputIsAUsageError() {
    Cli.run("run", "-", "--map", "prefault").failed(2, "standard input", "--map demand");
  }

  @Test
  void prefaultWithOtherPagesOrFramesIsAUsageError() {
    Cli.run("run", trace, "--map", "prefault", "--page-size", "2M").failed(2, "--page-size");
    Cli.run("run", trace, "--map", "prefault", "--frames", "scattered").failed(2, "--frames");
  }

  @Test
  void badTraceIsBadInput() throws IOException {
    Cli.run("run", file("bad.lackey", " L 1000,8\n L 1000,x\n")).failed(65, "bad.lackey:2:9: ");
    Cli.run("run", file("cut.flat64", "1234567")).failed(65, "record 1 at byte offset 0");
    Cli.run("run", file("unknown", "hello")).failed(65, "--format");
    Cli.run("run", file("empty.lackey", "")).failed(65, "is empty");
    Cli.run("run", folder.toString()).failed(65, "directory");
  }

  @Test
  void nothingLeftToMeasureIsBadInput() {
    Cli.run("run", trace, "--skip", "3").failed(65, "3 references", "--skip");
    Cli.run("run", trace, "--warmup", "1G").failed(65, "3 references", "--warmup");
  }

  @Test
  void badMachineFileIsBadInput() throws IOException {
    String machine = file("m.yaml", "base: skylake\nl1d: {entries: 0}\n");
    Cli.run("run", trace, "--machine", machine).failed(65, machine + ":2:7: l1d.entries");
    Cli.run("machines", "validate", machine).failed(65, machine + ":2:7: l1d.entries");
  }

  @Test
  void inputThatIsNotThereIsMissing() {
    String none = folder.resolve("none.lackey").toString();
    Cli.run("run", none).failed(66, none + ": no such file");
    String yaml = folder.resolve("none.yaml").toString();
    Cli.run("run", trace, "--machine", yaml).failed(66, yaml);
    Cli.run("machines", "validate", yaml).failed(66, yaml);
  }

  @Test
  void resultThatCannotBeWrittenIsAnInputOutputError() {
    Path nowhere = folder.resolve("none/r.json");
    Cli.run("run", trace, "--json", nowhere.toString()).failed(74, "no folder");
    Cli.run("run", trace, "--speed", nowhere.toString()).failed(74, "no folder");
    Cli.run("run", trace, "--json", folder.toString()).failed(74, "is a directory");
  }

  @Test
  void severalProblemsHaveALineEach() throws IOException {
    String machine = file("m.yaml", "base: skylake\nl1d: {entries: 0, ways: 0}\nstlb: {wys: 1}\n");
    Outcome o = Cli.run("run", trace, "--machine", machine);
    o.failed(65, "l1d.entries", "l1d.ways", "stlb.wys");
    assertEquals(
        3, o.err().lines().filter(l -> l.startsWith("lookaside: " + machine + ":")).count());
  }

  @Test
  void controlCharactersOfNamesDoNotReachTheTerminal() {
    Outcome o = Cli.run("run", folder.resolve("a\u001b[31m.lackey").toString());
    o.failed(66, "?[31m");
    assertFalse(o.err().contains("\u001b"), o.err());
  }

  @Test
  void resultFileAppearsAloneAndWhole() throws IOException {
    Outcome o = Cli.run("run", trace, "-q", "--json", folder.resolve("r.json").toString());
    assertEquals(0, o.code(), o.err());
    assertEquals("", o.out());
    assertEquals(List.of("r.json", "t.lackey"), names());
    assertTrue(Files.readString(folder.resolve("r.json")).endsWith("}\n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {" L 1000,8\n L 1000,x\n", "", "hello\n"})
  void failedRunWritesNoResultAndLeavesAnOldOneAlone(String text) throws IOException {
    String bad = file("bad.lackey", text);
    Path fresh = folder.resolve("fresh.json");
    Path old = Files.writeString(folder.resolve("old.json"), "old");
    byte[] before = Files.readAllBytes(old);
    Cli.run("run", bad, "--json", fresh.toString()).failed(65);
    Cli.run("run", bad, "--json", old.toString(), "--speed", fresh.toString()).failed(65);
    assertArrayEquals(before, Files.readAllBytes(old));
    assertEquals(List.of("bad.lackey", "old.json", "t.lackey"), names());
  }

  @Test
  void oldResultIsReplaced() throws IOException {
    Path old = Files.writeString(folder.resolve("old.json"), "x".repeat(100_000));
    assertEquals(0, Cli.run("run", trace, "-q", "--json", old.toString()).code());
    assertTrue(Files.readString(old).startsWith("{"));
    assertTrue(Files.readString(old).endsWith("}\n"));
  }

  @Test
  void aResultNeverOverwritesAnInput() throws IOException {
    String before = Files.readString(Path.of(trace));
    Outcome o = Cli.run("run", trace, "--json", folder.resolve("./t.lackey").toString(), "-q");
    assertEquals(2, o.code(), o.err());
    assertEquals(before, Files.readString(Path.of(trace)));
    String machine = file("m.yaml", "base: reference\nname: m\n");
    assertEquals(2, Cli.run("run", trace, "--machine", machine, "--speed", machine).code());
    assertEquals("base: reference\nname: m\n", Files.readString(Path.of(machine)));
  }

  @Test
  void twoResultsDoNotShareAFile() {
    String same = folder.resolve("s.json").toString();
    assertEquals(2, Cli.run("run", trace, "--json", same, "--speed", same).code());
    assertEquals(2, Cli.run("run", trace, "--json", "-", "--speed", "-").code());
  }

  @Test
  void aResultThatIsALinkReplacesWhatTheLinkNames() throws IOException {
    Path target = Path.of(file("target.json", "old"));
    Path link = Files.createSymbolicLink(folder.resolve("link.json"), target);
    assertEquals(0, Cli.run("run", trace, "--json", link.toString(), "-q").code());
    assertTrue(Files.isSymbolicLink(link));
    assertTrue(Files.readString(target).startsWith("{"));
    assertEquals(List.of("link.json", "t.lackey", "target.json"), names());
  }

  @Test
  void aTraceBelowAFileIsMissing() {
    assertEquals(66, Cli.run("run", trace + "/x").code());
    assertEquals(66, Cli.run("run", "").code());
    assertEquals(66, Cli.run("run", trace, "--machine", trace + "/x.yaml").code());
  }

  @Test
  void aSettingWithoutAValueIsAUsageError() {
    assertEquals(2, Cli.run("run", trace, "--set", "stlb.entries").code());
  }

  @Test
  void theBaseCannotBeSet() {
    Outcome o = Cli.run("run", trace, "--set", "base=reference");
    assertEquals(65, o.code());
    assertTrue(o.err().contains("--machine"), o.err());
  }

  @Test
  void aMisspeltCommandGetsAHint() {
    Outcome o = Cli.run("rnu", trace);
    assertEquals(2, o.code());
    assertTrue(o.err().contains("unknown command 'rnu'; did you mean 'run'?"), o.err());
  }

  @Test
  void absurdExponentsAndNestingAreBadConfigurations() throws IOException {
    assertEquals(65, Cli.run("run", trace, "--set", "l1d.entries=1e999999999").code());
    assertEquals(65, Cli.run("run", trace, "--set", "l1d.entries=1e400").code());
    String deep = file("deep.yaml", "# ]]]]\na: " + "[".repeat(100_000));
    Outcome o = Cli.run("machines", "validate", deep);
    assertEquals(65, o.code(), o.err());
    assertEquals(1, o.err().lines().count(), o.err());
    String comment = file("c.yaml", "# " + "[".repeat(50) + "\nbase: reference\nname: c\n");
    assertEquals(0, Cli.run("machines", "validate", comment).code());
  }

  @Test
  void aLevelThatCannotHold4KPagesOfSomeAccessIsRefused() throws IOException {
    String file = file("m.yaml", "base: skylake\nname: m\nl1d: {accesses: [load]}\n");
    Outcome o = Cli.run("machines", "validate", file);
    assertEquals(65, o.code());
    assertTrue(o.err().contains("no structure holds 4K pages for store"), o.err());
  }

  @Test
  void controlCharactersInAMachinesNameAreRefused() throws IOException {
    String file = file("m.yaml", "base: reference\nname: \"a\\e[31mb\"\n");
    Outcome o = Cli.run("machines", "validate", file);
    assertEquals(65, o.code());
    assertFalse(o.err().contains("\u001b"), o.err());
  }

  @Test
  void aFullStandardOutputIsAnInputOutputError() {
    assertEquals(74, Cli.runOnFullOutput("machines", "list"));
    assertEquals(74, Cli.runOnFullOutput("run", trace));
  }

  @Test
  void aSettingIsBlamedForWhatItBreaks() {
    Outcome o = Cli.run("run", trace, "--machine", "reference", "--set", "stlb.entries=1535");
    assertEquals(65, o.code());
    assertTrue(o.err().contains("--set stlb.entries=1535: stlb.ways: "), o.err());
  }
}
