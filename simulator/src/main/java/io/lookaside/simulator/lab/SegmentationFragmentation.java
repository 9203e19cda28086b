package io.lookaside.simulator.lab;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.os.segment.Fit;
import io.lookaside.os.segment.SegmentMemory;
import java.util.ArrayList;
import java.util.List;

/** Variable segments leave holes that no request fits in; compaction joins them, at a cost. */
final class SegmentationFragmentation extends Lab {
  private static final long MEMORY = 64 * LabContext.MIB;
  private static final long GRANULE = 64 * LabContext.KIB;
  private static final int ROUNDS = 4000;

  SegmentationFragmentation() {
    super(
        "segmentation-fragmentation",
        "Segments of any size leave holes between them; compaction joins the holes, at a cost",
        Switch.VARIABLE_SEGMENTS,
        Switch.COMPACTION);
  }

  @Override
  void run(LabContext context, LabReport report) {
    report.table(
        "placement", "free KiB", "largest hole KiB", "holes", "outside the largest", "searched");
    report.chart("share of free memory outside the largest hole, in percent");
    double least = 1;
    for (Fit fit : Fit.values()) {
      SegmentMemory memory = churn(context, fit);
      least = Math.min(least, memory.externalFragmentation());
      report.row(
          fit.label(),
          memory.freeBytes() >> 10,
          memory.largestHole() >> 10,
          memory.holes(),
          memory.externalFragmentation(),
          memory.holesSearched());
      report.bar(fit.label(), 100 * memory.externalFragmentation());
    }
    report.atLeast("whatever the placement, free memory outside the largest hole", 0.5, least);

    SegmentMemory memory = churn(context, Fit.FIRST);
    long request = memory.freeBytes() / 2;
    boolean stuck = memory.largestHole() < request;
    report.equal("half of what is free does not fit in any hole", "true", Boolean.toString(stuck));
    report.equal(
        "segments of the size that was asked for waste nothing inside",
        0,
        memory.internalFragmentation());
    long start = memory.allocate(Integer.MAX_VALUE, request);
    report.equal(
        "compaction makes room for it",
        "granted",
        start == SegmentMemory.REFUSED ? "refused" : "granted");
    report.equal("it took one compaction", 1, memory.compactions());
    report.atLeast(
        "cycles that it cost: each moved byte goes out and in at 16 bytes a cycle",
        1,
        memory.compactionCycles());
    report.equal("after it one hole is left", 1, memory.holes());
  }

  /** Memory after many segments of 16 to 512 KiB have come and gone, about 80 percent full. */
  private static SegmentMemory churn(LabContext context, Fit fit) {
    long granule = context.has(Switch.VARIABLE_SEGMENTS) ? 1 : GRANULE;
    SeededRandom random = new SeededRandom(context.seed());
    boolean compacting = context.has(Switch.COMPACTION);
    // While memory is filled nothing is moved: a request that does not fit is dropped.
    SegmentMemory memory = new SegmentMemory(MEMORY, fit, granule, compacting, 16);
    List<Integer> living = new ArrayList<>();
    for (int id = 0; id < ROUNDS; id++) {
      while (memory.freeBytes() < MEMORY / 5) {
        int at = random.nextInt(living.size());
        memory.free(living.remove(at));
      }
      long size = 16 * LabContext.KIB + random.nextInt((int) (496 * LabContext.KIB));
      if (memory.largestHole() >= size + granule) {
        memory.allocate(id, size);
        living.add(id);
      }
    }
    return memory;
  }
}
