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
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbHierarchy;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbStructureConfig;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TLB entries that cover a group of pages of 4 KiB: what makes one, and what ends it. */
class CoalescingTest {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final long PML4 = 0x1000;
  private static final long PDPT = 0x2000;
  private static final long PD = 0x3000;
  private static final long PT = 0x4000;
  private static final long PWU = 0x7;
  private static final long A = 0x20;
  private static final long D = 0x40;
  private static final long G = 0x100;
  private static final long PWUA = PWU | A;

  private final PhysicalMemory ram = new PhysicalMemory();
  private final TlbHierarchy tlbs;
  private final HardwarePageWalker walker;
  private final StaleTranslationDetector detector;
  private final Mmu mmu;

  CoalescingTest() {
    ram.write(PML4, PDPT | PWUA);
    ram.write(PDPT, PD | PWUA);
    ram.write(PD, PT | PWUA);
    tlbs =
        new TlbHierarchy(
            new TlbConfig(
                level("l1i", 4, 1),
                level("l1d", 8, 4),
                level("stlb", 24, 4),
                TlbConfig.Inclusion.NON_INCLUSIVE),
            0);
    detector = new StaleTranslationDetector(tlbs);
    Geometry four = new Geometry(4, 4, ReplacementPolicy.Kind.LRU);
    walker =
        new HardwarePageWalker(
            new WalkerConfig(1, null, four, four, four, TableUpdates.AS_WALKED), ram, 0, 4, null);
    mmu =
        new Mmu(
            new ControlRegisters(
                0x8001_0001L,
                PML4,
                Cr4.PHYSICAL_ADDRESS_EXTENSION | Cr4.GLOBAL_PAGES | Cr4.PCID_ENABLE,
                0xd00),
            CpuFeatures.ALL,
            AccessMode.USER,
            detector,
            walker);
    detector.watch(mmu, new HardwarePageWalker(WalkerConfig.READ_ONLY, ram, 0, detector));
  }

  private static TlbLevelConfig level(String name, int entries, int coalescedPages) {
    return new TlbLevelConfig(
        name,
        1,
        List.of(
            new TlbStructureConfig(
                name,
                new Geometry(entries, 4, ReplacementPolicy.Kind.LRU),
                EnumSet.of(PageSize.SIZE_4K),
                EnumSet.allOf(AccessKind.class),
                coalescedPages,
                null)));
  }

  private void map(int page, long entry) {
    ram.write(PT + 8L * page, entry);
  }

  /** Maps four pages from {@code first} on to four frames in a row, with these flags. */
  private void mapFour(int first, long frame, long flags) {
    for (int i = 0; i < 4; i++) {
      map(first + i, (frame + i) << 12 | flags);
    }
  }

  private long walks() {
    return walker.snapshot().get(WalkMetric.WALKS);
  }

  private long load(int page) {
    long t = mmu.translate(4096L * page + 8, LOAD);
    return Translation.physicalAddress(t, 4096L * page + 8);
  }

  private Snapshot<TlbStructureMetric> l1d() {
    return tlbs.levels().get(1).structures().get(0).snapshot();
  }

  @Test
  void oneWalkServesFourPagesThatAreMappedAlikeToFramesInARow() {
    mapFour(8, 0x100, PWUA);
    assertEquals(0x102008, load(10));
    assertEquals(0x100008, load(8));
    assertEquals(0x101008, load(9));
    assertEquals(0x103008, load(11));
    assertEquals(1, walks());
    assertEquals(1, l1d().get(TlbStructureMetric.COALESCED_FILLS));
    assertEquals(3, l1d().get(TlbStructureMetric.COALESCED_HITS));
    assertEquals(3, l1d().get(TlbStructureMetric.HITS));
  }

  /** Each change of one neighbour's entry, or of the group's place, keeps pages apart. */
  @ParameterizedTest
  @CsvSource({
    "0x103020, not present",
    "0x103007, not accessed: such an entry must not be cached",
    "0x103025, read-only",
    "0x103023, of the supervisor",
    "0x8000000000103027, not executable",
    "0x10302f, written through",
    "0x103037, not cached",
    "0x1030a7, another PAT entry",
    "0x103127, global",
    "0x103067, dirty",
    "0x0800000000103027, another key",
    "0x104027, another frame",
  })
  void neighbourThatIsNotMappedAlikeIsNotCovered(String entry, String what) {
    mapFour(8, 0x100, PWUA);
    map(11, Long.parseUnsignedLong(entry.substring(2), 16));
    load(8);
    assertEquals(0, l1d().get(TlbStructureMetric.COALESCED_FILLS), what);
    load(9);
    assertEquals(2, walks(), what);
  }

  @Test
  void bitsThatSoftwareMayUseMakeNoDifference() {
    mapFour(8, 0x100, PWUA);
    map(11, 0x0010_0000_0010_3e27L);
    load(8);
    assertEquals(0x103008, load(11));
    assertEquals(1, walks());
  }

  @Test
  void framesInARowMustBeginWhereAGroupOfFramesDoes() {
    mapFour(8, 0x102, PWUA);
    load(8);
    assertEquals(0, l1d().get(TlbStructureMetric.COALESCED_FILLS));
  }

