package io.lookaside.mmu.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.PhysicalMemory;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Loads of segment registers against decision tables written from the SDM alone (Vol. 2 "MOV",
 * "JMP"; Vol. 3A "Type Checking", "Privilege Level Checking When Accessing Data Segments" and its
 * neighbours), and accesses against its figures of limits.
 */
class SegmentationUnitTest {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();

  private static final long GDT = 0x1_0000;
  private static final long LDT = 0x2_0003; // tables need no alignment
  private static final int INDEX = 5;

  private final PhysicalMemory ram = new PhysicalMemory();
  private final SegmentationUnit unit = new SegmentationUnit(LinearMemory.unpaged(ram));

  SegmentationUnitTest() {
    unit.setGdt(GDT, 0xffff);
    unit.setLdt(LDT, 0xffff);
  }

  /*
   * What each of the sixteen types is, in the manual's order (data: read-only, read/write, the same
   * expand-down; code: execute-only, readable, the same conforming; each without and with A):
   * r read-only data, w writable data, x execute-only and c readable code, X and C the same
   * conforming. s stands for a system descriptor.
   */
  private static final String KIND_OF_TYPE = "rrwwrrwwxxccXXCC";

  private static String dataLaw(char kind, int dpl, int cpl, int rpl, boolean present) {
    String privilege =
        switch (kind) {
          case 'w', 'r', 'c' -> dpl >= cpl && dpl >= rpl ? "right" : "#GP";
          case 'C' -> "right";
          default -> "#GP"; // execute-only code and system descriptors hold no data
        };
    return !privilege.equals("right") ? privilege : present ? "ok" : "#NP";
  }

  private static String stackLaw(char kind, int dpl, int cpl, int rpl, boolean present) {
    if (kind != 'w' || dpl != cpl || rpl != cpl) {
      return "#GP";
    }
    return present ? "ok" : "#SS";
  }

  private static String jumpLaw(char kind, int dpl, int cpl, int rpl, boolean present) {
    String privilege =
        switch (kind) {
          case 'x', 'c' -> dpl == cpl && rpl <= cpl ? "right" : "#GP";
          case 'X', 'C' -> dpl <= cpl ? "right" : "#GP"; // RPL is not looked at
          default -> "#GP";
        };
    return !privilege.equals("right") ? privilege : present ? "ok" : "#NP";
  }

  @Test
  void loadsObeyTheLawForEveryTypeAndPrivilege() {
    int checked = 0;
    for (int access = 0; access < 256; access++) {
      boolean present = (access & 0x80) != 0;
      int dpl = access >> 5 & 3;
      boolean system = (access & 0x10) == 0;
      int type = access & 0xf;
      if (system && "1459c".indexOf(Character.forDigit(type, 16)) >= 0) {
        continue; // an available TSS, a call gate or a task gate: below
      }
      char kind = system ? 's' : KIND_OF_TYPE.charAt(type);
      for (int privileges = 0; privileges < 16; privileges++) {
        int cpl = privileges & 3;
        int rpl = privileges >> 2;
        for (boolean local : new boolean[] {false, true}) {
          int selector = INDEX << 3 | (local ? 4 : 0) | rpl;
          for (SegmentRegister register : SegmentRegister.values()) {
            long descriptor = (long) access << 40 | 0xffff;
            put(local, INDEX, descriptor);
            String expected;
            long outcome;
            if (register == SegmentRegister.CS) {
              expected = jumpLaw(kind, dpl, cpl, rpl, present);
              outcome = unit.farJump(selector, 0x10, cpl);
            } else if (register == SegmentRegister.SS) {
              expected = stackLaw(kind, dpl, cpl, rpl, present);
              outcome = unit.load(register, selector, cpl);
            } else {
              expected = dataLaw(kind, dpl, cpl, rpl, present);
              outcome = unit.load(register, selector, cpl);
            }
            String words = register + " type " + type + kind + " dpl " + dpl + " cpl " + cpl;
            int code = INDEX << 3 | (local ? 4 : 0);
            assertEquals(
                expected.equals("ok") ? "ok" : expected + "(" + code + ")",
                words(outcome),
                words + " rpl " + rpl);
            long accessed = expected.equals("ok") ? 1L << 40 : 0;
            assertEquals(descriptor | accessed, get(local, INDEX), words);
            checked++;
          }
        }
      }
    }
    assertEquals((128 + 8 * 11) * 16 * 2 * 6, checked);
  }

