package io.lookaside.simulator.lab;

import io.lookaside.os.malloc.Ptmalloc;
import io.lookaside.simulator.LinuxMachine;

/** One byte makes the heap grow by 132 KiB, of which one page is resident. */
final class MallocOneByte extends Lab {
  MallocOneByte() {
    super(
        "malloc-one-byte",
        "The first malloc, even of one byte, grows the heap by 132 KiB",
        Switch.TOP_PAD,
        Switch.THREAD_CACHE);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(256 * LabContext.MIB);
    Program program = Program.start(machine);
    Ptmalloc malloc = new Ptmalloc(program, context.malloc());
    long start = program.process().space().heapStart();
    long before = program.process().space().residentAnonymousPages();
    report.table("after", "heap bytes", "resident heap pages", "top bytes");
    report.chart("heap, in KiB");

    long one = malloc.malloc(1);
    long grown = row(report, program, malloc, "malloc(1)", before);
    report.equal(
        "the heap grew by the thread cache's chunk of 656, the pad of 131,072 and 32, in whole pages",
        33 * LabContext.PAGE,
        grown);
    report.equal(
        "the byte lies behind the thread cache: offset in the heap", 656 + 16, one - start);
    report.equal("usable bytes of it", 24, malloc.usableBytes(one));
    report.equal(
        "pages of the heap that are resident",
        1,
        program.process().space().residentAnonymousPages() - before);
    for (int i = 0; i < 1000; i++) {
      malloc.malloc(100);
    }
    long more = row(report, program, malloc, "1000 times malloc(100)", before);
    report.equal("a thousand chunks of 112 bytes fit in what is there: grown by", 0, more - grown);
    for (int i = 0; i < 1000; i++) {
      malloc.malloc(100);
    }
    more = row(report, program, malloc, "1000 more", before);
    report.between(
        "the next thousand do not: the heap grows once, by", 131072, 139264, more - grown);
  }

  private static long row(
      LabReport report, Program program, Ptmalloc malloc, String what, long before) {
    long heap = program.process().space().heapEnd() - program.process().space().heapStart();
    long resident = program.process().space().residentAnonymousPages() - before;
    report.row(what, heap, resident, malloc.topBytes());
    report.bar(what, heap / 1024.0);
    return heap;
  }
}
