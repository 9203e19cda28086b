package io.lookaside.simulator.lab;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.CostPart;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.linux.Watermarks;
import io.lookaside.os.linux.Zone;
import io.lookaside.simulator.LinuxMachine;
import io.lookaside.simulator.PressureLog;
import io.lookaside.simulator.PressureMetric;
import io.lookaside.simulator.PressureResult;

/** Who asks slowly finds memory that kswapd has freed; who asks fast must free it himself. */
final class KswapdOrDirect extends Lab {
  private static final long MEMORY = 128 * LabContext.MIB;
  private static final int PAGES = 44_000;
  private static final int SAMPLES = 12;

  /** Cycles of the program for each page: 4 KiB at 20 MB/s and at 4 GB/s. */
  private static final int SLOW = 600_000;

  private static final int FAST = 3000;

  KswapdOrDirect() {
    super(
        "kswapd-or-direct",
        "kswapd frees memory beside a slow program; a fast one must reclaim and wait itself",
        Mechanism.KSWAPD,
        Mechanism.DIRECT_RECLAIM);
  }

  private record Outcome(
      Snapshot<KernelMetric> counts,
      PressureResult pressure,
      long written,
      long cycles,
      long waited) {}

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(config(context));
    Zone zone = machine.kernel().pages().zones().get(0);
    Watermarks marks = zone.watermarks();
    watermarks(report, zone, marks);
    report.table("program", "pages", "wake-ups", "by kswapd", "by itself", "waited", "cycles each");
    report.chart(
        "free pages while the slow program writes; low is "
            + marks.low()
            + ", high "
            + marks.high());
    Outcome slow = measure(context, SLOW);
    Outcome fast = measure(context, FAST);
    row(report, "slow", slow);
    row(report, "fast", fast);
    long least = Long.MAX_VALUE;
    for (int i = 0; i < slow.pressure.rows().size(); i++) {
      long free = slow.pressure.get(i, PressureMetric.FREE);
      least = Math.min(least, free);
      report.bar(LabReport.number(slow.pressure.get(i, PressureMetric.REFERENCES)), free);
    }
    report.equal("pages that the slow program can write", PAGES, slow.written);
    report.equal("pages that the fast program can write", PAGES, fast.written);
    report.equal(
        "pages that the slow one reclaims itself",
        0,
        slow.counts.get(KernelMetric.RECLAIMED_DIRECT));
    report.atLeast(
        "pages that kswapd reclaims for it",
        PAGES - 32768,
        slow.counts.get(KernelMetric.RECLAIMED_KSWAPD));
    report.atLeast("its free memory never falls below min: pages", marks.min(), least);
    report.atLeast(
        "pages that the fast one reclaims itself",
        1000,
        fast.counts.get(KernelMetric.RECLAIMED_DIRECT));
    report.atLeast("cycles for which it waits for writes", 1_000_000, fast.waited);
    report.equal("cycles for which the slow one does", 0, slow.waited);
    report.atLeast("cycles of a fault, fast over slow", 2, (double) fast.cycles / slow.cycles);
  }

  /** Against the formulas, by arithmetic on whole numbers. */
  private static void watermarks(LabReport report, Zone zone, Watermarks marks) {
    long kib = zone.managedFrames() * 4L;
    long root = 1;
    while ((root + 1) * (root + 1) <= 16 * kib) {
      root++;
    }
    report.equal(
        "min, a quarter of the root of 16 x " + kib + " KiB: pages", root / 4, marks.min());
    long distance = Math.max(root / 4 / 4, zone.managedFrames() / 1000L);
    report.equal(
        "low, by a quarter of min or a thousandth of memory above",
        root / 4 + distance,
        marks.low());
    report.equal("high, once more", root / 4 + 2 * distance, marks.high());
  }

  private static LinuxConfig config(LabContext context) {
    return context
        .linux(MEMORY)
        .withSwap(256 * LabContext.MIB)
        .withThp(LinuxConfig.Thp.NEVER)
        .withOvercommit(LinuxConfig.Overcommit.ALWAYS);
  }

  private static Outcome measure(LabContext context, int own) {
    LinuxMachine machine = context.machine(config(context));
    LinuxKernel kernel = machine.kernel();
    Program program = Program.start(machine);
    long area = program.map(PAGES * LabContext.PAGE, Program.READ_WRITE);
    PressureLog log = new PressureLog(kernel, PAGES / SAMPLES, SAMPLES);
    long written = 0;
    long cycles = kernel.cycles();
    for (int i = 0; i < PAGES; i++) {
      written += program.writes(area, i) ? 1 : 0;
      program.compute(own);
      log.reached(i + 1);
    }
    return new Outcome(
        kernel.snapshot(),
        log.result(PAGES),
        written,
        kernel.cycles() - cycles,
        kernel.costs().get(CostPart.WAITING));
  }

  private static void row(LabReport report, String what, Outcome o) {
    report.row(
        what,
        o.written,
        o.counts.get(KernelMetric.KSWAPD_WAKEUPS),
        o.counts.get(KernelMetric.RECLAIMED_KSWAPD),
        o.counts.get(KernelMetric.RECLAIMED_DIRECT),
        o.waited,
        o.cycles / PAGES);
  }
}
