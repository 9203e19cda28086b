package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.simulator.config.MachineLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class AdviseCommandTest {
  @TempDir private Path folder;

  private static JsonNode run(String command) {
    List<String> words = new ArrayList<>(List.of(command.split(" ")));
    words.addAll(List.of("--json", "-"));
    return Cli.run(words.toArray(String[]::new)).json();
  }

  private static long misses(JsonNode run, String level) {
    return run.path("tlbs").path(level).path("misses").asLong();
  }

  private static long firstLevelCycles(JsonNode run, String level) {
    return run.path("tlbs").path(level).path("lookups").asLong()
        * run.path("provenance").path("machine").path(level).path("latencyCycles").asLong();
  }

  /** Figures are those of the run that a command names. */
  private static void same(JsonNode figures, String command) {
    JsonNode run = run(command);
    long mapped =
        (run.path("mappedPages").path("4K").asLong() << 12)
            + (run.path("mappedPages").path("2M").asLong() << 21);
    long cycles = run.path("cycles").path("translation").asLong();
    List<String> names =
        List.of(
            "firstLevelMisses",
            "secondLevelMisses",
            "memoryReads",
            "pageFaults",
            "translationCycles",
            "penaltyCycles",
            "mappedBytes",
            "pageTableBytes");
    List<Long> expected =
        List.of(
            misses(run, "l1i") + misses(run, "l1d"),
            misses(run, "stlb"),
            run.path("walker").path("memoryReads").asLong(),
            run.path("faults").path("pageFaults").asLong(),
            cycles,
            cycles - firstLevelCycles(run, "l1i") - firstLevelCycles(run, "l1d"),
            mapped,
            run.path("pageTables").path("bytes").asLong());
    assertEquals(names, List.copyOf(figures.propertyNames()));
    assertEquals(expected, names.stream().map(n -> figures.path(n).asLong()).toList(), command);
  }

  static Stream<List<String>> samples() {
    return Stream.of(
        List.of("date.lackey.xz", "--max-refs", "200K"),
        List.of("shuf.lkt", "--skip", "1M", "--warmup", "100K", "--max-refs", "200K"),
        List.of(
            "sort.lackey.xz",
            "--machine",
            "zen4",
            "--set",
            "stlb.latencyCycles=9",
            "--max-refs",
            "300K",
            "--seed",
            "3",
            "--regions",
            "2"),
        List.of("drmemtrace.simple_app.trace.zip", "--machine", "icelake"));
  }

  @ParameterizedTest
  @MethodSource("samples")
  void eachClaimEqualsTheRunThatItNames(List<String> arguments) {
    List<String> words = new ArrayList<>(List.of("advise", Samples.path(arguments.get(0))));
    words.addAll(arguments.subList(1, arguments.size()));
    words.addAll(List.of("--json", "-"));
    JsonNode advice = Cli.run(words.toArray(String[]::new)).json();
    assertEquals("lookaside.advice/1", advice.path("schema").asString());
    JsonNode baseline = advice.path("baseline");
    same(baseline.path("figures"), baseline.path("command").asString());
    long penalty = baseline.path("figures").path("penaltyCycles").asLong();
    Set<String> ids = new HashSet<>();
    int timed = 0;
    for (JsonNode claim : advice.path("claims")) {
      ids.add(claim.path("id").asString());
      same(claim.path("figures"), claim.path("command").asString());
      assertEquals(
          penalty - claim.path("figures").path("penaltyCycles").asLong(),
          claim.path("penaltyCyclesSaved").asLong());
      if (claim.has("timedCommand")) {
        timed++;
        assertEquals(
            run(claim.path("timedCommand").asString()).path("cycles").path("total").asLong(),
            claim.path("totalCycles").asLong());
      }
    }
    assertEquals(
        run(baseline.path("timedCommand").asString()).path("cycles").path("total").asLong(),
        baseline.path("totalCycles").asLong());
    assertTrue(
        ids.containsAll(Set.of("pages-2m", "stlb-entries", "walkers", "region-1")), ids::toString);
    assertTrue(timed >= 5, "claims with a clock: " + timed);
  }

  @ParameterizedTest
  @MethodSource("machines")
  void advisesOnEveryMachine(String machine) {
    JsonNode advice =
        Cli.run(
                "advise",
                Samples.path("date.lackey.xz"),
                "--machine",
                machine,
                "--max-refs",
                "50K",
                "--no-timing",
                "--json",
                "-")
            .json();
    assertTrue(advice.path("claims").size() >= 4, advice.path("notTried")::toString);
    assertTrue(advice.path("verdict").size() >= 2);
  }

  static Stream<String> machines() {
    return MachineLibrary.NAMES.stream();
  }

  /** A loop over so many pages, each with a word. */
  private String loop(String name, int pages, int times) throws Exception {
    long[] words = new long[pages * times];
    for (int i = 0; i < words.length; i++) {
      words[i] = 0x10000000L + (long) (i % pages) * 4096;
    }
    return Files.write(folder.resolve(name), Cli.words(words)).toString();
  }

  @Test
  void saysThatThereIsNothingToGain() throws Exception {
    // One page, touched often: a miss and a page fault, and then hits for ever.
    String trace = loop("one.flat64", 1, 200_000);
    Cli.Outcome advice = Cli.run("advise", trace, "--format", "flat64");
    assertEquals(0, advice.code(), advice.err());
    assertTrue(advice.out().contains("Nothing that was tried gains much"), advice.out());
    assertFalse(advice.out().contains("NaN"), advice.out());
    // And of a single reference nothing absurd is said.
    Cli.Outcome least = Cli.run("advise", loop("least.flat64", 1, 1), "--format", "flat64");
    assertEquals(0, least.code(), least.err());
    assertFalse(least.out().contains("NaN"), least.out());
  }

  @Test
  void namesTheSecondLevelWhereItIsTooSmall() throws Exception {
    // 2,000 pages in turn: LRU of 1,536 entries misses each time, twice as many hold them all.
    String trace = loop("turn.flat64", 2000, 60);
    Cli.Outcome advice =
        Cli.run("advise", trace, "--format", "flat64", "--no-timing", "--json", "-");
    JsonNode tree = advice.json();
    assertEquals(120_000, tree.path("baseline").path("figures").path("secondLevelMisses").asLong());
    for (JsonNode claim : tree.path("claims")) {
      if (claim.path("id").asString().equals("stlb-entries")) {
        assertEquals(2000, claim.path("figures").path("secondLevelMisses").asLong());
      }
      if (claim.path("id").asString().equals("pages-2m")) {
        // 2,000 pages are 8,192,000 bytes, in 4 blocks of 2 MiB.
        assertEquals(4, claim.path("figures").path("secondLevelMisses").asLong());
        assertTrue(claim.path("worth").asBoolean());
      }
    }
    String verdict = tree.path("verdict").toString();
    assertTrue(verdict.contains("3072 second-level entries, not 1536"), verdict);
  }

  @Test
  void whatCannotBeIsRefused() {
    Cli.run("advise", "-").failed(2, "several times");
    Cli.run("advise", "nowhere.lackey").failed(66, "nowhere.lackey");
    Cli.run("advise", Samples.path("date.lackey.xz"), "--regions", "0").failed(2, "--regions");
    Cli.run("advise", Samples.path("date.lackey.xz"), "--set", "x").failed(2, "path=value");
  }
}
