package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Metric;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.FramePlacement;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.tlb.SetAssociativeTlb;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbLevel;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.Compactor;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.SyntheticTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The fast replay counts what the MMU, the TLBs and the walker count, and leaves the same RAM. */
class LruReplayTest {
  private static final int REFERENCES = 20_000;
  private static final int MACHINES = 120;
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();

  @Test
  void randomMachinesCountTheSameOnRandomTraces() {
    onMachines(
        MACHINES,
        (config, random, seed) ->
            compare(config, RandomRuns.trace(random, REFERENCES), seed, "seed " + seed));
  }

  @Test
  void machinesThatShareTablesCountTheSame() {
    onMachines(
        MACHINES / 3,
        (config, random, seed) -> {
          List<RandomRuns.Reference> trace = RandomRuns.trace(random, REFERENCES);
          compareSharing(config, behindTheFirstLevelOf(config, random), trace, seed);
        });
  }

  private interface OnMachine {
    void test(MachineConfig config, Random random, int seed);
  }

  /** Tests so many random machines that fit. */
  private static void onMachines(int count, OnMachine test) {
    int fitting = 0;
    for (int seed = 0; fitting < count; seed++) {
      Random random = new Random(seed);
      MachineConfig config =
          RandomRuns.machine(random, ReplacementPolicy.Kind.LRU, TlbConfig.Inclusion.NON_INCLUSIVE);
      if (LruFit.fits(config, PageSize.SIZE_4K)) {
        fitting++;
        test.test(config, random, seed);
      }
    }
  }

  /** A machine that fits, with another second level and other structure caches. */
  private static MachineConfig behindTheFirstLevelOf(MachineConfig config, Random random) {
    while (true) {
      MachineConfig other =
          RandomRuns.machine(random, ReplacementPolicy.Kind.LRU, TlbConfig.Inclusion.NON_INCLUSIVE);
      TlbConfig tlb = other.tlb();
      MachineConfig mixed =
          new MachineConfig(
              "mixed",
              config.features(),
              new TlbConfig(config.tlb().l1i(), config.tlb().l1d(), tlb.stlb(), tlb.inclusion()),
              other.walker(),
              config.memoryLatencyCycles(),
              null,
              config.effective());
      if (LruFit.fits(mixed, PageSize.SIZE_4K)) {
        return mixed;
      }
    }
  }

  /** What a set used last is remembered in the one kind of stretch and not in the other. */
  @Test
  void fewPagesAndManyInTurnCountTheSameWithSharedTables() throws Exception {
    MachineConfig config = MachineLibrary.load("reference", List.of());
    Random random = new Random(5);
    List<RandomRuns.Reference> trace = new ArrayList<>();
    for (int i = 0; i < 5 * REFERENCES; i++) {
      boolean few = i / 700 % 2 == 0;
      // After the many come others first, with which the many have an end.
      int first = i % 700 < 350 ? 8 : 0;
      long page = few ? first + i % 8 : random.nextInt(1 << 14);
      trace.add(new RandomRuns.Reference(page << 12, random.nextInt(2), 8));
    }
    compareSharing(config, MachineLibrary.load("reference", List.of("stlb.ways=3")), trace, 3);
  }