  @Test
  void groupTakesThePlaceOfEntriesOfItsPages() {
    mapFour(8, 0x100, PWUA);
    map(11, 0);
    load(8); // alone, since its group is not complete
    map(11, 0x103 << 12 | PWUA);
    load(9);
    assertEquals(1, l1d().get(TlbStructureMetric.COALESCED_FILLS));
    load(8);
    assertEquals(1, l1d().get(TlbStructureMetric.COALESCED_HITS));
    assertEquals(2, walks());
  }

  /** Whichever page of a group is invalidated, and however: the whole entry goes. */
  @ParameterizedTest
  @ValueSource(ints = {8, 9, 10, 11})
  void invalidationOfOnePageDropsTheEntryForAll(int page) {
    for (long flags : new long[] {PWUA, PWUA | G}) {
      mapFour(8, 0x100, flags);
      load(8);
      long before = walks();
      mmu.invlpg(4096L * page);
      load(8);
      assertEquals(before + 1, walks());
      mmu.invalidateAddress(4096L * page, 0); // not of global pages
      load(8);
      assertEquals(before + (flags == PWUA ? 2 : 1), walks());
      mmu.invlpg(4096L * 12); // of the next group
      load(8);
      assertEquals(before + (flags == PWUA ? 2 : 1), walks());
      mmu.invlpg(4096L * page);
    }
  }

  @Test
  void storeThroughACleanGroupLeavesTheWrittenPageAlone() {
    mapFour(8, 0x100, PWUA);
    load(8);
    mmu.translate(4096L * 9, STORE);
    assertEquals(0x101 << 12 | PWUA | D, ram.read(PT + 8 * 9));
    assertEquals(1, walker.snapshot().get(WalkMetric.DIRTY_ASSISTS));
    mmu.translate(4096L * 9, STORE); // dirty as cached: no further assist
    assertEquals(1, walker.snapshot().get(WalkMetric.DIRTY_ASSISTS));
    assertEquals(1, walks());
    load(8); // no longer covered
    assertEquals(2, walks());
    assertEquals(1, l1d().get(TlbStructureMetric.COALESCED_FILLS));
  }

  @Test
  void groupWhoseLastCleanPageIsWrittenStaysOne() {
    mapFour(8, 0x100, PWUA);
    load(8);
    for (int page : new int[] {8, 9, 10}) {
      ram.write(PT + 8L * page, ram.read(PT + 8L * page) | D); // by another processor
    }
    mmu.translate(4096L * 11, STORE);
    mmu.translate(4096L * 8, STORE);
    assertEquals(1, walker.snapshot().get(WalkMetric.DIRTY_ASSISTS));
    assertEquals(1, walks());
  }

  /**
   * A kernel that changes entries at random and invalidates the page each time, as it must: nothing
   * stale is ever used, every translation is what the tables say, and stores leave D set.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void kernelThatInvalidatesEachChangedPageNeverMeetsAStaleOne(int seed) {
    Random random = new Random(seed);
    int pages = 64;
    for (int page = 0; page < pages; page++) {
      map(page, (0x200L + page) << 12 | PWU);
    }
    for (int i = 0; i < 20_000; i++) {
      int page = random.nextInt(random.nextBoolean() ? pages : 16);
      long va = 4096L * page + random.nextInt(4096);
      if (random.nextInt(40) == 0) {
        changeEntry(random, page);
        mmu.invlpg(va);
        continue;
      }
      int kind = Math.max(0, random.nextInt(8) - 5); // mostly loads
      long t = mmu.translate(va, kind);
      long entry = ram.read(PT + 8L * page);
      boolean allowed =
          (entry & 1) != 0
              && (kind != STORE || (entry & 2) != 0)
              && (kind != AccessKind.FETCH.ordinal() || entry >= 0);
      assertEquals(allowed, Translation.isValid(t), "access " + i);
      if (allowed) {
        assertEquals(
            (entry & 0x000f_ffff_ffff_f000L) | (va & 0xfff), Translation.physicalAddress(t, va));
        assertEquals(A, entry & A);
        assertEquals(kind == STORE ? D : 0, entry & (kind == STORE ? D : 0));
      }
    }
    assertEquals(List.of(), detector.uses());
    long hits = l1d().get(TlbStructureMetric.COALESCED_HITS);
    assertTrue(hits > 300, () -> "only " + hits + " hits in groups");
  }

  /** Unmaps, remaps (mostly back into its row), protects, or clears A and D. */
  private void changeEntry(Random random, int page) {
    long entry = ram.read(PT + 8L * page);
    long row = (0x200L + page) << 12;
    map(
        page,
        switch (random.nextInt(20)) {
          case 0 -> 0;
          case 1 -> entry & ~2L;
          case 2 -> entry | 1L << 63;
          case 3 -> (0x900L + random.nextInt(8)) << 12 | PWU;
          case 4 -> entry & ~(A | D);
          case 5 -> entry ^ G;
          default -> row | PWU;
        });
  }

  /** Without the invalidation the group is stale, and the detector says so. */
  @Test
  void missingInvalidationOfANeighbourIsFound() {
    mapFour(8, 0x100, PWUA);
    load(8);
    map(11, 0x555 << 12 | PWUA);
    load(11);
    assertEquals(1, detector.count());
    assertEquals(4096 * 11 + 8, detector.uses().get(0).va());
  }
}
