package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.FramePlacement;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.timing.CacheConfig;
import io.lookaside.timing.CoreConfig;
import io.lookaside.timing.CycleCause;
import io.lookaside.timing.DramConfig;
import io.lookaside.timing.InterruptConfig;
import io.lookaside.timing.MemoryConfig;
import io.lookaside.timing.Overlap;
import io.lookaside.timing.TimingConfig;
import io.lookaside.timing.TimingMetric;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.traces.TraceFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs on several cores, without a clock and with one. */
class CoresSimulationTest {
  private static final ProgressListener NOBODY = (references, bytes, total) -> {};
  private static final int MACHINES = 8;

  @TempDir Path folder;

  /** A lackey trace, as alike for the same seed. */
  private String trace(String name, int seed, int references) throws IOException {
    return write(name, RandomRuns.trace(new Random(seed), references));
  }

  /**
   * A trace without addresses that are refused before they are translated, all data up to a point.
   */
  private String linearTrace(String name, int seed, int references, int data) throws IOException {
    List<RandomRuns.Reference> all = RandomRuns.trace(new Random(seed), references);
    all.removeIf(r -> r.va() >>> 46 != 0);
    List<RandomRuns.Reference> first = new ArrayList<>(all.subList(0, Math.min(data, all.size())));
    first.removeIf(r -> r.kind() == AccessKind.FETCH.ordinal());
    first.addAll(all.subList(Math.min(data, all.size()), all.size()));
    return write(name, first);
  }

  private String write(String name, List<RandomRuns.Reference> references) throws IOException {
    StringBuilder text = new StringBuilder();
    for (RandomRuns.Reference r : references) {
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
        RunOptions.Input.of(traces, null, 700),
        new RunOptions.Window(seed * 11L, warmup, max),
        RunOptions.Pages.of(prefault, FramePlacement.CONTIGUOUS, size).under(linux),
        RunOptions.Watch.NOTHING,
        seed);
  }

  private static RunResult onOne(MachineConfig machine, RunOptions options) throws IOException {
    return onOne(machine, options, null);
  }

  private static RunResult onOne(MachineConfig machine, RunOptions options, @Nullable Clock clock)
      throws IOException {
    return new Simulation(
            machine, options, InputStream.nullInputStream(), NOBODY, new StageTimes(false), clock)
        .run();
  }

  private static RunResult onCores(MachineConfig machine, RunOptions options) throws IOException {
    return onCores(machine, options, null);
  }

