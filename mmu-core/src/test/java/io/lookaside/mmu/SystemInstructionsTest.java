package io.lookaside.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.format.PageSize;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the instructions refuse, and what they drop, from the SDM's lists. */
class SystemInstructionsTest {
  private static final long CR0 = 0x8001_0011L; // PG, WP, ET, PE
  private static final long PAE = 1L << 5;
  private static final long PGE = 1L << 7;
  private static final long LA57 = 1L << 12;
  private static final long PCIDE = 1L << 17;
  private static final long SMEP = 1L << 20;
  private static final long CET = 1L << 23;
  private static final long LONG = 0xd00;

  private final List<String> log = new ArrayList<>();
  private final Map<Long, Long> words = new HashMap<>();

  /** Keeps a log of what is dropped. */
  private final class Log implements TranslationCache, PageWalker {
    @Override
    public long lookup(long va, int pcid, int kind) {
      return 0;
    }

    @Override
    public void fill(long va, int pcid, int kind, long translation) {}

    @Override
    public void update(long va, int pcid, long clean, long translation) {}

    @Override
    public void invalidatePage(long va, int pcid) {
      log.add("page and global " + pcid);
    }

    @Override
    public void invalidateNonGlobalPage(long va, int pcid) {
      log.add("page " + pcid);
    }

    @Override
    public void invalidatePcidAndGlobal(int pcid) {
      log.add("pcid and global " + pcid);
    }

    @Override
    public void invalidateNonGlobal() {
      log.add("non-global");
    }

    @Override
    public long walk(long va, int kind, PagingContext context, Cause cause) {
      return 0;
    }

    @Override
    public long readWord(long pa) {
      return words.getOrDefault(pa, 0L);
    }

    @Override
    public void invalidateAddress(long va, int pcid, PagingFormat format) {
      log.add("pointers of address " + pcid);
    }

    @Override
    public void invalidatePcid(int pcid) {
      log.add("pcid " + pcid); // of translations, and of pointers
    }

    @Override
    public void invalidateAll() {
      log.add("all");
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
    public void countRepeatedHits(int kind, PageSize page, PageSize piece, long hits) {}

    @Override
    public boolean fillsInterfere() {
      return false;
    }
  }

  private final Log parts = new Log();
  private Mmu mmu = mmu(CR0, 0x1000, PAE | PGE, LONG);

  private Mmu mmu(long cr0, long cr3, long cr4, long efer) {
    ControlRegisters registers = new ControlRegisters(cr0, cr3, cr4, efer);
    return new Mmu(registers, new CpuFeatures(46, true, true), AccessMode.SUPERVISOR, parts, parts);
  }

  private SystemInstructions with(long cr0, long cr3, long cr4, long efer) {
    mmu = mmu(cr0, cr3, cr4, efer);
    return new SystemInstructions(mmu);
  }

  private void assertDropped(String... expected) {
    assertEquals(List.of(expected), log);
    log.clear();
  }

  private void assertRefused(boolean success) {
    assertFalse(success);
    assertDropped();
  }

  @Test
  void userModeMayDoNothing() {
    SystemInstructions i = with(CR0, 0x1000, PAE | PGE, LONG);
    ControlRegisters before = mmu.registers();
    assertRefused(i.moveToCr0(CR0, CodeSegment.USER));
    assertRefused(i.moveToCr3(0x1000, CodeSegment.USER));
    assertRefused(i.moveToCr4(PAE, CodeSegment.USER));
    assertRefused(i.invlpg(0, CodeSegment.USER));
    assertRefused(i.invpcid(2, 0, 0, CodeSegment.USER));
    assertEquals(before, mmu.registers());
  }

  /** SDM Vol. 2, "MOV - Move to/from Control Registers", on CR0, in 64-bit mode with WP = 1. */
  @ParameterizedTest
  @CsvSource({
    "0x80010011, true",
    "0x80000011, true", // WP cleared
    "0x180010011, false", // bit 32
    "0x8000000080010011, false", // bit 63
    "0x80010010, false", // PG without PE
    "0x00010011, false", // PG cleared in 64-bit mode
    "0xa0010011, false", // NW without CD
    "0xe0010011, true", // CD and NW
    "0xc0010011, true" // CD
  })
  void moveToCr0In64BitMode(String value, boolean allowed) {
    SystemInstructions i = with(CR0, 0x1000, PAE, LONG);
    long operand = Long.parseUnsignedLong(value.substring(2), 16);
    assertEquals(allowed, i.moveToCr0(operand, CodeSegment.KERNEL));
    assertEquals(allowed ? operand : CR0, mmu.registers().cr0());
    assertDropped();
  }

