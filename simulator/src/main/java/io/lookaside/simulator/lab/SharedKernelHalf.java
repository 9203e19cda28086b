package io.lookaside.simulator.lab;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.linux.TableFormat;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.LinuxMachine;
import java.util.ArrayList;
import java.util.List;

/** All processes share the kernel half's tables, and its entries stay in the TLB over a switch. */
final class SharedKernelHalf extends Lab {
  private static final int PROCESSES = 12;
  private static final int KERNEL_PAGES = 8;

  SharedKernelHalf() {
    super(
        "shared-kernel-half",
        "The kernel half is one set of tables for all processes, global in the TLB, closed to users",
        Mechanism.SHARED_KERNEL_HALF,
        Mechanism.GLOBAL_PAGES,
        Mechanism.SUPERVISOR_BIT);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxConfig config = context.linux(2048 * LabContext.MIB);
    LinuxMachine machine = context.machine(config);
    List<Program> programs = new ArrayList<>();
    long tables = 0;
    for (int i = 0; i < PROCESSES; i++) {
      Program program = Program.start(machine);
      programs.add(program);
      tables += program.process().space().tableBytes();
    }
    report.table("measure", "value");
    report.row("bytes of tables of 12 processes", tables);
    // Each: a root, and three tables for the top of the stack, which exec has written.
    report.equal(
        "bytes of tables of 12 small processes: root and three tables for the stack each",
        PROCESSES * 4 * LabContext.PAGE,
        tables);

    long directMap = TableFormat.X86_64.directMap();
    Program first = programs.get(0);
    for (int i = 0; i < KERNEL_PAGES; i++) {
      machine.kernelAccess(first.process(), directMap + i * 2L * LabContext.MIB, AccessKind.LOAD);
    }
    Program.Meter meter = new Program.Meter(machine);
    long same = 0;
    for (Program program : programs) {
      for (int i = 0; i < KERNEL_PAGES; i++) {
        long offset = i * 2L * LabContext.MIB;
        long pa = machine.kernelAccess(program.process(), directMap + offset, AccessKind.LOAD);
        same += pa == offset ? 1 : 0;
      }
    }
    long walks = meter.walks(WalkMetric.WALKS);
    report.row("kernel accesses in 12 processes", (long) PROCESSES * KERNEL_PAGES);
    report.row("walks that they took", walks);
    report.chart("kernel accesses and their walks");
    report.bar("accesses", PROCESSES * KERNEL_PAGES);
    report.bar("walks", walks);
    report.equal(
        "in each process the kernel sees physical memory at the same addresses",
        (long) PROCESSES * KERNEL_PAGES,
        same);
    report.equal("walks for kernel addresses after 11 switches of process", 0, walks);

    boolean read = first.reads(directMap);
    report.equal("a user's read of the kernel half is", "refused", read ? "granted" : "refused");
    report.equal(
        "its error code: present, of user mode",
        PageFaultCode.PRESENT | PageFaultCode.USER,
        read ? 0 : machine.lastErrorCode());
  }
}
