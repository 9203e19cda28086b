package io.lookaside.simulator.conform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.CodeSegment;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.simulator.config.MachineLibrary;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random programs of stores to page tables, accesses, invalidations and writes of control
 * registers, in every paging mode, beside a slow MMU: the exact machine must agree with it in every
 * outcome and in every bit of the tables, and a machine with real TLBs must show lawful outcomes
 * only.
 */
class RandomProgramTest {
  private static final int SHORT = 20_000;

  /** A paging mode by its registers. */
  enum Mode {
    BITS_32(0, 0),
    PAE(1 << 5, 0),
    FOUR_LEVEL(1 << 5, 0x500),
    FIVE_LEVEL(1 << 5 | 1 << 12, 0x500);

    final long cr4;
    final long efer;

    Mode(long cr4, long efer) {
      this.cr4 = cr4;
      this.efer = efer;
    }

    boolean isLong() {
      return efer != 0;
    }
  }

  private static final int ROOTS = 2;
  private static final int TABLES = 8;
  private static final long FIRST_TABLE = 0x10_0000;
  private static final long PDPTES = 0x8000;
  private static final int[] INDICES = {0, 1, 255, 511};
  private static final int[] INDICES_32 = {0, 1, 511, 1023};

  /** A program: the machine and the model, and the random choices of both. */
  private static final class Program {
    final Mode mode;
    final SplittableRandom random;
    final ConformanceMachine machine;
    final SlowMmu model;
    final List<Long> entries = new ArrayList<>();
    final Map<String, Integer> outcomes = new HashMap<>();
    final boolean exact;

    Program(Mode mode, long seed, ConformanceMachine machine, boolean exact) {
      this.mode = mode;
      this.exact = exact;
      this.machine = machine;
      random = new SplittableRandom(seed * 31 + mode.ordinal());
      model = new SlowMmu(32 + random.nextInt(mode == Mode.BITS_32 ? 10 : 21));
      int indices = mode == Mode.BITS_32 ? 4 : 8;
      for (int t = 0; t < TABLES; t++) {
        for (int i : mode == Mode.BITS_32 ? INDICES_32 : INDICES) {
          entries.add(FIRST_TABLE + 0x1000L * t + (long) i * indices);
        }
      }
      machine.clear();
      entries.forEach(this::storeEntry);
      for (int i = 0; mode == Mode.PAE && i < 2 * 4; i++) {
        store(PDPTES + 8L * i, table() | 1);
      }
      model.cr0 = 0x8000_0011L | (chance(50) ? 1 << 16 : 0);
      model.cr4 =
          mode.cr4 | (chance(70) ? 1 << 7 : 0) | (mode.isLong() && chance(70) ? 1 << 17 : 0);
      model.cr4 |= chance(80) ? 1 << 4 : 0;
      model.efer = mode.efer | (chance(70) ? 1 << 11 : 0);
      model.cr3 = root();
      assertTrue(model.loadPdptes(model.cr3, model.cr4));
      machine.start(registers(), model.physicalBits, false);
    }

    ControlRegisters registers() {
      return new ControlRegisters(
          model.cr0, model.cr3, model.cr4, model.efer, model.pkru, model.pkrs);
    }

    boolean chance(int percent) {
      return random.nextInt(100) < percent;
    }

    long table() {
      return FIRST_TABLE + 0x1000L * random.nextInt(TABLES);
    }

    long root() {
      if (mode == Mode.PAE) {
        return PDPTES + 0x20L * random.nextInt(ROOTS);
      }
      long root = FIRST_TABLE + 0x1000L * random.nextInt(ROOTS);
      return (model.cr4 >>> 17 & 1) == 0 ? root : root | pcid();
    }

    int pcid() {
      return new int[] {0, 1, 0xfff}[random.nextInt(3)];
    }

    long address() {
      long va = 8L * random.nextInt(512);
      if (mode == Mode.BITS_32) {
        va |= (long) INDICES_32[random.nextInt(4)] << 12;
        return va | (long) INDICES_32[random.nextInt(4)] << 22;
      }
      va |= (long) INDICES[random.nextInt(4)] << 12 | (long) INDICES[random.nextInt(4)] << 21;
      if (mode == Mode.PAE) {
        return va | (long) random.nextInt(4) << 30;
      }
      int top = mode == Mode.FIVE_LEVEL ? 48 : 39;
      for (int shift = 30; shift <= top; shift += 9) {
        va |= (long) INDICES[random.nextInt(2)] << shift;
      }
      if (chance(40)) {
        va |= -1L << (top + 8); // the upper half
      }
      return chance(1) ? va ^ 1L << (top + 9) : va;
    }

    void store(long address, long word) {
      machine.memory().write(address, word);
      model.memory.put(address, word);
    }

