package io.lookaside.simulator.lab;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.CostPart;
import io.lookaside.os.linux.FileMapping;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig.Overcommit;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.LinuxMachine;

/** What a reclaimed page costs, and what of it is flushes, reading, writing and waiting. */
final class ReclaimCost extends Lab {
  private static final long MEMORY = 128 * LabContext.MIB;
  private static final int PAGES = 40_000;
  private static final int OWN_CYCLES = 3000;

  ReclaimCost() {
    super(
        "reclaim-cost",
        "A clean page of a file costs little to reclaim, an anonymous one a write and its wait",
        Mechanism.BATCHED_FLUSH,
        Mechanism.SWAP,
        Mechanism.SWAP_READAHEAD);
  }

  @Override
  void run(LabContext context, LabReport report) {
    String[] headers = new String[CostPart.values().length + 1];
    headers[0] = "thousands of cycles";
    for (CostPart part : CostPart.values()) {
      headers[part.ordinal() + 1] = part.key();
    }
    report.table(headers);
    report.chart("cycles for a page that is reclaimed, without what waits for the device");
    Program reader = start(context);
    FileMapping file = reader.kernel().openFile("data", PAGES * LabContext.PAGE, false, at -> at);
    long mapped = reader.mapFile(file, true, Program.READ);
    double clean = measure(report, reader, mapped, "file pages, read", false);
    LinuxKernel kernel = reader.kernel();
    report.atMost(
        "flushes of what is unmapped, for 32 clean pages: once for a batch",
        2.0,
        32.0 * kernel.snapshot().get(KernelMetric.UNMAP_FLUSHES) / reclaimed(kernel));
    sums(report, kernel, "reader");

    Program writer = start(context);
    kernel = writer.kernel();
    long area = writer.map(PAGES * LabContext.PAGE, Program.READ_WRITE);
    double dirty = measure(report, writer, area, "anonymous, written", true);
    report.atLeast(
        "cycles for an anonymous page over those for a clean one: it is flushed before its write",
        3,
        dirty / clean);
    Snapshot<KernelMetric> before = kernel.snapshot();
    Snapshot<CostPart> costs = kernel.costs();
    touch(writer, area, false);
    Snapshot<KernelMetric> back = kernel.snapshot().minus(before);
    row(report, "anonymous, read again", kernel.costs().minus(costs));
    report.atLeast(
        "pages swapped in for a fault that reads, in order: those near it come too",
        2,
        (double) back.get(KernelMetric.PAGES_SWAPPED_IN)
            / Math.max(1, back.get(KernelMetric.MAJOR_FAULTS)));
    report.atLeast(
        "of the cycles of reading again, waiting for the device: percent",
        90,
        100.0 * kernel.costs().minus(costs).get(CostPart.READING) / back.get(KernelMetric.CYCLES));
    sums(report, kernel, "writer");
    report.bar("clean, of a file", clean);
    report.bar("anonymous", dirty);
  }

  private static Program start(LabContext context) {
    LinuxMachine machine =
        context.machine(
            context.linux(MEMORY).withSwap(256 * LabContext.MIB).withOvercommit(Overcommit.ALWAYS));
    return Program.start(machine);
  }

  private static void touch(Program program, long area, boolean write) {
    for (int i = 0; i < PAGES; i++) {
      if (write) {
        program.writes(area, i);
      } else {
        program.reads(area + i * LabContext.PAGE);
      }
      program.compute(OWN_CYCLES);
    }
  }

  /** Returns the processors' cycles for a reclaimed page, the process's and kswapd's. */
  private static double measure(
      LabReport report, Program program, long area, String what, boolean write) {
    touch(program, area, write);
    LinuxKernel kernel = program.kernel();
    row(report, what, kernel.costs());
    row(report, "kswapd meanwhile", kernel.kswapdCosts());
    Snapshot<CostPart> all = kernel.costs().plus(kernel.kswapdCosts());
    long cycles =
        all.get(CostPart.RECLAIM)
            + all.get(CostPart.FLUSHES)
            + all.get(CostPart.SHOOTDOWNS)
            + all.get(CostPart.WRITING);
    return (double) cycles / Math.max(1, reclaimed(kernel));
  }

  private static long reclaimed(LinuxKernel kernel) {
    Snapshot<KernelMetric> counts = kernel.snapshot();
    return counts.get(KernelMetric.RECLAIMED_KSWAPD) + counts.get(KernelMetric.RECLAIMED_DIRECT);
  }

  /** Every cycle is in one part. */
  private static void sums(LabReport report, LinuxKernel kernel, String who) {
    Snapshot<KernelMetric> counts = kernel.snapshot();
    report.equal(
        "the parts of the " + who + "'s kernel cycles sum to",
        counts.get(KernelMetric.CYCLES),
        sum(kernel.costs()));
    report.equal(
        "those of kswapd beside it",
        counts.get(KernelMetric.KSWAPD_CYCLES),
        sum(kernel.kswapdCosts()));
  }

  private static long sum(Snapshot<CostPart> costs) {
    long sum = 0;
    for (CostPart part : CostPart.values()) {
      sum += costs.get(part);
    }
    return sum;
  }

  private static void row(LabReport report, String what, Snapshot<CostPart> costs) {
    Object[] cells = new Object[CostPart.values().length + 1];
    cells[0] = what;
    for (CostPart part : CostPart.values()) {
      cells[part.ordinal() + 1] = costs.get(part) / 1000;
    }
    report.row(cells);
  }
}
