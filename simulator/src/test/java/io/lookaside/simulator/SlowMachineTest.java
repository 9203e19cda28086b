package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.FramePlacement;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.PrefetchConfig;
import io.lookaside.tlb.SetAssociativeTlb;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureConfig;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.JsonNodeFactory;

/** The whole machine with demand paging counts what a slow, obvious model of it counts. */
class SlowMachineTest {
  private static final int REFERENCES = 15_000;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void everyCountEqualsTheModels(int seed) {
    compare(seed, 1, 1, null);
  }

  /** Pages that are walked for ahead of their use. */
  @ParameterizedTest
  @CsvSource({
    "41, NEXT_PAGE, 1, 0", "42, NEXT_PAGE, 4, 0", "43, NEXT_PAGE, 16, 0", "44, NEXT_PAGE, 3, 0",
    "45, STRIDE, 1, 1", "46, STRIDE, 4, 2", "47, STRIDE, 16, 8", "48, STRIDE, 3, 64"
  })
  void everyCountEqualsTheModelsWhereTranslationsAreFetchedAhead(
      int seed, PrefetchConfig.Kind kind, int entries, int streams) {
    compare(seed, 1, 1, new PrefetchConfig(kind, entries, streams));
  }

  /** Groups of pages in L1D, in the second level, or in both. */
  @ParameterizedTest
  @CsvSource({
    "21, 4, 4",
    "22, 4, 4",
    "23, 4, 4",
    "24, 2, 8",
    "25, 2, 8",
    "26, 1, 4",
    "27, 1, 8",
    "28, 8, 1",
    "29, 8, 2",
    "30, 4, 1"
  })
  void everyCountEqualsTheModelsWhereEntriesCoverGroupsOfPages(int seed, int l1d, int stlb) {
    compare(seed, l1d, stlb, null);
  }

  private static void compare(
      int seed, int l1dPages, int stlbPages, @Nullable PrefetchConfig prefetch) {
    Random random = new Random(seed);
    Geometry l1i = geometry(random, 8);
    Geometry l1d = geometry(random, 8);
    Geometry stlb = geometry(random, 40);
    WalkerConfig walker =
        new WalkerConfig(
            1,
            null,
            seed % 4 == 0 ? null : geometry(random, 1),
            seed % 4 == 1 ? null : geometry(random, 2),
            seed % 4 == 2 ? null : geometry(random, 3),
            TableUpdates.AS_WALKED);
    MachineConfig config =
        new MachineConfig(
            "slow",
            RandomRuns.FEATURES,
            new TlbConfig(
                level("l1i", l1i, 1),
                level("l1d", l1d, l1dPages),
                level("stlb", stlb, stlbPages),
                TlbConfig.Inclusion.NON_INCLUSIVE,
                false,
                prefetch),
            walker,
            50,
            null,
            JsonNodeFactory.instance.objectNode());
    List<RandomRuns.Reference> trace = RandomRuns.trace(random, REFERENCES);
    boolean groups = l1dPages > 1 || stlbPages > 1;
    if (groups || prefetch != null) {
      trace = RandomRuns.withRowsOfPages(random, trace);
    }

    SlowMachine model = new SlowMachine(l1i, l1d, stlb, walker, l1dPages, stlbPages);
    if (prefetch != null) {
      model.prefetch(prefetch);
    }
    for (RandomRuns.Reference r : trace) {
      model.access(r.va(), r.kind(), r.size());
    }

    Machine machine = new Machine(config, FramePlacement.CONTIGUOUS, PageSize.SIZE_4K, 0);
    Replay replay = new Replay(machine.mmu(), machine.tlbs(), machine.kernel());
    RandomRuns.replay(replay, trace);
    assertEquals(model.counts, counts(machine, replay));
    assertEquals(model.sum, replay.physicalAddressSum());
    List<Long> groupCounts = new ArrayList<>();
    for (int level = 1; level <= 2; level++) {
      Snapshot<TlbStructureMetric> s =
          machine.tlbs().levels().get(level).structures().get(0).snapshot();
      groupCounts.add(s.get(TlbStructureMetric.COALESCED_HITS));
      groupCounts.add(s.get(TlbStructureMetric.COALESCED_FILLS));
    }
    assertEquals(model.groups(), groupCounts);
    assertEquals(groups, model.groups().stream().mapToLong(n -> n).sum() > 100);
    assertEquals(prefetch != null, model.counts.getOrDefault("useful", 0L) > 50);
    // The traces must exercise all of this, or the comparison says little.
    for (String key : List.of("assists", "faults", "crossings", "stlbHits")) {
      assertTrue(model.counts.getOrDefault(key, 0L) > 0, key);
    }
  }

  private static Map<String, Long> counts(Machine machine, Replay replay) {
    Map<String, Long> counts = new TreeMap<>();
    machine
        .tlbs()
        .levels()
        .forEach(
            level -> {
              counts.put(level.config().name() + "Hits", level.snapshot().get(TlbMetric.HITS));
              counts.put(level.config().name() + "Misses", level.snapshot().get(TlbMetric.MISSES));
            });
    Snapshot<WalkMetric> w = machine.walker().snapshot();
    counts.put("walks", w.get(WalkMetric.WALKS));
    counts.put("retries", w.get(WalkMetric.RETRIES));
    counts.put("assists", w.get(WalkMetric.DIRTY_ASSISTS));
    counts.put("reads", w.get(WalkMetric.MEMORY_READS));
    counts.put("aSet", w.get(WalkMetric.ACCESSED_BITS_SET));
    counts.put("dSet", w.get(WalkMetric.DIRTY_BITS_SET));
    counts.put("aheadWalks", w.get(WalkMetric.PREFETCH_WALKS));
    counts.put("aheadReads", w.get(WalkMetric.PREFETCH_READS));
    List<SetAssociativeTlb> second = machine.tlbs().levels().get(2).structures();
    Snapshot<TlbStructureMetric> buffer = second.get(second.size() - 1).snapshot();
    boolean ahead = second.size() > 1;
    counts.put("useful", ahead ? buffer.get(TlbStructureMetric.HITS) : 0);
    counts.put("useless", ahead ? buffer.get(TlbStructureMetric.EVICTIONS) : 0);
    counts.put("start0", w.get(WalkMetric.ROOT_STARTS));
    counts.put("start1", w.get(WalkMetric.PML4E_HITS));
    counts.put("start2", w.get(WalkMetric.PDPTE_HITS));
    counts.put("start3", w.get(WalkMetric.PDE_HITS));
    Snapshot<ReferenceMetric> r = replay.snapshot();
    counts.put("faults", r.get(ReferenceMetric.PAGE_FAULTS));
    counts.put("gp", r.get(ReferenceMetric.GENERAL_PROTECTION));
    counts.put("crossings", r.get(ReferenceMetric.PAGE_CROSSINGS));
    return counts;
  }

  private static TlbLevelConfig level(String name, Geometry geometry, int coalescedPages) {
    return new TlbLevelConfig(
        name,
        1,
        List.of(
            new TlbStructureConfig(
                name,
                geometry,
                EnumSet.of(PageSize.SIZE_4K),
                EnumSet.allOf(AccessKind.class),
                coalescedPages,
                null)));
  }

  private static Geometry geometry(Random random, int mostSets) {
    int ways = 1 + random.nextInt(random.nextInt(3) == 0 ? 24 : 5);
    return new Geometry(ways * (1 + random.nextInt(mostSets)), ways, ReplacementPolicy.Kind.LRU);
  }
}
