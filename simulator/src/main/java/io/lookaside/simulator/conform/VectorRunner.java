package io.lookaside.simulator.conform;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.CodeSegment;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.SystemInstructions;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.simulator.config.MachineConfig;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Runs the cases of vector files and compares: any lawful outcome passes, or on the exact machine
 * only the exact one.
 */
public final class VectorRunner {
  /** The control registers of a case; their values stand in the same order. */
  private static final List<String> REGISTERS =
      List.of("cr0", "cr3", "cr4", "efer", "pkru", "pkrs");

  private static final List<String> PRIVILEGES = List.of("cpl0", "cpl1", "cpl2", "cpl3");

  private static final long LOW_32 = 0xffff_ffffL;
  private static final int DEFAULT_PHYSICAL_ADDRESS_BITS = 40;

  /** What the line before has left to be judged. */
  private enum Pending {
    NOTHING,
    /** An access or a load of a segment register: its outcome must follow. */
    OUTCOME,
    /** An action: without a line about its outcome, it must have succeeded. */
    ACTION
  }

  private final ConformanceMachine machine;
  private final boolean exact;
  private final int show;

  private long passed;
  private long failed;
  private long servedStale;
  private final List<ConformanceResult.Failure> failures = new ArrayList<>();

  // The case.
  private String name = "";
  private boolean inCase;
  private boolean caseFailed;
  private boolean started;
  private int accesses;
  private final IntOpenHashSet faulted = new IntOpenHashSet();

  // Registers until the first step of a case.
  private final long[] registers = new long[REGISTERS.size()];
  private int physicalAddressBits;
  private boolean alignmentCheck;

  // The last step.
  private Pending pending = Pending.NOTHING;
  private boolean isAccess;
  private long outcome;
  private long va;
  private int kind;

  /** Whether the last access is marked stale, so that memory follows the file. */
  private boolean resynchronize;

  /** Whether its outcome was another than the listed one, so that memory is not compared. */
  private boolean skipAfter;

  private final Expectation expectation = new Expectation();
  private final SegmentSteps segments;

  private VectorRunner(ConformanceMachine machine, boolean exact, int show) {
    this.machine = machine;
    this.exact = exact;
    this.show = show;
    this.segments = new SegmentSteps(machine.memory());
  }

  /**
   * A runner on which any lawful outcome passes.
   *
   * @param config a machine with the TLBs, structure caches and features to run on; MAXPHYADDR
   *     comes from the cases
   * @param show how many failures to keep
   */
  public static VectorRunner lawful(MachineConfig config, int show) {
    return new VectorRunner(ConformanceMachine.of(config), false, show);
  }

  /** A runner of the exact machine, on which only its outcomes pass. */
  public static VectorRunner exact(int show) {
    return new VectorRunner(ConformanceMachine.exact(), true, show);
  }

  /** The result of all files so far. */
  public ConformanceResult result() {
    return new ConformanceResult(passed, failed, servedStale, List.copyOf(failures));
  }

  /**
   * Runs all cases of a file.
   *
   * @param file its name, for messages
   * @throws VectorException if it is no vector file
   */
  public void run(InputStream in, String file) throws IOException {
    VectorReader reader = new VectorReader(in, file);
    long before = passed + failed;
    while (reader.next()) {
      String keyword = reader.word(0);
      if (keyword.equals("case")) {
        begin(reader);
      } else if (!inCase) {
        throw reader.flaw("expected 'case NAME', not '" + reader.text() + "'");
      } else if (keyword.equals("end")) {
        end(reader);
      } else if (!caseFailed) {
        line(reader, keyword);
      }
    }
    if (inCase) {
      throw reader.flaw("the file ends inside case " + name + "; was it cut short?");
    }
    if (passed + failed == before) {
      throw new VectorException(file + ": holds no case; is this a vector file?");
    }
  }