  @Test
  void nullSelectorsLoadIntoDataRegistersAndFaultWhenUsed() {
    for (int selector = 0; selector < 4; selector++) {
      assertEquals("ok", words(unit.load(SegmentRegister.FS, selector, 3)));
      assertEquals("#GP(0)", address(unit.linear(SegmentRegister.FS, 0, 1, LOAD)));
      assertEquals("#GP(0)", words(unit.load(SegmentRegister.SS, selector, selector)));
      assertEquals("#GP(0)", words(unit.farJump(selector, 0, 0)));
    }
  }

  @Test
  void selectorFourIsTheFirstOfTheLdtAndNotNull() {
    put(true, 0, 0x0000_9200_0000_0000L);
    assertEquals("ok", words(unit.load(SegmentRegister.DS, 4, 0)));
    unit.setNoLdt();
    assertEquals("#GP(4)", words(unit.load(SegmentRegister.DS, 4, 0)));
    assertEquals("#GP(4)", words(unit.farJump(4, 0, 0)));
  }

  @Test
  void theWholeDescriptorMustLieWithinTheTable() {
    put(false, INDEX, 0x0000_9200_0000_0000L);
    put(false, INDEX + 1, 0x0000_9a00_0000_ffffL);
    unit.setGdt(GDT, 8 * INDEX + 7);
    assertEquals("ok", words(unit.load(SegmentRegister.DS, 8 * INDEX, 0)));
    assertEquals(
        "#GP(48)", words(unit.farJump(8 * (INDEX + 1), 0, 0)), "one entry beyond the limit");
    unit.setGdt(GDT, 8 * INDEX + 6);
    assertEquals("#GP(40)", words(unit.load(SegmentRegister.DS, 8 * INDEX, 0)));
  }

  @Test
  void aLoadThatFaultsLeavesTheRegisterAlone() {
    put(false, 1, 0x0000_9212_3400_ffffL);
    put(false, 2, 0x0000_1200_0000_ffffL); // not present
    unit.load(SegmentRegister.ES, 8, 0);
    assertEquals("#NP(16)", words(unit.load(SegmentRegister.ES, 16, 0)));
    assertEquals(8, unit.selector(SegmentRegister.ES));
    assertEquals("0x123405", address(unit.linear(SegmentRegister.ES, 5, 1, LOAD)));
  }

