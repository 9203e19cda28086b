package io.lookaside.simulator.lab;

import io.lookaside.mmu.AccessKind;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.Executable;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.linux.SingleLevelTable;
import io.lookaside.os.linux.TableFormat;
import io.lookaside.os.linux.Task;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.LinuxMachine;

/** Two levels: tables only for the regions of 4 MiB that are used. */
final class TwoLevelSavings extends Lab {
  private static final long REGION = 4 * LabContext.MIB;

  TwoLevelSavings() {
    super(
        "two-level-savings",
        "With two levels a process pays for the regions it uses, 4 KiB for each 4 MiB",
        Mechanism.TABLES_ON_DEMAND);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine =
        context.machine(context.linux(512 * LabContext.MIB).withFormat(TableFormat.I386));
    LinuxKernel kernel = machine.kernel();
    report.table("process", "pages mapped", "bytes of tables", "bytes for each page");
    report.chart("KiB of tables; a single level takes 4,096");

    Task small = spawn(kernel);
    kernel.brk(small, small.space().heapStart() + 100 * LabContext.PAGE);
    touch(machine, small, small.space().heapStart(), 100);
    long smallBytes = row(report, "small program", small, 101);
    report.equal(
        "small program: a root, and a table each for its heap and its stack",
        3 * LabContext.PAGE,
        smallBytes);
    report.atMost(
        "that is, in percent of a single level", 1, 100.0 * smallBytes / SingleLevelTable.BYTES);

    machine.flush(small);
    Program.Meter meter = new Program.Meter(machine);
    machine.access(small, small.space().heapStart(), AccessKind.LOAD);
    report.equal(
        "reads of memory when the MMU, with nothing cached, walks them",
        2,
        meter.walks(WalkMetric.MEMORY_READS));

    Task sparse = spawn(kernel);
    for (int i = 0; i < 64; i++) {
      place(machine, sparse, 0x1000_0000L + i * REGION, 1);
    }
    long sparseBytes = row(report, "one page in each of 64 regions", sparse, 65);
    report.equal(
        "64 pages spread over 64 regions cost a table each: 66 with root and stack",
        66 * LabContext.PAGE,
        sparseBytes);

    Task dense = spawn(kernel);
    place(machine, dense, 0x1000_0000L, 64 * 1024);
    long denseBytes = row(report, "256 MiB in one piece", dense, 64 * 1024 + 1);
    report.equal(
        "65,536 pages in one piece need 64 tables: 66 with root and stack",
        66 * LabContext.PAGE,
        denseBytes);
    report.atMost("bytes of table for each of those pages", 4.2, denseBytes / 65537.0);

    kernel.exit(sparse);
    long before = kernel.pages().freeFrames();
    kernel.exit(dense);
    report.equal(
        "its end gives back its pages and its tables",
        64 * 1024 + 1 + denseBytes / LabContext.PAGE,
        kernel.pages().freeFrames() - before);
  }

  private static Task spawn(LinuxKernel kernel) {
    Task process = kernel.spawn(Executable.SMALL);
    if (process == null) {
      throw new IllegalStateException("the experiment's memory is too small for its process");
    }
    return process;
  }

  private static long row(LabReport report, String what, Task process, long pages) {
    long bytes = process.space().tableBytes();
    report.row(what, pages, bytes, (double) bytes / pages);
    report.bar(what, bytes / 1024.0);
    return bytes;
  }

  private static void place(LinuxMachine machine, Task process, long va, long pages) {
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    long bytes = pages * LabContext.PAGE;
    long result = machine.kernel().mmap(process, va, bytes, Program.READ_WRITE, flags, null, 0);
    if (Abi.isError(result)) {
      throw new IllegalStateException("mmap: " + Abi.describe(result));
    }
    touch(machine, process, va, pages);
  }

  private static void touch(LinuxMachine machine, Task process, long va, long pages) {
    for (long i = 0; i < pages; i++) {
      machine.access(process, va + i * LabContext.PAGE, AccessKind.STORE);
    }
  }
}