  private void begin(VectorReader in) throws VectorException {
    if (inCase) {
      throw in.flaw("case " + name + " has no 'end' before the next case");
    }
    name = in.word(1);
    inCase = true;
    caseFailed = false;
    started = false;
    accesses = 0;
    faulted.clear();
    Arrays.fill(registers, 0);
    physicalAddressBits = DEFAULT_PHYSICAL_ADDRESS_BITS;
    alignmentCheck = false;
    pending = Pending.NOTHING;
    resynchronize = false;
    machine.clear();
    segments.clear();
  }

  private void end(VectorReader in) throws VectorException {
    if (!caseFailed) {
      settle(in);
    }
    if (caseFailed) {
      failed++;
    } else {
      passed++;
    }
    inCase = false;
  }

  private void line(VectorReader in, String keyword) throws VectorException {
    switch (keyword) {
      case "expect" -> expect(in);
      case "after" -> after(in);
      case "after32" -> after32(in);
      case "afterdesc" -> afterDescriptor(in);
      default -> {
        settle(in);
        if (!caseFailed) {
          act(in, keyword);
        }
      }
    }
  }

  private void act(VectorReader in, String keyword) throws VectorException {
    switch (keyword) {
      case "reg" -> register(in);
      case "mem" -> machine.memory().write(wordAddress(in, 1), in.number(2));
      case "mem32" -> machine.memory().write32(address32(in), value32(in, 2));
      case "access" -> access(in);
      case "invlpg", "invpcid", "movcr0", "movcr3", "movcr4", "taskswitch" -> action(in, keyword);
      case "desc" -> segments.describe(in);
      case "load" -> noteOutcome(in, segments.load(in));
      case "farjmp" -> noteOutcome(in, segments.farJump(in));
      case "segaccess" -> noteOutcome(in, segments.access(in));
      default ->
          throw in.flaw(
              "'"
                  + keyword
                  + "' is no line of a case; expected reg, mem, mem32, access, expect, after, an"
                  + " action, a segmentation line or end");
    }
  }

  private void register(VectorReader in) throws VectorException {
    String register = in.word(1);
    if (register.equals("gdtr.limit") || register.equals("ldtr.limit")) {
      segments.setLimit(in, register);
      return;
    }
    long value = in.number(2);
    if (register.equals("maxphyaddr")) {
      if (started) {
        throw in.flaw("'reg maxphyaddr' must stand before the first access or action");
      }
      if (value < 32 || value > PhysicalMemory.ADDRESS_BITS) {
        throw in.flaw("maxphyaddr must be 32 to 52");
      }
      physicalAddressBits = (int) value;
      return;
    }
    if (register.equals("rflags.ac")) {
      alignmentCheck = value != 0;
      if (started) {
        machine.mmu().setAlignmentCheck(alignmentCheck);
      }
      return;
    }
    int number = REGISTERS.indexOf(register);
    if (number < 0) {
      throw in.flaw(
          "'"
              + register
              + "' is no register; expected "
              + String.join(", ", REGISTERS)
              + ", maxphyaddr, rflags.ac, gdtr.limit or ldtr.limit");
    }
    if (started) {
      ControlRegisters r = machine.mmu().registers();
      registers[0] = r.cr0();
      registers[1] = r.cr3();
      registers[2] = r.cr4();
      registers[3] = r.efer();
      registers[4] = r.pkru();
      registers[5] = r.pkrs();
    }
    registers[number] = value;
    if (started) {
      machine.mmu().setRegisters(compile(in));
    }
  }

  private ControlRegisters compile(VectorReader in) throws VectorException {
    try {
      return new ControlRegisters(
          registers[0],
          registers[1],
          registers[2],
          registers[3],
          (int) registers[4],
          (int) registers[5]);
    } catch (IllegalArgumentException e) {
      throw in.flaw("the registers contradict each other: " + e.getMessage());
    }
  }