  private static RunResult onCores(MachineConfig machine, RunOptions options, @Nullable Clock clock)
      throws IOException {
    return new CoresSimulation(
            machine, options, InputStream.nullInputStream(), NOBODY, new StageTimes(false), clock)
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
      if (tlb.coalescedPages() > 1) {
        continue; // which frames are neighbours depends on what the other cores touch
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

  private static MachineConfig timed(int seed, int cores, boolean cached) {
    Random random = new Random(seed);
    ReplacementPolicy.Kind lru = ReplacementPolicy.Kind.LRU;
    MachineConfig one = RandomRuns.machine(random, lru, TlbConfig.Inclusion.values()[seed % 3]);
    CoreConfig core = new CoreConfig(1 + random.nextInt(4), 32, 12, 8, 1, 2, 1, 2, 4, 2, 7, 300);
    Geometry small = new Geometry(16, 4, lru);
    MemoryConfig memory =
        cached
            ? new MemoryConfig(
                0,
                new CacheConfig(small, 4),
                new CacheConfig(small, 4),
                new CacheConfig(new Geometry(64, 4, lru), 14),
                new CacheConfig(new Geometry(256, 8, lru), 40),
                new DramConfig(8, 1 << 13, 100, 130, 6),
                true,
                true)
            : MemoryConfig.fixed(one.memoryLatencyCycles());
    InterruptConfig interrupts =
        new InterruptConfig(
            1 + random.nextInt(50),
            1 + random.nextInt(300),
            1 + random.nextInt(300),
            1 + random.nextInt(100));
    return new MachineConfig(
        one.name(),
        cores,
        one.features(),
        one.tlb(),
        one.walker(),
        one.memoryLatencyCycles(),
        new TimingConfig(core, memory, interrupts, random.nextInt(3) * 150),
        one.effective());
  }

  @ParameterizedTest
  @EnumSource(
      value = Overlap.class,
      names = {"SERIAL", "WINDOW"})
  void oneCoreTakesTheCyclesOfTheRunForOneCore(Overlap overlap) throws IOException {
    List<String> traces = List.of(trace("a", 1, 3_000), trace("b", 2, 1_500));
    assertOneCoreTakesTheCyclesOfTheRunForOneCore(overlap, traces);
  }

  /** What is known to come then lets loads and stores be looked up ahead of the clock. */
  @ParameterizedTest
  @EnumSource(
      value = Overlap.class,
      names = {"SERIAL", "WINDOW"})
  void oneCoreTakesTheCyclesOfTheRunForOneCoreWhereFetchesAreRare(Overlap overlap)
      throws IOException {
    List<String> traces =
        List.of(linearTrace("c", 3, 9_000, 5_000), linearTrace("d", 4, 3_000, 500));
    assertOneCoreTakesTheCyclesOfTheRunForOneCore(overlap, traces);
  }

  private void assertOneCoreTakesTheCyclesOfTheRunForOneCore(Overlap overlap, List<String> traces)
      throws IOException {
    Clock clock = new Clock(overlap, null);
    for (int seed = 0; seed < MACHINES; seed++) {
      MachineConfig machine = timed(seed, 1, seed % 2 == 0);
      LinuxConfig linux = seed % 4 == 3 ? LinuxConfig.of(128L << 20).withSeed(seed) : null;
      RunOptions options = options(traces, seed, 150, 3_500 - 300 * seed, linux);
      RunResult alone = onOne(machine, options, clock);
      assertEquals(json(alone), json(onCores(machine, options, clock)), "machine " + seed);
    }
  }

  /** Loads and stores then pass in groups, with the misses and assists of their pages. */
  @Test
  void oneCoreTakesTheCyclesOfTheRunForOneCoreWherePagesAreReadThrough() throws Exception {
    Clock clock = new Clock(Overlap.WINDOW, null);
    for (int seed = 0; seed < 24; seed++) {
      Random random = new Random(seed);
      List<String> core =
          List.of(
              "timing.core.loadQueueEntries=" + (4 + random.nextInt(40)),
              "timing.core.storeQueueEntries=" + (2 + random.nextInt(40)),
              "timing.core.issueWidth=" + (1 + random.nextInt(5)),
              "timing.ports.l1d=" + (1 + random.nextInt(3)),
              "timing.assistCycles=" + random.nextInt(30));
      MachineConfig machine = withCores(MachineLibrary.load("reference", core), 1);
      List<String> traces =
          seed % 3 == 0
              ? List.of(pagesReadThrough("e", random), linearTrace("f", 4, 3_000, 500))
              : List.of(pagesReadThrough("e", random), pagesReadThrough("f", random));
      RunOptions options = options(traces, seed, 150, 100_000, null);
      RunResult alone = onOne(machine, options, clock);
      assertEquals(json(alone), json(onCores(machine, options, clock)), "seed " + seed);
    }
  }

  /** Runs through pages, now and then with a look at others, and across the end of a page. */
  private String pagesReadThrough(String name, Random random) throws IOException {
    List<RandomRuns.Reference> all = new ArrayList<>();
    int pages = 20 + random.nextInt(200);
    int mostOfAPage = 20 + random.nextInt(400);
    while (all.size() < 8_000) {
      long page = 0x10000000L + 4096L * random.nextInt(pages);
      int stores = random.nextInt(4);
      int count = 1 + random.nextInt(mostOfAPage);
      for (int i = 0; i < count; i++) {
        boolean elsewhere = random.nextInt(30) == 0;
        long at = elsewhere ? 0x10000000L + 4096L * random.nextInt(4) : page;
        boolean crosses = random.nextInt(300) == 0;
        long va = at + (crosses ? 4092 : 8L * (i % 512));
        all.add(new RandomRuns.Reference(va, random.nextInt(4) < stores ? 1 : 0, 8));
      }
    }
    return write(name, all);
  }

  /** Without caches, and so without a last level and DRAM that they share. */
  @ParameterizedTest
  @EnumSource(
      value = Overlap.class,
      names = {"SERIAL", "WINDOW"})
  void coresThatShareNothingTakeTheCyclesOfEachAlone(Overlap overlap) throws IOException {
    List<String> traces = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      traces.add(trace("t" + i, i, 900 + 400 * i));
    }
    Clock clock = new Clock(overlap, null);
    int count = 3;
    for (int seed = 0; seed < MACHINES; seed++) {
      if (timed(seed, 1, false).tlb().coalescedPages() > 1) {
        continue; // which frames are neighbours depends on what the other cores touch
      }
      RunOptions all = withoutSkip(options(traces, 3 * seed, 0, Long.MAX_VALUE, null), traces);
      RunResult result = onCores(timed(seed, count, false), all, clock);
      long latest = 0;
      for (int core = 0; core < count; core++) {
        List<String> its = new ArrayList<>();
        for (int i = core; i < traces.size(); i += count) {
          its.add(traces.get(i));
        }
        RunResult alone = onCores(timed(seed, 1, false), withoutSkip(all, its), clock);
        RunResult here = result.perCore().get(core);
        String what = overlap + " machine " + seed + ", core " + core;
        assertEquals(counts(alone), counts(here), what);
        TimingResult expected = Objects.requireNonNull(alone.timing());
        TimingResult actual = Objects.requireNonNull(here.timing());
        assertEquals(expected.totalCycles(), actual.totalCycles(), what);
        for (CycleCause cause : CycleCause.values()) {
          assertEquals(expected.attributed().get(cause), actual.attributed().get(cause), what);
        }
        latest = Math.max(latest, expected.totalCycles());
      }
      assertEquals(latest, Objects.requireNonNull(result.timing()).elapsedCycles());
    }
  }

  /** Everything that is begun ends, and every cycle has one cause, on each core. */
  static void assertConserved(RunResult result, String what) {
    List<RunResult> cores = result.perCore().isEmpty() ? List.of(result) : result.perCore();
    long total = 0;
    long sent = 0;
    long taken = 0;
    for (RunResult core : cores) {
      TimingResult time = Objects.requireNonNull(core.timing());
      long sum = 0;
      for (CycleCause cause : CycleCause.values()) {
        sum += time.attributed().get(cause);
      }
      assertEquals(time.totalCycles(), sum, what + ": attributed cycles");
      Snapshot<TimingMetric> counts = time.counts();
      Snapshot<WalkMetric> w = core.walks();
      long walks = core.allWalks() + w.get(WalkMetric.PREFETCH_WALKS);
      long reads = w.get(WalkMetric.MEMORY_READS) + w.get(WalkMetric.PREFETCH_READS);
      assertEquals(walks, counts.get(TimingMetric.WALKS_STARTED), what);
      assertEquals(walks, counts.get(TimingMetric.WALKS_FINISHED), what);
      assertEquals(reads, counts.get(TimingMetric.READS_ISSUED), what);
      assertEquals(reads, counts.get(TimingMetric.READS_ANSWERED), what);
      assertEquals(
          counts.get(TimingMetric.INTERRUPTS_SENT),
          counts.get(TimingMetric.INTERRUPTS_ACKNOWLEDGED),
          what);
      total += time.totalCycles();
      sent += counts.get(TimingMetric.INTERRUPTS_SENT);
      taken += counts.get(TimingMetric.INTERRUPTS_TAKEN);
    }
    TimingResult whole = Objects.requireNonNull(result.timing());
    assertEquals(total, whole.totalCycles(), what);
    assertEquals(sent, whole.counts().get(TimingMetric.INTERRUPTS_SENT), what);
    assertEquals(sent, taken, what);
    long sum = 0;
    for (CycleCause cause : CycleCause.values()) {
      sum += whole.attributed().get(cause);
    }
    assertEquals(total, sum, what);
  }

  @ParameterizedTest
  @EnumSource(
      value = Overlap.class,
      names = {"SERIAL", "WINDOW"})
  void whatIsBegunEndsOnEveryCore(Overlap overlap) throws IOException {
    List<String> traces = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      traces.add(trace("t" + i, i, 900 + 400 * i));
    }
    Clock clock = new Clock(overlap, null);
    for (int seed = 0; seed < MACHINES; seed++) {
      RunOptions options = options(traces, seed, 700, 5_000, null);
      MachineConfig machine = timed(seed, 2 + seed % 3, seed % 4 != 3);
      RunResult result = onCores(machine, options, clock);
      assertConserved(result, overlap + " machine " + seed);
      assertEquals(5_000, result.references().get(ReferenceMetric.REFERENCES));
      assertEquals(json(result), json(onCores(machine, options, clock)));
    }
  }

