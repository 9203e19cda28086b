package io.lookaside.simulator.lab;

import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.LinuxMachine;

/** Four levels: four reads from the root, one from the cache of PDEs, three for a huge page. */
final class FourLevelWalk extends Lab {
  private static final long HUGE = 2 * LabContext.MIB;
  private static final long FAR = 512L << 30;

  FourLevelWalk() {
    super(
        "four-level-walk",
        "A walk of four levels reads four entries, or one where the structure caches know the rest",
        Switch.STRUCTURE_CACHES,
        Mechanism.HUGE_PAGES);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine =
        context.machine(context.linux(256 * LabContext.MIB).withThp(LinuxConfig.Thp.MADVISE));
    Program program = Program.start(machine);
    // Pages of 8 regions that share nothing but the root, so that caches of 4 PML4Es forget.
    long base = 16 * FAR;
    for (int i = 0; i < 64; i++) {
      place(program, base + i * FAR, 2 * LabContext.PAGE);
      program.writePages(base + i * FAR, 2);
    }
    report.table("walk", "reads");
    report.chart("reads of memory for a walk");
    for (int i = 1; i < 64; i++) {
      program.reads(base + i * FAR);
    }
    Program.Meter cold = new Program.Meter(machine);
    // Each page lies alone in its region: nothing that the caches hold is of use.
    for (int i = 32; i < 64; i++) {
      machine.kernel().run(0, program.process());
      machine.invlpg(base + i * FAR);
      program.reads(base + i * FAR);
    }
    double coldReads = (double) cold.walks(WalkMetric.MEMORY_READS) / cold.walks(WalkMetric.WALKS);
    row(report, "from the root", coldReads);
    report.equal("walks were made", 32, cold.walks(WalkMetric.WALKS));
    report.equal("reads for a walk from the root", "4", LabReport.number(coldReads));

    long dense = 8 * FAR;
    place(program, dense, 512 * LabContext.PAGE);
    program.writePages(dense, 512);
    machine.flush(program.process());
    program.reads(dense);
    Program.Meter warm = new Program.Meter(machine);
    program.readPages(dense + LabContext.PAGE, 256);
    double warmReads = (double) warm.walks(WalkMetric.MEMORY_READS) / warm.walks(WalkMetric.WALKS);
    row(report, "to the neighbour of a page that was walked to", warmReads);
    report.equal("reads where the PDE is cached", "1", LabReport.number(warmReads));

    long huge = 9 * FAR;
    place(program, huge, HUGE);
    program.kernel().madvise(program.process(), huge, HUGE, Abi.MADV_HUGEPAGE);
    program.writes(huge);
    machine.flush(program.process());
    Program.Meter large = new Program.Meter(machine);
    program.reads(huge + 12345 / 8 * 8);
    double hugeReads =
        (double) large.walks(WalkMetric.MEMORY_READS) / large.walks(WalkMetric.WALKS);
    row(report, "to a page of 2 MiB", hugeReads);
    report.equal("reads for a page of 2 MiB from the root", "3", LabReport.number(hugeReads));
    long tables = Program.start(machine).process().space().tableBytes();
    long lone = tablesForOnePage(program);
    report.row("(bytes of tables of a small program)", tables);
    report.equal("tables that one page far from all others needs", 3, lone);
  }

  private static void row(LabReport report, String what, double reads) {
    report.row(what, reads);
    report.bar(what, reads);
  }

  private static long tablesForOnePage(Program program) {
    long before = program.process().space().tableBytes();
    place(program, 7 * FAR, LabContext.PAGE);
    program.writes(7 * FAR);
    return (program.process().space().tableBytes() - before) / LabContext.PAGE;
  }

  private static void place(Program program, long va, long bytes) {
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    long result =
        program.kernel().mmap(program.process(), va, bytes, Program.READ_WRITE, flags, null, 0);
    if (Abi.isError(result)) {
      throw new IllegalStateException("mmap: " + Abi.describe(result));
    }
  }
}