  /** Called before every step: the first one finds the registers complete. */
  private Mmu start(VectorReader in) throws VectorException {
    if (!started) {
      machine.start(compile(in), physicalAddressBits, alignmentCheck);
      started = true;
    }
    return machine.mmu();
  }

  private void access(VectorReader in) throws VectorException {
    start(in);
    if (in.is(1, "read")) {
      kind = AccessKind.LOAD.ordinal();
    } else if (in.is(1, "write")) {
      kind = AccessKind.STORE.ordinal();
    } else if (in.is(1, "fetch")) {
      kind = AccessKind.FETCH.ordinal();
    } else {
      throw in.flaw("expected read, write or fetch behind 'access', not '" + in.word(1) + "'");
    }
    AccessMode mode = AccessMode.ofCpl(privilege(in, 2));
    va = in.number(3);
    noteOutcome(in, machine.access(va, kind, mode));
    if (Outcome.isPageFault(outcome)) {
      faulted.add(accesses);
    }
    accesses++;
    isAccess = true;
  }

  /** The level that a word like {@code cpl3} names. */
  static int privilege(VectorReader in, int word) throws VectorException {
    String text = in.word(word);
    if (!PRIVILEGES.contains(text)) {
      throw in.flaw("expected cpl0 to cpl3, not '" + text + "'");
    }
    return PRIVILEGES.indexOf(text);
  }

  private void noteOutcome(VectorReader in, long newOutcome) {
    note(in, newOutcome, Pending.OUTCOME);
  }

  private void note(VectorReader in, long newOutcome, Pending newPending) {
    outcome = newOutcome;
    pending = newPending;
    isAccess = false;
    resynchronize = false;
    in.markStep();
  }

  private void action(VectorReader in, String keyword) throws VectorException {
    start(in);
    SystemInstructions instructions = machine.instructions();
    int operands = keyword.equals("invpcid") ? 3 : 1;
    CodeSegment code = codeSegment(in, operands + 1);
    long operand = in.number(1);
    boolean success =
        switch (keyword) {
          case "invlpg" -> instructions.invlpg(operand, code);
          case "invpcid" -> instructions.invpcid(operand, in.number(2), in.number(3), code);
          case "movcr0" -> instructions.moveToCr0(operand, code);
          case "movcr3" -> instructions.moveToCr3(operand, code);
          case "movcr4" -> instructions.moveToCr4(operand, code);
          default -> instructions.switchTask(operand);
        };
    note(in, success ? Outcome.OK : Outcome.GP, Pending.ACTION);
  }

  private static CodeSegment codeSegment(VectorReader in, int word) throws VectorException {
    if (in.words() <= word || in.is(word, "cpl0")) {
      return CodeSegment.KERNEL;
    }
    if (in.is(word, "cpl3")) {
      return CodeSegment.USER;
    }
    if (in.is(word, "compat")) {
      return CodeSegment.KERNEL_COMPATIBILITY;
    }
    throw in.flaw("expected cpl3, compat or nothing, not '" + in.word(word) + "'");
  }

  /** Ends a step that no line about its outcome follows. */
  private void settle(VectorReader in) throws VectorException {
    if (pending == Pending.OUTCOME) {
      throw in.flaw("expected an 'expect' line behind '" + in.step() + "'");
    }
    if (pending == Pending.ACTION && outcome != Outcome.OK) {
      fail(in.stepPosition(), in, "success", Outcome.text(outcome));
    }
    pending = Pending.NOTHING;
    resynchronize = false;
  }

