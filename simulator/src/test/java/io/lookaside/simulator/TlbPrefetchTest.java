package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.stale.StaleTranslationDetector;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.tlb.PrefetchConfig;
import io.lookaside.tlb.SetAssociativeTlb;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbHierarchy;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureConfig;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Translations that are fetched ahead of their use: when, what of it can be seen, what ends them.
 */
class TlbPrefetchTest {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final long PT = 0x4000;
  private static final long PWU = 7;
  private static final long A = 0x20;
  private static final long D = 0x40;

  /** A machine whose PT maps pages 0 to 511 where a test says so. */
  private static final class Small {
    final PhysicalMemory ram = new PhysicalMemory();
    final TlbHierarchy tlbs;
    final HardwarePageWalker walker;
    final StaleTranslationDetector detector;
    final Mmu mmu;

    Small(PrefetchConfig prefetch) {
      ram.write(0x1000, 0x2000 | PWU | A);
      ram.write(0x2000, 0x3000 | PWU | A);
      ram.write(0x3000, PT | PWU | A);
      tlbs =
          new TlbHierarchy(
              new TlbConfig(
                  level("l1i", 4),
                  level("l1d", 4),
                  level("stlb", 8),
                  TlbConfig.Inclusion.NON_INCLUSIVE,
                  false,
                  prefetch),
              0);
      detector = new StaleTranslationDetector(tlbs);
      Geometry four = new Geometry(4, 4, ReplacementPolicy.Kind.LRU);
      walker =
          new HardwarePageWalker(
              new WalkerConfig(1, null, four, four, four, TableUpdates.AS_WALKED), ram, 0);
      mmu =
          new Mmu(
              new ControlRegisters(
                  0x8001_0001L, 0x1000, Cr4.PHYSICAL_ADDRESS_EXTENSION | Cr4.GLOBAL_PAGES, 0xd00),
              CpuFeatures.ALL,
              AccessMode.USER,
              detector,
              walker);
      detector.watch(mmu, new HardwarePageWalker(WalkerConfig.READ_ONLY, ram, 0, detector));
    }

    private static TlbLevelConfig level(String name, int entries) {
      return new TlbLevelConfig(
          name,
          1,
          List.of(
              new TlbStructureConfig(
                  name,
                  new Geometry(entries, 4, ReplacementPolicy.Kind.LRU),
                  EnumSet.of(PageSize.SIZE_4K),
                  EnumSet.allOf(AccessKind.class))));
    }

    void map(int page, long flags) {
      ram.write(PT + 8L * page, (0x700L + page) << 12 | flags);
    }

    long entry(int page) {
      return ram.read(PT + 8L * page);
    }

    long access(int page, int kind) {
      return mmu.translate(4096L * page, kind);
    }

    long count(WalkMetric metric) {
      return walker.snapshot().get(metric);
    }

    long useful() {
      List<SetAssociativeTlb> second = tlbs.levels().get(2).structures();
      return second.get(second.size() - 1).snapshot().get(TlbStructureMetric.HITS);
    }
  }

  private static Small nextPage() {
    return new Small(new PrefetchConfig(PrefetchConfig.Kind.NEXT_PAGE, 4, 0));
  }

  @Test
  void missFetchesTheNextPageAndAHitInTheBufferTheOneAfter() {
    Small m = nextPage();
    for (int page = 0; page < 8; page++) {
      m.map(page, PWU);
    }
    m.access(0, LOAD);
    assertEquals(1, m.count(WalkMetric.WALKS));
    assertEquals(1, m.count(WalkMetric.PREFETCH_WALKS));
    for (int page = 1; page < 6; page++) {
      long t = m.access(page, LOAD);
      assertEquals((0x700L + page) << 12, Translation.physicalAddress(t, 4096L * page));
    }
    // One walk in all, and every later page was there; walks = second-level misses as ever.
    assertEquals(1, m.count(WalkMetric.WALKS));
    assertEquals(6, m.count(WalkMetric.PREFETCH_WALKS));
    assertEquals(5, m.useful());
    assertEquals(1, m.tlbs.levels().get(2).snapshot().get(TlbMetric.MISSES));
    assertEquals(5, m.tlbs.levels().get(2).snapshot().get(TlbMetric.HITS));
    // The demand walk reads four entries, each walk ahead the PTE alone.
    assertEquals(4, m.count(WalkMetric.MEMORY_READS));
    assertEquals(6, m.count(WalkMetric.PREFETCH_READS));
  }

