package io.lookaside.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The MMU over a translation cache and a page walker that answer from a script and keep a log. */
class MmuTest {
  private static final int LOAD = 0;
  private static final int STORE = 1;
  private static final int FETCH = 2;

  private static final long P = 1;
  private static final long W = 1L << 1;
  private static final long U = 1L << 2;
  private static final long D = 1L << 6;
  private static final long XD = 1L << 63;

  private static final long CR0 = 0x8001_0001L; // PG, WP, PE
  private static final long PAE = 1L << 5;
  private static final long PGE = 1L << 7;
  private static final long LA57 = 1L << 12;
  private static final long PCIDE = 1L << 17;
  private static final long SMEP = 1L << 20;
  private static final long SMAP = 1L << 21;
  private static final long EFER = 0xd00L; // NXE, LMA, LME
  private static final long LMA = 1L << 10;

  private static final long VA = 0x7fff_1234_5678L;

  private final List<String> log = new ArrayList<>();
  private final Map<Long, Long> words = new HashMap<>();
  private long cached = Translation.NONE;
  private long walked = Translation.NONE;
  private final List<PagingContext> contexts = new ArrayList<>();

  private final class ScriptedCache implements TranslationCache {
    @Override
    public long lookup(long va, int pcid, int kind) {
      log.add(String.format("lookup %x %d %d", va, pcid, kind));
      return cached;
    }

    @Override
    public void fill(long va, int pcid, int kind, long translation) {
      log.add(String.format("fill %x %d %d %x", va, pcid, kind, translation));
    }

    @Override
    public void update(long va, int pcid, long clean, long translation) {
      log.add(String.format("update %x %d %x %x", va, pcid, clean, translation));
    }

    @Override
    public void invalidateNonGlobalPage(long va, int pcid) {
      log.add(String.format("cache non-global page %x %d", va, pcid));
    }

    @Override
    public void invalidatePcidAndGlobal(int pcid) {
      log.add(String.format("cache pcid and global %d", pcid));
    }

    @Override
    public void invalidateNonGlobal() {
      log.add("cache non-global");
    }

    @Override
    public void invalidatePage(long va, int pcid) {
      log.add(String.format("cache page %x %d", va, pcid));
    }

    @Override
    public void invalidatePcid(int pcid) {
      log.add(String.format("cache pcid %d", pcid));
    }

    @Override
    public void invalidateAll() {
      log.add("cache all");
    }

    @Override
    public void countRepeatedHits(int kind, PageSize page, PageSize piece, long hits) {
      log.add("repeated");
    }

    @Override
    public int repetitionClasses(int kind, PageSize pieceSize) {
      return 0;
    }

    @Override
    public boolean loadsAndStoresShare() {
      return false;
    }

    @Override
    public boolean fillsInterfere() {
      return false;
    }
  }

  private final class ScriptedWalker implements PageWalker {
    @Override
    public long walk(long va, int kind, PagingContext context, Cause cause) {
      log.add(String.format("walk %x %d %s", va, kind, cause));
      contexts.add(context);
      return walked;
    }

    @Override
    public long readWord(long pa) {
      log.add(String.format("read %x", pa));
      return words.getOrDefault(pa, 0L);
    }

    @Override
    public void invalidateAddress(long va, int pcid, PagingFormat format) {
      log.add(String.format("walker address %x %d", va, pcid));
    }

    @Override
    public void invalidatePcid(int pcid) {
      log.add(String.format("walker pcid %d", pcid));
    }

    @Override
    public void invalidateAll() {
      log.add("walker all");
    }
  }

  private Mmu mmu(boolean user) {
    return mmu(user, 0x5_0007L, PAE | PCIDE | SMEP | SMAP);
  }

  private Mmu mmu(boolean user, long cr3, long cr4) {
    return new Mmu(
        new ControlRegisters(CR0, cr3, cr4, EFER),
        CpuFeatures.ALL,
        user ? AccessMode.USER : AccessMode.SUPERVISOR,
        new ScriptedCache(),
        new ScriptedWalker());
  }