  private void expect(VectorReader in) throws VectorException {
    if (pending == Pending.NOTHING) {
      throw in.flaw("'expect' must follow an access, a load or an action");
    }
    pending = Pending.NOTHING;
    Expectation.Parser parser = (words, from) -> Outcome.parse(in, words, from);
    String[] words = new String[in.words()];
    for (int i = 0; i < words.length; i++) {
      words[i] = in.word(i);
    }
    expectation.set(in, Outcome.parse(in, words, 1), parser);
    boolean listed = outcome == expectation.value();
    boolean holds;
    if (expectation.isStale() && isAccess) {
      // The listed outcome is that of a cached translation or of a walk, and so may ours be.
      long fresh = machine.freshOutcome(va, kind);
      holds = listed || outcome == fresh || expectation.value() == fresh;
      servedStale += holds && outcome != fresh ? 1 : 0;
      resynchronize = true;
      skipAfter = !listed;
    } else if (exact && !expectation.isOpen()) {
      holds = outcome == expectation.exact();
      servedStale += holds && !listed ? 1 : 0;
    } else {
      holds = expectation.permits(outcome, faulted);
      servedStale += holds && !listed ? 1 : 0;
    }
    if (!holds) {
      fail(in.position(), in, expectation.text(exact, Outcome::text), Outcome.text(outcome));
    }
  }

  /** Where memory may differ from the file, it follows the file once it has been compared. */
  private void after(VectorReader in) throws VectorException {
    settleAction(in);
    long pa = wordAddress(in, 1);
    expectation.set(
        in, in.number(2), (words, from) -> in.number(from < words.length ? words[from] : ""));
    long got = machine.memory().read(pa);
    if (resynchronize || expectation.isWeakAccessed()) {
      machine.memory().write(pa, expectation.value());
    }
    compareMemory(in, got);
  }

  private void after32(VectorReader in) throws VectorException {
    settleAction(in);
    long pa = address32(in);
    long listed = value32(in, 2) & LOW_32;
    expectation.set(
        in, listed, (words, from) -> in.number(from < words.length ? words[from] : "") & LOW_32);
    long got = machine.memory().read32(pa) & LOW_32;
    if (resynchronize || expectation.isWeakAccessed()) {
      machine.memory().write32(pa, (int) listed);
    }
    compareMemory(in, got);
  }

  private void settleAction(VectorReader in) throws VectorException {
    if (pending != Pending.NOTHING) {
      settle(in);
    }
  }

  private void compareMemory(VectorReader in, long got) {
    if (caseFailed || (resynchronize && skipAfter)) {
      return;
    }
    boolean holds =
        (exact && !expectation.isOpen())
            ? got == expectation.exact()
            : expectation.permits(got, faulted);
    if (expectation.isWeakAccessed()) {
      holds |= ((got ^ expectation.value()) & ~Pte.ACCESSED) == 0;
    }
    if (!holds) {
      fail(in.position(), in, expectation.text(exact, VectorRunner::hex), hex(got));
    }
  }

  private void afterDescriptor(VectorReader in) throws VectorException {
    settleAction(in);
    long got = segments.descriptor(in);
    long listed = in.number(3);
    if (!caseFailed && got != listed) {
      fail(in.position(), in, hex(listed), hex(got));
    }
  }

  private void fail(String position, VectorReader in, String expected, String got) {
    caseFailed = true;
    if (failures.size() < show) {
      failures.add(new ConformanceResult.Failure(position, name, in.step(), expected, got));
    }
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  private static long wordAddress(VectorReader in, int word) throws VectorException {
    return address(in, word, Long.BYTES);
  }

  private static long address32(VectorReader in) throws VectorException {
    return address(in, 1, Integer.BYTES);
  }

  private static long address(VectorReader in, int word, int alignment) throws VectorException {
    long pa = in.number(word);
    if ((pa & (alignment - 1)) != 0 || pa >>> PhysicalMemory.ADDRESS_BITS != 0) {
      throw in.flaw(
          hex(pa) + " is not the physical address of an aligned entry of " + alignment + " bytes");
    }
    return pa;
  }

  private static int value32(VectorReader in, int word) throws VectorException {
    long value = in.number(word);
    if (value >>> 32 != 0) {
      throw in.flaw(hex(value) + " does not fit into the 32 bits of an entry");
    }
    return (int) value;
  }
}