    /** Gives an entry a random value that is sane more often than not. */
    void storeEntry(long address) {
      boolean narrow = mode == Mode.BITS_32;
      long entry = (chance(90) ? 1 : 0) | (chance(85) ? 2 : 0) | (chance(80) ? 4 : 0);
      entry |= random.nextInt(8) << 3; // PWT, PCD, A
      entry |= chance(40) ? 1 << 6 : 0;
      entry |= chance(25) ? 1 << 7 : 0;
      entry |= chance(25) ? 1 << 8 : 0;
      entry |= table();
      // Bit 21 is the only reserved one of a 4 MiB page where MAXPHYADDR is 40.
      if (chance(narrow ? 12 : 4)) {
        entry |= 1L << (13 + random.nextInt(narrow ? 9 : 8));
      }
      if (!narrow) {
        entry |= chance(15) ? 1L << 63 : 0;
        if (mode.isLong()) {
          entry |= (long) random.nextInt(4) << 59;
        }
        if (chance(3)) {
          entry |= 1L << (32 + random.nextInt(31));
        }
        // A leaf of a large page needs the bits below its frame clear.
        if ((entry & 1 << 7) != 0 && chance(70)) {
          entry &= ~0x3fff_e000L;
        }
        store(address, entry);
        return;
      }
      if ((entry & 1 << 7) != 0 && chance(70)) {
        entry &= ~0x1f_e000L;
      }
      long word = model.memory.getOrDefault(address & ~7L, 0L);
      int by = (int) (address & 4) * 8;
      store(address & ~7L, (word & ~(0xffff_ffffL << by)) | (entry & 0xffff_ffffL) << by);
    }

    /** Some say that there is no table, and a few cannot be loaded. */
    void storePdpte(long address) {
      long pdpte = table() | 1;
      if (chance(20)) {
        pdpte = random.nextLong() & ~1L;
      } else if (chance(4)) {
        pdpte |= 1L << random.nextInt(64);
      }
      store(address, pdpte);
    }

    void step() {
      int draw = random.nextInt(100);
      if (draw < 62) {
        access();
      } else if (draw < 82) {
        if (mode == Mode.PAE && chance(15)) {
          storePdpte(PDPTES + 8L * random.nextInt(2 * 4));
        } else {
          storeEntry(entries.get(random.nextInt(entries.size())));
        }
      } else if (draw < 88) {
        long va = address();
        assertTrue(machine.instructions().invlpg(va, CodeSegment.KERNEL));
        model.invlpg(va);
      } else if (draw < 92) {
        invpcid();
      } else if (draw < 95) {
        long value = root() | ((model.cr4 >>> 17 & 1) != 0 && chance(50) ? 1L << 63 : 0);
        assertEquals(
            model.writeCr3(value), machine.instructions().moveToCr3(value, CodeSegment.KERNEL));
      } else if (draw < 97) {
        writeCr4();
      } else {
        setOther();
      }
    }

    void access() {
      long va = address();
      int kind = random.nextInt(3);
      AccessMode who = AccessMode.values()[random.nextInt(chance(60) ? 2 : 5)];
      SlowMmu.Who slow =
          new SlowMmu.Who(
              who == AccessMode.USER || who == AccessMode.USER_SHADOW_STACK,
              who == AccessMode.IMPLICIT_SUPERVISOR,
              who == AccessMode.USER_SHADOW_STACK || who == AccessMode.SUPERVISOR_SHADOW_STACK);
      String what = who + " " + kind + " 0x" + Long.toHexString(va);
      if (exact) {
        String expected = model.access(va, kind, slow);
        assertEquals(expected, Outcome.text(machine.access(va, kind, who)), what);
        outcomes.merge(expected.startsWith("ok") ? "ok" : expected, 1, Integer::sum);
      } else {
        String got = Outcome.text(machine.access(va, kind, who));
        assertTrue(model.isLawful(va, kind, slow, got), () -> what + " gives " + got);
        for (long address : entries) {
          model.memory.put(address & ~7L, machine.memory().read(address & ~7L));
        }
      }
    }

    void invpcid() {
      int type = random.nextInt(8) < 6 ? random.nextInt(2) : 2 + random.nextInt(2);
      int pcid = type < 2 && (model.cr4 >>> 17 & 1) != 0 ? pcid() : 0;
      long va = type == 0 ? address() : 0;
      if (!machine.instructions().invpcid(type, pcid, va, CodeSegment.KERNEL)) {
        assertTrue(mode.isLong() && !model.linear(va), "only a wrong address can be refused");
        return;
      }
      model.invpcid(type, pcid, va);
    }

    void writeCr4() {
      int[] bits = mode.isLong() ? new int[] {7, 17, 20, 21, 22, 24} : new int[] {4, 7, 20, 21};
      long value = model.cr4 ^ 1L << bits[random.nextInt(bits.length)];
      if ((value & ~model.cr4 & 1 << 17) != 0 && (model.cr3 & 0xfff) != 0) {
        return; // a general-protection fault, which vectors test
      }
      assertEquals(
          model.writeCr4(value), machine.instructions().moveToCr4(value, CodeSegment.KERNEL));
    }