  /**
   * Threads of one process on the kernel modelled on Linux; the pages are read first, then written.
   */
  private String threads(int seed, int count, int references) throws IOException {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder("kind,va,asid,core\n");
    for (int i = 0; i < references; i++) {
      long page = random.nextInt(i < references / 2 ? 60 : 1_200);
      long va = 0x7000_0000_0000L + page * 4096 + 64L * random.nextInt(64);
      text.append(random.nextInt(4) == 0 ? "S," : "L,").append(va).append(",9,");
      text.append(random.nextInt(count)).append('\n');
    }
    return Files.writeString(folder.resolve("threads" + seed + ".csv"), text).toString();
  }

  private static RunOptions onLinux(String trace, long seed, long period, Mechanism... off) {
    return onLinux(trace, seed, period, false, off);
  }

  private static RunOptions onLinux(
      String trace, long seed, long period, boolean checkStale, Mechanism... off) {
    EnumSet<Mechanism> without = EnumSet.noneOf(Mechanism.class);
    without.addAll(List.of(off));
    return new RunOptions(
        RunOptions.Input.of(List.of(trace), null, 700),
        new RunOptions.Window(0, seed % 2 == 0 ? 0 : 100, seed % 3 == 0 ? 3_000 : Long.MAX_VALUE),
        new RunOptions.Pages(
            false,
            FramePlacement.CONTIGUOUS,
            PageSize.SIZE_4K,
            List.of(),
            LinuxConfig.of(128L << 20)
                .withSeed(seed)
                .withThp(LinuxConfig.Thp.ALWAYS)
                .without(without),
            period,
            null),
        new RunOptions.Watch(List.of(), checkStale, false, 0),
        seed);
  }