  /**
   * Machines that share tables, some of them a first level too.
   *
   * @param behind has the first level of {@code config} and may differ in what is behind it
   */
  private static void compareSharing(
      MachineConfig config, MachineConfig behind, List<RandomRuns.Reference> trace, int seed) {
    Machine first = machine(config, PageSize.SIZE_4K);
    Machine second = first.sharingMemory(config, 0);
    ReplayEngine adaptive = new AdaptiveReplay(ReplayParts.of(first), 1_000);
    ReplayEngine ofItsOwn = ReplayEngine.of(second);
    Machine third = first.sharingMemory(behind, 0);
    ReplayEngine adaptiveBehind = new AdaptiveReplay(ReplayParts.of(third), 1_000);
    Machine fourth = first.sharingMemory(behind, 0);
    ReplayEngine ofItsOwnBehind = ReplayEngine.of(fourth);
    ReplayEngine all =
        new Sharing(
            first,
            new TouchedPages(first.memory(), first.kernel()),
            List.of(adaptive, ofItsOwn),
            new FirstLevel(first.sharingMemory(config, 0)),
            List.of(adaptiveBehind, ofItsOwnBehind));
    all.addressSpaceChanged();
    String which = "seed " + seed;
    compare(config, trace, seed, which, first, all);
    assertEquals(counts(first, adaptive), counts(second, ofItsOwn), which);
    assertEquals(adaptive.physicalAddressSum(), ofItsOwn.physicalAddressSum(), which);
    Machine plain = machine(behind, PageSize.SIZE_4K);
    Replay plainReplay = new Replay(plain.mmu(), plain.tlbs(), plain.kernel(), null);
    replay(plain, plainReplay, trace, seed);
    assertEquals(counts(plain, plainReplay), counts(third, adaptiveBehind), which);
    assertEquals(counts(plain, plainReplay), counts(fourth, ofItsOwnBehind), which);
    assertEquals(plainReplay.physicalAddressSum(), adaptiveBehind.physicalAddressSum(), which);
  }

  /**
   * Compacts what it is given, and hands it on to machines by way of the tables that they share,
   * and to others by way of a first level behind these.
   */
  private record Sharing(
      Machine machine,
      TouchedPages touched,
      List<ReplayEngine> engines,
      FirstLevel first,
      List<ReplayEngine> behind)
      implements ReplayEngine {
    @Override
    public int run(ReferenceBatch batch, int from, int to) {
      Compactor compactor = new Compactor();
      CompactBatch compact = new CompactBatch();
      compactor.begin(batch, compact);
      compactor.add(batch, from, to, compact);
      PageReferences references = new PageReferences(0);
      touched.take(compact, references);
      engines.forEach(engine -> engine.run(references));
      PageReferences left = new PageReferences(0);
      first.take(references, left);
      behind.forEach(engine -> engine.run(left));
      return to;
    }

    @Override
    public void addressSpaceChanged() {
      touched.enter(machine.mmu().registers().cr3());
    }

    @Override
    public Snapshot<ReferenceMetric> snapshot() {
      return engines.get(0).snapshot();
    }

    @Override
    public long physicalAddressSum() {
      return engines.get(0).physicalAddressSum();
    }
  }

  @Test
  void shippedMachinesCountTheSame() throws Exception {
    List<String> fitting = new ArrayList<>();
    for (String name : MachineLibrary.NAMES) {
      MachineConfig config = MachineLibrary.load(name, List.of());
      if (LruFit.fits(config, PageSize.SIZE_4K)) {
        fitting.add(name);
        for (int seed = 0; seed < 4; seed++) {
          compare(config, RandomRuns.trace(new Random(seed), REFERENCES), seed, name + " " + seed);
        }
      }
    }
    assertTrue(
        fitting.containsAll(List.of("reference", "skylake", "drcachesim-lru")), "" + fitting);
  }

  @ParameterizedTest
  @EnumSource(SyntheticTrace.Pattern.class)
  void streamsWithMoreDataThanTheTlbsHoldCountTheSame(SyntheticTrace.Pattern pattern)
      throws Exception {
    MachineConfig config = MachineLibrary.load("reference", List.of());
    List<RandomRuns.Reference> trace = new ArrayList<>();
    ReferenceBatch batch = new ReferenceBatch();
    try (SyntheticTrace stream = new SyntheticTrace(pattern, 100_000)) {
      while (stream.read(batch) > 0) {
        for (int i = 0; i < batch.count(); i++) {
          int descriptor = batch.descriptor(i);
          trace.add(
              new RandomRuns.Reference(
                  batch.address(i),
                  ReferenceBatch.kind(descriptor),
                  ReferenceBatch.size(descriptor)));
        }
      }
    }
    compare(config, trace, 1, pattern.name());
  }

