package io.lookaside.tlb;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import java.util.EnumSet;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * With LRU and equal sets, more ways never miss more: what fewer ways hold, more ways hold too
 * (Mattson et al., "Evaluation techniques for storage hierarchies", 1970).
 */
class MoreWaysTest {
  private static SetAssociativeTlb tlb(int sets, int ways) {
    return new SetAssociativeTlb(
        new TlbStructureConfig(
            "s",
            new Geometry(sets * ways, ways, ReplacementPolicy.Kind.LRU),
            EnumSet.of(PageSize.SIZE_4K),
            EnumSet.allOf(AccessKind.class)),
        0);
  }

  private static boolean access(SetAssociativeTlb tlb, long va, int pcid) {
    boolean hit = tlb.lookup(va, pcid) != Translation.NONE;
    if (!hit) {
      tlb.insert(va, pcid, 0x27 | (va & -4096));
    }
    return hit;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void whateverFewerWaysHitMoreWaysHitToo(int seed) {
    Random random = new Random(seed);
    int sets = 1 + random.nextInt(9);
    SetAssociativeTlb[] tlbs = new SetAssociativeTlb[24];
    for (int ways = 1; ways <= tlbs.length; ways++) {
      tlbs[ways - 1] = tlb(sets, ways);
    }
    int pages = sets * (4 + random.nextInt(40));
    long[] misses = new long[tlbs.length];
    for (int i = 0; i < 20_000; i++) {
      long va = 4096L * random.nextInt(random.nextBoolean() ? pages : 1 + pages / 4);
      int pcid = random.nextInt(2);
      boolean before = false;
      for (int w = 0; w < tlbs.length; w++) {
        boolean hit = access(tlbs[w], va, pcid);
        assertTrue(hit || !before, "access " + i + " misses with " + (w + 1) + " ways alone");
        misses[w] += hit ? 0 : 1;
        before = hit;
      }
      if (random.nextInt(500) == 0) {
        for (SetAssociativeTlb tlb : tlbs) {
          tlb.invalidatePage(va, pcid); // an invalidation keeps the order of the others
        }
      }
    }
    assertTrue(misses[0] > misses[tlbs.length - 1], "the stream must tell ways apart");
  }
}
