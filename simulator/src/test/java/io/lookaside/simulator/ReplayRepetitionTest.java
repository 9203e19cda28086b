package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.os.FramePlacement;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.SetAssociativeTlb;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbLevel;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The replay only counts repetitions of a page; sending every page of every reference through the
 * MMU, one by one, counts the same.
 */
class ReplayRepetitionTest {
  private static final int SEEDS = 25;
  private static final int REFERENCES = 20_000;

  @ParameterizedTest
  @EnumSource(ReplacementPolicy.Kind.class)
  void countingRepetitionsEqualsTranslatingThem(ReplacementPolicy.Kind policy) {
    for (int seed = 0; seed < SEEDS; seed++) {
      for (TlbConfig.Inclusion inclusion : TlbConfig.Inclusion.values()) {
        for (PageSize pageSize : PageSize.OF_LONG_MODE) {
          compare(policy, inclusion, pageSize, seed);
        }
      }
    }
  }

  @Test
  void theRandomTracesHaveRepetitionsFaultsAndCrossings() {
    List<RandomRuns.Reference> trace = RandomRuns.trace(new Random(1), REFERENCES);
    long repeated = 0;
    long crossing = 0;
    long[] last = {-1, -1, -1};
    for (RandomRuns.Reference r : trace) {
      repeated += last[r.kind()] == r.va() >>> 12 ? 1 : 0;
      crossing += r.va() >>> 12 != (r.va() + r.size() - 1) >>> 12 ? 1 : 0;
      last[r.kind()] = r.va() >>> 12;
    }
    assertEquals(true, repeated > REFERENCES / 4 && crossing > REFERENCES / 200);
  }

  private static void compare(
      ReplacementPolicy.Kind policy, TlbConfig.Inclusion inclusion, PageSize size, int seed) {
    String which = policy + " " + inclusion + " " + size + " seed " + seed;
    Random random = new Random(seed);
    MachineConfig config = RandomRuns.machine(random, policy, inclusion);
    List<RandomRuns.Reference> trace = RandomRuns.trace(random, REFERENCES);
    FramePlacement placement =
        seed % 2 == 0 ? FramePlacement.CONTIGUOUS : FramePlacement.parse("fragmented:0.5");

    Machine fast = new Machine(config, placement, size, seed);
    Replay replay = new Replay(fast.mmu(), fast.tlbs(), fast.kernel());
    RandomRuns.replay(replay, trace);

    Machine plain = new Machine(config, placement, size, seed);
    long sum = 0;
    for (RandomRuns.Reference r : trace) {
      sum += onePageAfterTheOther(plain, r);
    }
    assertEquals(counts(plain), counts(fast), which);
    assertEquals(sum, replay.physicalAddressSum(), which);
  }

  private static long onePageAfterTheOther(Machine machine, RandomRuns.Reference r) {
    long last = r.va() + r.size() - 1;
    if (r.va() << 16 >> 16 != r.va() || last << 16 >> 16 != last) {
      return 0;
    }
    long sum = translate(machine, r.va(), r.kind());
    long page = r.va() & ~0xfffL;
    while (page != (last & ~0xfffL)) {
      page += 0x1000;
      sum += translate(machine, page, r.kind());
    }
    return sum;
  }

  private static long translate(Machine machine, long va, int kind) {
    long t = machine.mmu().translate(va, kind);
    if (Translation.isPageFault(t)) {
      machine.kernel().handlePageFault(va, Translation.errorCode(t));
      t = machine.mmu().retry(va, kind);
    }
    return Translation.physicalAddress(t, va);
  }

  private static List<String> counts(Machine machine) {
    List<String> counts = new ArrayList<>();
    for (TlbLevel level : machine.tlbs().levels()) {
      for (TlbMetric m : TlbMetric.values()) {
        counts.add(level.config().name() + " " + m + " " + level.snapshot().get(m));
      }
      for (AccessKind kind : AccessKind.values()) {
        for (PageSize page : PageSize.values()) {
          counts.add(kind + " " + page + " " + level.snapshot().hits(kind, page));
          counts.add(kind + " " + page + " " + level.snapshot().misses(kind, page));
        }
      }
      for (SetAssociativeTlb s : level.structures()) {
        for (TlbStructureMetric m : TlbStructureMetric.values()) {
          counts.add(s.config().name() + " " + m + " " + s.snapshot().get(m));
        }
      }
    }
    for (WalkMetric m : WalkMetric.values()) {
      counts.add(m + " " + machine.walker().snapshot().get(m));
    }
    return counts;
  }
}
