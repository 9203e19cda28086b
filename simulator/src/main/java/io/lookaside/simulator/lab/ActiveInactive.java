package io.lookaside.simulator.lab;

import io.lookaside.os.linux.FileMapping;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.LinuxMachine;

/** Two lists: pages that were used twice are not evicted by pages that are used once. */
final class ActiveInactive extends Lab {
  private static final long MEMORY = 128 * LabContext.MIB;

  /** Files, in pages: what is used again and again, and a stream twice as large as memory. */
  private static final int WORKING_SET = 6000;

  private static final int STREAM = 60_000;

  /** A working set that takes the place of the first one. */
  private static final int SECOND_SET = 23_000;

  private static final int ROUNDS = 8;

  ActiveInactive() {
    super(
        "active-inactive",
        "A scan through a large file does not evict the files that are in use",
        Mechanism.ACTIVE_LISTS,
        Mechanism.REFAULT_DETECTION);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(MEMORY);
    LinuxKernel kernel = machine.kernel();
    Program program = Program.start(machine);
    long buffer = program.map(LabContext.PAGE, Program.READ_WRITE);
    FileMapping set = file(kernel, "set", WORKING_SET);
    FileMapping stream = file(kernel, "stream", STREAM);
    FileMapping second = file(kernel, "second", SECOND_SET);
    report.table("what is read", "pages", "read from the device", "active", "inactive");
    report.chart("pages read from the device");

    read(report, program, buffer, "working set", set, WORKING_SET);
    read(report, program, buffer, "working set again", set, WORKING_SET);
    long active = kernel.memoryState().activeFile();
    report.atLeast(
        "pages that are active after a second read: the working set", WORKING_SET, active);
    long cost = read(report, program, buffer, "stream, once", stream, STREAM);
    report.equal("pages of the stream that the device reads", STREAM, cost);
    cost = read(report, program, buffer, "working set after it", set, WORKING_SET);
    report.equal("pages of the working set that the stream has evicted", 0, cost);

    long first = 0;
    long last = 0;
    for (int round = 1; round <= ROUNDS; round++) {
      last = read(report, program, buffer, "second set, round " + round, second, SECOND_SET);
      first = round == 1 ? last : first;
    }
    report.equal(
        "a second set, larger than the inactive list: read in its first round", SECOND_SET, first);
    report.atMost(
        "read in its 8th round: pages that came back are made active, and push out the first set",
        SECOND_SET / 50,
        last);
  }

  private static FileMapping file(LinuxKernel kernel, String name, int pages) {
    return kernel.openFile(name, pages * LabContext.PAGE, false, at -> at);
  }

  /** Reads a word of each page; returns the pages that the device read for it. */
  private static long read(
      LabReport report, Program program, long buffer, String what, FileMapping file, int pages) {
    LinuxKernel kernel = program.kernel();
    long before = kernel.snapshot().get(KernelMetric.FILE_PAGES_READ);
    for (int i = 0; i < pages; i++) {
      kernel.read(program.process(), file, i * LabContext.PAGE, buffer, 8);
    }
    long cost = kernel.snapshot().get(KernelMetric.FILE_PAGES_READ) - before;
    report.row(
        what, pages, cost, kernel.memoryState().activeFile(), kernel.memoryState().inactiveFile());
    report.bar(what, cost);
    return cost;
  }
}