  /** kswapd's interrupts come to all cores that run the process, and no core waits for them. */
  @ParameterizedTest
  @EnumSource(
      value = Overlap.class,
      names = {"SERIAL", "WINDOW"})
  void interruptsOfKswapdAreTakenAndNobodyWaitsForThem(Overlap overlap) throws IOException {
    StringBuilder text = new StringBuilder("kind,va,core\n");
    for (int page = 0; page < 36_000; page++) { // of 32,768 that there are
      text.append("S,").append(0x7000_0000_0000L + page * 4096L).append(",0\n");
      text.append("L,").append(0x7000_0000_0000L + page / 2 * 4096L).append(",1\n");
    }
    String trace = Files.writeString(folder.resolve("full.csv"), text).toString();
    RunOptions small = onLinux(trace, 2, 0, Mechanism.LAZY_TLB);
    RunOptions options =
        new RunOptions(
            small.input(),
            RunOptions.Window.ALL,
            small
                .pages()
                .under(
                    LinuxConfig.of(128L << 20)
                        .withSwap(512L << 20)
                        .without(EnumSet.of(Mechanism.LAZY_TLB))),
            RunOptions.Watch.NOTHING,
            0);
    RunResult result = onCores(timed(1, 2, true), options, new Clock(overlap, null));
    assertConserved(result, overlap.toString());
    Snapshot<TimingMetric> all = Objects.requireNonNull(result.timing()).counts();
    Snapshot<KernelMetric> os = Objects.requireNonNull(result.os());
    long ofThreads = all.get(TimingMetric.THREAD_INTERRUPTS_TAKEN);
    assertTrue(os.get(KernelMetric.RECLAIMED_KSWAPD) > 1_000);
    assertTrue(ofThreads > 50, ofThreads + " interrupts of kswapd");
    assertEquals(
        os.get(KernelMetric.SHOOTDOWNS), all.get(TimingMetric.INTERRUPTS_SENT) + ofThreads);
    long handler = 0;
    for (RunResult core : result.perCore()) {
      TimingResult time = Objects.requireNonNull(core.timing());
      assertTrue(time.counts().get(TimingMetric.THREAD_INTERRUPTS_TAKEN) > 20);
      handler += time.attributed().get(CycleCause.SHOOTDOWN);
    }
    assertTrue(handler > 0);
  }

