package io.lookaside.simulator.lab;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.SegmentDescriptor;
import io.lookaside.mmu.format.SegmentSelector;
import io.lookaside.mmu.segment.SegmentOutcome;
import io.lookaside.mmu.segment.SegmentRegister;
import io.lookaside.mmu.segment.SegmentationUnit;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.linux.TableFormat;
import io.lookaside.simulator.LinuxMachine;

/** Segments on top of pages: a descriptor gives base and limit, pages give the memory. */
final class SegmentedPaging extends Lab {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final long DATA = 0x2000_0000L;
  private static final long DATA_BYTES = 600_000;
  private static final long CODE = 0x1000_0000L;
  private static final long CODE_BYTES = 40_000;
  private static final int USER = 3;

  SegmentedPaging() {
    super(
        "segmented-paging",
        "Segments on pages: descriptors bound and protect, pages need not be contiguous nor there",
        Switch.SEGMENT_LIMITS,
        Mechanism.DEMAND_PAGING);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine =
        context.machine(context.linux(256 * LabContext.MIB).withFormat(TableFormat.I386));
    Program program = Program.start(machine);
    long before = program.process().space().residentPages();
    place(program, CODE, CODE_BYTES, Abi.PROT_READ);
    place(program, DATA, DATA_BYTES, Program.READ_WRITE);
    SegmentationUnit unit = segments(context, machine, program);
    report.table("access", "offset", "linear address", "physical frame");
    report.chart("pages of the data segment");

    long[] offsets = {0, 3 * LabContext.PAGE + 8, 100 * LabContext.PAGE};
    long sums = 0;
    long there = 0;
    long lowest = Long.MAX_VALUE;
    long highest = 0;
    for (long offset : offsets) {
      long linear = unit.linear(SegmentRegister.DS, offset, 8, STORE);
      sums += linear == DATA + offset ? 1 : 0;
      long pa = machine.access(program.process(), linear, AccessKind.STORE);
      there += (pa & (LabContext.PAGE - 1)) == (linear & (LabContext.PAGE - 1)) ? 1 : 0;
      lowest = Math.min(lowest, pa >> 12);
      highest = Math.max(highest, pa >> 12);
      String frame = "0x" + Long.toHexString(pa >> 12);
      report.row("store", offset, "0x" + Long.toHexString(linear), frame);
    }
    report.equal("the paging mode is", "32-bit paging", machine.pagingMode().description());
    report.equal("linear addresses that are base + offset, of 3", 3, sums);
    report.equal("physical addresses that keep the offset in the page, of 3", 3, there);
    long resident = program.process().space().residentPages() - before;
    report.equal("pages that are resident after 3 of the segment's 147 were touched", 3, resident);
    report.equal(
        "the first and the last of them lie 100 pages apart in the segment, in memory",
        "elsewhere",
        highest - lowest == 100 ? "100 frames apart" : "elsewhere");
    report.bar("in the segment", (DATA_BYTES + LabContext.PAGE - 1) / LabContext.PAGE);
    report.bar("resident", resident);

    Program.Meter meter = new Program.Meter(machine);
    long beyond = unit.linear(SegmentRegister.DS, DATA_BYTES, 1, LOAD);
    report.equal("a load one byte past the limit is", "refused", word(beyond));
    long straddling = unit.linear(SegmentRegister.DS, DATA_BYTES - 4, 8, LOAD);
    report.equal("a load that ends past it is", "refused", word(straddling));
    report.equal("TLB look-ups that these took", 0, meter.lookups());
    report.equal(
        "the last word inside is",
        "granted",
        word(unit.linear(SegmentRegister.DS, DATA_BYTES - 8, 8, LOAD)));
    report.equal(
        "a load from the code segment is",
        "granted",
        word(unit.linear(SegmentRegister.ES, 0, 8, LOAD)));
    report.equal("a store to it is", "refused", word(unit.linear(SegmentRegister.ES, 0, 8, STORE)));
  }

  private static String word(long outcome) {
    return SegmentOutcome.isFault(outcome) ? "refused" : "granted";
  }

  private static void place(Program program, long va, long bytes, int rights) {
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    long result = program.kernel().mmap(program.process(), va, bytes, rights, flags, null, 0);
    if (Abi.isError(result)) {
      throw new IllegalStateException("mmap: " + Abi.describe(result));
    }
  }

  /** A GDT in kernel memory with a code and a data segment, loaded into ES and DS at CPL 3. */
  private static SegmentationUnit segments(
      LabContext context, LinuxMachine machine, Program program) {
    boolean limits = context.has(Switch.SEGMENT_LIMITS);
    long table = (long) machine.kernel().takeFrames(0) << 12;
    long whole = 0xffff_ffffL;
    long code = SegmentDescriptor.of(CODE, limits ? CODE_BYTES - 1 : whole, true, false, USER);
    long data = SegmentDescriptor.of(DATA, limits ? DATA_BYTES - 1 : whole, false, true, USER);
    machine.memory().zero(table, LabContext.PAGE);
    machine.memory().write(table + 8, code);
    machine.memory().write(table + 16, data);
    SegmentationUnit unit = new SegmentationUnit(machine.linearMemory(program.process()));
    unit.setGdt(TableFormat.I386.directMap() + table, 23);
    load(unit, SegmentRegister.ES, 1);
    load(unit, SegmentRegister.DS, 2);
    return unit;
  }

  private static void load(SegmentationUnit unit, SegmentRegister register, int index) {
    long outcome =
        unit.load(register, SegmentSelector.withRpl(SegmentSelector.of(index, false), USER), USER);
    if (outcome != SegmentOutcome.OK) {
      throw new IllegalStateException(register + " cannot be loaded");
    }
  }
}
