package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code run --top} and {@code explain} on machines with several cores. */
class CoresCommandTest {
  private static final List<String> AXES = List.of("pc", "page", "region");
  private static final List<String> COUNTS = List.of("misses", "walks", "memoryReads", "cycles");

  @TempDir Path folder;

  private static JsonNode run(List<String> words) {
    List<String> all = new ArrayList<>(words);
    all.addAll(List.of("--json", "-"));
    return Cli.run(all.toArray(String[]::new)).json();
  }

  private String trace(String name, int seed, int references) throws Exception {
    Random random = new Random(seed);
    StringBuilder lines = new StringBuilder("kind,va,size,pc\n");
    for (int i = 0; i < references; i++) {
      int page = random.nextInt(4) == 0 ? random.nextInt(3_000) : random.nextInt(90);
      long va = 0x7000_0000L + 4096L * page + 8L * random.nextInt(512);
      String kind = random.nextInt(3) == 0 ? "S" : "L";
      lines.append(kind).append(',').append(va).append(",8,").append(400 + page % 7).append('\n');
    }
    return Files.writeString(folder.resolve(name), lines).toString();
  }

  /** Threads of one process, with pages of their own and common ones. */
  private String threads() throws Exception {
    Random random = new Random(8);
    StringBuilder lines = new StringBuilder("kind,va,size,core,pc\n");
    for (int i = 0; i < 9_000; i++) {
      int core = random.nextInt(3);
      int page = random.nextInt(200) + (random.nextBoolean() ? 10_000 * core : 50_000);
      lines.append("L,").append(4096L * page + 64).append(",8,").append(core).append(',');
      lines.append(100 * core + page % 5).append('\n');
    }
    return Files.writeString(folder.resolve("threads.csv"), lines).toString();
  }

  private static List<String> withTop(List<String> words) {
    List<String> all = new ArrayList<>(words);
    for (String axis : AXES) {
      all.addAll(List.of("--top", axis, "100000"));
    }
    return all;
  }

  private static long sum(JsonNode entries, String count) {
    long sum = 0;
    for (JsonNode entry : entries) {
      sum += entry.path(count).asLong();
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--timing",
        "--timing --overlap window --machine zen4",
        "--warmup 999 --timing --memory 128M",
        "--map prefault --skip 500 --warmup 1500",
      })
  void whatIsRankedAddsUpToWhatTheCoresCount(String options) throws Exception {
    List<String> words = new ArrayList<>(List.of("run", threads(), "--cores", "3"));
    words.addAll(options.isEmpty() ? List.of() : List.of(options.split(" ", -1)));
    JsonNode plain = run(words);
    JsonNode ranked = run(withTop(words));
    // To watch changes nothing.
    for (String part :
        List.of("trace", "tlbs", "walker", "faults", "cycles", "physicalAddressSum")) {
      assertEquals(plain.path(part), ranked.path(part), part);
    }
    assertEquals(3, ranked.path("cores").size());
    long misses = 0;
    long walks = 0;
    for (JsonNode core : ranked.path("cores")) {
      misses += core.at("/tlbs/l1i/misses").asLong() + core.at("/tlbs/l1d/misses").asLong();
      walks += core.at("/walker/walks").asLong();
    }
    assertTrue(misses > 300 && walks > 100, misses + " misses, " + walks + " walks");
    for (String axis : AXES) {
      JsonNode top = ranked.at("/top/" + axis);
      assertEquals(misses, sum(top.path("entries"), "misses"), axis);
      assertEquals(walks, sum(top.path("entries"), "walks"), axis);
      assertEquals(
          ranked.at("/walker/memoryReads").asLong(), sum(top.path("entries"), "memoryReads"), axis);
      for (String count : COUNTS) {
        assertEquals(top.at("/total/" + count), ranked.at("/top/pc/total/" + count), axis);
      }
    }
  }

