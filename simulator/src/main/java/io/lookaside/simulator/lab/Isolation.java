package io.lookaside.simulator.lab;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.FaultKind;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.linux.TableFormat;
import io.lookaside.simulator.LinuxMachine;
import java.util.HashSet;
import java.util.Set;

/**
 * The same address in two processes is two pages; what a process has not mapped it cannot reach.
 */
final class Isolation extends Lab {
  private static final long ADDRESS = 0x1234_5600_0000L;
  private static final int PAGES = 64;

  Isolation() {
    super(
        "isolation",
        "Processes share no address: the same one means another page in each",
        Mechanism.SEPARATE_TABLES,
        Mechanism.SUPERVISOR_BIT);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(256 * LabContext.MIB);
    Program one = start(machine);
    Program two = start(machine);
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    long bytes = PAGES * LabContext.PAGE;
    for (Program program : new Program[] {one, two}) {
      machine.kernel().mmap(program.process(), ADDRESS, bytes, Program.READ_WRITE, flags, null, 0);
    }
    Set<Long> frames = new HashSet<>();
    for (int i = 0; i < PAGES; i++) {
      long va = ADDRESS + i * LabContext.PAGE;
      one.store(va, 1000 + i);
      two.store(va, 2000 + i);
      frames.add(machine.access(one.process(), va, AccessKind.LOAD) >> 12);
      frames.add(machine.access(two.process(), va, AccessKind.LOAD) >> 12);
    }
    long own = 0;
    for (int i = 0; i < PAGES; i++) {
      long va = ADDRESS + i * LabContext.PAGE;
      own += one.load(va) == 1000 + i ? 1 : 0;
      own += two.load(va) == 2000 + i ? 1 : 0;
    }
    report.equal("frames behind the same 64 addresses of two processes", 2 * PAGES, frames.size());
    report.equal("words that each finds as it wrote them, of 128", 2 * PAGES, own);

    // One maps and writes far more; the other tries addresses of its at random.
    long secret = one.map(32 * LabContext.MIB, Program.READ_WRITE);
    one.writePages(secret, 8192);
    SeededRandom random = new SeededRandom(context.seed());
    long reached = 0;
    for (int i = 0; i < 2000; i++) {
      reached += two.reads(secret + random.nextInt(8192) * LabContext.PAGE) ? 1 : 0;
    }
    report.equal(
        "reads of 2,000 addresses that only the other process has mapped, granted", 0, reached);
    report.equal("they end in", FaultKind.SEGMENTATION.label(), machine.lastFault().label());
    long kernelReads = 0;
    for (int i = 0; i < 100; i++) {
      long va = TableFormat.X86_64.directMap() + random.nextInt(60_000) * LabContext.PAGE;
      kernelReads += two.reads(va) ? 1 : 0;
    }
    report.equal("reads of all memory through the kernel's own map of it, granted", 0, kernelReads);
    report.table("measure", "count");
    report.row("frames behind 64 addresses of two processes", (long) frames.size());
    report.row("words found as written", own);
    report.row("foreign addresses reached", reached);
    report.row("kernel addresses reached", kernelReads);
    report.chart("frames behind 64 addresses");
    report.bar("distinct frames", frames.size());
  }

  /** A process without areas, so that both may map the same address. */
  private static Program start(LinuxMachine machine) {
    return Program.start(machine);
  }
}
