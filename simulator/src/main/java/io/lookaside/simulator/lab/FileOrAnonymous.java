package io.lookaside.simulator.lab;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.FileMapping;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig.Overcommit;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.LinuxMachine;

/** Clean pages of files are dropped, dirty ones written, anonymous ones swapped. */
final class FileOrAnonymous extends Lab {
  private static final long MEMORY = 128 * LabContext.MIB;

  /** Pages that are to go, and pages that push them out: together more than memory. */
  private static final int PAGES = 12_000;

  private static final int PRESSURE = 24_000;

  /** Frames of the machine: 128 MiB. What does not fit must go. */
  private static final long EVICTED = PAGES + PRESSURE - (MEMORY >> 12);

  private static final int OWN_CYCLES = 3000;

  /** Half a minute at 3 GHz: what is dirty is written after 30 s. */
  private static final long LATER = 40 * 3_000_000_000L;

  FileOrAnonymous() {
    super(
        "file-or-anonymous",
        "Clean pages of files are dropped, dirty ones written first, anonymous ones swapped",
        Mechanism.DIRTY_TRACKING,
        Mechanism.SWAP,
        Mechanism.WRITEBACK,
        Mechanism.SWAP_CACHE);
  }

  private enum Kind {
    CLEAN("of a file, read"),
    DIRTY("of a file, written"),
    ANONYMOUS("anonymous");

    final String label;

    Kind(String label) {
      this.label = label;
    }
  }

  /**
   * What became of the pages.
   *
   * @param early pages written to files before memory was short
   * @param again what happened when they were read again and others pushed out for them
   */
  private record Outcome(
      long kept,
      long unchanged,
      long early,
      Snapshot<KernelMetric> pressed,
      Snapshot<KernelMetric> again) {}

  @Override
  void run(LabContext context, LabReport report) {
    report.table("12,000 pages", "kept", "dropped", "to files", "to swap", "back unchanged");
    report.chart("pages written to the device before and while others push them out");
    Outcome clean = measure(context, report, Kind.CLEAN);
    Outcome dirty = measure(context, report, Kind.DIRTY);
    Outcome anonymous = measure(context, report, Kind.ANONYMOUS);
    report.atLeast(
        "clean pages dropped: at least what does not fit",
        EVICTED,
        clean.pressed.get(KernelMetric.FILE_PAGES_DROPPED));
    report.equal(
        "writes for that, to files and swap",
        0,
        clean.pressed.get(KernelMetric.FILE_PAGES_WRITTEN)
            + clean.pressed.get(KernelMetric.PAGES_SWAPPED_OUT));
    report.equal(
        "dirty pages that the flusher has written before memory is short", PAGES, dirty.early);
    report.atLeast(
        "so that they can be dropped too",
        EVICTED,
        dirty.pressed.get(KernelMetric.FILE_PAGES_DROPPED));
    report.atLeast(
        "anonymous pages swapped out",
        EVICTED,
        anonymous.pressed.get(KernelMetric.PAGES_SWAPPED_OUT));
    report.equal(
        "pages of files written for that",
        0,
        anonymous.pressed.get(KernelMetric.FILE_PAGES_WRITTEN));
    report.equal("clean pages that are unchanged when read again", PAGES, clean.unchanged);
    report.equal("dirty pages likewise", PAGES, dirty.unchanged);
    report.equal("anonymous pages likewise", PAGES, anonymous.unchanged);
    report.atMost(
        "writes to swap for 100 reads from it when all is read again: what came back keeps its slot",
        80.0,
        100.0
            * anonymous.again.get(KernelMetric.PAGES_SWAPPED_OUT)
            / Math.max(1, anonymous.again.get(KernelMetric.PAGES_SWAPPED_IN)));
  }

  private static Outcome measure(LabContext context, LabReport report, Kind kind) {
    LinuxMachine machine =
        context.machine(
            context.linux(MEMORY).withSwap(256 * LabContext.MIB).withOvercommit(Overcommit.ALWAYS));
    LinuxKernel kernel = machine.kernel();
    Program program = Program.start(machine);
    // What the file holds is what writePages would write.
    FileMapping file = kernel.openFile("data", PAGES * LabContext.PAGE, true, at -> (at >> 12) + 1);
    long area =
        kind == Kind.ANONYMOUS
            ? program.map(PAGES * LabContext.PAGE, Program.READ_WRITE)
            : program.mapFile(file, true, Program.READ_WRITE);
    touch(program, area, PAGES, kind != Kind.CLEAN);
    program.compute(LATER);
    long early = kernel.snapshot().get(KernelMetric.FILE_PAGES_WRITTEN);
    long others = program.map(PRESSURE * LabContext.PAGE, Program.READ_WRITE);
    Snapshot<KernelMetric> before = kernel.snapshot();
    touch(program, others, PRESSURE, true);
    Snapshot<KernelMetric> pressed = kernel.snapshot().minus(before);
    long kept = program.residentPages(area, PAGES);
    before = kernel.snapshot();
    long unchanged = program.unchangedPages(area, PAGES);
    touch(program, others, PRESSURE, false);
    touch(program, area, PAGES, false);
    Snapshot<KernelMetric> again = kernel.snapshot().minus(before);
    long files = early + pressed.get(KernelMetric.FILE_PAGES_WRITTEN);
    long swap = pressed.get(KernelMetric.PAGES_SWAPPED_OUT);
    report.row(
        kind.label, kept, pressed.get(KernelMetric.FILE_PAGES_DROPPED), files, swap, unchanged);
    report.bar(kind.label, files + swap);
    return new Outcome(kept, unchanged, early, pressed, again);
  }

  private static void touch(Program program, long area, int pages, boolean write) {
    for (int i = 0; i < pages; i++) {
      if (write) {
        program.writes(area, i);
      } else {
        program.reads(area + i * LabContext.PAGE);
      }
      program.compute(OWN_CYCLES);
    }
  }
}