  /** Every place with its costs, as a line; processes are numbered from {@code first}. */
  private static List<String> places(JsonNode result, int first) {
    List<String> places = new ArrayList<>();
    for (String axis : AXES) {
      for (JsonNode entry : result.at("/top/" + axis + "/entries")) {
        ObjectNode place = (ObjectNode) entry.deepCopy();
        place.put("process", place.path("process").asLong() + first);
        places.add(axis + " " + place);
      }
    }
    return places;
  }

  /** Processes that share no core and no cache cost what they cost alone. */
  @ParameterizedTest
  @ValueSource(strings = {"", "--timing", "--timing --overlap window"})
  void twoProcessesOnTwoCoresRankAsEachAlone(String options) throws Exception {
    String a = trace("a.csv", 1, 6_000);
    String b = trace("b.csv", 2, 6_000);
    List<String> words = new ArrayList<>(List.of("--machine", "reference", "--map", "prefault"));
    words.addAll(options.isEmpty() ? List.of() : List.of(options.split(" ", -1)));
    List<String> alone = new ArrayList<>();
    for (String one : List.of(a, b)) {
      List<String> all = new ArrayList<>(List.of("run", one));
      all.addAll(words);
      alone.addAll(places(run(withTop(all)), one.equals(b) ? 1 : 0));
    }
    List<String> both = new ArrayList<>(List.of("run", a, b, "--cores", "2"));
    both.addAll(words);
    List<String> together = places(run(withTop(both)), 0);
    assertTrue(together.size() > 1_000, together.size() + " places");
    Collections.sort(alone);
    Collections.sort(together);
    assertEquals(alone, together);
  }

  private static String story(List<String> words) {
    Cli.Outcome cli = Cli.run(words.toArray(String[]::new));
    assertEquals(ExitCode.OK, cli.code(), cli.err());
    // The tables lie elsewhere.
    return cli.out().substring(cli.out().indexOf('\n')).replaceAll("0x[0-9a-f]+", "");
  }

  /** A core that shares nothing does what it does alone, and the story of a reference says so. */
  @ParameterizedTest
  @ValueSource(strings = {"serial", "window"})
  void aReferenceOfASecondCoreIsExplainedAsOfOneAlone(String overlap) throws Exception {
    String a = trace("a.csv", 1, 900);
    String b = trace("b.csv", 2, 1_500);
    List<String> words =
        List.of("--machine", "reference", "--map", "prefault", "--overlap", overlap);
    int walks = 0;
    for (int reference : new int[] {0, 1, 40, 777, 1_499}) {
      List<String> alone = new ArrayList<>(List.of("explain", b, "--ref", "" + reference));
      alone.addAll(words);
      List<String> second = new ArrayList<>(List.of("explain", a, b, "--ref", "" + reference));
      second.addAll(List.of("--cores", "2", "--core", "1"));
      second.addAll(words);
      assertEquals(story(alone), story(second), "reference " + reference);
      walks += story(second).contains("reads the P") ? 1 : 0;
    }
    assertTrue(walks > 1, walks + " of them walk");
  }

  @Test
  void explainSaysWhichCoreAndRefusesWhatIsNotThere() throws Exception {
    String a = trace("a.csv", 1, 20);
    String b = trace("b.csv", 2, 30);
    Cli.Outcome cli = Cli.run("explain", a, b, "--cores", "2", "--core", "1", "--ref", "29");
    assertTrue(cli.out().startsWith("reference 29 of core 1 on skylake, serial"), cli.out());
    Cli.run("explain", a, b, "--cores", "2", "--ref", "20")
        .failed(ExitCode.USAGE, "--ref 20", "20 measured", "core 0");
    Cli.run("explain", a, b, "--cores", "2", "--core", "2", "--ref", "0")
        .failed(ExitCode.USAGE, "--core 2", "2 cores");
    Cli.run("explain", a, "--core", "1", "--ref", "0").failed(ExitCode.USAGE, "one core");
  }
}
