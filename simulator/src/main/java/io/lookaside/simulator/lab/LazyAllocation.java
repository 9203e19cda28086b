package io.lookaside.simulator.lab;

import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.LinuxMachine;

/** What is allocated is not resident until it is touched, and may be more than there is. */
final class LazyAllocation extends Lab {
  private static final long MEMORY = 512 * LabContext.MIB;
  private static final long ASKED = 300 * LabContext.MIB;

  LazyAllocation() {
    super(
        "lazy-allocation",
        "Allocated is not resident: pages get frames when they are touched",
        Mechanism.DEMAND_PAGING);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(MEMORY);
    Program program = Program.start(machine);
    long resident = program.process().space().residentPages();
    long free = machine.kernel().pages().freeFrames();
    long va = program.map(ASKED, Program.READ_WRITE);
    report.table("after", "virtual MiB", "resident pages", "frames taken");
    report.chart("resident MiB");
    row(report, program, "mmap of 300 MiB", free);
    report.equal(
        "pages that become resident by mmap of 300 MiB",
        0,
        program.process().space().residentPages() - resident);
    report.equal("frames that it takes", 0, free - machine.kernel().pages().freeFrames());
    program.writePages(va, 1000);
    row(report, program, "a write to 1,000 pages", free);
    report.equal(
        "pages resident after 1,000 were written",
        1000,
        program.process().space().residentPages() - resident);
    report.equal(
        "mincore finds of the first 2,000 pages",
        1000,
        machine.kernel().residentPages(program.process(), va, 2000 * LabContext.PAGE));

    // Six times as much as there is, in pieces that the heuristic of mode 0 grants one by one.
    int granted = 0;
    Program greedy = Program.start(machine);
    for (int i = 0; i < 10; i++) {
      granted += Abi.isError(machine.kernel().mmap(greedy.process(), ASKED, 3)) ? 0 : 1;
    }
    row(report, greedy, "10 times 300 MiB in another process", free);
    report.equal("of 10 requests for 300 MiB on a machine of 512 MiB are granted", 10, granted);
    report.equal(
        "one request for 1 GiB is",
        "ENOMEM",
        Abi.describe(machine.kernel().mmap(greedy.process(), 1024 * LabContext.MIB, 3)));
    LinuxMachine strict =
        context.machine(context.linux(MEMORY).withOvercommit(LinuxConfig.Overcommit.NEVER));
    report.equal(
        "with overcommit mode 2, half of memory being promised at most, 300 MiB are",
        "ENOMEM",
        Abi.describe(
            strict.kernel().mmap(Program.start(strict).process(), ASKED, Program.READ_WRITE)));
  }

  private static void row(LabReport report, Program program, String what, long free) {
    long resident = program.process().space().residentPages();
    report.row(
        what,
        (program.process().space().virtualPages() * LabContext.PAGE) >> 20,
        resident,
        free - program.kernel().pages().freeFrames());
    report.bar(what, resident * LabContext.PAGE / (double) LabContext.MIB);
  }
}