  @ParameterizedTest
  @EnumSource(
      value = Overlap.class,
      names = {"SERIAL", "WINDOW"})
  void shootdownsAreAnsweredOnEverySeed(Overlap overlap) throws IOException {
    Clock clock = new Clock(overlap, null);
    long rounds = 0;
    long collapses = 0;
    for (int seed = 0; seed < MACHINES; seed++) {
      String trace = threads(seed, 1 + seed % 5, 4_000);
      Mechanism other = seed % 2 == 0 ? Mechanism.LAZY_TLB : Mechanism.BATCHED_FLUSH;
      RunOptions options =
          onLinux(trace, seed, seed % 4 == 0 ? 0 : 20_000, Mechanism.HUGE_FAULTS, other);
      MachineConfig machine = timed(seed, 2 + seed % 3, seed % 2 == 0);
      RunResult result = onCores(machine, options, clock);
      String what = overlap + " seed " + seed;
      assertConserved(result, what);
      Snapshot<TimingMetric> counts = Objects.requireNonNull(result.timing()).counts();
      Snapshot<KernelMetric> os = Objects.requireNonNull(result.os());
      if (options.warmup() == 0) {
        assertEquals(
            os.get(KernelMetric.SHOOTDOWNS), counts.get(TimingMetric.INTERRUPTS_SENT), what);
      }
      rounds += counts.get(TimingMetric.SHOOTDOWN_ROUNDS);
      collapses += os.get(KernelMetric.HUGE_COLLAPSES);
      assertEquals(json(result), json(onCores(machine, options, clock)), what);
    }
    assertTrue(rounds > 100 && collapses > 3, rounds + " rounds, " + collapses + " collapses");
  }

  @Test
  void noCoreUsesATranslationThatTheTablesDoNotHoldAnyMore() throws IOException {
    long withoutFlushes = 0;
    for (int seed = 0; seed < 2 * MACHINES; seed++) {
      String trace = threads(seed, 1 + seed % 5, 4_000);
      Mechanism other = seed % 2 == 0 ? Mechanism.LAZY_TLB : Mechanism.BATCHED_FLUSH;
      MachineConfig machine = timed(seed, 2 + seed % 3, true);
      RunOptions options = onLinux(trace, seed, 700, true, Mechanism.HUGE_FAULTS, other);
      RunResult result = onCores(machine, options);
      assertEquals(0, Objects.requireNonNull(result.stale()).count(), "seed " + seed);
      RunOptions broken =
          onLinux(trace, seed, 700, true, Mechanism.HUGE_FAULTS, Mechanism.TLB_FLUSH);
      withoutFlushes += Objects.requireNonNull(onCores(machine, broken).stale()).count();
    }
    assertTrue(withoutFlushes > 0);
  }

