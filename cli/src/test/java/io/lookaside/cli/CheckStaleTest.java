package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code run --check-stale}: with a kernel that keeps TLBs true, and with one that does not. */
class CheckStaleTest {
  private static final int PAGES = 16;

  @TempDir private Path folder = Path.of("");

  /** As many processes as asked for, each of which stores to the same pages again and again. */
  private List<String> processes(int count) throws IOException {
    List<String> names = new ArrayList<>();
    for (int p = 0; p < count; p++) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 6 * PAGES; i++) {
        text.append(" S ").append(Integer.toHexString(0x10000 + i % PAGES * 0x1000)).append(",8\n");
      }
      names.add(Files.writeString(folder.resolve(p + ".lackey"), text).toString());
    }
    return names;
  }

  private static Cli.Outcome run(List<String> traces, String... options) {
    List<String> words = new ArrayList<>(List.of("run", "--memory", "256M", "--json", "-"));
    words.addAll(List.of("--quantum", Integer.toString(PAGES)));
    words.addAll(traces);
    words.addAll(List.of(options));
    return Cli.run(words.toArray(new String[0]));
  }

  @Test
  void aKernelThatFlushesIsFoundClean() throws IOException {
    JsonNode two = run(processes(2), "--check-stale", "--set", "os.pcid=off").json();
    assertEquals(0, two.at("/staleTranslations/count").asInt(-1));
    // More processes than Linux keeps PCIDs for.
    JsonNode nine = run(processes(9), "--check-stale").json();
    assertEquals(0, nine.at("/staleTranslations/count").asInt(-1));
    assertTrue(nine.at("/os/fullFlushes").asInt() > 9);
  }

  @Test
  void withoutFlushesEachPageOfTheOtherProcessIsReportedOnce() throws IOException {
    Cli.Outcome outcome =
        run(processes(2), "--check-stale", "--set", "os.pcid=off", "--set", "os.tlbFlush=off");
    assertEquals(1, outcome.code());
    assertTrue(outcome.err().contains("stale translations were used"), outcome.err());
    JsonNode result = JsonMapper.shared().readTree(outcome.out());
    // Without PCIDs both are PCID 1, so that the second finds all pages of the first.
    assertEquals(PAGES, result.at("/staleTranslations/count").asInt());
    JsonNode use = result.at("/staleTranslations/uses/0");
    assertEquals("0x10000", use.path("address").asString());
    assertEquals(1, use.path("pcid").asInt());
    assertEquals("root", use.path("changed").asString());
    assertTrue(use.path("missing").asString().contains("MOV to CR3"), use.toString());
  }

  @Test
  void pcidsThatAreGivenAnewMustBeFlushed() throws IOException {
    List<String> traces = processes(7);
    assertEquals(1, run(traces, "--check-stale", "--set", "os.tlbFlush=off").code());
    // Six have PCIDs of their own.
    assertEquals(0, run(traces.subList(0, 6), "--check-stale", "--set", "os.tlbFlush=off").code());
  }

  @Test
  void severalCoresAreWatchedEach() throws IOException {
    List<String> traces = processes(4);
    String[] base = {"--cores", "2", "--check-stale", "--set", "os.pcid=off"};
    Cli.Outcome clean = run(traces, base);
    assertEquals(0, clean.json().at("/staleTranslations/count").asInt(-1));
    List<String> more = new ArrayList<>(List.of(base));
    more.addAll(List.of("--set", "os.tlbFlush=off"));
    Cli.Outcome dirty = run(traces, more.toArray(new String[0]));
    assertEquals(1, dirty.code());
    // On each core the second process finds all pages of the first.
    JsonNode result = JsonMapper.shared().readTree(dirty.out());
    assertEquals(2 * PAGES, result.at("/staleTranslations/count").asInt());
  }

  @Test
  void checkingChangesNoCount() throws IOException {
    for (String machine : List.of("skylake", "reference", "zen4")) {
      ObjectNode with =
          (ObjectNode) run(processes(3), "--check-stale", "--machine", machine).json();
      ObjectNode without = (ObjectNode) run(processes(3), "--machine", machine).json();
      with.remove("staleTranslations");
      with.remove("provenance");
      without.remove("provenance");
      assertEquals(without.toString(), with.toString());
    }
  }

  @Test
  void theReportListsTheUses() throws IOException {
    List<String> words = new ArrayList<>(List.of("run", "--memory", "256M", "--check-stale"));
    words.addAll(processes(2));
    words.addAll(List.of("--quantum", "16"));
    Cli.Outcome clean = Cli.run(words.toArray(new String[0]));
    assertEquals(0, clean.code(), clean.err());
    assertTrue(clean.out().contains("Stale translations used: none"), clean.out());
    words.addAll(List.of("--set", "os.pcid=off", "--set", "os.tlbFlush=off"));
    Cli.Outcome dirty = Cli.run(words.toArray(new String[0]));
    assertEquals(1, dirty.code());
    assertTrue(dirty.out().contains("Stale translations used: 16"), dirty.out());
    assertTrue(dirty.out().contains("0x10000: stale translation; CR3 names"), dirty.out());
  }

  @Test
  void mistakesAreSaid() throws IOException {
    String trace = processes(1).get(0);
    Cli.run("run", trace, "--set", "os.tlbFlush=off").failed(2, "--memory");
    Cli.run("run", trace, "--memory", "1G", "--set", "os.tlbflush=off")
        .failed(2, "os.tlbflush=off", "tlbFlush");
    Cli.run("run", trace, "--memory", "1G", "--set", "os.tlbFlush=no").failed(2, "on or off");
    Cli.run("run", trace, "--check-stale", "--timing").failed(2, "--timing");
  }
}
