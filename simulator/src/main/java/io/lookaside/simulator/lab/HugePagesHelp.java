package io.lookaside.simulator.lab;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.LinuxMachine;

/** Huge pages: fewer faults, fewer tables, more reach of the same TLB. */
final class HugePagesHelp extends Lab {
  private static final long BYTES = 64 * LabContext.MIB;
  private static final int ACCESSES = 100_000;

  /** What one run found. */
  private record Outcome(long faults, long walks, long walkCycles, long faultCycles, long tables) {}

  HugePagesHelp() {
    super(
        "huge-pages-help",
        "Pages of 2 MiB save faults, tables and walks where memory is large and dense",
        Mechanism.HUGE_PAGES);
  }

  @Override
  void run(LabContext context, LabReport report) {
    report.table("pages", "faults", "walks", "walk cycles", "fault cycles", "bytes of tables");
    report.chart("cycles of walks and faults, in thousands");
    Outcome small = measure(context, LinuxConfig.Thp.NEVER);
    Outcome huge = measure(context, LinuxConfig.Thp.ALWAYS);
    row(report, "4 KiB", small);
    row(report, "2 MiB", huge);
    report.equal("faults that fill 64 MiB in small pages", 16384, small.faults);
    report.equal("faults in huge pages, one for each", 32, huge.faults);
    report.atLeast(
        "walks of 100,000 random reads in small pages: 1,536 entries for 16,384 pages",
        85_000,
        small.walks);
    report.atMost("walks in huge pages: 32 of them fit in the second level", 40, huge.walks);
    report.atLeast(
        "walk cycles, small over huge",
        100,
        (double) small.walkCycles / Math.max(1, huge.walkCycles));
    report.atLeast(
        "fault cycles, small over huge: zeroing stays, traps go",
        2,
        (double) small.faultCycles / huge.faultCycles);
    report.equal(
        "tables for the area of 64 MiB: small pages need one more level",
        0,
        small.tables - huge.tables);
    collapse(context, report);
  }

  private static Outcome measure(LabContext context, LinuxConfig.Thp thp) {
    LinuxMachine machine = context.machine(context.linux(256 * LabContext.MIB).withThp(thp));
    Program program = Program.start(machine);
    long area = program.map(BYTES + 2 * LabContext.MIB, Program.READ_WRITE);
    long start = (area + 2 * LabContext.MIB - 1) & -(2 * LabContext.MIB);
    long faults = program.process().minorFaults();
    long cycles = machine.kernel().cycles();
    program.writePages(start, BYTES / LabContext.PAGE);
    faults = program.process().minorFaults() - faults;
    cycles = machine.kernel().cycles() - cycles;
    SeededRandom random = new SeededRandom(context.seed());
    Program.Meter meter = new Program.Meter(machine);
    for (int i = 0; i < ACCESSES; i++) {
      program.reads(start + random.nextInt((int) (BYTES / LabContext.PAGE)) * LabContext.PAGE);
    }
    long walks = meter.walks(WalkMetric.WALKS);
    long walkCycles = context.walkCycles(walks, meter.walks(WalkMetric.MEMORY_READS));
    return new Outcome(faults, walks, walkCycles, cycles, program.process().space().tableBytes());
  }

  private static void row(LabReport report, String what, Outcome o) {
    report.row(what, o.faults, o.walks, o.walkCycles, o.faultCycles, o.tables);
    report.bar(what + ", walks", o.walkCycles / 1000.0);
    report.bar(what + ", faults", o.faultCycles / 1000.0);
  }

  /** khugepaged makes a huge page of small ones, and what they held stays. */
  private static void collapse(LabContext context, LabReport report) {
    LinuxMachine machine =
        context.machine(context.linux(256 * LabContext.MIB).withThp(LinuxConfig.Thp.MADVISE));
    Program program = Program.start(machine);
    long area = program.map(4 * LabContext.MIB, Program.READ_WRITE);
    long start = (area + 2 * LabContext.MIB - 1) & -(2 * LabContext.MIB);
    program.writePages(start, 512);
    machine.kernel().madvise(program.process(), start, 2 * LabContext.MIB, Abi.MADV_HUGEPAGE);
    report.equal(
        "khugepaged makes of 512 advised small pages",
        1,
        machine.kernel().khugepaged(program.process()));
    long kept = 0;
    for (int i = 0; i < 512; i++) {
      kept += program.load(start + i * LabContext.PAGE) == i + 1 ? 1 : 0;
    }
    report.equal("words that it kept, of 512", 512, kept);
  }
}
