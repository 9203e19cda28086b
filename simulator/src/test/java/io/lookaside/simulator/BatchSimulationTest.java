package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.FramePlacement;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.traces.TraceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A batch of runs counts what the runs count one by one. */
class BatchSimulationTest {
  private static final int REFERENCES = 120_000;
  private static final ProgressListener NOBODY = (references, bytes, total) -> {};

  @TempDir private Path folder;
  private String trace = "";

  @BeforeEach
  void aTraceOfSeveralChunks() throws IOException {
    trace = write("a.lackey", 1, REFERENCES);
  }

  private String write(String name, int seed, int references) throws IOException {
    StringBuilder text = new StringBuilder();
    for (RandomRuns.Reference r : RandomRuns.trace(new Random(seed), references)) {
      text.append(new String[] {" L ", " S ", "I  "}[r.kind()]);
      text.append(Long.toHexString(r.va())).append(',').append(r.size()).append('\n');
    }
    Path file = folder.resolve(name);
    Files.writeString(file, text);
    return file.toString();
  }

  private static RunOptions options(
      List<String> traces,
      boolean prefault,
      PageSize size,
      long skip,
      long warmup,
      long max,
      long seed) {
    FramePlacement frames =
        prefault || seed % 2 == 0 ? FramePlacement.CONTIGUOUS : FramePlacement.parse("scattered");
    return new RunOptions(
        traces, null, 700, prefault, frames, size, skip, warmup, max, seed, List.of(), null);
  }

  private static List<BatchSimulation.Point> points(
      List<String> traces, long skip, long warmup, long max) {
    List<BatchSimulation.Point> points = new ArrayList<>();
    ReplacementPolicy.Kind[] policies = ReplacementPolicy.Kind.values();
    for (int i = 0; i < 9; i++) {
      Random random = new Random(i);
      MachineConfig machine =
          RandomRuns.machine(
              random, policies[i % policies.length], TlbConfig.Inclusion.values()[i % 3]);
      boolean prefault = i % 3 == 1;
      PageSize size = i % 4 == 2 ? PageSize.SIZE_2M : PageSize.SIZE_4K;
      points.add(
          new BatchSimulation.Point(
              machine,
              options(traces, prefault, prefault ? PageSize.SIZE_4K : size, skip, warmup, max, i)));
    }
    return points;
  }

  private static String json(RunResult result) {
    return RunJson.text(RunJson.of(result, ""));
  }

  private static void assertSame(List<BatchSimulation.Point> points, int threads)
      throws IOException, InterruptedException {
    List<BatchSimulation.Outcome> outcomes =
        new BatchSimulation(points, InputStream.nullInputStream(), NOBODY, threads).run();
    assertEquals(points.size(), outcomes.size());
    for (int i = 0; i < points.size(); i++) {
      RunResult alone =
          new Simulation(
                  points.get(i).machine(),
                  points.get(i).options(),
                  InputStream.nullInputStream(),
                  NOBODY,
                  new StageTimes(false))
              .run();
      RunResult result = outcomes.get(i).result();
      assertNotNull(result, "point " + i);
      assertEquals(json(alone), json(result), "point " + i);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void everyResultIsThatOfARunAlone(int threads) throws Exception {
    assertSame(points(List.of(trace), 0, 0, Long.MAX_VALUE), threads);
  }

  /** Machines that replay compacted references, and one that does not. */
  @Test
  void compactedReferencesCountTheSame() throws Exception {
    List<BatchSimulation.Point> points = new ArrayList<>();
    int compacted = 0;
    for (int i = 0; compacted < 4; i++) {
      MachineConfig machine =
          RandomRuns.machine(
              new Random(i), ReplacementPolicy.Kind.LRU, TlbConfig.Inclusion.NON_INCLUSIVE);
      compacted += LruReplay.fits(machine, PageSize.SIZE_4K) ? 1 : 0;
      RunOptions options =
          options(List.of(trace), i % 3 == 1, PageSize.SIZE_4K, 1_001, 30_003, 70_000, i);
      points.add(new BatchSimulation.Point(machine, options));
    }
    points.addAll(points(List.of(trace), 1_001, 30_003, 70_000).subList(0, 3));
    assertSame(points, 2);
  }

  @Test
  void skipWarmupAndLimitFallWhereTheyFallInARunAlone() throws Exception {
    assertSame(points(List.of(trace), 3_001, 70_007, 20_000), 2);
    assertSame(points(List.of(trace), 100_000, 0, 1), 2);
  }

  @Test
  void severalTracesTakeTheirTurns() throws Exception {
    String other = write("b.lackey", 2, 9_000);
    assertSame(points(List.of(trace, other), 100, 1_000, Long.MAX_VALUE), 3);
  }

  @Test
  void theTraceIsDecodedOnceForAllMachines() throws Exception {
    AtomicLong read = new AtomicLong();
    ProgressListener listener = (references, bytes, total) -> read.set(references);
    List<BatchSimulation.Point> onDemand = new ArrayList<>();
    for (BatchSimulation.Point p : points(List.of(trace), 0, 0, Long.MAX_VALUE)) {
      if (!p.options().prefault()) {
        onDemand.add(p);
      }
    }
    new BatchSimulation(onDemand, InputStream.nullInputStream(), listener, 2).run();
    assertEquals(REFERENCES, read.get());
  }

  @Test
  void aFlawedTraceFailsTheBatchAsItFailsARun() throws IOException {
    Path bad = folder.resolve("bad.flat64");
    Files.write(bad, new byte[] {0, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0});
    BatchSimulation batch =
        new BatchSimulation(
            points(List.of(bad.toString()), 0, 0, Long.MAX_VALUE),
            InputStream.nullInputStream(),
            NOBODY,
            2);
    TraceException e = assertThrows(TraceException.class, batch::run);
    assertTrue(String.valueOf(e.getMessage()).contains("record 2"), e.getMessage());
  }

  @Test
  void aTraceThatEndsBeforeTheMeasurementFailsTheBatch() {
    BatchSimulation batch =
        new BatchSimulation(
            points(List.of(trace), 0, 2 * REFERENCES, Long.MAX_VALUE),
            InputStream.nullInputStream(),
            NOBODY,
            2);
    TraceException e = assertThrows(TraceException.class, batch::run);
    assertTrue(String.valueOf(e.getMessage()).contains("nothing to measure"), e.getMessage());
  }

  @Test
  void anInterruptionEndsAllThreads() {
    BatchSimulation batch =
        new BatchSimulation(
            points(List.of(trace), 0, 0, Long.MAX_VALUE), InputStream.nullInputStream(), NOBODY, 2);
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, batch::run);
  }

  @Test
  void pointsOfDifferentReferencesAreRefused() {
    List<BatchSimulation.Point> points = points(List.of(trace), 0, 0, Long.MAX_VALUE);
    points.addAll(points(List.of(trace), 1, 0, Long.MAX_VALUE));
    assertThrows(
        IllegalArgumentException.class,
        () -> new BatchSimulation(points, InputStream.nullInputStream(), NOBODY, 2));
  }
}
