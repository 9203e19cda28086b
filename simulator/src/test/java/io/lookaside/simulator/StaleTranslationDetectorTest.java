package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.stale.StaleTranslationDetector;
import io.lookaside.mmu.stale.StaleUse;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.tlb.UnboundedTlb;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Changes of tables with and without the invalidation that they need. */
class StaleTranslationDetectorTest {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final long VA = 0x1234;
  private static final long PML4 = 0x1000;
  private static final long PDPT = 0x2000;
  private static final long PD = 0x3000;
  private static final long PT = 0x4000;
  private static final long LEAF = PT + 8;
  private static final long PWUAD = 0x67;

  private final PhysicalMemory ram = new PhysicalMemory();
  private final StaleTranslationDetector detector =
      new StaleTranslationDetector(new UnboundedTlb());
  private final Mmu mmu;

  StaleTranslationDetectorTest() {
    ram.write(PML4, PDPT | PWUAD);
    ram.write(PDPT, PD | PWUAD);
    ram.write(PD, PT | PWUAD);
    ram.write(LEAF, 0xaa000 | PWUAD);
    ram.write(PT + 16, 0xbb000 | PWUAD);
    long cr4 = Cr4.PHYSICAL_ADDRESS_EXTENSION | Cr4.GLOBAL_PAGES | Cr4.PCID_ENABLE;
    mmu =
        new Mmu(
            new ControlRegisters(0x8001_0001L, PML4, cr4, 0xd00),
            CpuFeatures.ALL,
            AccessMode.USER,
            detector,
            HardwarePageWalker.unbounded(TableUpdates.AS_WALKED, ram));
    detector.watch(mmu, new HardwarePageWalker(WalkerConfig.READ_ONLY, ram, 0, detector));
  }

  @ParameterizedTest
  @CsvSource({
    "0xaa066, P cleared",
    "0xcc067, another frame",
    "0xaa065, R/W cleared",
    "0xaa063, U/S cleared",
    "0x80000000000aa067, XD set",
    "0xaa077, PCD set",
    "0x8000000aa067, reserved no more than another frame",
    "0x8800000000aa067, another key",
  })
  void aChangedLeafWithoutInvlpgIsReportedOnceWithBothValues(String value, String what) {
    long changed = Long.parseUnsignedLong(value.substring(2), 16);
    mmu.translate(VA, LOAD);
    ram.write(LEAF, changed);
    mmu.translate(VA, LOAD);
    mmu.translate(VA, LOAD);
    mmu.translate(0x1678, LOAD); // the same page
    StaleUse use = only();
    assertEquals(VA, use.va(), what);
    assertEquals(
        new StaleUse.Change(StaleUse.Place.ENTRY, 0, "PTE", LEAF, 0xaa067, changed, true),
        use.change());
    assertTrue(use.missingInvalidation().contains("INVLPG of 0x1234"), use.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "0xaa047, A cleared",
    "0xaa027, D cleared",
    "0xaa267, a bit that the processor ignores",
    "0xaa167, global now",
  })
  void lawfulChangesAreNotReported(String value, String what) {
    mmu.translate(VA, STORE);
    ram.write(LEAF, Long.decode(value));
    mmu.translate(VA, LOAD);
    assertEquals(List.of(), detector.uses(), what);
  }

  @Test
  void raisedRightsAreNotReported() {
    ram.write(LEAF, 1L << 63 | 0xaa061); // read-only, supervisor, no fetches
    mmu.setMode(AccessMode.SUPERVISOR);
    mmu.translate(VA, LOAD);
    ram.write(LEAF, 0xaa067);
    mmu.translate(VA, LOAD);
    mmu.setMode(AccessMode.USER);
    mmu.translate(VA, LOAD); // the fault that this may cost once is lawful
    assertEquals(List.of(), detector.uses());
  }

  @Test
  void everyInvalidationThatSufficesIsEnough() {
    List<Runnable> invalidations =
        List.of(
            () -> mmu.invlpg(0x1fff),
            () -> mmu.invalidateAddress(VA, 0),
            () -> mmu.invalidatePcid(0),
            mmu::invalidateAll,
            mmu::invalidateNonGlobal,
            () -> mmu.writeCr3(PML4));
    long frame = 0xaa000;
    for (Runnable invalidation : invalidations) {
      mmu.translate(VA, LOAD);
      frame += 0x1000;
      ram.write(LEAF, frame | PWUAD);
      invalidation.run();
      long t = mmu.translate(VA, LOAD);
      assertEquals(frame + 0x234, Translation.physicalAddress(t, VA));
    }
    assertEquals(List.of(), detector.uses());
  }

  @Test
  void anInvalidationOfAnotherPageOrPcidIsNotEnough() {
    mmu.translate(VA, LOAD);
    ram.write(LEAF, 0xcc000 | PWUAD);
    mmu.invlpg(0x2000);
    mmu.invalidatePcid(7);
    mmu.translate(VA, LOAD);
    assertEquals(LEAF, only().change().address());
  }

  @Test
  void movToCr3IsNotEnoughForAGlobalTranslation() {
    ram.write(LEAF, 0xaa000 | PWUAD | 0x100);
    mmu.translate(VA, LOAD);
    ram.write(LEAF, 0xcc000 | PWUAD | 0x100);
    mmu.writeCr3(PML4);
    mmu.translate(VA, LOAD);
    assertTrue(only().missingInvalidation().contains("global"), only().toString());
  }

  @Test
  void aChangedTableEntryIsNamedAndAllPagesBelowMustBeInvalidated() {
    mmu.translate(VA, LOAD);
    ram.write(PD, PT | (PWUAD & ~2)); // R/W cleared for 2 MiB
    mmu.translate(VA, LOAD);
    StaleUse use = only();
    assertEquals("PDE", use.change().name());
    assertEquals(1, use.change().level());
    assertTrue(use.missingInvalidation().contains("every other page below"), use.toString());
  }

  @Test
  void aTranslationMadeFromAStaleStructureCacheIsReported() {
    mmu.translate(VA, LOAD);
    ram.write(0x5000 + 16, 0xcc000 | PWUAD);
    ram.write(PD, 0x5000 | PWUAD); // another page table
    mmu.translate(0x2000, LOAD); // walks from the PDE cache into the old one
    StaleUse use = only();
    assertTrue(use.fromStructureCache());
    assertTrue(use.missingInvalidation().contains("any address"), use.toString());
  }

  @Test
  void anotherTopTableThatKeepsThePcidsTranslationsIsReported() {
    mmu.translate(VA, LOAD);
    ram.write(0x8000, 0x9000 | PWUAD); // which maps nothing
    mmu.writeCr3(0x8000 | Cr3.KEEP_TRANSLATIONS);
    mmu.translate(VA, LOAD);
    assertEquals(StaleUse.Place.ROOT, only().change().place());
    assertTrue(only().missingInvalidation().contains("without bit 63"));
  }

  @Test
  void whatIsEnteredAnewCanBecomeStaleAnew() {
    for (int i = 1; i <= 3; i++) {
      mmu.translate(VA, LOAD);
      ram.write(LEAF, (0xaa000 + i * 0x1000L) | PWUAD);
      mmu.translate(VA, LOAD);
      mmu.invlpg(VA);
      assertEquals(i, detector.count());
    }
  }

  private StaleUse only() {
    assertEquals(1, detector.count(), () -> detector.uses().toString());
    return detector.uses().get(0);
  }
}