  /*
   * Bounds by hand. flags are bits 55:52 (G, B or D, L, AVL); limit is the 20-bit field.
   * Expand-up: 0 to the effective limit. Expand-down: above it, up to FFFFH or FFFFFFFFH by B.
   */
  @ParameterizedTest
  @CsvSource({
    // access, flags, limit, offset, size, inside
    "0x92, 0x4, 0x00fff, 0xfff, 1, true",
    "0x92, 0x4, 0x00fff, 0xfff, 2, false",
    "0x92, 0x4, 0x00fff, 0xff8, 8, true",
    "0x92, 0x4, 0x00fff, 0xff9, 8, false",
    "0x92, 0x4, 0x00000, 0x0, 1, true",
    "0x92, 0xc, 0x00000, 0xfff, 1, true",
    "0x92, 0xc, 0x00000, 0x1000, 1, false",
    "0x92, 0xc, 0xfffff, 0xfffffffc, 4, true",
    "0x92, 0xc, 0xfffff, 0xfffffffd, 4, false",
    "0x92, 0x0, 0xfffff, 0xfffff, 1, true",
    "0x96, 0x4, 0x00fff, 0xfff, 1, false",
    "0x96, 0x4, 0x00fff, 0x1000, 1, true",
    "0x96, 0x4, 0x00fff, 0xffffffff, 1, true",
    "0x96, 0x4, 0x00fff, 0xffffffff, 2, false",
    "0x96, 0x0, 0x00fff, 0x1000, 4, true",
    "0x96, 0x0, 0x00fff, 0xffff, 1, true",
    "0x96, 0x0, 0x00fff, 0xffff, 2, false",
    "0x96, 0x0, 0x00fff, 0x10000, 1, false",
    "0x96, 0x0, 0x0ffff, 0xffff, 1, false",
    "0x96, 0xc, 0x00000, 0xfff, 1, false",
    "0x96, 0xc, 0x00000, 0x1000, 1, true",
    "0x96, 0xc, 0xfffff, 0xffffffff, 1, false",
    // Bit 42 of a code segment is C, and its limit is the upper bound as always.
    "0x9e, 0x4, 0x00fff, 0xfff, 1, true",
    "0x9e, 0x4, 0x00fff, 0x1000, 1, false",
  })
  void offsetsAreHeldAgainstTheEffectiveLimit(
      String access, String flags, String limit, String offset, int size, boolean inside) {
    long field = Long.decode(limit);
    put(
        false,
        INDEX,
        Long.decode(flags) << 52
            | Long.decode(access) << 40
            | (field >> 16) << 48
            | (field & 0xffff));
    assertEquals("ok", words(unit.load(SegmentRegister.GS, 8 * INDEX, 0)));
    assertEquals(
        inside ? offset : "#GP(0)",
        address(unit.linear(SegmentRegister.GS, Long.decode(offset), size, LOAD)));
    if ((Long.decode(access) & 8) == 0) {
      unit.load(SegmentRegister.SS, 8 * INDEX, 0);
      assertEquals(
          inside ? offset : "#SS(0)",
          address(unit.linear(SegmentRegister.SS, Long.decode(offset), size, STORE)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // access byte, load, store, fetch
    "0x90, true, false, false",
    "0x92, true, true, false",
    "0x94, true, false, false",
    "0x96, true, true, false",
    "0x98, false, false, true",
    "0x9a, true, false, true",
    "0x9c, false, false, true",
    "0x9e, true, false, true",
  })
  void theTypeDecidesWhichAccessesAreAllowed(
      String access, boolean load, boolean store, boolean fetch) {
    long type = Long.decode(access);
    put(false, INDEX, 0x4fL << 48 | type << 40);
    boolean code = (type & 8) != 0;
    SegmentRegister register = code ? SegmentRegister.CS : SegmentRegister.DS;
    long outcome = code ? unit.farJump(8 * INDEX, 0, 0) : unit.load(register, 8 * INDEX, 0);
    assertEquals("ok", words(outcome));
    // Inside an expand-down segment as inside the others.
    long offset = (type & 12) == 4 ? 0xf_8000 : 0x8000;
    assertEquals(load ? "inside" : "#GP(0)", inside(unit.linear(register, offset, 4, LOAD)));
    assertEquals(store ? "inside" : "#GP(0)", inside(unit.linear(register, offset, 4, STORE)));
    assertEquals(fetch ? "inside" : "#GP(0)", inside(unit.linear(register, offset, 4, FETCH)));
  }

  @Test
  void baseAndOffsetAddModulo4GiB() {
    put(false, INDEX, 0xffcf_92ff_fff0_ffffL); // base fffffff0, flat
    unit.load(SegmentRegister.DS, 8 * INDEX, 0);
    assertEquals("0xfffffff0", address(unit.linear(SegmentRegister.DS, 0, 4, LOAD)));
    assertEquals("0x0", address(unit.linear(SegmentRegister.DS, 0x10, 4, LOAD)));
    assertEquals("0xffffffe0", address(unit.linear(SegmentRegister.DS, 0xffff_fff0L, 4, LOAD)));
  }

  @Test
  void aJumpBeyondTheLimitLeavesCsAndTheDescriptorAlone() {
    put(false, 1, 0x0040_9a00_0000_00ffL);
    put(false, 2, 0x0040_9a00_0000_00ffL);
    assertEquals("ok", words(unit.farJump(8, 0xff, 0)));
    assertEquals("#GP(0)", words(unit.farJump(16, 0x100, 0)));
    assertEquals(8, unit.selector(SegmentRegister.CS));
    assertEquals(0x0040_9a00_0000_00ffL, get(false, 2));
  }

  @Test
  void aJumpKeepsCplInTheSelector() {
    put(false, 1, 0x0040_9e00_0000_00ffL); // conforming, DPL 0
    assertEquals("ok", words(unit.farJump(8, 0, 3)));
    assertEquals(8 | 3, unit.selector(SegmentRegister.CS));
  }

  @ParameterizedTest
  @CsvSource({
    // gate access byte, gate RPL, CPL, target selector, target access byte, outcome
    "0xec, 3, 3, 0x08, 0xfa, ok",
    "0xec, 0, 3, 0x08, 0xfa, ok",
    "0xcc, 0, 3, 0x08, 0xfa, #GP(40)", // gate's DPL below CPL
    "0xcc, 3, 0, 0x08, 0x9a, #GP(40)", // gate's DPL below RPL
    "0x6c, 3, 3, 0x08, 0xfa, #NP(40)",
    "0xec, 3, 3, 0x00, 0xfa, #GP(0)",
    "0xec, 3, 3, 0x0b, 0xfa, ok", // RPL of the gate's selector is not looked at
    "0xec, 3, 3, 0x08, 0x9a, #GP(8)", // a jump cannot raise privilege
    "0xec, 3, 3, 0x08, 0x9e, ok", // but may enter conforming code
    "0xec, 3, 3, 0x08, 0xf2, #GP(8)", // no code
    "0xec, 3, 3, 0x08, 0x7a, #NP(8)",
    "0xec, 3, 3, 0x400, 0xfa, #GP(1024)", // beyond the table
    "0xe4, 3, 3, 0x08, 0xfa, #GP(0)" // a 16-bit gate: offset 5678 is beyond the limit
  })
  void aJumpThroughACallGateIsCheckedAtGateAndTarget(
      String gate, int rpl, int cpl, String target, String code, String outcome) {
    unit.setGdt(GDT, 0x3ff);
    long limit = Long.decode(gate) == 0xe4 ? 0x5677 : 0x5678;
    put(false, 1, 0x0040L << 48 | Long.decode(code) << 40 | limit);
    put(false, INDEX, Long.decode(gate) << 40 | Long.decode(target) << 16 | 0x5678);
    assertEquals(outcome, words(unit.farJump(8 * INDEX | rpl, 0xdead_beefL, cpl)));
    if (outcome.equals("ok")) {
      assertEquals(8 | cpl, unit.selector(SegmentRegister.CS));
    }
  }

  @Test
  void aJumpThatWouldSwitchTasksIsRefusedInWordsAfterItsChecks() {
    put(false, INDEX, 0x0000_8900_0000_0067L);
    assertThrows(UnsupportedOperationException.class, () -> unit.farJump(8 * INDEX, 0, 0));
    assertEquals("#GP(40)", words(unit.farJump(8 * INDEX, 0, 3)));
    put(false, INDEX, 0x0000_0900_0000_0067L);
    assertEquals("#NP(40)", words(unit.farJump(8 * INDEX, 0, 0)));
    put(false, INDEX, 0x0000_8b00_0000_0067L); // busy
    assertEquals("#GP(40)", words(unit.farJump(8 * INDEX, 0, 0)));
  }

  @Test
  void lldtTakesAnLdtDescriptorOfTheGdt() {
    put(false, 1, 0x0000_8203_0000_000fL); // LDT at 30000, two descriptors
    ram.write(0x3_0008, 0x0000_9200_0000_0000L);
    assertEquals("ok", words(unit.loadLdtr(8, 0)));
    assertEquals("ok", words(unit.load(SegmentRegister.DS, 8 | 4, 0)));
    assertEquals("#GP(20)", words(unit.load(SegmentRegister.DS, 16 | 4, 0)));

    assertEquals("#GP(0)", words(unit.loadLdtr(8, 1)));
    assertEquals("#GP(12)", words(unit.loadLdtr(8 | 4, 0)));
    put(false, 1, 0x0000_0203_0000_000fL);
    assertEquals("#NP(8)", words(unit.loadLdtr(8, 0)));
    put(false, 1, 0x0000_8903_0000_000fL);
    assertEquals("#GP(8)", words(unit.loadLdtr(8, 0)));
    unit.setGdt(GDT, 14);
    assertEquals("#GP(8)", words(unit.loadLdtr(8, 0)));

    assertEquals("ok", words(unit.loadLdtr(0, 0)));
    assertEquals("#GP(12)", words(unit.load(SegmentRegister.DS, 8 | 4, 0)));
  }

  @Test
  void descriptorsAreReadAndMarkedThroughPaging() {
    // The table's second page lies elsewhere, and the descriptor at ffc crosses into it.
    Paged paged = new Paged();
    SegmentationUnit unit = new SegmentationUnit(paged);
    unit.setGdt(0x7fffc - 8, 0xff);
    ram.write(0x10_0ff8, 0x0000_ffffL << 32);
    ram.write(0x30_0000, 0x0000_9212L);
    assertEquals("ok", words(unit.load(SegmentRegister.DS, 8, 0)));
    assertEquals("0x120007", address(unit.linear(SegmentRegister.DS, 7, 1, LOAD)));
    assertEquals(0x0000_9312L, ram.read(0x30_0000));

    paged.readOnly = 0x80;
    ram.write(0x30_0000, 0x0000_9212L);
    assertEquals("#PF(3)", words(unit.load(SegmentRegister.DS, 8, 0)));
    assertEquals(0x8_0001L, unit.faultAddress(), "the byte that holds A");
    ram.write(0x30_0000, 0x0000_9312L);
    assertEquals("ok", words(unit.load(SegmentRegister.DS, 8, 0)), "A is set already");

    paged.absent = 0x80;
    assertEquals("#PF(0)", words(unit.load(SegmentRegister.DS, 8, 3)), "supervisor even at CPL 3");
    assertEquals(0x8_0000L, unit.faultAddress());
    assertEquals("#GP(256)", words(unit.load(SegmentRegister.DS, 256, 3)), "before any access");
  }

  @Test
  void in64BitModeSegmentsAreFlatAndFsAndGsHaveBases() {
    Paged paged = new Paged();
    paged.longMode = true;
    SegmentationUnit unit = new SegmentationUnit(paged);
    unit.setGdt(0x7f000, 0xff);
    ram.write(0x10_0008, 0x00af_9a00_0000_ffffL); // L = 1, D = 0
    ram.write(0x10_0010, 0x00ef_9a00_0000_ffffL); // L = 1, D = 1
    ram.write(0x10_0018, 0x00cf_9212_3456_ffffL); // data, base 123456
    assertEquals("#GP(16)", words(unit.farJump(16, 0, 0)));
    assertFalse(unit.in64BitMode());
    assertEquals("#GP(0)", words(unit.farJump(8, 1L << 47, 0)), "not canonical");
    assertEquals("ok", words(unit.farJump(8, -1L << 47, 0)));
    assertTrue(unit.in64BitMode());

    unit.load(SegmentRegister.DS, 24, 0);
    unit.load(SegmentRegister.FS, 24, 0);
    assertEquals("0x5", address(unit.linear(SegmentRegister.DS, 5, 4, LOAD)), "base is not used");
    assertEquals("0x12345b", address(unit.linear(SegmentRegister.FS, 5, 4, LOAD)));
    long kernel = 0xffff_8880_0000_0000L;
    assertEquals("ok", words(unit.setBase(SegmentRegister.GS, kernel)));
    assertEquals("0xffff888000000008", address(unit.linear(SegmentRegister.GS, 8, 8, STORE)));
    assertEquals("#GP(0)", words(unit.setBase(SegmentRegister.FS, 1L << 47)));
    assertEquals("0x12345b", address(unit.linear(SegmentRegister.FS, 5, 4, LOAD)));

    long top = (1L << 47) - 4;
    assertEquals("0x7ffffffffffc", address(unit.linear(SegmentRegister.DS, top, 4, LOAD)));
    assertEquals("#GP(0)", address(unit.linear(SegmentRegister.DS, top, 5, LOAD)));
    assertEquals("#SS(0)", address(unit.linear(SegmentRegister.SS, top, 5, LOAD)));
    assertEquals("#GP(0)", address(unit.linear(SegmentRegister.CS, 1L << 62, 1, FETCH)));
  }

  @Test
  void in64BitModeANullStackSelectorMayBeLoadedBelowCpl3() {
    Paged paged = new Paged();
    paged.longMode = true;
    SegmentationUnit unit = new SegmentationUnit(paged);
    unit.setGdt(0x7f000, 0xff);
    ram.write(0x10_0008, 0x00af_9e00_0000_ffffL); // conforming
    assertEquals("#GP(0)", words(unit.load(SegmentRegister.SS, 0, 0)), "not in 64-bit mode yet");
    unit.farJump(8, 0, 0);
    assertEquals("ok", words(unit.load(SegmentRegister.SS, 0, 0)));
    assertEquals("ok", words(unit.load(SegmentRegister.SS, 2, 2)));
    assertEquals("#GP(0)", words(unit.load(SegmentRegister.SS, 1, 2)), "RPL is not CPL");
    assertEquals("#GP(0)", words(unit.load(SegmentRegister.SS, 3, 3)));
  }

  @Test
  void inCompatibilityModeSegmentsHaveBasesAndLimits() {
    Paged paged = new Paged();
    paged.longMode = true;
    SegmentationUnit unit = new SegmentationUnit(paged);
    unit.setGdt(0x7f000, 0xff);
    ram.write(0x10_0008, 0x0040_9a00_0000_0fffL); // L = 0
    ram.write(0x10_0010, 0x0040_9200_1000_0fffL); // base 1000
    assertEquals("#GP(0)", words(unit.farJump(8, 0x1000, 0)));
    assertEquals("ok", words(unit.farJump(8, 0xfff, 0)));
    unit.load(SegmentRegister.DS, 16, 0);
    assertEquals("0x1fff", address(unit.linear(SegmentRegister.DS, 0xfff, 1, LOAD)));
    assertEquals("#GP(0)", address(unit.linear(SegmentRegister.DS, 0x1000, 1, LOAD)));
  }

  @Test
  void inLongModeAnLdtDescriptorHasABaseOf64Bits() {
    Paged paged = new Paged();
    paged.longMode = true;
    SegmentationUnit unit = new SegmentationUnit(paged);
    unit.setGdt(0x7f000, 0x17);
    ram.write(0x10_0008, 0x0000_8207_f000_00ffL); // 7f000 with bits 63:32 from the next eight bytes
    ram.write(0x10_0010, 0);
    assertEquals("ok", words(unit.loadLdtr(8, 0)));
    ram.write(0x10_0010, 0x0000_8000);
    assertEquals("#GP(8)", words(unit.loadLdtr(8, 0)), "base is not canonical");
    assertEquals("#GP(16)", words(unit.loadLdtr(16, 0)), "half of it is beyond the limit");
  }

  @Test
  void faultsAreNeverTakenForAddresses() {
    RandomGenerator random = new SplittableRandom(1);
    for (int i = 0; i < 1000; i++) {
      long canonical = random.nextLong() >> 16;
      assertFalse(SegmentOutcome.isFault(canonical));
    }
    assertFalse(SegmentOutcome.isFault(-1L << 56), "canonical with five levels");
    assertFalse(SegmentOutcome.isFault((1L << 56) - 1));
  }

  /** Two pages: 7f at physical 100000 and 80 at 300000, with rights that a test chooses. */
  private final class Paged implements LinearMemory {
    long readOnly = -1;
    long absent = -1;
    boolean longMode;

    @Override
    public PhysicalMemory physical() {
      return ram;
    }

    @Override
    public long translate(long linear, int kind) {
      long page = linear >>> 12;
      if (page == absent) {
        return Translation.pageFault(kind == STORE ? 2 : 0);
      }
      if (page == readOnly && kind == STORE) {
        return Translation.pageFault(3);
      }
      long frame = page == 0x7f ? 0x10_0000 : 0x30_0000;
      return LinearMemory.unpaged(ram).translate(frame, kind);
    }

    @Override
    public boolean longModeActive() {
      return longMode;
    }

    @Override
    public boolean isCanonical(long linear) {
      return linear << 16 >> 16 == linear;
    }
  }

  private void put(boolean local, int index, long descriptor) {
    for (int i = 0; i < 8; i++) {
      long pa = (local ? LDT : GDT) + 8L * index + i;
      int shift = 8 * (int) (pa & 7);
      long word = ram.read(pa & ~7L) & ~(0xffL << shift);
      ram.write(pa & ~7L, word | (descriptor >>> (8 * i) & 0xff) << shift);
    }
  }

  private long get(boolean local, int index) {
    long descriptor = 0;
    for (int i = 0; i < 8; i++) {
      long pa = (local ? LDT : GDT) + 8L * index + i;
      descriptor |= (ram.read(pa & ~7L) >>> (8 * (int) (pa & 7)) & 0xff) << (8 * i);
    }
    return descriptor;
  }

  private static String inside(long outcome) {
    return SegmentOutcome.isFault(outcome) ? words(outcome) : "inside";
  }

  private static String address(long outcome) {
    return SegmentOutcome.isFault(outcome) ? words(outcome) : "0x" + Long.toHexString(outcome);
  }

  /** The outcome of a load as the manual writes it: ok, or #GP(code). */
  private static String words(long outcome) {
    if (!SegmentOutcome.isFault(outcome)) {
      return outcome == SegmentOutcome.OK ? "ok" : "address 0x" + Long.toHexString(outcome);
    }
    long fault = SegmentOutcome.fault(outcome);
    String name =
        switch (Translation.vector(fault)) {
          case 11 -> "#NP";
          case 12 -> "#SS";
          case 13 -> "#GP";
          case 14 -> "#PF";
          default -> "vector " + Translation.vector(fault);
        };
    return name + "(" + Translation.errorCode(fault) + ")";
  }
}
