package io.lookaside.simulator.lab;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.Zone;
import io.lookaside.os.segment.Fit;
import io.lookaside.os.segment.SegmentMemory;
import io.lookaside.simulator.LinuxMachine;
import java.util.ArrayList;
import java.util.List;

/** With paging every free frame serves every request; what is lost is half a page for each area. */
final class PagingNoExternal extends Lab {
  private static final int ROUNDS = 800;
  private static final int KEPT = 120;

  private record Area(int id, long va, long bytes) {}

  /** Either kind of memory management, driven in the same way. */
  private interface Memory {
    long allocate(int id, long bytes);

    void free(Area area);

    long freeBytes();
  }

  PagingNoExternal() {
    super(
        "paging-no-external",
        "Pages have no external fragmentation: all that is free can be had; half a page is lost inside",
        Switch.PAGING);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(128 * LabContext.MIB);
    Program program = Program.start(machine);
    boolean paging = context.has(Switch.PAGING);
    Memory memory = paging ? paged(program) : segments(machine.kernel().pages().freeFrames());
    SeededRandom random = new SeededRandom(context.seed());
    List<Area> living = new ArrayList<>();
    long requested = 0;
    long lost = 0;
    long areas = 0;
    for (int id = 0; id < ROUNDS; id++) {
      if (living.size() == KEPT) {
        memory.free(living.remove(random.nextInt(KEPT)));
      }
      long bytes = 8 * LabContext.KIB + random.nextInt((int) (1200 * LabContext.KIB));
      long before = memory.freeBytes();
      if (bytes + LabContext.MIB > before) {
        memory.free(living.remove(random.nextInt(living.size())));
        continue;
      }
      long va = memory.allocate(id, bytes);
      if (va != SegmentMemory.REFUSED) {
        living.add(new Area(id, va, bytes));
        requested += bytes;
        lost += (bytes + LabContext.PAGE - 1) / LabContext.PAGE * LabContext.PAGE - bytes;
        areas++;
      }
    }
    long free = memory.freeBytes();
    // Tables for the new area need frames too: 1 in 512, and one more for each level.
    long request = (free / LabContext.PAGE * 511 / 512 - 8) * LabContext.PAGE;
    boolean granted = memory.allocate(ROUNDS, request) != SegmentMemory.REFUSED;
    report.equal(
        "after "
            + ROUNDS
            + " areas came and went, one request for all that is free above the reserve is",
        "granted",
        granted ? "granted" : "refused");
    report.between(
        "bytes lost inside for each area, half a page", 1844, 2252, (double) lost / areas);
    report.table("measure", "bytes");
    report.row("asked for, in all", requested);
    report.row("lost in last pages, in all", lost);
    report.row("free before the last request", free);
    report.row("last request", request);
    report.chart("percent of what was asked for");
    report.bar("lost inside", 100.0 * lost / requested);
  }

  /** Pages of the process, each touched, so that each has a frame. */
  private static Memory paged(Program program) {
    return new Memory() {
      @Override
      public long allocate(int id, long bytes) {
        long pages = (bytes + LabContext.PAGE - 1) / LabContext.PAGE;
        long va = program.kernel().mmap(program.process(), bytes, Program.READ_WRITE);
        if (Abi.isError(va) || touched(program, va, pages) < pages) {
          return SegmentMemory.REFUSED;
        }
        return va;
      }

      private static long touched(Program program, long va, long pages) {
        long n = 0;
        while (n < pages && program.writes(va + n * LabContext.PAGE)) {
          n++;
        }
        return n;
      }

      @Override
      public void free(Area area) {
        program.munmap(area.va, area.bytes);
      }

      @Override
      public long freeBytes() {
        // What is free down to min: the kernel keeps the rest for itself.
        long frames = program.kernel().pages().freeFrames();
        for (Zone zone : program.kernel().pages().zones()) {
          frames -= zone.watermarks().min();
        }
        return Math.max(0, frames) * LabContext.PAGE;
      }
    };
  }

  private static Memory segments(long frames) {
    SegmentMemory memory = new SegmentMemory(frames * LabContext.PAGE, Fit.FIRST, 1, false, 16);
    return new Memory() {
      @Override
      public long allocate(int id, long bytes) {
        return memory.allocate(id, bytes);
      }

      @Override
      public void free(Area area) {
        memory.free(area.id);
      }

      @Override
      public long freeBytes() {
        return memory.freeBytes();
      }
    };
  }
}
