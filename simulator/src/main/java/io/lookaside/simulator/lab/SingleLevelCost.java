package io.lookaside.simulator.lab;

import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.SingleLevelTable;
import io.lookaside.os.linux.TableFormat;
import io.lookaside.os.linux.Task;
import java.util.ArrayList;
import java.util.List;

/** One level of table for a 32-bit space takes 4 MiB for every process, in one piece. */
final class SingleLevelCost extends Lab {
  private static final long MEMORY = 512 * LabContext.MIB;
  private static final int PROCESSES = 16;

  SingleLevelCost() {
    super(
        "single-level-cost",
        "A table of one level costs 4 MiB for every process, whatever it maps, in one piece",
        Switch.SINGLE_LEVEL);
  }

  @Override
  void run(LabContext context, LabReport report) {
    report.table("pages mapped by each of 16 processes", "bytes of tables", "bytes for each page");
    report.chart("MiB of tables of 16 processes");
    for (int pages : new int[] {1, 1000}) {
      long bytes = tables(context, pages);
      report.row(pages, bytes, (double) bytes / PROCESSES / pages);
      report.bar(pages + " pages each", (double) bytes / LabContext.MIB);
      report.equal(
          "bytes of tables of 16 processes with "
              + pages
              + " pages each: 2^20 entries of 4 bytes for"
              + " each process",
          PROCESSES * (4L << 20),
          bytes);
    }
    walk(context, report);
    report.equal(
        "with memory in pieces of 2 MiB, 100 MiB free, such a table is",
        "refused",
        inPieces(context) ? "granted" : "refused");
  }

  private static LinuxKernel kernel(LabContext context, PhysicalMemory memory) {
    return new LinuxKernel(context.linux(MEMORY).withFormat(TableFormat.I386), memory, List.of());
  }

  private static long tables(LabContext context, int pages) {
    PhysicalMemory memory = new PhysicalMemory();
    LinuxKernel kernel = kernel(context, memory);
    long bytes = 0;
    for (int i = 0; i < PROCESSES; i++) {
      if (context.has(Switch.SINGLE_LEVEL)) {
        long before = kernel.pages().freeFrames();
        SingleLevelTable table = SingleLevelTable.allocate(kernel.pages(), memory);
        for (int page = 0; table != null && page < pages; page++) {
          table.map(0x0804_8000L + page * LabContext.PAGE, (page + 1L) << 12);
        }
        bytes += (before - kernel.pages().freeFrames()) * LabContext.PAGE;
      } else {
        Task process = kernel.spawnEmpty();
        if (process != null) {
          int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_POPULATE;
          long length = pages * LabContext.PAGE;
          kernel.mmap(process, 0, length, Program.READ_WRITE, flags, null, 0);
          bytes += process.space().tableBytes();
        }
      }
    }
    return bytes;
  }

  private static void walk(LabContext context, LabReport report) {
    PhysicalMemory memory = new PhysicalMemory();
    LinuxKernel kernel = kernel(context, memory);
    SingleLevelTable table = SingleLevelTable.allocate(kernel.pages(), memory);
    if (table == null) {
      throw new IllegalStateException("the experiment's memory is too small for its table");
    }
    table.map(0xbfff_f000L, 0x1234_5000L);
    report.equal(
        "what the last page of the user's half is mapped to",
        "0x12345678",
        "0x" + Long.toHexString(table.translate(0xbfff_f678L)));
    report.equal("reads of memory for that", 1, table.reads());
  }

  /** Whether a table can be had from memory of which every other 2 MiB are free. */
  private static boolean inPieces(LabContext context) {
    PhysicalMemory memory = new PhysicalMemory();
    LinuxKernel kernel = kernel(context, memory);
    List<Integer> blocks = new ArrayList<>();
    for (int pfn = kernel.takeFrames(9); pfn >= 0; pfn = kernel.takeFrames(9)) {
      blocks.add(pfn);
    }
    int given = 0;
    for (int pfn : blocks) {
      if ((pfn >> 9 & 1) == 0 && given < 50) {
        kernel.giveFrames(pfn, 9);
        given++;
      }
    }
    if (context.has(Switch.SINGLE_LEVEL)) {
      return SingleLevelTable.allocate(kernel.pages(), memory) != null;
    }
    return kernel.spawnEmpty() != null;
  }
}
