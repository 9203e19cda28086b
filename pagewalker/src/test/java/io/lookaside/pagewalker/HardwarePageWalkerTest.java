package io.lookaside.pagewalker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.PageWalker.Cause;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HardwarePageWalkerTest {
  private static final long P = 1;
  private static final long RW = 2;
  private static final long US = 4;
  private static final long A = 1 << 5;
  private static final long D = 1 << 6;
  private static final long PS = 1 << 7;
  private static final long XD = 1L << 63;
  private static final long ALL = P | RW | US;

  private static final long PML4 = 0x1000;
  private static final long PDPT = 0x2000;
  private static final long PD = 0x3000;
  private static final long PT = 0x4000;

  private static final CpuFeatures FEATURES = new CpuFeatures(46, true, false);

  private final PhysicalMemory memory = new PhysicalMemory();

  private static Geometry lru(int entries) {
    return new Geometry(entries, entries, ReplacementPolicy.Kind.LRU);
  }

  private HardwarePageWalker walker(
      @Nullable Geometry pml4e, @Nullable Geometry pdpte, @Nullable Geometry pde) {
    return new HardwarePageWalker(
        new WalkerConfig(1, null, pml4e, pdpte, pde, TableUpdates.AS_WALKED), memory, 1);
  }

  private HardwarePageWalker walkerWithAllCaches() {
    return walker(lru(4), lru(4), lru(32));
  }

  /** User mode with WP, NXE and PCIDs. */
  private static PagingContext user(long root, int pcid) {
    long cr4 = 1L << 5 | 1L << 17;
    return PagingContext.of(
        new ControlRegisters(0x8001_0001L, root | pcid, cr4, 0xd00),
        FEATURES,
        AccessMode.USER,
        false);
  }

  private static long load(HardwarePageWalker walker, long va, int pcid) {
    return walk(walker, va, pcid, AccessKind.LOAD, Cause.MISS);
  }

  private static long walk(
      HardwarePageWalker walker, long va, int pcid, AccessKind kind, Cause cause) {
    return walker.walk(va, kind.ordinal(), user(PML4, pcid), cause);
  }

  /** The reads that one load takes. */
  private static long reads(HardwarePageWalker walker, long va, int pcid) {
    long before = walker.snapshot().get(WalkMetric.MEMORY_READS);
    load(walker, va, pcid);
    return walker.snapshot().get(WalkMetric.MEMORY_READS) - before;
  }

  /**
   * One table of each level behind index 0; pages 0 to 511 at 1 MiB, 2 MiB at index 1 of the PD.
   */
  private void mapFourLevels() {
    memory.write(PML4, PDPT | ALL);
    memory.write(PDPT, PD | ALL);
    memory.write(PD, PT | ALL);
    for (int i = 0; i < 512; i++) {
      memory.write(PT + 8L * i, (0x10_0000L + 0x1000L * i) | ALL);
    }
    memory.write(PD + 8, 0x20_0000L | PS | ALL);
    memory.write(PDPT + 8, 0x4000_0000L | PS | ALL);
    memory.write(PD + 16, PT | ALL);
    memory.write(PDPT + 16, PD | ALL);
    memory.write(PML4 + 8, PDPT | ALL);
  }

  @Test
  void aColdWalkReadsOneEntryForEachLevel() {
    mapFourLevels();
    assertEquals(4, reads(walkerWithAllCaches(), 0x3000, 0));
    assertEquals(3, reads(walkerWithAllCaches(), 0x20_0000, 0));
    assertEquals(2, reads(walkerWithAllCaches(), 0x4000_0000, 0));
  }

  @Test
  void aStructureCacheHitSkipsTheLevelsAboveIt() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    load(walker, 0x3000, 0);
    assertEquals(1, reads(walker, 0x5000, 0)); // the same PDE
    assertEquals(2, reads(walker, 0x40_0000, 0)); // the same PDPTE
    assertEquals(3, reads(walker, 2L << 30, 0)); // the same PML4E
    assertEquals(4, reads(walker, 1L << 39, 0)); // nothing in common
    assertEquals(1, walker.snapshot().get(WalkMetric.PDE_HITS));
    assertEquals(1, walker.snapshot().get(WalkMetric.PDPTE_HITS));
    assertEquals(1, walker.snapshot().get(WalkMetric.PML4E_HITS));
    assertEquals(2, walker.snapshot().get(WalkMetric.ROOT_STARTS));
  }

  @Test
  void largePagesEnterNoStructureCache() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    load(walker, 0x20_0000, 0);
    assertEquals(1, reads(walker, 0x20_1000, 0)); // the PDE, through the PDPTE cache
    assertEquals(1, walker.snapshot().get(WalkMetric.PDPTE_HITS));
    load(walker, 0x4000_0000, 0);
    assertEquals(1, reads(walker, 0x4020_0000, 0)); // the PDPTE, through the PML4E cache
    assertEquals(2, walker.snapshot().get(WalkMetric.PML4E_HITS));
  }

  @Test
  void withoutCachesEveryWalkIsFull() {
    mapFourLevels();
    HardwarePageWalker walker = walker(null, null, null);
    for (int i = 1; i <= 3; i++) {
      assertEquals(4, reads(walker, 0x3000, 0));
    }
    assertEquals(3, walker.snapshot().get(WalkMetric.ROOT_STARTS));
  }

  @Test
  void aMachineMayHaveOnlyOneOfTheCaches() {
    mapFourLevels();
    HardwarePageWalker pml4e = walker(lru(1), null, null);
    HardwarePageWalker pdpte = walker(null, lru(1), null);
    HardwarePageWalker pde = walker(null, null, lru(1));
    load(pml4e, 0, 0);
    load(pdpte, 0, 0);
    load(pde, 0, 0);
    assertEquals(3, reads(pml4e, 0, 0));
    assertEquals(2, reads(pdpte, 0, 0));
    assertEquals(1, reads(pde, 0, 0));
  }

  @Test
  void eachCauseIsCountedOnItsOwn() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    for (int i = 0; i < 3; i++) {
      walk(walker, 0, 0, AccessKind.LOAD, Cause.MISS);
    }
    for (int i = 0; i < 5; i++) {
      walk(walker, 0, 0, AccessKind.LOAD, Cause.RETRY);
    }
    for (int i = 0; i < 7; i++) {
      walk(walker, 0, 0, AccessKind.STORE, Cause.DIRTY_ASSIST);
    }
    assertEquals(3, walker.snapshot().get(WalkMetric.WALKS));
    assertEquals(5, walker.snapshot().get(WalkMetric.RETRIES));
    assertEquals(7, walker.snapshot().get(WalkMetric.DIRTY_ASSISTS));
    assertEquals(1, walker.snapshot().get(WalkMetric.ROOT_STARTS));
    assertEquals(14, walker.snapshot().get(WalkMetric.PDE_HITS));
  }

  @Test
  void aLoadSetsAccessedInEveryEntryAndDirtyInNone() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    load(walker, 0x3000, 0);
    assertEquals(PDPT | ALL | A, memory.read(PML4));
    assertEquals(PD | ALL | A, memory.read(PDPT));
    assertEquals(PT | ALL | A, memory.read(PD));
    assertEquals(0x10_3000 | ALL | A, memory.read(PT + 8L * 3));
    assertEquals(4, walker.snapshot().get(WalkMetric.ACCESSED_BITS_SET));
    assertEquals(0, walker.snapshot().get(WalkMetric.DIRTY_BITS_SET));
  }

  @Test
  void aStoreSetsDirtyInTheLeafAlone() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    long t = walk(walker, 0x3000, 0, AccessKind.STORE, Cause.MISS);
    assertTrue(Translation.isDirty(t));
    assertEquals(PT | ALL | A, memory.read(PD));
    assertEquals(0x10_3000 | ALL | A | D, memory.read(PT + 8L * 3));
    assertEquals(1, walker.snapshot().get(WalkMetric.DIRTY_BITS_SET));
  }

  @Test
  void aDeniedStoreSetsAccessedAboveTheLeafButNotInIt() {
    mapFourLevels();
    memory.write(PT, 0x10_0000 | P | US);
    HardwarePageWalker walker = walkerWithAllCaches();
    long t = walk(walker, 0, 0, AccessKind.STORE, Cause.MISS);
    assertTrue(Translation.isPageFault(t));
    assertEquals(7, Translation.errorCode(t)); // P, W/R, U/S
    assertEquals(0x10_0000 | P | US, memory.read(PT));
    assertEquals(PT | ALL | A, memory.read(PD));
    assertEquals(3, walker.snapshot().get(WalkMetric.ACCESSED_BITS_SET));
  }

  @ParameterizedTest
  @CsvSource({"0x1000, 1, 0", "0x2000, 2, 1", "0x3000, 3, 2", "0x4000, 4, 3"})
  void anEntryThatIsNotPresentEndsTheWalkAtItsLevel(String table, int reads, int accessed) {
    mapFourLevels();
    memory.write(Long.decode(table), ~1L); // all bits but P are of no interest
    HardwarePageWalker walker = walkerWithAllCaches();
    long t = load(walker, 0, 0);
    assertTrue(Translation.isPageFault(t));
    assertEquals(4, Translation.errorCode(t)); // U/S alone
    assertEquals(reads, walker.snapshot().get(WalkMetric.MEMORY_READS));
    assertEquals(accessed, walker.snapshot().get(WalkMetric.ACCESSED_BITS_SET));
    assertEquals(~1L, memory.read(Long.decode(table)));
  }

  @Test
  void aReservedBitBelowWinsOverRightsMissingAbove() {
    mapFourLevels();
    memory.write(PML4, PDPT | P);
    memory.write(PT, 0x10_0000 | ALL | 1L << 46);
    long t = load(walkerWithAllCaches(), 0, 0);
    assertEquals(0xd, Translation.errorCode(t)); // RSVD, U/S, P
  }

  @Test
  void aLeafThatIsMappedAfterAFaultIsFoundWithoutInvalidation() {
    mapFourLevels();
    memory.write(PT, 0);
    HardwarePageWalker walker = walkerWithAllCaches();
    assertTrue(Translation.isPageFault(load(walker, 0, 0)));
    memory.write(PT, 0x7_7000 | ALL);
    long t = walk(walker, 0x123, 0, AccessKind.LOAD, Cause.RETRY);
    assertTrue(Translation.isValid(t));
    assertEquals(0x7_7123, Translation.physicalAddress(t, 0x123));
  }

  @ParameterizedTest
  @CsvSource({"0x1000", "0x2000", "0x3000"})
  void aTableThatIsMappedAfterAFaultIsFoundWithoutInvalidation(String table) {
    mapFourLevels();
    long address = Long.decode(table);
    long entry = memory.read(address);
    memory.write(address, 0);
    HardwarePageWalker walker = walkerWithAllCaches();
    assertTrue(Translation.isPageFault(load(walker, 0, 0)));
    memory.write(address, entry);
    assertTrue(Translation.isValid(load(walker, 0, 0)));
  }

  @Test
  void anEntryWithAReservedBitIsNotCached() {
    mapFourLevels();
    memory.write(PD, PT | ALL | 1L << 50);
    HardwarePageWalker walker = walkerWithAllCaches();
    assertEquals(0xd, Translation.errorCode(load(walker, 0, 0)));
    assertEquals(PT | ALL | 1L << 50, memory.read(PD));
    memory.write(PD, PT | ALL);
    assertTrue(Translation.isValid(load(walker, 0, 0)));
    assertEquals(1, walker.snapshot().get(WalkMetric.PDPTE_HITS));
  }

  @Test
  void cachedRightsAreAndedWithThoseOfTheEntriesBelow() {
    mapFourLevels();
    memory.write(PD, PT | P | US); // read-only
    HardwarePageWalker walker = walkerWithAllCaches();
    assertTrue(Translation.isValid(load(walker, 0, 0)));
    long t = walk(walker, 0x1000, 0, AccessKind.STORE, Cause.MISS);
    assertEquals(1, walker.snapshot().get(WalkMetric.PDE_HITS));
    assertTrue(Translation.isPageFault(t));
    assertEquals(7, Translation.errorCode(t));
  }

  @Test
  void aCachedExecuteDisableHoldsForThePagesBelow() {
    mapFourLevels();
    memory.write(PDPT, PD | ALL | XD);
    HardwarePageWalker walker = walkerWithAllCaches();
    load(walker, 0, 0);
    long t = walk(walker, 0x1000, 0, AccessKind.FETCH, Cause.MISS);
    assertEquals(0x15, Translation.errorCode(t)); // I/D, U/S, P
  }

  @Test
  void cachedEntriesKeepTheirOldRightsUntilInvalidated() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    load(walker, 0, 0);
    memory.write(PML4, PDPT | P | US);
    assertTrue(Translation.isValid(walk(walker, 0x1000, 0, AccessKind.STORE, Cause.MISS)));
    walker.invalidateAddress(0x1000, 0, user(PML4, 0).format());
    assertEquals(7, Translation.errorCode(walk(walker, 0x1000, 0, AccessKind.STORE, Cause.MISS)));
  }

  @Test
  void structureCacheEntriesServeTheirOwnPcidOnly() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    load(walker, 0, 1);
    assertEquals(4, reads(walker, 0, 2));
    assertEquals(1, reads(walker, 0, 1));
    assertEquals(1, reads(walker, 0, 2));
    assertEquals(4, reads(walker, 0, 4095));
  }

  @Test
  void invalidatingAnAddressDropsWhatMatchesItAtEveryLevel() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    load(walker, 0, 1);
    load(walker, 0, 2);
    load(walker, 0x40_0000, 1);
    load(walker, 1L << 39, 1);
    walker.invalidateAddress(0x1f_ffff, 1, user(PML4, 1).format());
    assertEquals(1, reads(walker, 0x40_0000, 1)); // another PDE
    assertEquals(1, reads(walker, 1L << 39, 1)); // another PML4E
    assertEquals(1, reads(walker, 0, 2)); // another PCID
    assertEquals(4, reads(walker, 0, 1));
  }

  @Test
  void invalidatingAPcidKeepsTheOthers() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    load(walker, 0, 1);
    load(walker, 1L << 39, 1);
    load(walker, 0, 2);
    walker.invalidatePcid(1);
    assertEquals(1, reads(walker, 0, 2));
    assertEquals(4, reads(walker, 0, 1));
    assertEquals(4, reads(walker, 1L << 39, 1));
  }

  @Test
  void invalidatingAllKeepsNothing() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    load(walker, 0, 1);
    load(walker, 0, 2);
    walker.invalidateAll();
    assertEquals(4, reads(walker, 0, 1));
    assertEquals(4, reads(walker, 0, 2));
  }

  @Test
  void aHitRefreshesOnlyTheCacheThatHit() {
    mapFourLevels();
    HardwarePageWalker walker = walker(null, lru(2), lru(4));
    load(walker, 0, 0); // PDPTE 0, PDE 0
    load(walker, 2L << 30, 0); // PDPTE 2 is now the younger
    load(walker, 0x1000, 0); // hits PDE 0 alone: PDPTE 0 stays the older
    load(walker, 1L << 39, 0); // a third PDPTE evicts it
    assertEquals(2, reads(walker, (2L << 30) + 0x40_0000, 0));
    assertEquals(4, reads(walker, 0x40_0000, 0));
  }

  @Test
  void theLeastRecentlyUsedEntryMakesRoom() {
    mapFourLevels();
    HardwarePageWalker walker = walker(null, null, lru(2));
    load(walker, 0, 0);
    load(walker, 0x40_0000, 0);
    load(walker, 0x1000, 0); // refreshes the first
    load(walker, 1L << 39, 0); // evicts the second
    assertEquals(1, reads(walker, 0, 0));
    assertEquals(4, reads(walker, 0x40_0000, 0));
  }

  @Test
  void theTranslationOfALargePageHasItsOwnFrameAndSize() {
    mapFourLevels();
    HardwarePageWalker walker = walkerWithAllCaches();
    assertEquals(0x31_2345, Translation.physicalAddress(load(walker, 0x31_2345, 0), 0x31_2345));
    assertEquals(
        0x5234_5678, Translation.physicalAddress(load(walker, 0x5234_5678, 0), 0x5234_5678));
  }

  @Test
  void aNegativeLatencyIsRejected() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new WalkerConfig(-1, null, null, null, null, TableUpdates.AS_WALKED));
  }
}
