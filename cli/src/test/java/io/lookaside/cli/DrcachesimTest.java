package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * The machine {@code drcachesim-lru} counts what DynamoRIO's TLB simulator counted: the expected
 * values were recorded from that, with LRU replacement and the whole trace on one core.
 */
class DrcachesimTest {
  private static final String[] SMALL = {
    "--set", "l1d.entries=4", "--set", "l1d.ways=4", "--set", "stlb.entries=16"
  };

  @TempDir Path folder;

  private static JsonNode run(List<String> traces, String... options) {
    List<String> args = new ArrayList<>(List.of("run"));
    args.addAll(traces);
    args.addAll(List.of("--machine", "drcachesim-lru", "--json", "-"));
    args.addAll(List.of(options));
    return Cli.run(args.toArray(new String[0])).json();
  }

  private static void assertHitsAndMisses(JsonNode r, String level, long hits, long misses) {
    assertEquals(hits, r.at("/tlbs/" + level + "/hits").longValue(), level + " hits");
    assertEquals(misses, r.at("/tlbs/" + level + "/misses").longValue(), level + " misses");
  }

  private String loads(String name, long... addresses) throws IOException {
    return Files.write(folder.resolve(name + ".flat64"), Cli.words(addresses)).toString();
  }

  /** Pages {@code distance} apart, one after the other, again and again. */
  private String cyclically(int pages, int distance, int rounds) throws IOException {
    long[] addresses = new long[pages * rounds];
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = 0x10_0000L + (long) (i % pages) * distance * 4096;
    }
    return loads("cyclic", addresses);
  }

  @Test
  void theCountsOfTheSimpleApplicationAreDynamoRios() {
    String trace = Samples.path("drmemtrace.simple_app.trace.zip");
    JsonNode r = run(List.of(trace));
    assertEquals(136_051, r.at("/trace/fetches").longValue());
    assertEquals(31_507, r.at("/trace/loads").longValue());
    assertEquals(12_338, r.at("/trace/stores").longValue());
    assertEquals(82, r.at("/tlbs/l1i/misses").longValue());
    assertEquals(167, r.at("/tlbs/l1d/misses").longValue());
    assertEquals(154, r.at("/tlbs/stlb/misses").longValue());
  }

  @Test
  void aReadThatCrossesAPageCountsOncePerPage() throws IOException {
    String trace = Files.writeString(folder.resolve("t.lackey"), " L 1ffc,8\n").toString();
    JsonNode r = run(List.of(trace));
    assertHitsAndMisses(r, "l1d", 0, 2);
    assertHitsAndMisses(r, "stlb", 0, 2);
  }

  @Test
  void onePageMoreThanTheFirstLevelHasEntriesNeverHitsThere() throws IOException {
    JsonNode r = run(List.of(cyclically(33, 1, 10)));
    assertHitsAndMisses(r, "l1d", 0, 330);
    assertHitsAndMisses(r, "stlb", 297, 33);
  }

  @Test
  void theSecondLevelHoldsWhatTheFirstDoesNot() throws IOException {
    JsonNode r = run(List.of(cyclically(8, 1, 10)), SMALL);
    assertHitsAndMisses(r, "l1d", 0, 80);
    assertHitsAndMisses(r, "stlb", 72, 8);
  }

  @Test
  void fivePagesOfOneSetOfFourWaysNeverHit() throws IOException {
    JsonNode r = run(List.of(cyclically(5, 4, 10)), SMALL);
    assertHitsAndMisses(r, "l1d", 0, 50);
    assertHitsAndMisses(r, "stlb", 0, 50);
  }

  @Test
  void entriesAreTaggedWithTheProcess() throws IOException {
    // One page, from process 1, 2, 1, 2.
    List<String> traces = List.of(loads("one", 0x1000, 0x1000), loads("two", 0x1000, 0x1000));
    JsonNode r = run(traces, "--quantum", "1");
    assertHitsAndMisses(r, "l1d", 2, 2);
    assertHitsAndMisses(r, "stlb", 0, 2);
  }
}
