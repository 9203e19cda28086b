package io.lookaside.simulator.lab;

import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.FaultKind;
import io.lookaside.os.linux.FileMapping;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.LinuxMachine;

/** Each first touch faults once; which fault it is depends on what is touched and how. */
final class DemandPaging extends Lab {
  private static final int PAGES = 256;

  /** A multiple of 64 KiB: what a read fault maps at most lies in such a window. */
  private static final long ALIGNED = 0x1000_0000_0000L;

  DemandPaging() {
    super(
        "demand-paging",
        "A first touch faults, the second does not; read first and then write is two faults",
        Mechanism.DEMAND_PAGING,
        Mechanism.ZERO_PAGE,
        Mechanism.READAHEAD);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(256 * LabContext.MIB);
    Program program = Program.start(machine);
    long bytes = PAGES * LabContext.PAGE;
    report.table("touch of 256 pages", "faults", "last error code", "answered by", "cycles each");
    report.chart("cycles of the kernel for a fault");

    long written = program.map(bytes, Program.READ_WRITE);
    long faults = touch(report, program, "write first", () -> program.writePages(written, PAGES));
    report.equal("faults of a first write to 256 pages", PAGES, faults);
    report.equal("its error code: a write of user mode", 6, machine.lastErrorCode());
    faults = touch(report, program, "write again", () -> program.writePages(written, PAGES));
    report.equal("faults of a second write", 0, faults);

    long frames = machine.kernel().pages().freeFrames();
    long read = program.map(bytes, Program.READ_WRITE);
    faults = touch(report, program, "read first", () -> program.readPages(read, PAGES));
    report.equal("faults of a first read", PAGES, faults);
    report.equal("its error code: a read of user mode", 4, machine.lastErrorCode());
    report.atMost(
        "frames that those reads take: tables at most, since all read the page of zeros",
        3,
        frames - machine.kernel().pages().freeFrames());
    faults = touch(report, program, "write after read", () -> program.writePages(read, PAGES));
    report.equal("faults of the write that follows", PAGES, faults);
    report.equal(
        "its error code: a write of user mode to a page that is there",
        PageFaultCode.PRESENT | PageFaultCode.WRITE | PageFaultCode.USER,
        machine.lastErrorCode());

    FileMapping file = machine.kernel().openFile("data", bytes, false, at -> at);
    long cold = mapFile(program, file);
    long major = program.process().majorFaults();
    faults = touch(report, program, "file, cold", () -> program.readPages(cold, PAGES));
    report.equal(
        "major faults of a read of a file that is not in memory: the rest is read ahead",
        1,
        program.process().majorFaults() - major);
    // Of 32 pages that were read together those of each 16 are mapped together, but for the first,
    // whose fault begins the next read; the first 32 have one more, since that begins at their
    // 24th.
    report.equal("its faults in all", 3 * (PAGES / 32) + 1, faults);
    Program other = Program.start(machine);
    long warm = mapFile(other, file);
    faults = touch(report, other, "file, cached", () -> other.readPages(warm, PAGES));
    report.equal(
        "another process that reads it faults once for each 16 pages, which are mapped together",
        PAGES / 16,
        faults);
    report.equal("those are", FaultKind.FILE.label(), machine.lastFault().label());
  }

  private static long mapFile(Program program, FileMapping file) {
    int flags = Abi.MAP_PRIVATE | Abi.MAP_FIXED;
    return program
        .kernel()
        .mmap(program.process(), ALIGNED, file.bytes(), Abi.PROT_READ, flags, file, 0);
  }

  private static long touch(LabReport report, Program program, String what, Runnable touch) {
    LinuxMachine machine = program.machine();
    long faults = program.process().minorFaults() + program.process().majorFaults();
    long cycles = machine.kernel().cycles();
    touch.run();
    faults = program.process().minorFaults() + program.process().majorFaults() - faults;
    cycles = machine.kernel().cycles() - cycles;
    String code = faults == 0 ? "-" : Integer.toString(machine.lastErrorCode());
    String kind = faults == 0 ? "-" : machine.lastFault().label();
    double each = faults == 0 ? 0 : (double) cycles / faults;
    report.row(what, faults, code, kind, each);
    report.bar(what, each);
    return faults;
  }
}