    void setOther() {
      switch (random.nextInt(6)) {
        case 0 -> {
          model.pkru = random.nextInt();
          machine.mmu().setRegisters(registers());
        }
        case 1 -> {
          model.pkrs = random.nextInt();
          machine.mmu().setRegisters(registers());
        }
        case 2 -> {
          model.ac = !model.ac;
          machine.mmu().setAlignmentCheck(model.ac);
        }
        case 3 -> writeCr0(model.cr0 ^ 1 << 16, CodeSegment.KERNEL);
        case 4 -> {
          // CD, or NW where CD is set: both load the PDPTEs.
          boolean cacheDisable = (model.cr0 & 1 << 30) != 0;
          boolean notWriteThrough = (model.cr0 & 1 << 29) != 0;
          int toggled = notWriteThrough || (cacheDisable && chance(50)) ? 29 : 30;
          writeCr0(model.cr0 ^ 1L << toggled, CodeSegment.KERNEL);
        }
        default -> switchPagingOffAndOn();
      }
    }

    void writeCr0(long value, CodeSegment code) {
      assertEquals(model.writeCr0(value), machine.instructions().moveToCr0(value, code));
    }

    /** Only compatibility mode can, and not with PCIDs. */
    void switchPagingOffAndOn() {
      long off = model.cr0 & ~(1L << 31);
      CodeSegment code = mode.isLong() ? CodeSegment.KERNEL_COMPATIBILITY : CodeSegment.KERNEL;
      if ((model.cr4 >>> 17 & 1) != 0) {
        assertFalse(machine.instructions().moveToCr0(off, code));
        return;
      }
      writeCr0(off, code);
      access();
      access();
      long on = off | 1L << 31;
      if (!model.writeCr0(on)) {
        assertFalse(machine.instructions().moveToCr0(on, CodeSegment.KERNEL));
        for (int i = 0; i < 2 * 4; i++) {
          store(PDPTES + 8L * i, table() | 1);
        }
        assertTrue(model.writeCr0(on));
      }
      assertTrue(machine.instructions().moveToCr0(on, CodeSegment.KERNEL));
    }

    void compareTables() {
      for (long address : entries) {
        assertEquals(
            model.memory.getOrDefault(address & ~7L, 0L), machine.memory().read(address & ~7L));
      }
    }
  }

  private static Map<String, Integer> runExact(Mode mode, long seed, int operations) {
    Program program = new Program(mode, seed, ConformanceMachine.exact(), true);
    for (int i = 0; i < operations; i++) {
      program.step();
      if (i % 64 == 0) {
        program.compareTables();
      }
    }
    program.compareTables();
    // The programs must meet all of this, or the comparison says little.
    for (String outcome : List.of("ok", "pf 0x0", "pf 0x3", "pf 0x7", "pf 0x9")) {
      assertTrue(
          program.outcomes.getOrDefault(outcome, 0) > 20,
          () -> outcome + " is too rare in " + program.outcomes);
    }
    return program.outcomes;
  }

  private static void runLawful(Mode mode, long seed, int operations, String... settings)
      throws Exception {
    ConformanceMachine machine =
        ConformanceMachine.of(MachineLibrary.load("skylake", List.of(settings)));
    Program program = new Program(mode, seed, machine, false);
    for (int i = 0; i < operations; i++) {
      program.step();
    }
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void theExactMachineAgreesWithTheSlowOne(Mode mode) {
    Map<String, Integer> met = new HashMap<>();
    for (long seed = 1; seed <= 3; seed++) {
      runExact(mode, seed, SHORT).forEach((outcome, n) -> met.merge(outcome, n, Integer::sum));
    }
    // Every cause, by every kind of access and for both privileges: P, RSVD, I/D, PK and SS.
    String codes = "0 1 2 3 4 5 6 7 9 b d f 10 11 14 15 40 41 42 43 44 45 46 47";
    String inLongMode = " 19 1d 21 23 25 27 49 4b 61 63 65 67";
    List<String> missing = new ArrayList<>();
    for (String code : (mode.isLong() ? codes + inLongMode : codes).split(" ", -1)) {
      if (met.getOrDefault("pf 0x" + code, 0) < 4) {
        missing.add(code);
      }
    }
    assertEquals(List.of(), missing, "error codes that are too rare");
    assertEquals(mode.isLong(), met.getOrDefault("gp 0x0", 0) > 3);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aMachineWithRealTlbsShowsLawfulOutcomesOnly(Mode mode) throws Exception {
    runLawful(mode, 4, SHORT);
    runLawful(mode, 5, SHORT / 2, "walker.accessedBits=at-end", "inclusion=exclusive");
    runLawful(mode, 6, SHORT / 2, "overFlush=true");
  }

  @Tag("soak")
  @ParameterizedTest
  @CsvSource({"0, 16", "16, 32", "32, 48", "48, 64"})
  void aMillionOperationsForEverySeed(int from, int to) throws Exception {
    for (long seed = from; seed < to; seed++) {
      for (Mode mode : Mode.values()) {
        runExact(mode, 100 + seed, 1_000_000);
        runLawful(mode, 200 + seed, 1_000_000);
      }
    }
  }
}