  @Test
  void pagingCanBeClearedInCompatibilityModeOnlyAndDropsEverything() {
    SystemInstructions i = with(CR0, 0x1000, PAE | PCIDE, LONG);
    assertRefused(i.moveToCr0(0x1_0011, CodeSegment.KERNEL_COMPATIBILITY)); // PCIDE is set
    i = with(CR0, 0x1000, PAE, LONG);
    assertTrue(i.moveToCr0(0x1_0011, CodeSegment.KERNEL_COMPATIBILITY));
    assertDropped("all", "all");
    assertEquals(PagingMode.NONE, mmu.registers().mode());
    assertEquals(LONG & ~0x400, mmu.registers().efer()); // LMA follows PG
    assertTrue(i.moveToCr0(CR0, CodeSegment.KERNEL));
    assertEquals(PagingMode.FOUR_LEVEL, mmu.registers().mode());
    assertDropped();
  }

  @Test
  void longModeCannotBeEnteredWithoutPae() {
    SystemInstructions i = with(0x11, 0x1000, 0, 0x900); // LME, not LMA
    assertRefused(i.moveToCr0(CR0, CodeSegment.KERNEL));
  }

  @Test
  void writeProtectionCannotBeClearedWhileShadowStacksAreOn() {
    SystemInstructions i = with(CR0, 0x1000, PAE | CET, LONG);
    assertRefused(i.moveToCr0(CR0 & ~0x1_0000L, CodeSegment.KERNEL));
    i = with(CR0 & ~0x1_0000L, 0x1000, PAE, LONG);
    assertRefused(i.moveToCr4(PAE | CET, CodeSegment.KERNEL));
  }

  /** MAXPHYADDR is 46. */
  @ParameterizedTest
  @CsvSource({
    "0x00003ffffffff000, true, true",
    "0x0000400000001000, false, false",
    "0x2000000000001000, false, false",
    "0x1000000000001000, false, false",
    "0x8000000000001000, false, true"
  })
  void moveToCr3RefusesReservedBits(String value, boolean without, boolean withPcids) {
    long operand = Long.parseUnsignedLong(value.substring(2), 16);
    assertEquals(without, with(CR0, 0x1000, PAE, LONG).moveToCr3(operand, CodeSegment.KERNEL));
    assertEquals(
        withPcids, with(CR0, 0x1000, PAE | PCIDE, LONG).moveToCr3(operand, CodeSegment.KERNEL));
  }

  @Test
  void outside64BitModeOperandsHave32Bits() {
    SystemInstructions i = with(CR0, 0x1000, 0, 0);
    assertTrue(i.moveToCr3(0xffff_ffff_1234_5000L, CodeSegment.KERNEL));
    assertEquals(0x1234_5000L, mmu.registers().cr3());
  }

  @ParameterizedTest
  @CsvSource({"15", "26", "29", "30", "31", "33", "40", "63"})
  void moveToCr4RefusesReservedBits(int bit) {
    SystemInstructions i = with(CR0, 0x1000, PAE, LONG);
    assertRefused(i.moveToCr4(PAE | 1L << bit, CodeSegment.KERNEL));
  }

  @Test
  void moveToCr4RefusesWhatLongModeForbids() {
    SystemInstructions i = with(CR0, 0x1000, PAE, LONG);
    assertRefused(i.moveToCr4(0, CodeSegment.KERNEL)); // PAE cleared
    assertRefused(i.moveToCr4(PAE | LA57, CodeSegment.KERNEL)); // LA57 changed
    assertRefused(with(CR0, 0x1001, PAE, LONG).moveToCr4(PAE | PCIDE, CodeSegment.KERNEL));
    assertRefused(with(CR0, 0x1000, PAE, 0).moveToCr4(PAE | PCIDE, CodeSegment.KERNEL));
    assertTrue(with(CR0, 0x1000, PAE, LONG).moveToCr4(PAE | PCIDE, CodeSegment.KERNEL));
    assertDropped();
  }

  @Test
  void moveToCr4DropsWhatEachBitDemands() {
    SystemInstructions i = with(CR0, 0x1007, PAE | PGE | PCIDE, LONG);
    assertTrue(i.moveToCr4(PAE | PCIDE, CodeSegment.KERNEL));
    assertDropped("all", "all"); // PGE
    assertTrue(i.moveToCr4(PAE | PCIDE | SMEP, CodeSegment.KERNEL));
    assertDropped("pcid and global 7", "pcid 7");
    assertTrue(i.moveToCr4(PAE | PCIDE, CodeSegment.KERNEL));
    assertDropped(); // SMEP cleared
    long others = 1L << 4 | 1L << 21 | 1L << 22 | 1L << 24; // PSE, SMAP, PKE, PKS
    assertTrue(i.moveToCr4(PAE | PCIDE | others, CodeSegment.KERNEL));
    assertDropped();
    assertTrue(i.moveToCr4(PAE | others, CodeSegment.KERNEL));
    assertDropped("all", "all"); // PCIDE cleared
    i = with(CR0, 0x1000, 0, 0);
    assertTrue(i.moveToCr4(PAE, CodeSegment.KERNEL));
    assertDropped("pcid and global 0", "pcid 0");
  }

