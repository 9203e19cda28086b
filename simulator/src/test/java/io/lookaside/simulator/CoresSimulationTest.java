package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.FramePlacement;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbMetric;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs on several cores without a clock. */
class CoresSimulationTest {
  private static final ProgressListener NOBODY = (references, bytes, total) -> {};
  private static final int MACHINES = 10;

  @TempDir Path folder;

  /** A lackey trace, as alike for the same seed. */
  private String trace(String name, int seed, int references) throws IOException {
    StringBuilder text = new StringBuilder();
    for (RandomRuns.Reference r : RandomRuns.trace(new Random(seed), references)) {
      text.append(new String[] {" L ", " S ", "I  "}[r.kind()]);
      text.append(Long.toHexString(r.va())).append(',').append(r.size()).append('\n');
    }
    return Files.writeString(folder.resolve(name), text).toString();
  }

  static MachineConfig machine(int seed, int cores) {
    ReplacementPolicy.Kind[] policies = ReplacementPolicy.Kind.values();
    MachineConfig one =
        RandomRuns.machine(
            new Random(seed),
            policies[seed % policies.length],
            TlbConfig.Inclusion.values()[seed % 3]);
    return withCores(one, cores);
  }

  static MachineConfig withCores(MachineConfig one, int cores) {
    return new MachineConfig(
        one.name(),
        cores,
        one.features(),
        one.tlb(),
        one.walker(),
        one.memoryLatencyCycles(),
        one.timing(),
        one.effective());
  }

  private static RunOptions options(
      List<String> traces, int seed, long warmup, long max, @Nullable LinuxConfig linux) {
    boolean prefault = linux == null && seed % 3 == 1;
    PageSize size = !prefault && seed % 4 == 2 ? PageSize.SIZE_2M : PageSize.SIZE_4K;
    return new RunOptions(
        traces,
        null,
        700,
        prefault,
        FramePlacement.CONTIGUOUS,
        size,
        seed * 11L,
        warmup,
        max,
        seed,
        List.of(),
        linux);
  }

  private static RunResult onOne(MachineConfig machine, RunOptions options) throws IOException {
    return new Simulation(
            machine, options, InputStream.nullInputStream(), NOBODY, new StageTimes(false))
        .run();
  }

  private static RunResult onCores(MachineConfig machine, RunOptions options) throws IOException {
    return new CoresSimulation(
            machine, options, InputStream.nullInputStream(), NOBODY, new StageTimes(false))
        .run();
  }