  private static long page(long rights) {
    return Translation.ofLeaf(0x9_8765_4021L | (rights & D), PageSize.SIZE_4K, rights, false);
  }

  private void assertLog(String... expected) {
    assertEquals(List.of(expected), log);
  }

  private static String hex(long value) {
    return Long.toHexString(value);
  }

  @Test
  void newMmuTouchesNothing() {
    mmu(true);
    assertLog();
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        0x0000_8000_0000_0000L,
        0xffff_7fff_ffff_ffffL,
        0x0001_0000_0000_0000L,
        0x7fff_ffff_ffff_ffffL,
        Long.MIN_VALUE
      })
  void nonCanonicalAddressIsAGeneralProtectionFaultWithoutALookup(long va) {
    cached = page(W | U | D);
    walked = page(W | U | D);
    for (int kind = LOAD; kind <= FETCH; kind++) {
      assertEquals(Translation.GENERAL_PROTECTION, mmu(true).translate(va, kind));
      assertEquals(Translation.GENERAL_PROTECTION, mmu(false).translate(va, kind));
    }
    assertLog();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 0x0000_7fff_ffff_ffffL, 0xffff_8000_0000_0000L, -1L})
  void canonicalBoundariesAreTranslated(long va) {
    cached = page(U);
    assertEquals(cached, mmu(true).translate(va, LOAD));
    assertLog("lookup " + hex(va) + " 7 0");
  }

  @ParameterizedTest
  @EnumSource
  void hitThatServesReturnsWithoutAWalk(AccessKind kind) {
    cached = page(W | U | D);
    assertEquals(cached, mmu(true).translate(VA, kind.ordinal()));
    assertLog("lookup 7fff12345678 7 " + kind.ordinal());
  }

  @ParameterizedTest
  @EnumSource
  void missWalksAndFills(AccessKind kind) {
    walked = page(W | U | D);
    int code = kind.ordinal();
    assertEquals(walked, mmu(true).translate(VA, code));
    assertLog(
        "lookup 7fff12345678 7 " + code,
        "walk 7fff12345678 " + code + " MISS",
        "fill 7fff12345678 7 " + code + " " + hex(walked));
  }

  @ParameterizedTest
  @ValueSource(ints = {0x0, 0x1, 0x4, 0x6, 0x7, 0xd, 0x14})
  void faultOfAWalkDropsTheAddressAndFillsNothing(int code) {
    walked = Translation.pageFault(code);
    assertEquals(Translation.pageFault(code), mmu(true).translate(VA, STORE));
    assertLog(
        "lookup 7fff12345678 7 1",
        "walk 7fff12345678 1 MISS",
        "cache page 7fff12345678 7",
        "walker address 7fff12345678 7");
  }

  @ParameterizedTest
  @CsvSource({
    // Bits of the page, kind, user mode: error code.
    "0x40, 0, true, 0x5", // user load of a supervisor page
    "0x42, 1, true, 0x7",
    "0x44, 1, true, 0x7", // read-only
    "0x04, 1, true, 0x7", // and the dirty assist is not even tried
    "0x46, 0, false, 0x1", // SMAP
    "0x46, 1, false, 0x3",
    "0x40, 1, false, 0x3", // WP
    "0x46, 2, false, 0x11", // SMEP
    "0x40, 2, true, 0x15",
    "-0x7fffffffffffffbc, 2, true, 0x15", // XD on a user page
    "-0x7fffffffffffffc0, 2, false, 0x11", // XD on a supervisor page
  })
  void hitWithoutTheRightsIsAPageFaultWithoutAWalk(
      String rights, int kind, boolean user, String code) {
    cached = page(Long.decode(rights));
    walked = page(W | U | D);
    assertEquals(
        Translation.pageFault(Integer.decode(code)), mmu(user).translate(VA, kind), () -> rights);
    assertLog(
        "lookup 7fff12345678 7 " + kind,
        "cache page 7fff12345678 7",
        "walker address 7fff12345678 7");
  }

  @Test
  void executeDisableIsNothingToData() {
    cached = page(XD | U | W | D);
    assertEquals(cached, mmu(true).translate(VA, LOAD));
    assertEquals(cached, mmu(true).translate(VA, STORE));
    assertLog("lookup 7fff12345678 7 0", "lookup 7fff12345678 7 1");
  }

  @Test
  void storeThroughCleanEntryWalksAgainAndUpdates() {
    cached = page(W | U);
    walked = page(W | U | D);
    assertEquals(walked, mmu(true).translate(VA, STORE));
    assertLog(
        "lookup 7fff12345678 7 1",
        "walk 7fff12345678 1 DIRTY_ASSIST",
        "update 7fff12345678 7 " + hex(cached) + " " + hex(walked));
  }

  @Test
  void storeThroughCleanEntryFaultsWhereTheTablesHaveChanged() {
    cached = page(W | U);
    walked = Translation.pageFault(6);
    assertEquals(walked, mmu(true).translate(VA, STORE));
    assertLog(
        "lookup 7fff12345678 7 1",
        "walk 7fff12345678 1 DIRTY_ASSIST",
        "cache page 7fff12345678 7",
        "walker address 7fff12345678 7");
  }

  @ParameterizedTest
  @ValueSource(ints = {LOAD, FETCH})
  void cleanEntryServesReadsAndFetches(int kind) {
    cached = page(U);
    assertEquals(cached, mmu(true).translate(VA, kind));
    assertLog("lookup 7fff12345678 7 " + kind);
  }

  @ParameterizedTest
  @EnumSource
  void retryWalksAndFillsWithoutALookup(AccessKind kind) {
    cached = page(0);
    walked = page(W | U | D);
    int code = kind.ordinal();
    assertEquals(walked, mmu(true).retry(VA, code));
    assertLog(
        "walk 7fff12345678 " + code + " RETRY", "fill 7fff12345678 7 " + code + " " + hex(walked));
  }

  @Test
  void retryThatFaultsAgainDropsTheAddress() {
    walked = Translation.pageFault(4);
    assertEquals(walked, mmu(true).retry(VA, LOAD));
    assertLog(
        "walk 7fff12345678 0 RETRY", "cache page 7fff12345678 7", "walker address 7fff12345678 7");
  }

  @Test
  void walkerIsGivenWhatTheRegistersSay() {
    walked = page(W | U | D);
    Mmu mmu = mmu(true, 0x5_0007L, PAE | PCIDE | PGE);
    mmu.translate(VA, LOAD);
    mmu.writeCr3(0x000f_edcb_a987_6123L);
    mmu.translate(VA, LOAD);
    PagingContext first = contexts.get(0);
    PagingContext second = contexts.get(1);
    assertEquals(0x5_0000L | P | W | U, first.root(VA));
    assertEquals(7, first.pcid());
    assertEquals(0x000f_edcb_a987_6000L | P | W | U, second.root(VA));
    assertEquals(0x123, second.pcid());
    assertTrue(second.globalPages());
    assertEquals(0, second.format().level(0).reservedInLeaf() & XD);
    assertTrue(second.rights().permits(U, LOAD) && !second.rights().permits(0, LOAD));
  }

  @Test
  void invlpgDropsThePageAndAllStructureEntriesOfThePcid() {
    mmu(true).invlpg(VA);
    assertLog("cache page 7fff12345678 7", "walker pcid 7");
  }

  @ParameterizedTest
  @ValueSource(longs = {0x0000_8000_0000_0000L, 0xffff_7fff_ffff_ffffL, Long.MIN_VALUE})
  void invlpgOfANonCanonicalAddressDoesNothing(long va) {
    mmu(true).invlpg(va);
    assertLog();
  }

  @Test
  void invlpgWithoutPcidsConcernsPcidZero() {
    mmu(true, 0x5_0018L, PAE).invlpg(VA);
    assertLog("cache page 7fff12345678 0", "walker pcid 0");
  }

  @Test
  void writeOfCr3DropsTheNewPcid() {
    Mmu mmu = mmu(true);
    mmu.writeCr3(0x6_0009L);
    assertLog("cache pcid 9", "walker pcid 9");
    assertEquals(0x6_0009L, mmu.registers().cr3());
    assertEquals(9, mmu.registers().pcid());
  }

  @Test
  void writeOfCr3WithBit63KeepsTranslationsAndIsStoredWithoutIt() {
    Mmu mmu = mmu(true);
    mmu.writeCr3(0x6_0009L | 1L << 63);
    assertLog();
    assertEquals(0x6_0009L, mmu.registers().cr3());
    cached = page(U);
    mmu.translate(VA, LOAD);
    assertLog("lookup 7fff12345678 9 0");
  }

  @Test
  void writeOfCr3WithoutPcidsDropsPcidZero() {
    Mmu mmu = mmu(true, 0x5_0000L, PAE);
    mmu.writeCr3(0x6_0018L);
    assertLog("cache pcid 0", "walker pcid 0");
    assertEquals(0x6_0018L, mmu.registers().cr3());
    assertEquals(0, mmu.registers().pcid());
  }

  @Test
  void writeOfCr3WithTheSameValueDropsTooAndOtherRegistersStay() {
    Mmu mmu = mmu(false);
    ControlRegisters before = mmu.registers();
    mmu.writeCr3(before.cr3());
    assertLog("cache pcid 7", "walker pcid 7");
    assertEquals(before, mmu.registers());
  }

  @Test
  void pcidIsTheLowTwelveBitsOfCr3OnlyWithPcids() {
    assertEquals(0xfff, new ControlRegisters(CR0, 0x1_2fffL, PAE | PCIDE, EFER).pcid());
    assertEquals(0, new ControlRegisters(CR0, 0x1_2000L, PAE | PCIDE, EFER).pcid());
    assertEquals(0, new ControlRegisters(CR0, 0x1_2018L, PAE, EFER).pcid());
  }

  @ParameterizedTest
  @ValueSource(longs = {0x8000_0000L, 0x8001_0000L})
  void pagingWithoutProtectionIsRefused(long cr0) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new ControlRegisters(cr0, 0, PAE, EFER));
    assertTrue(String.valueOf(e.getMessage()).contains("CR0.PE"));
  }

  @Test
  void longModeWithoutPaeIsRefused() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> new ControlRegisters(CR0, 0, SMEP, EFER));
    assertTrue(String.valueOf(e.getMessage()).contains("CR4.PAE"));
  }

  @Test
  void theModeFollowsFromTheRegisters() {
    assertEquals(PagingMode.NONE, new ControlRegisters(1, 0, PAE, EFER & ~LMA).mode());
    assertEquals(PagingMode.BITS_32, new ControlRegisters(CR0, 0, SMEP, 0).mode());
    assertEquals(PagingMode.PAE, new ControlRegisters(CR0, 0, PAE, EFER & ~LMA).mode());
    assertEquals(PagingMode.FOUR_LEVEL, new ControlRegisters(CR0, 0, PAE, EFER).mode());
    assertEquals(PagingMode.FIVE_LEVEL, new ControlRegisters(CR0, 0, PAE | LA57, EFER).mode());
  }

  @Test
  void withCr3ChangesNothingElse() {
    ControlRegisters registers = new ControlRegisters(CR0, 0x1000, PAE | PCIDE, EFER);
    assertEquals(new ControlRegisters(CR0, 0x2abc, PAE | PCIDE, EFER), registers.withCr3(0x2abc));
    assertEquals(0x1000, registers.cr3());
  }
}