  @Test
  void pageAheadGetsABitButNoDBitEvenForAStore() {
    Small m = nextPage();
    m.map(0, PWU);
    m.map(1, PWU);
    m.access(0, STORE);
    assertEquals(A | D, m.entry(0) & (A | D));
    assertEquals(A, m.entry(1) & (A | D));
    m.access(1, STORE);
    assertEquals(A | D, m.entry(1) & (A | D));
    assertEquals(1, m.count(WalkMetric.DIRTY_ASSISTS));
  }

  @Test
  void pageThatIsNotThereOrNotAllowedRaisesNothing() {
    Small m = nextPage();
    m.map(0, PWU);
    assertTrue(Translation.isValid(m.access(0, LOAD)));
    assertEquals(0, m.mmu.faultAddress());
    m.map(2, PWU);
    m.map(3, 1); // of the supervisor
    assertTrue(Translation.isValid(m.access(2, LOAD)));
    assertEquals(0, m.entry(3) & A);
    assertEquals(2, m.count(WalkMetric.PREFETCH_WALKS));
    assertTrue(!Translation.isValid(m.access(3, LOAD)));
  }

  @Test
  void strideIsFollowedOnceTwoDistancesAreEqual() {
    Small m = new Small(new PrefetchConfig(PrefetchConfig.Kind.STRIDE, 4, 2));
    for (int page = 0; page < 100; page++) {
      m.map(page, PWU);
    }
    m.access(10, LOAD);
    m.access(17, LOAD);
    assertEquals(0, m.count(WalkMetric.PREFETCH_WALKS));
    m.access(24, LOAD); // so 31 is next
    assertEquals(1, m.count(WalkMetric.PREFETCH_WALKS));
    assertEquals(A, m.entry(31) & A);
    m.access(31, LOAD);
    m.access(38, LOAD);
    assertEquals(3, m.count(WalkMetric.WALKS));
    assertEquals(2, m.useful());
  }

  /** A kernel that changes entries and invalidates the page each time, as it must. */
  @ParameterizedTest
  @EnumSource(PrefetchConfig.Kind.class)
  void kernelThatInvalidatesEachChangedPageNeverMeetsAStaleOne(PrefetchConfig.Kind kind) {
    for (int seed = 0; seed < 4; seed++) {
      Random random = new Random(seed);
      int streams = kind == PrefetchConfig.Kind.STRIDE ? 4 : 0;
      Small m = new Small(new PrefetchConfig(kind, 6, streams));
      int page = 0;
      for (int i = 0; i < 10_000; i++) {
        page = random.nextInt(5) == 0 ? random.nextInt(64) : (page + 1) % 64;
        if (random.nextInt(6) == 0) {
          int changed = (page + random.nextInt(3)) % 64;
          m.ram.write(
              PT + 8L * changed,
              random.nextInt(6) == 0 ? 0 : (long) random.nextInt(1 << 16) << 12 | PWU);
          m.mmu.invlpg(4096L * changed);
          continue;
        }
        int access = random.nextInt(4) == 0 ? STORE : LOAD;
        long t = m.access(page, access);
        assertEquals((m.entry(page) & 1) != 0, Translation.isValid(t));
        if (Translation.isValid(t)) {
          assertEquals(
              m.entry(page) & 0x000f_ffff_ffff_f000L, Translation.physicalAddress(t, 4096L * page));
          assertEquals(access == STORE ? D : 0, m.entry(page) & (access == STORE ? D : 0));
        }
      }
      assertEquals(List.of(), m.detector.uses());
      assertTrue(m.useful() > 100);
    }
  }
}