  /**
   * Runs as loops without exit take them, see LruReplay.passBlock, and what ends them: another
   * page, another kind or size, a reference that leaves the page, a first store.
   */
  @Test
  void longRunsOnOnePageCountTheSame() throws Exception {
    compare(MachineLibrary.load("reference", List.of()), longRuns(new Random(0)), 1, "reference");
    onMachines(
        MACHINES / 6,
        (config, random, seed) -> compare(config, longRuns(random), seed, "seed " + seed));
  }

  private static List<RandomRuns.Reference> longRuns(Random random) {
    List<RandomRuns.Reference> trace = new ArrayList<>();
    while (trace.size() < 3 * REFERENCES) {
      long page = (0x40_0000L + random.nextInt(12)) << 12;
      int kinds = random.nextInt(6);
      boolean leaves = random.nextInt(4) == 0;
      int oneSize = random.nextInt(4) == 0 ? 0 : 1 << random.nextInt(4);
      for (int left = random.nextInt(700); left > 0; left--) {
        boolean rare = random.nextInt(300) == 0;
        int kind =
            switch (kinds) {
              case 0, 1, 2 -> kinds;
              case 3 -> random.nextInt(2);
              case 4 -> rare ? FETCH : LOAD;
              default -> rare ? STORE : LOAD;
            };
        int size = oneSize == 0 ? 1 << random.nextInt(4) : oneSize;
        int offset = random.nextInt(4096 / size) * size;
        if (leaves && random.nextInt(250) == 0) {
          size = 8;
          offset = random.nextBoolean() ? 4087 + random.nextInt(9) : -random.nextInt(9);
        }
        trace.add(new RandomRuns.Reference(page + offset, kind, size));
      }
    }
    return trace;
  }

  /** At each place of a block some, see LruReplay.passBlock, of pages that are dirty. */
  @Test
  void oneReferenceElsewhereInALongRunCountsTheSame() throws Exception {
    Random random = new Random(4);
    List<RandomRuns.Reference> trace = new ArrayList<>();
    for (int run = 0; run < 4000; run++) {
      long page = (0x40_0000L + random.nextInt(2)) << 12;
      int kind = random.nextInt(3);
      int other = random.nextInt(128);
      for (int i = 0; i < 128; i++) {
        long va = page + 8L * random.nextInt(512);
        trace.add(
            i != other
                ? new RandomRuns.Reference(va, kind, 8)
                : switch (run & 3) {
                  case 0 -> new RandomRuns.Reference(va ^ 0x1000L, kind, 8);
                  case 1 -> new RandomRuns.Reference(va, kind == FETCH ? STORE : FETCH, 8);
                  case 2 -> new RandomRuns.Reference(va, kind, 4);
                  default -> new RandomRuns.Reference(page + 4090, kind, 8);
                });
      }
    }
    compare(MachineLibrary.load("reference", List.of()), trace, 1, "reference");
  }

  /** Two references elsewhere, at all places of the second chunk of a batch, beside its last. */
  @Test
  void theLastReferenceOfALongRunCountsTheSame() throws Exception {
    MachineConfig config = MachineLibrary.load("reference", List.of());
    Machine fast = machine(config, PageSize.SIZE_4K);
    ReplayEngine fastReplay = ReplayEngine.of(fast);
    Machine plain = machine(config, PageSize.SIZE_4K);
    Replay plainReplay = new Replay(plain.mmu(), plain.tlbs(), plain.kernel(), null);
    ReferenceBatch batch = new ReferenceBatch();
    int load = ReferenceBatch.descriptor(0, 8);
    for (int place = 0; place < 256; place++) {
      for (int i = 0; i < 512; i++) {
        batch.set(i, 0x40_0000L + 8L * i, i == 1 ? load | STORE : load);
      }
      batch.set(256 + place, 0x50_1000L + 0x1_0000L * place, load); // never seen before
      batch.set(511, 0x40_2000L, load);
      fastReplay.run(batch, 0, 512);
      plainReplay.run(batch, 0, 512);
      assertEquals(counts(plain, plainReplay), counts(fast, fastReplay), "place " + place);
      assertEquals(plainReplay.physicalAddressSum(), fastReplay.physicalAddressSum());
    }
  }