  private static String json(RunResult result) {
    return RunJson.text(RunJson.of(result, ""));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void oneCoreCountsWhatTheRunForOneCoreCounts(boolean onLinux) throws IOException {
    List<String> traces = List.of(trace("a", 1, 3_000), trace("b", 2, 1_500));
    for (int seed = 0; seed < MACHINES; seed++) {
      LinuxConfig linux = onLinux ? LinuxConfig.of(128L << 20).withSeed(seed) : null;
      long max = seed % 2 == 0 ? Long.MAX_VALUE : 2_000;
      RunOptions options = options(traces, seed, 150, max, linux);
      MachineConfig machine = machine(seed, 1);
      assertEquals(
          json(onOne(machine, options)), json(onCores(machine, options)), "machine " + seed);
    }
  }

  /** Without a clock and without threads, nothing of one core touches another's TLBs. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void everyCoreCountsWhatARunOfItsTracesAloneCounts(int count) throws IOException {
    List<String> traces = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      traces.add(trace("t" + i, i, 900 + 400 * i));
    }
    for (int seed = 0; seed < MACHINES; seed++) {
      TlbConfig tlb = machine(seed, 1).tlb();
      if (List.of(tlb.l1i(), tlb.l1d(), tlb.stlb()).stream()
          .flatMap(l -> l.structures().stream())
          .anyMatch(s -> s.geometry().replacement() == ReplacementPolicy.Kind.RANDOM)) {
        continue; // each core draws its own numbers
      }
      RunOptions all = options(traces, 3 * seed, 0, Long.MAX_VALUE, null);
      all = withoutSkip(all, traces);
      RunResult result = onCores(machine(seed, count), all);
      assertEquals(count, result.perCore().size());
      Snapshot<ReferenceMetric> sum = null;
      for (int core = 0; core < count; core++) {
        List<String> its = new ArrayList<>();
        for (int i = core; i < traces.size(); i += count) {
          its.add(traces.get(i));
        }
        RunResult alone = onOne(machine(seed, 1), withoutSkip(all, its));
        RunResult here = result.perCore().get(core);
        String what = "machine " + seed + ", core " + core;
        assertEquals(counts(alone), counts(here), what);
        sum = sum == null ? here.references() : sum.plus(here.references());
      }
      assertNotNull(sum);
      for (ReferenceMetric metric : ReferenceMetric.values()) {
        assertEquals(sum.get(metric), result.references().get(metric));
      }
      assertEquals(json(result), json(onCores(machine(seed, count), all)));
    }
  }

  private static RunOptions withoutSkip(RunOptions o, List<String> traces) {
    return new RunOptions(
        traces,
        o.format(),
        o.quantum(),
        o.prefault(),
        o.frames(),
        o.pageSize(),
        0,
        0,
        o.maxReferences(),
        o.seed(),
        List.of());
  }

  /** All counts that do not depend on which frame a page has. */
  private static List<String> counts(RunResult r) {
    List<String> all = new ArrayList<>();
    for (ReferenceMetric metric : ReferenceMetric.values()) {
      all.add(metric + " " + r.references().get(metric));
    }
    r.levels()
        .forEach(
            level -> {
              for (TlbMetric metric : TlbMetric.values()) {
                all.add(level.config().name() + metric + " " + level.counts().get(metric));
              }
            });
    for (var metric : r.walks().metrics()) {
      all.add(metric + " " + r.walks().get(metric));
    }
    all.add("switches " + r.processes().get(ProcessMetric.CONTEXT_SWITCHES));
    return all;
  }

  @Test
  void threadsOfOneTraceShareTheirPagesAndNotTheirTlbs() throws IOException {
    // Processor 7 is met first, so it is thread 0; 3 is thread 1. Both touch page 1 of process 5.
    Path file =
        Files.writeString(
            folder.resolve("t.csv"),
            "kind,va,asid,core\nL,0x1000,5,7\nL,0x1008,5,3\nL,0x2000,5,3\nL,0x1000,5,7\n");
    RunOptions options = options(List.of(file.toString()), 0, 0, Long.MAX_VALUE, null);
    RunResult result = onCores(machine(1, 2), options);
    // Two pages, each touched first by one of them: the fault of page 1 is core 0's, that of 2 core
    // 1's.
    assertEquals(2, result.mappedPages().get(PageSize.SIZE_4K));
    assertEquals(1, result.addressSpaces());
    assertEquals(2, result.cores());
    for (RunResult core : result.perCore()) {
      assertEquals(2, core.references().get(ReferenceMetric.REFERENCES));
      assertEquals(1, core.references().get(ReferenceMetric.PAGE_FAULTS));
    }
    // Core 0 hits when it comes again; core 1 walks for page 1 though core 0 has it cached.
    assertEquals(1, result.perCore().get(0).levels().get(1).counts().get(TlbMetric.MISSES));
    assertEquals(2, result.perCore().get(1).levels().get(1).counts().get(TlbMetric.MISSES));
    assertEquals(3, result.levels().get(1).counts().get(TlbMetric.MISSES));
  }

  @Test
  void oneTraceOnFourCoresLeavesThreeIdle() throws IOException {
    String trace = trace("a", 1, 500);
    RunResult result = onCores(machine(0, 4), options(List.of(trace), 0, 0, Long.MAX_VALUE, null));
    assertEquals(500, result.perCore().get(0).references().get(ReferenceMetric.REFERENCES));
    for (int core = 1; core < 4; core++) {
      assertEquals(0, result.perCore().get(core).references().get(ReferenceMetric.REFERENCES));
    }
  }
}