  @ParameterizedTest
  @CsvSource({
    "4, 0, 0, false",
    "0x100000002, 0, 0, false",
    "2, 0x1000, 0, false",
    "3, 0x8000000000000000, 0, false",
    "0, 7, 0x0100000000000000, false", // not canonical in 57 bits
    "0, 7, 0x0000800000000000, true", // canonical in 57 bits, though not in the 48 in use
    "1, 0xfff, 0x0100000000000000, true"
  })
  void invpcidRefusesWrongOperands(String type, String descriptor, String va, boolean allowed) {
    SystemInstructions i = with(CR0, 0x1000, PAE | PCIDE, LONG);
    assertEquals(
        allowed, i.invpcid(number(type), number(descriptor), number(va), CodeSegment.KERNEL));
  }

  private static long number(String text) {
    return text.startsWith("0x")
        ? Long.parseUnsignedLong(text.substring(2), 16)
        : Long.parseLong(text);
  }

  @Test
  void invpcidWithoutPcidsKnowsPcidZeroOnly() {
    SystemInstructions i = with(CR0, 0x1000, PAE, LONG);
    assertRefused(i.invpcid(0, 1, 0, CodeSegment.KERNEL));
    assertRefused(i.invpcid(1, 1, 0, CodeSegment.KERNEL));
    assertTrue(i.invpcid(1, 0, 0, CodeSegment.KERNEL));
    assertDropped("pcid 0", "pcid 0");
    assertTrue(i.invpcid(2, 1, 0, CodeSegment.KERNEL)); // the PCID is not used
  }

  @Test
  void invpcidDropsWhatItsTypeSays() {
    SystemInstructions i = with(CR0, 0x1000, PAE | PCIDE, LONG);
    assertTrue(i.invpcid(0, 7, 0x5000, CodeSegment.KERNEL));
    assertDropped("page 7", "pointers of address 7");
    assertTrue(i.invpcid(1, 7, 0, CodeSegment.KERNEL));
    assertDropped("pcid 7", "pcid 7");
    assertTrue(i.invpcid(2, 0, 0, CodeSegment.KERNEL));
    assertDropped("all", "all");
    assertTrue(i.invpcid(3, 0, 0, CodeSegment.KERNEL));
    assertDropped("non-global", "all");
  }

  @Test
  void pdptesAreLoadedWithCr3AndKeptIfOneCannotBe() {
    words.put(0x2000L, 0x3001L);
    words.put(0x4000L, 0x5001L);
    words.put(0x4008L, 0x5003L); // bit 1 is reserved
    SystemInstructions i = with(CR0, 0x2000, PAE, 0);
    long root = mmu.context().root(0);
    assertEquals(0x3000, root & ~0xfffL);
    words.put(0x2000L, 0x7001L); // a store reaches no register
    assertEquals(root, mmu.context().root(0));
    assertRefused(i.moveToCr3(0x4000, CodeSegment.KERNEL));
    assertEquals(0x2000, mmu.registers().cr3());
    assertEquals(root, mmu.context().root(0));
    assertTrue(i.moveToCr4(PAE | 1L << 21, CodeSegment.KERNEL)); // SMAP loads nothing
    assertEquals(root, mmu.context().root(0));
    assertTrue(i.moveToCr4(PAE | PGE, CodeSegment.KERNEL)); // PGE does
    assertEquals(0x7000, mmu.context().root(0) & ~0xfffL);
    assertEquals(0, mmu.context().root(1L << 30)); // not present
  }

  @Test
  void aTaskSwitchDropsOnlyIfCr3Changes() {
    SystemInstructions i = with(CR0, 0x1000, 0, 0);
    assertTrue(i.switchTask(0x1000));
    assertDropped();
    assertTrue(i.switchTask(0x2000));
    assertDropped("pcid 0", "pcid 0");
    assertRefused(with(CR0, 0x1000, PAE, LONG).switchTask(0x2000));
  }

  @Test
  void overFlushDropsMore() {
    ControlRegisters registers = new ControlRegisters(CR0, 0x1007, PAE | PCIDE, LONG);
    CpuFeatures features = new CpuFeatures(46, true, true, true);
    SystemInstructions i =
        new SystemInstructions(new Mmu(registers, features, AccessMode.SUPERVISOR, parts, parts));
    assertTrue(i.moveToCr3(0x2009 | 1L << 63, CodeSegment.KERNEL));
    assertDropped("non-global", "all");
    assertTrue(i.invpcid(0, 7, 0, CodeSegment.KERNEL));
    assertDropped("non-global", "all");
    assertTrue(i.invlpg(0, CodeSegment.KERNEL));
    assertDropped("page and global 9", "all");
    assertTrue(i.moveToCr4(PAE | PCIDE | 1L << 21, CodeSegment.KERNEL));
    assertDropped("all", "all");
    assertTrue(i.moveToCr0(CR0 & ~0x1_0000L, CodeSegment.KERNEL));
    assertDropped("all", "all");
  }
}
