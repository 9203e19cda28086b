package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** {@code run --timing}, its timeline, and {@code explain}. */
class TimingCommandTest {
  @TempDir Path folder;
  private Path trace;

  /** Loads from page 1, page 2 and page 1 again. */
  @BeforeEach
  void writeTrace() throws Exception {
    trace = folder.resolve("t.flat64");
    ByteBuffer words = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    words.putLong(0x1000).putLong(0x2000).putLong(0x1008);
    Files.write(trace, words.array());
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text);
  }

  @Test
  void cyclesOfTheReferenceMachineAreThoseOfItsLatencies() {
    Cli.Outcome cli =
        Cli.run(
            "run",
            trace.toString(),
            "--machine",
            "reference",
            "--map",
            "prefault",
            "--timing",
            "--json",
            "-");
    assertEquals(ExitCode.OK, cli.code(), cli.err());
    JsonNode cycles = json(cli.out()).path("cycles");
    // Each takes 1; the misses 7 + 1 each, and 4 reads of 50, then 1 from the PDE cache.
    assertEquals(3 + 2 * 8 + 5 * 50, cycles.path("total").asLong());
    assertEquals(cycles.path("total").asLong(), cycles.path("translation").asLong());
    assertEquals(3, cycles.path("attributed").path("base").asLong());
    assertEquals(2 * 7, cycles.path("attributed").path("l1Miss").asLong());
    assertEquals(2 + 5 * 50, cycles.path("attributed").path("walkMemory").asLong());
    JsonNode latency = json(cli.out()).path("walker").path("latencyCycles");
    assertEquals(51, latency.path("p50").asLong());
    assertEquals(201, latency.path("max").asLong());
    assertEquals(126.0, latency.path("mean").asDouble());
  }

  @Test
  void resultIsTheSameFromRunToRun() {
    String[] words = {
      "run", trace.toString(), "--timing", "--overlap", "window", "--machine", "zen4", "--json", "-"
    };
    assertEquals(Cli.run(words).out(), Cli.run(words).out());
  }

  @Test
  void timelineIsInTheTraceEventFormat() throws Exception {
    Path file = folder.resolve("timeline.json");
    Cli.Outcome cli =
        Cli.run("run", trace.toString(), "--timing", "--timeline", file.toString(), "-q");
    assertEquals(ExitCode.OK, cli.code(), cli.err());
    JsonNode events = json(Files.readString(file)).path("traceEvents");
    assertFalse(events.isEmpty());
    Map<String, Long> open = new HashMap<>();
    Set<String> named = new HashSet<>();
    Set<String> used = new HashSet<>();
    for (JsonNode event : events) {
      assertTrue(event.path("name").isString());
      assertTrue(event.path("pid").isIntegralNumber() && event.path("tid").isIntegralNumber());
      String track = event.path("pid") + "/" + event.path("tid");
      switch (event.path("ph").asString("")) {
        case "X" -> {
          assertTrue(event.path("ts").asLong(-1) >= 0 && event.path("dur").asLong(-1) >= 0);
          used.add(track);
        }
        case "b" -> {
          open.put(event.path("id").asString(""), event.path("ts").asLong());
          used.add(track);
        }
        case "e" -> {
          Long begin = open.remove(event.path("id").asString(""));
          assertTrue(begin != null && begin < event.path("ts").asLong());
        }
        case "M" -> {
          if (event.path("name").asString("").equals("thread_name")) {
            named.add(track);
          }
        }
        default -> throw new AssertionError("no event of this kind: " + event);
      }
    }
    assertTrue(open.isEmpty(), "begun and not ended: " + open);
    assertEquals(named, used);
  }

  /**
   * The look-ups of each TLB stand on a track of its own: fetches, loads and stores as they part.
   */
  @ParameterizedTest
  @CsvSource({
    "skylake, L1I TLB, L1D TLB, L1D TLB, second-level TLB, second-level TLB",
    "goldencove, L1I TLB, 'L1D TLB, loads', 'L1D TLB, stores', second-level TLB, second-level TLB",
    "zen4, L1I TLB, L1D TLB, L1D TLB, 'second-level TLB, fetches', 'second-level TLB, data'",
  })
  void eachTlbHasATrack(
      String machine, String fetches, String loads, String stores, String codeBehind, String behind)
      throws Exception {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 5; i++) {
      lines.append("I  ").append(Integer.toHexString(0x400_0000 + i * 0x1000)).append(",4\n");
      lines.append(" L ").append(Integer.toHexString(0x500_0000 + i * 0x1000)).append(",8\n");
      lines.append(" S ").append(Integer.toHexString(0x600_0000 + i * 0x1000)).append(",8\n");
    }
    Path kinds = Files.writeString(folder.resolve("kinds.lackey"), lines);
    Path file = folder.resolve("kinds.json");
    Cli.Outcome cli =
        Cli.run(
            "run",
            kinds.toString(),
            "--machine",
            machine,
            "--timing",
            "-q",
            "--timeline-window",
            "0:1M",
            "--timeline",
            file.toString());
    assertEquals(ExitCode.OK, cli.code(), cli.err());
    JsonNode events = json(Files.readString(file)).path("traceEvents");
    Map<Long, String> names = new HashMap<>();
    for (JsonNode event : events) {
      if (event.path("name").asString("").equals("thread_name")) {
        names.put(event.path("tid").asLong(), event.at("/args/name").asString(""));
      }
    }
    List<String> firstLevel = List.of(fetches, loads, stores);
    List<String> secondLevel = List.of(codeBehind, behind, behind);
    int lookups = 0;
    for (JsonNode event : events) {
      String name = event.path("name").asString("");
      boolean first = name.equals("first-level look-up");
      if (event.path("ph").asString("").equals("b")
          && (first || name.equals("second-level look-up"))) {
        int kind = event.at("/args/reference").asInt() % 3;
        String track = names.get(event.path("tid").asLong());
        assertEquals((first ? firstLevel : secondLevel).get(kind), track, name);
        lookups++;
      }
    }
    assertEquals(2 * 15, lookups);
  }

  /** Sixty loads, each of a page of its own, on two walkers: slices of one walker never overlap. */
  @Test
  void slicesOfATrackNestAndNoTrackHasTwoUses() throws Exception {
    StringBuilder loads = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      loads.append(" L ").append(Integer.toHexString(0x1000_0000 + i * 0x40_1000)).append(",8\n");
    }
    Path many = Files.writeString(folder.resolve("many.lackey"), loads);
    Path file = folder.resolve("many.json");
    Cli.Outcome cli =
        Cli.run(
            "run",
            many.toString(),
            "--machine",
            "skylake",
            "--map",
            "prefault",
            "--timing",
            "--overlap",
            "window",
            "--timeline",
            file.toString(),
            "-q");
    assertEquals(ExitCode.OK, cli.code(), cli.err());
    Map<Long, List<long[]>> slices = new HashMap<>();
    Set<Long> others = new HashSet<>();
    Set<String> names = new HashSet<>();
    int walks = 0;
    int reads = 0;
    for (JsonNode event : json(Files.readString(file)).path("traceEvents")) {
      long track = event.path("tid").asLong();
      JsonNode args = event.path("args");
      if (event.path("ph").asString("").equals("X")) {
        long begin = event.path("ts").asLong();
        long end = begin + event.path("dur").asLong();
        slices.computeIfAbsent(track, t -> new ArrayList<>()).add(new long[] {begin, end});
        String name = event.path("name").asString("");
        walks += name.equals("walk (miss)") && args.path("cyclesInQueue").isNumber() ? 1 : 0;
        reads += name.startsWith("read P") && args.path("servedBy").isString() ? 1 : 0;
        if (name.equals("structure-cache look-up")) {
          assertTrue(
              Set.of("none", "PML4E cache", "PDPTE cache", "PDE cache")
                  .contains(args.path("hit").asString("")));
        }
      } else if (event.path("ph").asString("").equals("b")) {
        others.add(track);
      } else if (event.path("ph").asString("").equals("M")) {
        assertTrue(names.add(args.path("name").asString("")), "one name, one track");
      }
    }
    assertEquals(60, walks);
    assertTrue(reads >= 60);
    assertEquals(2, slices.size());
    for (Map.Entry<Long, List<long[]>> track : slices.entrySet()) {
      assertFalse(others.contains(track.getKey()), "also used for waiting");
      for (long[] a : track.getValue()) {
        for (long[] b : track.getValue()) {
          boolean apart = a[1] <= b[0] || b[1] <= a[0];
          boolean nested = (a[0] >= b[0] && a[1] <= b[1]) || (b[0] >= a[0] && b[1] <= a[1]);
          assertTrue(apart || nested, "slices cross");
        }
      }
    }
  }

  /**
   * On {@code reference} every step has a fixed latency, so the cycles that a clock shows are those
   * that follow from the counts: every ranking is the same with and without it.
   */
  @ParameterizedTest
  @ValueSource(strings = {"demand", "prefault"})
  void rankingsWithAClockAreThoseThatFollowFromTheCountsWhereLatenciesAreFixed(String map)
      throws Exception {
    List<String> words =
        new ArrayList<>(List.of("run", Samples.path("date.lackey.xz"), "--machine", "reference"));
    words.addAll(List.of("--map", map, "--top", "pc", "20", "--top", "page", "20"));
    words.addAll(List.of("--top", "region", "5", "--json", "-", "--warmup", "10K"));
    JsonNode counted = json(Cli.run(words.toArray(String[]::new)).out());
    words.add("--timing");
    JsonNode timed = json(Cli.run(words.toArray(String[]::new)).out());
    assertTrue(counted.path("top").path("pc").path("entries").size() > 10);
    assertEquals(counted.path("top"), timed.path("top"));
  }

  @Test
  void rankingsOfAWindowSayWhatMissesTookInIt() {
    // Serial: 7 + 1 + 4 * 50 after the first-level look-up, then 7 + 1 + 50 from the PDE cache.
    assertEquals(208 + 58, cyclesByPage("serial"));
    // In a window the second waits for the only walker until 209, then takes 51; it began at 1.
    assertEquals(208 + 209 + 51 - 1, cyclesByPage("window"));
  }

  private long cyclesByPage(String overlap) {
    Cli.Outcome cli =
        Cli.run(
            "run",
            trace.toString(),
            "--machine",
            "reference",
            "--map",
            "prefault",
            "--timing",
            "--overlap",
            overlap,
            "--top",
            "page",
            "5",
            "--json",
            "-");
    assertEquals(ExitCode.OK, cli.code(), cli.err());
    JsonNode page = json(cli.out()).path("top").path("page");
    assertEquals(2, page.path("total").path("misses").asLong());
    return page.path("total").path("cycles").asLong();
  }

  /** Thread 0 reads a page and then writes it, while thread 1 reads it again and again. */
  private Path twoThreads() throws Exception {
    StringBuilder text = new StringBuilder("kind,va,asid,core\nL,0x1000,5,0\nS,0x1000,5,0\n");
    for (int i = 0; i < 5_000; i++) {
      text.append("L,0x1000,5,1\n");
    }
    return Files.writeString(folder.resolve("t.csv"), text);
  }

  @Test
  void shootdownsStandOnBothCoresOfTheTimeline() throws Exception {
    Path file = folder.resolve("timeline.json");
    Cli.Outcome cli =
        Cli.run(
            "run",
            twoThreads().toString(),
            "--cores",
            "2",
            "--memory",
            "256M",
            "--timing",
            "--timeline",
            file.toString(),
            "--json",
            "-");
    JsonNode result = cli.json();
    assertEquals(1, result.at("/timing/interruptsSent").asLong());
    assertEquals(1, result.at("/timing/interruptsAcknowledged").asLong());
    assertEquals(1, result.at("/cores/1/timing/interruptsTaken").asLong());
    assertEquals(
        Math.max(
            result.at("/cores/0/cycles/total").asLong(),
            result.at("/cores/1/cycles/total").asLong()),
        result.at("/cycles/elapsed").asLong());
    Map<String, JsonNode> slices = new HashMap<>();
    Map<String, JsonNode> arrows = new HashMap<>();
    Set<String> names = new HashSet<>();
    for (JsonNode event : json(Files.readString(file)).path("traceEvents")) {
      String name = event.path("name").asString("");
      switch (event.path("ph").asString("")) {
        case "X" -> slices.put(name + " on " + event.path("pid"), event);
        case "s", "f" -> arrows.put(name + " " + event.path("ph").asString(""), event);
        case "M" ->
            names.add(event.path("pid") + " " + event.path("args").path("name").asString(""));
        default -> {}
      }
    }
    Set<String> expected = Set.of("0 core 0", "1 core 1", "0 core", "1 core", "1 L1D TLB");
    assertTrue(names.containsAll(expected), () -> "tracks: " + names);
    JsonNode none = MissingNode.getInstance();
    JsonNode sender = slices.getOrDefault("shootdown on 0", MissingNode.getInstance());
    JsonNode handler = slices.getOrDefault("interrupt of core 0 on 1", MissingNode.getInstance());
    long sent = sender.path("ts").asLong();
    long taken = handler.path("ts").asLong();
    // Skylake: 200 to send, 800 to deliver; the handler takes 600 and an INVLPG 120; 200 for the
    // answer.
    assertEquals(600 + 120, handler.path("dur").asLong());
    assertTrue(taken >= sent + 1_000);
    assertEquals(taken + 720 + 200, sent + sender.path("dur").asLong());
    assertEquals(sent, arrows.getOrDefault("interrupt s", none).path("ts").asLong());
    assertEquals(taken, arrows.getOrDefault("interrupt f", none).path("ts").asLong());
    assertEquals(
        arrows.getOrDefault("interrupt s", none).path("id"),
        arrows.getOrDefault("interrupt f", none).path("id"));
    assertEquals(taken + 720, arrows.getOrDefault("answer s", none).path("ts").asLong());
    assertEquals(0, arrows.getOrDefault("answer f", none).path("pid").asLong());
  }

  @Test
  void severalCoresNeedToKnowWhatInterruptsCost() throws Exception {
    Path machine = folder.resolve("m.yaml");
    String text = Cli.run("machines", "show", "zen4").out();
    Files.writeString(machine, text.replaceAll("(?m)^  interrupts:.*$", ""));
    String one = trace.toString();
    Cli.run("run", one, "--machine", machine.toString(), "--cores", "2", "--timing")
        .failed(65, "timing.interrupts", "machines show");
    Cli.run("run", one, "--timing", "--quantum-cycles", "5").failed(2, "--quantum-cycles");
    Cli.run("run", one, one, "--quantum-cycles", "5").failed(2, "--quantum-cycles");
  }

  /** A trace that comes in small pieces, so that the thread that reads it is slower. */
  @Test
  void howFastTheReadingThreadIsChangesNothing() throws Exception {
    byte[] bytes = Files.readAllBytes(twoThreads());
    String[] words = {
      "run", "-", trace.toString(), "--format", "csv", "--cores", "2", "--timing", "--json", "-"
    };
    Files.write(trace, "kind,va\nL,4096\nL,8192\n".getBytes(StandardCharsets.US_ASCII));
    String fast = Cli.runWithInput(new ByteArrayInputStream(bytes), words).out();
    assertTrue(fast.contains("elapsed"));
    InputStream slow =
        new FilterInputStream(new ByteArrayInputStream(bytes)) {
          @Override
          public int read(byte[] buffer, int offset, int length) throws IOException {
            return super.read(buffer, offset, Math.min(length, 1 + (int) (length * 31L % 977)));
          }
        };
    assertEquals(fast, Cli.runWithInput(slow, words).out());
  }

  @Test
  void explainTellsTheStepsOfOneReference() {
    Cli.Outcome cli =
        Cli.run(
            "explain",
            trace.toString(),
            "--ref",
            "1",
            "--machine",
            "reference",
            "--map",
            "prefault");
    assertEquals(ExitCode.OK, cli.code(), cli.err());
    // The first one took 1 + 7 + 1 + 200 cycles.
    assertTrue(cli.out().contains("209"), cli.out());
    assertTrue(cli.out().contains("second-level look-up"), cli.out());
    assertEquals(1, cli.out().lines().filter(l -> l.contains("reads the P")).count());
  }

  @Test
  void explainRefusesAReferenceThatIsNotThere() {
    Cli.Outcome cli = Cli.run("explain", trace.toString(), "--ref", "3");
    assertEquals(ExitCode.USAGE, cli.code());
    assertTrue(cli.err().contains("--ref 3"), cli.err());
  }

  @Test
  void overlapWithoutTimingIsAUsageError() {
    Cli.Outcome cli = Cli.run("run", trace.toString(), "--overlap", "window");
    assertEquals(ExitCode.USAGE, cli.code());
    assertTrue(cli.err().contains("--timing"), cli.err());
  }

  @Test
  void machineThatKnowsNoTimeIsRefused() throws Exception {
    Path machine = folder.resolve("m.yaml");
    String text = Cli.run("machines", "show", "reference").out();
    Files.writeString(machine, text.substring(0, text.indexOf("\ntiming:") + 1));
    Cli.Outcome cli = Cli.run("run", trace.toString(), "--machine", machine.toString(), "--timing");
    assertEquals(ExitCode.BAD_INPUT, cli.code());
    assertTrue(cli.err().contains("timing"), cli.err());
  }

  /**
   * ChampSim records: a load that misses writes register 5; another, of the same line, reads one.
   */
  private Path champsim(int registerRead) throws Exception {
    ByteBuffer records = ByteBuffer.allocate(2 * 64).order(ByteOrder.LITTLE_ENDIAN);
    records.putLong(0, 0x400000).put(10, (byte) 5).putLong(32, 0x10000);
    records.putLong(64, 0x400004).put(64 + 12, (byte) registerRead).putLong(64 + 32, 0x20000);
    Path file = folder.resolve("r" + registerRead + ".champsim");
    Files.write(file, records.array());
    return file;
  }

  private static long totalCycles(Path trace, String overlap) {
    return Cli.run(
            "run",
            trace.toString(),
            "--format",
            "champsim",
            "--machine",
            "reference",
            "--map",
            "prefault",
            "--timing",
            "--overlap",
            overlap,
            "--json",
            "-")
        .json()
        .path("cycles")
        .path("total")
        .asLong();
  }

  @Test
  void dataflowMakesALoadWaitForTheRegisterThatItNeeds() throws Exception {
    long independent = totalCycles(champsim(6), "dataflow");
    long dependent = totalCycles(champsim(5), "dataflow");
    // One walker: the second walk, of one read, waits for the first in both. Only a load that waits
    // for the first one's result pays for its look-ups, 1 + 7, after it, too.
    assertEquals(8, dependent - independent);
    assertEquals(totalCycles(champsim(6), "window"), totalCycles(champsim(5), "window"));
  }

  @Test
  void dataflowNeedsRegisters() {
    Cli.run("run", trace.toString(), "--timing", "--overlap", "dataflow")
        .failed(ExitCode.BAD_INPUT, "registers", "--overlap window");
  }

  @Test
  void badWindowIsAUsageError() {
    String file = folder.resolve("x.json").toString();
    for (String window : new String[] {"5", "9:5", "a:b", ":", "1:"}) {
      Cli.Outcome cli =
          Cli.run(
              "run", trace.toString(), "--timing", "--timeline", file, "--timeline-window", window);
      assertEquals(ExitCode.USAGE, cli.code(), window);
    }
  }
}
