package io.lookaside.simulator.lab;

import io.lookaside.os.linux.FaultKind;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.LinuxMachine;

/** fork copies tables, not pages; a page is copied when one of its owners writes. */
final class ForkCow extends Lab {
  private static final int PAGES = 2048;
  private static final int WRITTEN = 100;

  ForkCow() {
    super(
        "fork-cow",
        "fork shares all pages; the first write to one copies it, the last owner writes in place",
        Mechanism.COPY_ON_WRITE);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(256 * LabContext.MIB);
    Program parent = Program.start(machine);
    long va = parent.map(PAGES * LabContext.PAGE, Program.READ_WRITE);
    parent.writePages(va, PAGES);
    LinuxKernel kernel = machine.kernel();
    long copied = kernel.snapshot().get(KernelMetric.PAGES_COPIED);
    long cycles = kernel.cycles();
    long free = kernel.pages().freeFrames();
    Program child = parent.fork();
    long tables = child.process().space().tableBytes() / LabContext.PAGE;
    long forkCycles = kernel.cycles() - cycles;
    report.table("step", "frames taken", "pages copied", "kernel cycles");
    report.chart("frames taken since before the fork");
    row(report, kernel, "fork", free, copied, forkCycles);
    report.equal(
        "pages that fork copies of 2,048",
        0,
        kernel.snapshot().get(KernelMetric.PAGES_COPIED) - copied);
    report.equal(
        "frames that it takes: the child's tables", tables, free - kernel.pages().freeFrames());
    report.equal(
        "pages that both have resident now", PAGES, sharedPages(kernel, parent, child, va));

    cycles = kernel.cycles();
    long faults = child.process().minorFaults();
    long afterFork = kernel.pages().freeFrames();
    child.writePages(va, WRITTEN);
    row(report, kernel, "the child writes 100 pages", free, copied, kernel.cycles() - cycles);
    report.equal(
        "faults of the child's writes to 100 pages",
        WRITTEN,
        child.process().minorFaults() - faults);
    report.equal("frames that they take", WRITTEN, afterFork - kernel.pages().freeFrames());
    report.equal("they are answered by", FaultKind.COPY.label(), machine.lastFault().label());
    long own = 0;
    for (int i = 0; i < WRITTEN; i++) {
      child.store(va + i * LabContext.PAGE, -1);
      own += parent.load(va + i * LabContext.PAGE) == i + 1 ? 1 : 0;
    }
    report.equal("words of the parent that the child's writes left alone, of 100", WRITTEN, own);

    long before = kernel.pages().freeFrames();
    parent.writePages(va, WRITTEN);
    report.equal(
        "frames that the parent's writes to those pages take: it is their only owner now",
        0,
        before - kernel.pages().freeFrames());
    report.equal("they are answered by", FaultKind.REUSE.label(), machine.lastFault().label());
    kernel.exit(child.process());
    row(report, kernel, "the child exits", free, copied, 0);
    report.equal("frames taken after the child's end", 0, free - kernel.pages().freeFrames());
  }

  private static long sharedPages(LinuxKernel kernel, Program one, Program two, long va) {
    long shared = 0;
    for (int i = 0; i < PAGES; i++) {
      long page = va + i * LabContext.PAGE;
      long frame = kernel.frameOf(one.process(), page);
      shared += frame >= 0 && frame == kernel.frameOf(two.process(), page) ? 1 : 0;
    }
    return shared;
  }

  private static void row(
      LabReport report, LinuxKernel kernel, String what, long free, long copied, long cycles) {
    long taken = free - kernel.pages().freeFrames();
    report.row(what, taken, kernel.snapshot().get(KernelMetric.PAGES_COPIED) - copied, cycles);
    report.bar(what, taken);
  }
}