  /** So rare that some fall on the last place of a block, see LruReplay.runBlock. */
  @Test
  void denseWalksWithAReferenceToTwoPagesNowAndThenCountTheSame() throws Exception {
    MachineConfig config = MachineLibrary.load("reference", List.of());
    Random random = new Random(11);
    List<RandomRuns.Reference> trace = new ArrayList<>();
    for (int i = 0; i < 5 * REFERENCES; i++) {
      long page = (long) random.nextInt(1 << 14) << 12;
      boolean two = random.nextInt(256) == 0;
      long va = two ? page + 4090 : page + random.nextInt(4000);
      trace.add(new RandomRuns.Reference(va, random.nextInt(2), two ? 12 : 8));
    }
    compare(config, trace, 3, "dense walks");
  }

  /** More regions than the cache of PD entries has ways, some of them more often than others. */
  @Test
  void denseWalksWhoseOrderOfPdEntriesMattersCountTheSame() throws Exception {
    MachineConfig config = MachineLibrary.load("reference", List.of());
    Random random = new Random(13);
    List<RandomRuns.Reference> trace = new ArrayList<>();
    for (int i = 0; i < 3 * REFERENCES; i++) {
      long region = Math.min(random.nextInt(96), random.nextInt(96));
      long va = 0x7fff_c000_0000L + (region << 21 | random.nextInt(1 << 21));
      trace.add(new RandomRuns.Reference(va, random.nextInt(2), 1));
    }
    compare(config, trace, 3, "many regions");
    compareSharing(config, config, trace, 3);
  }

  /** Addresses that mean "nothing remembered" somewhere, or would if bits were lost. */
  @Test
  void oddAddressesCountTheSame() throws Exception {
    MachineConfig config = MachineLibrary.load("reference", List.of());
    long[] pages = {0, 1, 2, 63, 64, 65, 1L << 35, (1L << 36) - 1, 1L << 50, -1, -2, -64};
    Random random = new Random(7);
    List<RandomRuns.Reference> trace = new ArrayList<>();
    for (int i = 0; i < REFERENCES; i++) {
      long va = (pages[random.nextInt(pages.length)] << 12) + random.nextInt(4096);
      trace.add(new RandomRuns.Reference(va, random.nextInt(3), 1 + random.nextInt(16)));
    }
    compare(config, trace, 2, "odd addresses");
  }

  @Test
  void whatItDoesNotKnowGoesTheGeneralWay() throws Exception {
    for (String set :
        List.of(
            "stlb.replacement=fifo",
            "l1d.replacement=tree-plru",
            "inclusion=exclusive",
            "inclusion=inclusive",
            "walker.pdeCache.replacement=random")) {
      MachineConfig config = MachineLibrary.load("reference", List.of(set));
      assertFalse(LruFit.fits(config, PageSize.SIZE_4K), set);
      assertInstanceOf(Replay.class, ReplayEngine.of(machine(config, PageSize.SIZE_4K)), set);
    }
    MachineConfig config = MachineLibrary.load("reference", List.of());
    assertTrue(LruFit.fits(config, PageSize.SIZE_4K));
    assertFalse(LruFit.fits(config, PageSize.SIZE_2M));
  }

  private static Machine machine(MachineConfig config, PageSize size) {
    return new Machine(config, FramePlacement.CONTIGUOUS, size, 0);
  }

