package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.assoc.Replacement;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.assoc.VictimPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.FramePlacement;
import io.lookaside.os.OutOfFramesException;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.traces.CompactedTrace;
import io.lookaside.traces.TraceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A batch of runs counts what the runs count one by one. */
class BatchSimulationTest {
  private static final int REFERENCES = 120_000;
  private static final int LONG_REFERENCES = 1_100_000;
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
        RunOptions.Input.of(traces, null, 700),
        new RunOptions.Window(skip, warmup, max),
        RunOptions.Pages.of(prefault, frames, size),
        RunOptions.Watch.NOTHING,
        seed);
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

  private static BatchSimulation batch(List<BatchSimulation.Point> points, int threads) {
    return batch(points, threads, CompactedTrace.Cache.NONE);
  }

  private static BatchSimulation batch(
      List<BatchSimulation.Point> points, int threads, CompactedTrace.Cache cache) {
    return new BatchSimulation(points, InputStream.nullInputStream(), NOBODY, threads, cache);
  }

  private static void assertSame(List<BatchSimulation.Point> points, int threads)
      throws IOException, InterruptedException {
    List<BatchSimulation.Outcome> outcomes = batch(points, threads).run();
    assertSame(points, outcomes);
  }

  /** Each outcome is the result of its run alone. */
  private static void assertSame(
      List<BatchSimulation.Point> points, List<BatchSimulation.Outcome> outcomes)
      throws IOException {
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
      compacted += LruFit.fits(machine, PageSize.SIZE_4K) ? 1 : 0;
      RunOptions options =
          options(List.of(trace), i % 3 == 1, PageSize.SIZE_4K, 1_001, 30_003, 70_000, i % 2);
      points.add(new BatchSimulation.Point(machine, options));
    }
    points.addAll(points(List.of(trace), 1_001, 30_003, 70_000).subList(0, 3));
    assertSame(points, 2);
  }

  /**
   * Two processes; two machines that share tables without, and two with, all pages mapped first.
   */
  @Test
  void pointsThatShareTablesAndSuchAsDoNotCountTheSame() throws Exception {
    List<String> traces = List.of(trace, write("b.lackey", 2, REFERENCES / 2));
    List<BatchSimulation.Point> points = new ArrayList<>();
    for (int i = 0; points.size() < 4; i++) {
      MachineConfig machine =
          RandomRuns.machine(
              new Random(i), ReplacementPolicy.Kind.LRU, TlbConfig.Inclusion.NON_INCLUSIVE);
      if (LruFit.fits(machine, PageSize.SIZE_4K)) {
        for (boolean prefault : new boolean[] {false, true}) {
          RunOptions options = options(traces, prefault, PageSize.SIZE_4K, 101, 5_003, 60_000, 2);
          points.add(new BatchSimulation.Point(machine, options));
        }
      }
    }
    assertSame(points, 2);
    assertSame(points, 1);
  }

  /** Three first levels, one of them of one machine alone, behind tables of two kinds. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void pointsThatShareAFirstLevelCountTheSame(int threads) throws Exception {
    List<String> traces = List.of(trace, write("b.lackey", 2, REFERENCES / 2));
    List<BatchSimulation.Point> points = new ArrayList<>();
    for (boolean prefault : new boolean[] {false, true}) {
      RunOptions options = options(traces, prefault, PageSize.SIZE_4K, 101, 5_003, 60_000, 2);
      Stream.of(
              reference("stlb.ways=3"),
              reference("stlb.entries=96"),
              reference("l1d.entries=16", "walker.pdeCache.entries=2", "walker.pdeCache.ways=1"),
              reference("l1d.entries=16", "stlb.entries=24", "stlb.latencyCycles=9"),
              reference("l1d.entries=128"))
          .forEach(machine -> points.add(new BatchSimulation.Point(machine, options)));
    }
    assertSame(points, threads);
  }

  /** Compacting leaves out nothing of some batches, and much of others. */
  @Test
  void batchesOfWhichNothingIsLeftOutCountTheSame() throws Exception {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 60_000; i++) {
      long page = i / 10_000 % 2 == 0 ? i * 7919L % 301 : i / 100;
      text.append(i % 3 == 0 ? " S " : " L ")
          .append(Long.toHexString(0x5000_0000_0000L + (page << 12)));
      text.append(",4\n");
    }
    Path file = folder.resolve("turns.lackey");
    Files.writeString(file, text);
    List<BatchSimulation.Point> points = new ArrayList<>();
    for (int i = 0; points.size() < 3; i++) {
      MachineConfig machine =
          RandomRuns.machine(
              new Random(i), ReplacementPolicy.Kind.LRU, TlbConfig.Inclusion.NON_INCLUSIVE);
      if (LruFit.fits(machine, PageSize.SIZE_4K)) {
        points.add(
            new BatchSimulation.Point(
                machine,
                options(
                    List.of(file.toString()), false, PageSize.SIZE_4K, 0, 10, Long.MAX_VALUE, 2)));
      }
    }
    assertSame(points, 2);
  }

  /** A flat64 trace of pages that repeat, long enough to be kept. */
  private List<BatchSimulation.Point> pointsOfALongTrace(long skip, long warmup, long max)
      throws IOException {
    Random random = new Random(9);
    ByteBuffer words =
        ByteBuffer.allocate(Long.BYTES * LONG_REFERENCES).order(ByteOrder.LITTLE_ENDIAN);
    long page = 0;
    for (int i = 0; i < LONG_REFERENCES; i++) {
      if (random.nextInt(8) == 0) {
        page = 0x5000_0000_0000L + ((long) random.nextInt(300) << 12);
      }
      words.putLong(page + 4L * random.nextInt(1024) + random.nextInt(3));
    }
    Path file = folder.resolve("long.flat64");
    Files.write(file, words.array());
    List<BatchSimulation.Point> points = new ArrayList<>();
    for (int i = 0; points.size() < 3; i++) {
      MachineConfig machine =
          RandomRuns.machine(
              new Random(i), ReplacementPolicy.Kind.LRU, TlbConfig.Inclusion.NON_INCLUSIVE);
      if (LruFit.fits(machine, PageSize.SIZE_4K)) {
        List<String> traces = List.of(file.toString());
        boolean prefault = points.size() == 1;
        points.add(
            new BatchSimulation.Point(
                machine, options(traces, prefault, PageSize.SIZE_4K, skip, warmup, max, 2)));
      }
    }
    return points;
  }

  private static void assertCost(long decoded, long kept, BatchSimulation batch) {
    assertEquals(decoded, batch.cost().decodedReferences(), "decoded");
    assertEquals(kept, batch.cost().keptReferences(), "kept");
  }

  @Test
  void theNextBatchReadsWhatTheFirstKept() throws Exception {
    List<BatchSimulation.Point> points = pointsOfALongTrace(5, 30_001, 1_050_000);
    long read = 5 + 30_001 + 1_050_000;
    BatchSimulation first = batch(points, 2, CompactedTrace.Cache.BESIDE);
    assertSame(points, first.run());
    assertCost(read, read, first); // the pass that maps pages decodes and keeps, the run reads that
    BatchSimulation second = batch(points, 2, CompactedTrace.Cache.BESIDE);
    assertSame(points, second.run());
    assertCost(0, 2 * read, second);
    BatchSimulation without = batch(points, 2, CompactedTrace.Cache.NONE);
    assertSame(points, without.run());
    assertCost(2 * read, 0, without);
  }

  @Test
  void whatIsKeptAndDamagedIsNotUsedButKeptAgain() throws Exception {
    List<BatchSimulation.Point> points = pointsOfALongTrace(0, 0, Long.MAX_VALUE).subList(0, 1);
    batch(points, 2, CompactedTrace.Cache.BESIDE).run();
    List<Path> kept;
    try (Stream<Path> files = Files.list(folder.resolve(".lookaside-cache"))) {
      kept = files.toList();
    }
    assertEquals(1, kept.size(), kept.toString());
    byte[] bytes = Files.readAllBytes(kept.get(0));
    bytes[bytes.length / 2] ^= 1;
    Files.write(kept.get(0), bytes);
    BatchSimulation batch = batch(points, 2, CompactedTrace.Cache.BESIDE);
    assertSame(points, batch.run());
    assertCost(LONG_REFERENCES, 0, batch);
    BatchSimulation next = batch(points, 2, CompactedTrace.Cache.BESIDE);
    next.run();
    assertCost(0, LONG_REFERENCES, next);
  }

  @Test
  void aMachineThatNeedsAllReferencesHasThemDecoded() throws Exception {
    List<BatchSimulation.Point> points = pointsOfALongTrace(0, 0, Long.MAX_VALUE);
    batch(points.subList(0, 1), 2, CompactedTrace.Cache.BESIDE).run();
    MachineConfig random =
        RandomRuns.machine(
            new Random(1), ReplacementPolicy.Kind.RANDOM, TlbConfig.Inclusion.NON_INCLUSIVE);
    List<BatchSimulation.Point> both =
        List.of(points.get(0), new BatchSimulation.Point(random, points.get(0).options()));
    BatchSimulation batch = batch(both, 2, CompactedTrace.Cache.BESIDE);
    assertSame(both, batch.run());
    assertCost(LONG_REFERENCES, 0, batch);
  }

  /** Batches at once, as tasks of a cluster: each writes its own file, and one of them stays. */
  @Test
  void batchesAtOnceKeepOneFile() throws Exception {
    List<BatchSimulation.Point> points = pointsOfALongTrace(0, 0, Long.MAX_VALUE).subList(0, 1);
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      List<Future<List<BatchSimulation.Outcome>>> running = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        running.add(pool.submit(() -> batch(points, 1, CompactedTrace.Cache.BESIDE).run()));
      }
      for (Future<List<BatchSimulation.Outcome>> one : running) {
        assertSame(points, one.get());
      }
    } finally {
      pool.shutdownNow();
    }
    try (Stream<Path> files = Files.list(folder.resolve(".lookaside-cache"))) {
      assertEquals(1, files.count());
    }
    BatchSimulation next = batch(points, 2, CompactedTrace.Cache.BESIDE);
    assertSame(points, next.run());
    assertCost(0, LONG_REFERENCES, next);
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
    BatchSimulation batch =
        new BatchSimulation(
            onDemand, InputStream.nullInputStream(), listener, 2, CompactedTrace.Cache.NONE);
    batch.run();
    assertEquals(REFERENCES, read.get());
    assertEquals(REFERENCES, batch.cost().decodedReferences());
    assertEquals((long) REFERENCES * onDemand.size(), batch.cost().replayedReferences());
  }

  @Test
  void aFlawedTraceFailsTheBatchAsItFailsARun() throws IOException {
    Path bad = folder.resolve("bad.flat64");
    Files.write(bad, new byte[] {0, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0});
    BatchSimulation batch = batch(points(List.of(bad.toString()), 0, 0, Long.MAX_VALUE), 2);
    TraceException e = assertThrows(TraceException.class, batch::run);
    assertTrue(String.valueOf(e.getMessage()).contains("record 2"), e.getMessage());
  }

  @Test
  void aTraceThatEndsBeforeTheMeasurementFailsTheBatch() {
    BatchSimulation batch = batch(points(List.of(trace), 0, 2 * REFERENCES, Long.MAX_VALUE), 2);
    TraceException e = assertThrows(TraceException.class, batch::run);
    assertTrue(String.valueOf(e.getMessage()).contains("nothing to measure"), e.getMessage());
  }

  /** A policy of a user that fails after a while. */
  public static final class Failing implements Replacement {
    @Override
    public String label() {
      return "failing";
    }

    @Override
    public ReplacementPolicy create(int sets, int ways, long seed) {
      return new VictimPolicy(ways) {
        private int victims;

        @Override
        public void touch(int set, int way) {}

        @Override
        protected int victim(int set) {
          if (++victims == 1_000) {
            throw new IllegalStateException("no victim any more");
          }
          return 0;
        }

        @Override
        protected void placed(int set, int way) {}

        @Override
        public void clear() {}
      };
    }
  }

  private static MachineConfig reference(String... sets) throws Exception {
    return MachineLibrary.load("reference", List.of(sets));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void whatEndsAPointIsItsOutcomeAndTheOthersGoOn(int threads) throws Exception {
    RunOptions options =
        options(List.of(trace), false, PageSize.SIZE_4K, 0, 0, Long.MAX_VALUE, 1); // scattered
    MachineConfig good = reference();
    // With 2^33 bytes of physical addresses no frame is left above the tables' 4 GiB.
    MachineConfig full =
        new MachineConfig(
            good.name(),
            new CpuFeatures(33, false, false),
            good.tlb(),
            good.walker(),
            good.memoryLatencyCycles(),
            good.timing(),
            good.effective());
    MachineConfig failing = reference("l1d.replacement=java:" + Failing.class.getName());
    List<BatchSimulation.Point> points =
        Stream.of(good, full, failing, full, good)
            .map(machine -> new BatchSimulation.Point(machine, options))
            .toList();
    List<BatchSimulation.Outcome> outcomes = batch(points, threads).run();
    assertSame(List.of(points.get(0)), List.of(outcomes.get(0)));
    assertSame(List.of(points.get(4)), List.of(outcomes.get(4)));
    assertInstanceOf(OutOfFramesException.class, outcomes.get(1).failure());
    assertInstanceOf(OutOfFramesException.class, outcomes.get(3).failure());
    RuntimeException thrown =
        assertInstanceOf(IllegalStateException.class, outcomes.get(2).failure());
    assertEquals("no victim any more", thrown.getMessage());
    for (int i = 1; i < 4; i++) {
      assertNull(outcomes.get(i).result());
    }
  }

  /** A policy of a user that cannot be made. */
  public static class Unmade implements Replacement {
    @Override
    public String label() {
      return "unmade";
    }

    @Override
    public ReplacementPolicy create(int sets, int ways, long seed) {
      throw new IllegalStateException("none of " + sets + " sets");
    }
  }

  /** The same, for want of memory. */
  public static final class TooLarge extends Unmade {
    @Override
    public ReplacementPolicy create(int sets, int ways, long seed) {
      throw new OutOfMemoryError("as if");
    }
  }

  private List<BatchSimulation.Point> pointsOf(MachineConfig... machines) {
    RunOptions options = options(List.of(trace), false, PageSize.SIZE_4K, 0, 0, Long.MAX_VALUE, 7);
    return Stream.of(machines).map(m -> new BatchSimulation.Point(m, options)).toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void aMachineThatCannotBeMadeIsAnOutcome(int threads) throws Exception {
    MachineConfig unmade = reference("l1d.replacement=java:" + Unmade.class.getName());
    List<BatchSimulation.Point> points =
        pointsOf(unmade, reference(), unmade, reference("stlb.ways=6"));
    List<BatchSimulation.Outcome> outcomes = batch(points, threads).run();
    assertSame(List.of(points.get(1), points.get(3)), List.of(outcomes.get(1), outcomes.get(3)));
    for (int i : new int[] {0, 2}) {
      assertNull(outcomes.get(i).result());
      RuntimeException failure =
          assertInstanceOf(IllegalStateException.class, outcomes.get(i).failure());
      assertTrue(String.valueOf(failure.getMessage()).startsWith("none of"), failure.getMessage());
    }
    List<BatchSimulation.Outcome> alone = batch(points.subList(0, 1), threads).run();
    assertInstanceOf(IllegalStateException.class, alone.get(0).failure());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aMachineThatDoesNotFitIntoMemoryEndsTheBatch(int threads) throws Exception {
    MachineConfig large = reference("l1d.replacement=java:" + TooLarge.class.getName());
    BatchSimulation batch = batch(pointsOf(reference(), large, reference("l1i.ways=8")), threads);
    assertThrows(OutOfMemoryError.class, batch::run);
  }

  @Test
  void anInterruptionEndsAllThreads() {
    BatchSimulation batch = batch(points(List.of(trace), 0, 0, Long.MAX_VALUE), 2);
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, batch::run);
  }

  @Test
  void pointsOfDifferentReferencesAreRefused() {
    List<BatchSimulation.Point> points = points(List.of(trace), 0, 0, Long.MAX_VALUE);
    points.addAll(points(List.of(trace), 1, 0, Long.MAX_VALUE));
    assertThrows(IllegalArgumentException.class, () -> batch(points, 2));
  }
}
