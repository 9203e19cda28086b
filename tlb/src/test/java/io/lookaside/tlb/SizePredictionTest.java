package io.lookaside.tlb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.stats.Snapshot;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Page sizes that are looked up one after the other, the expected one first. */
class SizePredictionTest {
  private static final List<PageSize> SIZES =
      List.of(PageSize.SIZE_4K, PageSize.SIZE_2M, PageSize.SIZE_1G);

  private static TlbStructureConfig config(int sizes, @Nullable SizePredictionConfig prediction) {
    return new TlbStructureConfig(
        "s",
        new Geometry(24, 4, ReplacementPolicy.Kind.LRU),
        EnumSet.copyOf(SIZES.subList(0, sizes)),
        EnumSet.allOf(AccessKind.class),
        1,
        prediction);
  }

  private static long translation(PageSize size, long va) {
    long base = va & ~size.offsetMask();
    return 0x27 | base | (long) size.ordinal() << 9 | (long) size.ordinal() << 52;
  }

  /** Regions of 2 MiB have one size of page each, so that nothing is ever cached twice. */
  @ParameterizedTest
  @CsvSource({"1, 2, 1", "2, 2, 4", "3, 3, 8", "4, 3, 1", "5, 2, 65536"})
  void findsWhatIsFoundAtOnceAndCountsWhatATableOfLastSizesExpects(
      int seed, int sizes, int places) {
    Random random = new Random(seed);
    SetAssociativeTlb tlb =
        new SetAssociativeTlb(config(sizes, new SizePredictionConfig(places, 3)), 0);
    SetAssociativeTlb plain =
        new SetAssociativeTlb(
            new TlbStructureConfig(
                "p",
                config(sizes, null).geometry(),
                config(sizes, null).pageSizes(),
                EnumSet.allOf(AccessKind.class)),
            0);
    Map<Long, Integer> lastSize = new HashMap<>();
    long right = 0;
    long wrong = 0;
    long reprobes = 0;
    for (int i = 0; i < 20_000; i++) {
      long region = random.nextInt(40) + (random.nextBoolean() ? 1024L : 0);
      int size = region >= 1024 && sizes == 3 ? 2 : region % 3 == 0 ? 1 : 0;
      long va = region << 21 | (long) random.nextInt(3) << 12 | random.nextInt(4096);
      long place = region % places;
      int expected = lastSize.getOrDefault(place, 0);
      long t = tlb.lookup(va, 5);
      assertEquals(plain.lookup(va, 5), t);
      int probes;
      if (t == Translation.NONE) {
        probes = sizes;
        long found = translation(SIZES.get(size), va);
        tlb.insert(va, 5, found);
        plain.insert(va, 5, found);
      } else {
        // The expected one, then the others from the smallest on.
        int others = size == expected ? 0 : size + 1 - (expected < size ? 1 : 0);
        probes = 1 + others;
        right += probes == 1 ? 1 : 0;
        wrong += probes == 1 ? 0 : 1;
      }
      assertEquals((probes - 1) * 3, tlb.extraCycles(), "access " + i);
      reprobes += probes - 1;
      lastSize.put(place, size);
    }
    Snapshot<TlbStructureMetric> counts = tlb.snapshot();
    assertEquals(right, counts.get(TlbStructureMetric.SIZE_PREDICTED));
    assertEquals(wrong, counts.get(TlbStructureMetric.SIZE_MISPREDICTED));
    assertEquals(reprobes, counts.get(TlbStructureMetric.REPROBES));
    assertEquals(right + wrong, counts.get(TlbStructureMetric.HITS));
    assertTrue(right > 100 && reprobes > 100);
    assertTrue(places > 40 || wrong > 100);
  }

  @Test
  void oneSizeNeedsNoPredictionAndTheTableIsAPowerOfTwo() {
    assertThrows(IllegalArgumentException.class, () -> config(1, new SizePredictionConfig(8, 1)));
    assertThrows(IllegalArgumentException.class, () -> new SizePredictionConfig(12, 1));
    assertThrows(IllegalArgumentException.class, () -> new SizePredictionConfig(8, -1));
  }

  @Test
  void oneStructureOfALevelPredicts() {
    TlbStructureConfig one = config(2, new SizePredictionConfig(8, 1));
    assertThrows(
        IllegalArgumentException.class, () -> new TlbLevelConfig("stlb", 7, List.of(one, one)));
    TlbStructureConfig large =
        new TlbStructureConfig(
            "l",
            new Geometry(4, 4, ReplacementPolicy.Kind.LRU),
            EnumSet.of(PageSize.SIZE_1G),
            one.accesses());
    assertTrue(new TlbLevelConfig("stlb", 7, List.of(one, large)).predictsSizes());
  }
}