  private static void compare(
      MachineConfig config, List<RandomRuns.Reference> trace, int seed, String which) {
    Machine shared = machine(config, PageSize.SIZE_4K);
    assertInstanceOf(AdaptiveReplay.class, ReplayEngine.ofMany(shared, null), which);
    // It goes over amid the trace.
    ReplayEngine adaptive = new AdaptiveReplay(ReplayParts.of(shared), 1_000);
    compare(config, trace, seed, which, shared, adaptive);
    Machine alone = machine(config, PageSize.SIZE_4K);
    ReplayEngine ofItsOwn = ReplayEngine.of(alone);
    assertTrue(ofItsOwn.getClass().isHidden(), which);
    compare(config, trace, seed, which + ", class of its own", alone, ofItsOwn);
  }

  private static void compare(
      MachineConfig config,
      List<RandomRuns.Reference> trace,
      int seed,
      String which,
      Machine fast,
      ReplayEngine fastReplay) {
    Machine plain = machine(config, PageSize.SIZE_4K);
    Replay plainReplay = new Replay(plain.mmu(), plain.tlbs(), plain.kernel(), null);
    replay(fast, fastReplay, trace, seed);
    replay(plain, plainReplay, trace, seed);
    assertEquals(counts(plain, plainReplay), counts(fast, fastReplay), which);
    assertEquals(plainReplay.physicalAddressSum(), fastReplay.physicalAddressSum(), which);
    // Page tables lie from 0x1000 upwards: every entry with its A and D.
    for (long pa = 0; pa < 1 << 23; pa += 8) {
      if (plain.memory().read(pa) != fast.memory().read(pa)) {
        assertEquals(plain.memory().read(pa), fast.memory().read(pa), which + " at " + pa);
      }
    }
  }

  /** Pieces of random length, each of one of a few processes, some of their pages prefaulted. */
  static void replay(
      Machine machine, ReplayEngine replay, List<RandomRuns.Reference> trace, int seed) {
    Random random = new Random(seed);
    ReferenceBatch batch = new ReferenceBatch();
    int processes = 1 + seed % 3;
    int process = 0;
    for (int from = 0; from < trace.size(); ) {
      int n = Math.min(trace.size() - from, 1 + random.nextInt(ReferenceBatch.CAPACITY));
      for (int i = 0; i < n; i++) {
        RandomRuns.Reference r = trace.get(from + i);
        batch.set(i, r.va(), ReferenceBatch.descriptor(r.kind(), r.size()));
      }
      int next = random.nextInt(processes);
      if (next != process) {
        process = next;
        machine.switchTo(process);
        replay.addressSpaceChanged();
      }
      if (random.nextInt(3) == 0) {
        for (int i = 0; i < n; i += 3) {
          if (batch.address(i) << 16 >> 16 == batch.address(i)) {
            machine.kernel().prefault(batch.address(i));
          }
        }
      }
      int middle = random.nextInt(n + 1);
      replay.run(batch, 0, middle);
      replay.run(batch, middle, n);
      from += n;
    }
  }

  static List<String> counts(Machine machine, ReplayEngine replay) {
    List<String> counts = new ArrayList<>();
    add(counts, "replay", replay.snapshot());
    for (TlbLevel level : machine.tlbs().levels()) {
      String name = level.config().name();
      for (AccessKind kind : AccessKind.values()) {
        for (TlbMetric m : TlbMetric.values()) {
          counts.add(name + " " + m + " " + kind + " " + level.snapshot().get(m, kind));
        }
        for (PageSize size : PageSize.values()) {
          counts.add(name + " hits " + kind + size + " " + level.snapshot().hits(kind, size));
          counts.add(name + " misses " + kind + size + " " + level.snapshot().misses(kind, size));
        }
      }
      for (SetAssociativeTlb s : level.structures()) {
        add(counts, s.config().name(), s.snapshot());
      }
    }
    add(counts, "walker", machine.walker().snapshot());
    for (PageSize size : PageSize.values()) {
      counts.add("mapped " + size + " " + machine.kernel().mappedPages(size));
    }
    return counts;
  }

  private static <M extends Enum<M> & Metric> void add(
      List<String> counts, String name, Snapshot<M> snapshot) {
    for (M metric : snapshot.metrics()) {
      counts.add(name + " " + metric + " " + snapshot.get(metric));
    }
  }
}
