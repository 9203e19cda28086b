package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.os.FramePlacement;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.MissRanking.Axis;
import io.lookaside.simulator.MissRanking.Cost;
import io.lookaside.simulator.MissRanking.Place;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.traces.ReferenceBatch;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a profile attributes to places is what the machine's counters say reference by reference.
 */
class MissProfileTest {
  private static final int REFERENCES = 8_000;
  private static final int ALL = 1_000_000;

  @ParameterizedTest
  @EnumSource(
      value = PageSize.class,
      names = {"SIZE_4K", "SIZE_2M", "SIZE_1G"})
  void everyPlaceHasWhatItsReferencesCounted(PageSize size) {
    for (int seed = 0; seed < 6; seed++) {
      Random random = new Random(seed);
      TlbConfig.Inclusion inclusion = TlbConfig.Inclusion.values()[seed % 3];
      MachineConfig config =
          RandomRuns.machine(random, ReplacementPolicy.Kind.values()[seed], inclusion);
      List<RandomRuns.Reference> trace = RandomRuns.trace(random, REFERENCES);

      MissProfile profile = new MissProfile(config, EnumSet.allOf(Axis.class), ALL);
      Machine machine =
          new Machine(config, FramePlacement.CONTIGUOUS, size, seed, profile, profile);
      Replay replay = new Replay(machine.mmu(), machine.tlbs(), machine.kernel(), profile);
      RandomRuns.replay(replay, trace, (batch, n) -> profile.begin(0, 0, batch, 0, n));

      Map<Axis, Map<String, long[]>> expected =
          slowly(new Machine(config, FramePlacement.CONTIGUOUS, size, seed), trace);
      for (Axis axis : List.of(Axis.PC, Axis.PAGE)) {
        Map<String, long[]> places = expected.getOrDefault(axis, Map.of());
        MissRanking ranking = profile.ranking(axis, ALL);
        assertTrue(ranking.exact());
        assertEquals(text(places), text(ranking));
      }
      compareTotals(profile, machine, config);
    }
  }

  /** The counters' differences over each translation, by place. */
  private static Map<Axis, Map<String, long[]>> slowly(
      Machine machine, List<RandomRuns.Reference> trace) {
    Map<Axis, Map<String, long[]>> places = new TreeMap<>();
    String pc = "unknown";
    for (RandomRuns.Reference r : trace) {
      if (r.kind() == 2) {
        pc = Long.toHexString(r.va());
      }
      long last = r.va() + r.size() - 1;
      if (r.va() << 16 >> 16 != r.va() || last << 16 >> 16 != last) {
        continue;
      }
      for (long page = r.va(); ; page = (page & ~0xfffL) + 0x1000) {
        long[] before = counts(machine);
        long t = machine.mmu().translate(page, r.kind());
        if (Translation.isPageFault(t)) {
          machine.kernel().handlePageFault(page, Translation.errorCode(t));
          t = machine.mmu().retry(page, r.kind());
        }
        long[] delta = counts(machine);
        boolean any = false;
        for (int i = 0; i < delta.length; i++) {
          delta[i] -= before[i];
          any |= delta[i] != 0;
        }
        PageSize size = Translation.pageSize(t);
        if (any) {
          add(places, Axis.PC, pc, delta);
          String base = Long.toHexString(page & -size.bytes());
          add(places, Axis.PAGE, base + " " + size.label(), delta);
        }
        if ((page & ~0xfffL) == (last & ~0xfffL)) {
          break;
        }
      }
    }
    return places;
  }

  private static void add(
      Map<Axis, Map<String, long[]>> places, Axis axis, String place, long[] delta) {
    long[] sum =
        places
            .computeIfAbsent(axis, a -> new TreeMap<>())
            .computeIfAbsent(place, p -> new long[delta.length]);
    for (int i = 0; i < delta.length; i++) {
      sum[i] += delta[i];
    }
  }

  /** First-level misses, second-level misses, all walks, reads. */
  private static long[] counts(Machine machine) {
    var levels = machine.tlbs().levels();
    var w = machine.walker().snapshot();
    return new long[] {
      levels.get(0).snapshot().get(TlbMetric.MISSES)
          + levels.get(1).snapshot().get(TlbMetric.MISSES),
      levels.get(2).snapshot().get(TlbMetric.MISSES),
      w.get(WalkMetric.WALKS) + w.get(WalkMetric.RETRIES) + w.get(WalkMetric.DIRTY_ASSISTS),
      w.get(WalkMetric.MEMORY_READS)
    };
  }

  private static Map<String, String> text(Map<String, long[]> places) {
    Map<String, String> text = new TreeMap<>();
    places.forEach((k, v) -> text.put(k, v[0] + " " + v[1] + " " + v[2] + " " + v[3]));
    return text;
  }

  private static Map<String, String> text(MissRanking ranking) {
    Map<String, String> text = new TreeMap<>();
    for (Place p : ranking.places()) {
      String name = Long.toHexString(p.first());
      text.put(p.size() == null ? name : name + " " + p.size().label(), text(p.cost()));
    }
    if (ranking.unknown().counts().get(MissMetric.MISSES) > 0) {
      text.put("unknown", text(ranking.unknown()));
    }
    return text;
  }

