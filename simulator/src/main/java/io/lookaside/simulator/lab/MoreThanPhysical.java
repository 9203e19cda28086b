package io.lookaside.simulator.lab;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.LinuxMachine;
import io.lookaside.simulator.PressureLog;
import io.lookaside.simulator.PressureMetric;
import io.lookaside.simulator.PressureResult;

/** A process uses more memory than the machine has; what does not fit lies in swap. */
final class MoreThanPhysical extends Lab {
  private static final long MEMORY = 128 * LabContext.MIB;
  private static final long PAGES = 192 * LabContext.MIB / LabContext.PAGE;
  private static final int SAMPLES = 12;

  MoreThanPhysical() {
    super(
        "more-than-physical",
        "192 MiB are written and read back on a machine that has 128 MiB, since it has swap",
        Mechanism.SWAP,
        Mechanism.DIRECT_RECLAIM);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxConfig linux = context.linux(MEMORY).withSwap(256 * LabContext.MIB);
    LinuxMachine machine = context.machine(linux.withOvercommit(LinuxConfig.Overcommit.ALWAYS));
    LinuxKernel kernel = machine.kernel();
    Program program = Program.start(machine);
    long area = program.map(PAGES * LabContext.PAGE, Program.READ_WRITE);
    report.table("pass", "pages", "minor faults", "major faults", "swapped out", "swapped in");
    report.chart("pages of swap in use, while 49,152 pages are written and then read");
    PressureLog log = new PressureLog(kernel, 2 * PAGES / SAMPLES, SAMPLES);

    Snapshot<KernelMetric> before = kernel.snapshot();
    long written = 0;
    for (long i = 0; i < PAGES; i++) {
      written += program.writes(area, i) ? 1 : 0;
      log.reached(i + 1);
    }
    Snapshot<KernelMetric> writing = kernel.snapshot().minus(before);
    row(report, "write", written, writing);
    before = kernel.snapshot();
    long unchanged = 0;
    for (long i = 0; i < PAGES; i++) {
      unchanged += program.holds(area, i) ? 1 : 0;
      log.reached(PAGES + i + 1);
    }
    Snapshot<KernelMetric> reading = kernel.snapshot().minus(before);
    row(report, "read", unchanged, reading);
    PressureResult pressure = log.result(2 * PAGES);
    for (int i = 0; i < pressure.rows().size(); i++) {
      String at = LabReport.number(pressure.get(i, PressureMetric.REFERENCES));
      report.bar("after " + at, pressure.get(i, PressureMetric.SWAP_USED));
    }

    long frames = MEMORY / LabContext.PAGE;
    report.equal("pages of 192 MiB that can be written", PAGES, written);
    report.equal("pages that hold afterwards what was written", PAGES, unchanged);
    report.atLeast(
        "pages swapped out meanwhile: what memory cannot hold",
        PAGES - frames,
        writing.get(KernelMetric.PAGES_SWAPPED_OUT));
    report.atLeast(
        "pages swapped in when they are read: the same",
        PAGES - frames,
        reading.get(KernelMetric.PAGES_SWAPPED_IN));
    report.atMost(
        "pages that are resident in the end: no more than memory has",
        frames,
        program.residentPages(area, PAGES));
    report.equal(
        "processes killed for want of memory", 0, kernel.snapshot().get(KernelMetric.OOM_KILLS));
  }

  private static void row(LabReport report, String pass, long pages, Snapshot<KernelMetric> s) {
    report.row(
        pass,
        pages,
        s.get(KernelMetric.MINOR_FAULTS),
        s.get(KernelMetric.MAJOR_FAULTS),
        s.get(KernelMetric.PAGES_SWAPPED_OUT),
        s.get(KernelMetric.PAGES_SWAPPED_IN));
  }
}
