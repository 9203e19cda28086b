package io.lookaside.experiments.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.simulator.config.ConfigException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepPlannerTest {
  @TempDir Path folder;

  private SweepPlan plan(String text) throws ConfigException, IOException {
    Path trace = folder.resolve("a.flat64");
    if (!Files.exists(trace)) {
      Files.write(trace, new byte[16]);
    }
    Path file = Files.writeString(folder.resolve("s.yaml"), text);
    return SweepPlanner.plan(SweepSpec.read(file.toString(), List.of()));
  }

  /** The lines of what is wrong with a text, positions without the folder. */
  private List<String> problems(String text) {
    ConfigException e = assertThrows(ConfigException.class, () -> plan(text));
    return Stream.of(String.valueOf(e.getMessage()).split("\n", -1))
        .map(line -> line.replace(folder + "/", ""))
        .toList();
  }

  @Test
  void axesAreCrossedAndTheLastVariesFastest() throws Exception {
    SweepPlan plan =
        plan(
            """
            traces: [a.flat64]
            axes:
              stlb.entries: [768, 1536]
              page-size: [4K, 2M]
              seed: {from: 3, to: 7, step: 2}
            """);
    assertEquals(12, plan.points().size());
    assertEquals(2, plan.machines().size());
    assertEquals(
        "{\"stlb.entries\":768,\"page-size\":\"4K\",\"seed\":3}",
        plan.points().get(0).axes().toString());
    assertEquals(
        "{\"stlb.entries\":768,\"page-size\":\"4K\",\"seed\":5}",
        plan.points().get(1).axes().toString());
    assertEquals(
        "{\"stlb.entries\":1536,\"page-size\":\"2M\",\"seed\":7}",
        plan.points().get(11).axes().toString());
    assertEquals(12, plan.points().stream().map(SweepPoint::key).distinct().count());
  }

  @Test
  void zippedAxesGoInStepAndAreCrossedWithTheOthers() throws Exception {
    SweepPlan plan =
        plan(
            """
            traces: [a.flat64]
            axes:
              machine: [skylake, zen4]
            zip:
              - stlb.entries: {from: 512, to: 2048, factor: 2}
                stlb.ways: [4, 8, 16]
            """);
    List<String> axes = plan.points().stream().map(p -> p.axes().toString()).toList();
    assertEquals(6, axes.size());
    assertEquals("{\"machine\":\"skylake\",\"stlb.entries\":1024,\"stlb.ways\":8}", axes.get(1));
    assertEquals("{\"machine\":\"zen4\",\"stlb.entries\":2048,\"stlb.ways\":16}", axes.get(5));
    String hash = plan.points().get(5).machineHash();
    assertEquals(
        2048, Objects.requireNonNull(plan.machines().get(hash)).at("/stlb/entries").intValue());
    assertEquals(
        "zen4", Objects.requireNonNull(plan.machines().get(hash)).at("/name").stringValue());
  }

  @Test
  void aPlanIsReadAsItWasWritten() throws Exception {
    SweepPlan plan =
        plan(
            """
            name: all
            traces:
              - {name: two, files: [a.flat64, a.flat64], format: flat64, quantum: 2K}
              - a.flat64
            set: {stlb.ways: 6}
            options: {warmup: 1, timing: true, overlap: window}
            axes: {stlb.entries: [768, 1536]}
            zip: [{l1d.entries: [32, 64], l1d.ways: [4, 8]}]
            measures: [stlb.misses, cycles.total]
            """);
    assertEquals(plan.text(), SweepPlan.parse(plan.text()).text());
    assertEquals(plan.hash(), SweepPlan.parse(plan.text()).hash());
    assertEquals(8, plan.points().size());
    assertEquals(2000, plan.traces().get(0).quantum());
    assertEquals("tlbs.stlb.misses", plan.measures().get(0).path());
    assertEquals(
        "run a.flat64 --machine skylake --set stlb.ways=6 --set stlb.entries=768 --set l1d.entries=32"
            + " --set l1d.ways=4 --map demand --page-size 4K --frames contiguous --skip 0 --warmup 1"
            + " --seed 0 --timing --overlap window",
        plan.points().get(4).command());
  }

  @Test
  void keysDependOnTheTracesBytesAndOnNothingElseOfTheFile() throws Exception {
    String text = "traces: [a.flat64]\n";
    String key = plan(text).points().get(0).key();
    assertEquals(key, plan("# a comment\n" + text).points().get(0).key());
    assertNotEquals(key, plan(text + "options: {seed: 1}\n").points().get(0).key());
    assertNotEquals(key, plan(text + "set: {stlb.latencyCycles: 8}\n").points().get(0).key());
    Files.write(folder.resolve("a.flat64"), new byte[24]);
    assertNotEquals(key, plan(text).points().get(0).key());
  }

  @Test
  void everyInvalidMachineIsSaidAtOnceWithTheValuesThatMakeIt() {
    List<String> problems =
        problems(
            """
            traces: [a.flat64]
            axes:
              stlb.entries: [1000, 1536, 2000]
              stlb.ways: [12, 7]
              l1d.latencyCycles: [1, -1]
            """);
    // Of the twelve combinations only 1536 by 12 with a latency of 1 is a machine.
    assertEquals(
        11,
        problems.stream()
            .filter(p -> p.contains("(with stlb.entries"))
            .map(p -> p.substring(p.indexOf("(with")))
            .distinct()
            .count());
    assertTrue(
        problems.stream()
            .anyMatch(p -> p.startsWith("s.yaml:5:3: l1d.latencyCycles: -1 is less than 0")),
        problems.toString());
    assertTrue(
        problems.stream()
            .anyMatch(
                p ->
                    p.startsWith("s.yaml:3:3: stlb.ways: ")
                        && p.contains("1000")
                        && p.endsWith(
                            "(with stlb.entries 1000, stlb.ways 12, l1d.latencyCycles 1)")),
        problems.toString());
  }

  @Test
  void everythingThatTheSchemaForbidsIsSaidAtOnceAtItsPlace() {
    List<String> problems =
        problems(
            """
            trace: [a.flat64]
            traces: []
            axis: {}
            options: {pagesize: 2M, map: lazy}
            axes:
              stlb.entries: {from: 1, too: 4}
              seed: []
            measures: [a, a]
            """);
    for (String start :
        List.of(
            "s.yaml:1:1: trace: unknown key; did you mean 'traces'?",
            "s.yaml:2:1: traces: needs at least one element",
            "s.yaml:3:1: axis: unknown key; did you mean 'axes'?",
            "s.yaml:4:11: options.pagesize: unknown key; did you mean 'page-size'?",
            "s.yaml:4:25: options.map: \"lazy\" is none of demand, prefault",
            "s.yaml:6:3: axes.stlb.entries: key 'to' is missing",
            "s.yaml:6:27: axes.stlb.entries.too: unknown key",
            "s.yaml:7:3: axes.seed: needs at least one element",
            "s.yaml:8:1: measures: [\"a\",\"a\"] names something twice")) {
      assertTrue(problems.stream().anyMatch(p -> p.startsWith(start)), start + " in " + problems);
    }
  }

  @Test
  void whatTheSchemaCannotSayIsSaidToo() {
    List<String> problems =
        problems(
            """
            traces: [a.flat64, {file: a.flat64}, "-", {name: x}, {name: f, file: a.flat64, format: lakey}]
            options: {seed: 1}
            set: {stlb.ways: 12}
            axes:
              seed: [1, 2]
              stlb.ways: [4]
              pge-size: [4K]
              l1d.ways: {from: 8, to: 4}
            zip: [{l1i.entries: [8, 16], l1i.ways: [8]}]
            """);
    for (String start :
        List.of(
            "s.yaml:1:20: a trace is called 'a' already",
            "s.yaml:1:38: standard input is read once only",
            "s.yaml:1:43: traces.3: needs file or files",
            "s.yaml:1:80: traces.4.format: 'lakey' cannot be read",
            "s.yaml:5:3: seed: is an axis and fixed as well",
            "s.yaml:6:3: stlb.ways: is an axis and fixed as well",
            "s.yaml:7:3: axes.pge-size: no axis is called so; did you mean 'page-size'?",
            "s.yaml:8:3: axes.l1d.ways: begins at 8, which is after its end, 4",
            "s.yaml:9:7: zip.0: axes of a group need as many values each: l1i.entries has 2,")) {
      assertTrue(problems.stream().anyMatch(p -> p.startsWith(start)), start + " in " + problems);
    }
  }

  @Test
  void optionsThatDoNotGoTogetherAreSaidWithTheirValues() throws Exception {
    Files.writeString(
        folder.resolve("m.yaml"),
        """
        name: m
        physicalAddressBits: 46
        l1i: {latencyCycles: 1, entries: 8, ways: 8, pageSizes: [4K], replacement: lru}
        l1d: {latencyCycles: 1, entries: 8, ways: 8, pageSizes: [4K], replacement: lru}
        stlb: {latencyCycles: 7, entries: 64, ways: 8, pageSizes: [4K], replacement: lru}
        inclusion: non-inclusive
        walker: {structureCacheLatencyCycles: 1}
        memory: {latencyCycles: 50}
        """);
    assertEquals(
        List.of(
            "s.yaml:2:1: map: prefault maps 4K pages to contiguous frames; page-size and frames need"
                + " map: demand (with page-size 2M)"),
        problems("traces: [a.flat64]\noptions: {map: prefault}\naxes: {page-size: [4K, 2M]}\n")
            .stream()
            .map(p -> p.replaceFirst("s.yaml:2:[0-9]+", "s.yaml:2:1"))
            .toList());
    assertTrue(problems("traces: [a.flat64]\noptions: {warmup: 1.5}\n").get(0).contains("warmup"));
    assertTrue(
        problems("traces: [a.flat64]\nmachine: m.yaml\noptions: {timing: true}\n")
            .get(0)
            .contains("has no timing: key"));
    assertTrue(
        problems("traces: [a.flat64]\naxes: {machine: [skylake, skylak]}\n")
            .get(0)
            .startsWith("s.yaml:2:8: machine: unknown machine 'skylak'; did you mean 'skylake'?"));
  }

  @Test
  void measuresAreFiguresOfTheResults() throws Exception {
    List<String> problems =
        problems("traces: [a.flat64]\nmeasures: [stlb.mises, misses, cycles.total]\n");
    assertTrue(
        problems.get(0).startsWith("s.yaml:2:12: measures.0: no result has a figure called"),
        problems.toString());
    assertTrue(problems.get(0).contains("did you mean 'stlb.misses'?"), problems.toString());
    assertTrue(
        problems.get(1).contains("'misses' may mean tlbs.l1d.misses or tlbs.l1i.misses"),
        problems.toString());
    assertTrue(problems.get(2).contains("'cycles.total'"), problems.toString());
    assertEquals(
        "cycles.total",
        plan("traces: [a.flat64]\noptions: {timing: true}\nmeasures: [cycles.total]\n")
            .measures()
            .get(0)
            .path());
  }

  @Test
  void aSweepOfTooManyPointsOrOfTheSameRunTwiceIsRefused() {
    assertTrue(
        problems(
                "traces: [a.flat64]\naxes: {seed: {from: 1, to: 1000}, skip: {from: 0, to: 1000}}\n")
            .get(0)
            .contains("more than 100000 points"));
    List<String> same =
        problems("traces: [a.flat64]\nset: {stlb.ways: 12}\naxes: {warmup: [1000, 1K]}\n");
    assertTrue(same.get(0).contains("two points are the same run"), same.toString());
  }

  @Test
  void aTraceThatIsNotThereIsSaidWithItsPlace() {
    FileNotFoundException e =
        assertThrows(FileNotFoundException.class, () -> plan("traces: [a.flat64, b.flat64]\n"));
    assertTrue(
        String.valueOf(e.getMessage()).contains("s.yaml:1:20: b.flat64: no such"), e::getMessage);
  }
}
