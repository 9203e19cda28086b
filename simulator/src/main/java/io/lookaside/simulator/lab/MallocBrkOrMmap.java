package io.lookaside.simulator.lab;

import io.lookaside.os.malloc.Ptmalloc;
import io.lookaside.simulator.LinuxMachine;

/** malloc takes from the heap what the top can serve, and maps large chunks else. */
final class MallocBrkOrMmap extends Lab {
  private static final long THRESHOLD = 128 * LabContext.KIB;

  MallocBrkOrMmap() {
    super(
        "malloc-brk-or-mmap",
        "malloc maps a large chunk on its own only where the heap's top cannot serve it",
        Switch.MMAP_THRESHOLD,
        Switch.GROWING_THRESHOLD);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(256 * LabContext.MIB);
    Program program = Program.start(machine);
    Ptmalloc malloc = new Ptmalloc(program, context.malloc());
    report.table("call", "from", "heap KiB", "mapped chunks", "threshold");
    report.chart("KiB of heap after each call");

    call(report, program, malloc, "malloc(131072), the first", malloc.malloc(THRESHOLD));
    report.equal("a first malloc(131072) fits in the top: chunks mapped", 0, malloc.mappedChunks());
    long heap = heap(program);
    long second = malloc.malloc(THRESHOLD);
    call(report, program, malloc, "malloc(131072), the second", second);
    report.equal("the second does not: chunks mapped", 1, malloc.mappedChunks());
    report.equal("and the heap stays as it is: grown by", 0, heap(program) - heap);
    long below = malloc.malloc(THRESHOLD - 64);
    call(report, program, malloc, "malloc(131008)", below);
    report.equal(
        "a chunk below the threshold grows the heap: chunks mapped", 1, malloc.mappedChunks());
    long large = malloc.malloc(200_000);
    call(report, program, malloc, "malloc(200000)", large);
    report.equal("one of 200,000 bytes is mapped: chunks mapped", 2, malloc.mappedChunks());
    malloc.free(large);
    call(report, program, malloc, "free of it", 0);
    report.equal(
        "its end raises the threshold to its size in whole pages",
        49 * LabContext.PAGE,
        malloc.mmapThreshold());
    large = malloc.malloc(200_000);
    call(report, program, malloc, "malloc(200000) again", large);
    report.equal(
        "the same request now comes from the heap: chunks mapped", 1, malloc.mappedChunks());
  }

  private static void call(
      LabReport report, Program program, Ptmalloc malloc, String what, long pointer) {
    long start = program.process().space().heapStart();
    boolean inHeap = pointer >= start && pointer < program.process().space().heapEnd();
    String from = pointer == 0 ? "-" : inHeap ? "heap" : "mmap";
    long kib = heap(program) >> 10;
    report.row(what, from, kib, malloc.mappedChunks(), malloc.mmapThreshold());
    report.bar(what, kib);
  }

  private static long heap(Program program) {
    return program.process().space().heapEnd() - program.process().space().heapStart();
  }
}