  @Test
  void aWriteToThePageOfZerosInterruptsTheOtherThread() throws IOException {
    // Both read a page, whose entry then maps the page of zeros; then thread 0 writes it. The
    // kernel copies,
    // and interrupts core 1, which has the old entry; core 1 goes on reading, and walks again.
    StringBuilder text = new StringBuilder("kind,va,asid,core\nL,0x1000,5,0\nS,0x1000,5,0\n");
    for (int i = 0; i < 5_000; i++) {
      text.append("L,0x1000,5,1\n");
    }
    Path file = Files.writeString(folder.resolve("t.csv"), text);
    RunOptions options = onLinux(file.toString(), 0, 0, Mechanism.HUGE_PAGES);
    MachineConfig machine =
        reference(
            "cores=2",
            "timing.interrupts.sendCycles=20",
            "timing.interrupts.deliverCycles=80",
            "timing.interrupts.handlerCycles=60",
            "timing.interrupts.acknowledgeCycles=30");
    RunResult result = onCores(machine, options, new Clock(Overlap.SERIAL, null));
    assertConserved(result, "copy");
    Snapshot<KernelMetric> os = Objects.requireNonNull(result.os());
    assertEquals(1, os.get(KernelMetric.ZERO_PAGE_FAULTS));
    assertEquals(1, os.get(KernelMetric.COPY_FAULTS));
    assertEquals(1, os.get(KernelMetric.SHOOTDOWNS));
    TimingResult sender = Objects.requireNonNull(result.perCore().get(0).timing());
    TimingResult target = Objects.requireNonNull(result.perCore().get(1).timing());
    // Core 1's work: the handler and one INVLPG of 120. Core 0 waits for 20 + 80 + 60 + 120 + 30,
    // since core 1
    // makes loads of one cycle and answers at once.
    assertEquals(310, sender.attributed().get(CycleCause.SHOOTDOWN));
    assertEquals(180, target.attributed().get(CycleCause.SHOOTDOWN));
    // Core 1 misses when it first reads, and once more after the interrupt.
    assertEquals(2, result.perCore().get(1).levels().get(1).counts().get(TlbMetric.MISSES));
  }

  @Test
  void turnsByTheClockEndWhenTheirCyclesAreOver() throws IOException {
    // Without caches and with all pages mapped before, a load that hits takes 1 cycle. Two traces
    // of hits
    // to a page each, after a miss; each turn of 100 cycles is followed by a switch.
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 1_000; i++) {
      text.append(" L 1000,1\n");
    }
    String a = Files.writeString(folder.resolve("a"), text).toString();
    String b = Files.writeString(folder.resolve("b"), text).toString();
    MachineConfig config = reference("timing.contextSwitchCycles=50");
    RunOptions options =
        new RunOptions(
            new RunOptions.Input(List.of(a, b), TraceFormat.LACKEY, 1, 100, true),
            RunOptions.Window.ALL,
            RunOptions.Pages.PREFAULTED,
            RunOptions.Watch.NOTHING,
            0);
    RunResult result = onCores(config, options, new Clock(Overlap.SERIAL, null));
    TimingResult time = Objects.requireNonNull(result.timing());
    long switches = result.processes().get(ProcessMetric.CONTEXT_SWITCHES);
    // Each trace takes 999 hits, and a miss of 1 + 7 + 1 + 4 x 50 = 209 cycles: 1,208. So a's turns
    // are: the
    // miss alone, as it ends later than the turn; then 100 hits each, of which the last has 99.
    // Both
    // have 11 turns: a b a b ... b, with 21 switches.
    assertEquals(21, switches);
    assertEquals(2 * 1_208 + 21 * 50, time.totalCycles());
    assertEquals(21 * 50, time.attributed().get(CycleCause.KERNEL));
    assertConserved(result, "turns");
  }

  /** The reference machine with changes. */
  private static MachineConfig reference(String... settings) {
    try {
      return MachineLibrary.load("reference", List.of(settings));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static RunOptions withoutSkip(RunOptions o, List<String> traces) {
    return new RunOptions(
        RunOptions.Input.of(traces, o.format(), o.quantum()),
        new RunOptions.Window(0, 0, o.maxReferences()),
        RunOptions.Pages.of(o.prefault(), o.frames(), o.pageSize()),
        RunOptions.Watch.NOTHING,
        o.seed());
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