  private static String text(Cost cost) {
    var c = cost.counts();
    return c.get(MissMetric.MISSES)
        + " "
        + c.get(MissMetric.WALKS)
        + " "
        + c.get(MissMetric.ALL_WALKS)
        + " "
        + c.get(MissMetric.MEMORY_READS);
  }

  private static void compareTotals(MissProfile profile, Machine machine, MachineConfig config) {
    long[] c = counts(machine);
    for (Axis axis : Axis.values()) {
      MissRanking ranking = profile.ranking(axis, ALL);
      assertEquals(c[0] + " " + c[1] + " " + c[2] + " " + c[3], text(ranking.total()));
      Cost listed = MissTable.sum(List.of(ranking.listed(), ranking.unknown()));
      assertEquals(text(ranking.total()), text(listed));
      long cycles =
          c[0] * config.tlb().stlb().latencyCycles()
              + c[2] * config.walker().structureCacheLatencyCycles()
              + c[3] * config.memoryLatencyCycles();
      assertEquals(cycles, ranking.total().cycles());
      assertEquals(cycles, listed.cycles());
      long previous = Long.MAX_VALUE;
      for (Place p : ranking.places()) {
        assertTrue(p.cost().cycles() <= previous, "in descending order");
        previous = p.cost().cycles();
      }
    }
  }

  @Test
  void regionsAreRunsOfNeighbouringBlocks() {
    MachineConfig config =
        RandomRuns.machine(
            new Random(1), ReplacementPolicy.Kind.LRU, TlbConfig.Inclusion.INCLUSIVE);
    MissProfile profile = new MissProfile(config, EnumSet.of(Axis.REGION), ALL);
    ReferenceBatch batch = new ReferenceBatch();
    // Blocks 1, 2 and 3, then 5, of process 0; block 4 of process 1; and the last block there is.
    long[] addresses = {0x3f_f123, 0x40_0000, 0x60_0abc, 0xa0_0000};
    profile.begin(0, 0, batch, 0, 0);
    for (long va : addresses) {
      profile.onFirstLevelMiss(true);
      profile.translated(va, Translation.NONE);
    }
    profile.onFirstLevelMiss(true);
    profile.translated(-1, Translation.NONE);
    profile.begin(0, 1, batch, 0, 0);
    profile.onFirstLevelMiss(true);
    profile.translated(0x80_0000, Translation.NONE);
    List<String> regions =
        profile.ranking(Axis.REGION, ALL).places().stream()
            .map(
                p ->
                    p.process()
                        + ":"
                        + Long.toHexString(p.first())
                        + "-"
                        + Long.toHexString(p.last())
                        + " "
                        + p.cost().counts().get(MissMetric.MISSES))
            .toList();
    assertEquals(
        List.of(
            "0:3ff000-600fff 3",
            "0:a00000-a00fff 1",
            "0:fffffffffffff000-ffffffffffffffff 1",
            "1:800000-800fff 1"),
        regions);
  }

  @Test
  void aFullTableForgetsTheCheapHalfAndSaysByHowMuchItMayBeWrong() {
    MachineConfig config =
        RandomRuns.machine(
            new Random(1), ReplacementPolicy.Kind.LRU, TlbConfig.Inclusion.INCLUSIVE);
    MissTable table = new MissTable(config, 8);
    Random random = new Random(3);
    Map<Long, Long> truth = new TreeMap<>();
    for (int i = 0; i < 5_000; i++) {
      // Keys 1000 and 1001 make up a third each, the second only in the later half.
      int draw = random.nextInt(3);
      long key = draw == 0 ? 1000 : draw == 1 && i > 2_500 ? 1001 : random.nextInt(300);
      table.add(0, key, key, new long[] {1, 1, 1, 4});
      truth.merge(key, 1L, Long::sum);
    }
    assertTrue(table.size() <= 8);
    assertEquals(5_000, table.total().counts().get(MissMetric.MISSES));
    long bound = table.undercount().counts().get(MissMetric.MISSES);
    assertTrue(bound > 0);
    int[] order = table.costliestFirst();
    assertEquals(1000, table.key(order[0]));
    assertEquals(1001, table.key(order[1]));
    for (int row : order) {
      long counted = table.cost(row).counts().get(MissMetric.MISSES);
      long real = truth.getOrDefault(table.key(row), 0L);
      assertTrue(counted <= real && real <= counted + bound, counted + " of " + real);
      assertEquals(4 * counted, table.cost(row).counts().get(MissMetric.MEMORY_READS));
    }
  }

  @Test
  void aTableThatHasRoomIsExact() {
    MachineConfig config =
        RandomRuns.machine(
            new Random(1), ReplacementPolicy.Kind.LRU, TlbConfig.Inclusion.INCLUSIVE);
    MissTable table = new MissTable(config, 1_000);
    for (int i = 0; i < 10_000; i++) {
      table.add(i % 2, i % 1_000 / 2, 0, new long[] {1, 0, 0, 0});
    }
    assertEquals(1_000, table.size());
    assertEquals(0, table.undercount().counts().get(MissMetric.MISSES));
    assertFalse(table.total().cycles() < 0);
    for (int row : table.inOrderOfPlace()) {
      assertEquals(10, table.cost(row).counts().get(MissMetric.MISSES));
    }
    table.clear();
    assertEquals(0, table.size());
    assertEquals(0, table.total().counts().get(MissMetric.MISSES));
  }
}
