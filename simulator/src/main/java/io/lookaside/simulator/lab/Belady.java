package io.lookaside.simulator.lab;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.os.policy.PagePolicy;
import io.lookaside.os.policy.PageString;

/** FIFO, LRU, Clock and OPT on the same strings of page references. */
final class Belady extends Lab {
  private static final int LOOP_PAGES = 11;
  private static final int LOOP_ROUNDS = 100;
  private static final int LOCAL_PAGES = 64;
  private static final int LOCAL_FRAMES = 16;
  private static final int LOCAL_REFERENCES = 20_000;

  Belady() {
    super(
        "belady",
        "More frames can mean more faults with FIFO, never with LRU or OPT",
        Switch.ARRIVAL_ORDER,
        Switch.RECENCY,
        Switch.REFERENCE_BITS,
        Switch.FORESIGHT);
  }

  @Override
  void run(LabContext context, LabReport report) {
    report.table("references", "frames", "FIFO", "LRU", "Clock", "OPT");
    report.chart("faults of 1 2 3 4 1 2 5 1 2 3 4 5");
    anomaly(context, report);
    loop(context, report);
    locality(context, report);
  }

  private static void anomaly(LabContext context, LabReport report) {
    PageString string = PageString.of(1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5);
    long[] three = row(context, report, "Belady's 12", string, 3);
    long[] four = row(context, report, "Belady's 12", string, 4);
    for (PagePolicy policy : PagePolicy.values()) {
      report.bar(policy.label() + ", 3 frames", three[policy.ordinal()]);
      report.bar(policy.label() + ", 4 frames", four[policy.ordinal()]);
    }
    report.equal("FIFO faults with 3 frames", 9, three[PagePolicy.FIFO.ordinal()]);
    report.equal(
        "FIFO faults with 4 frames: one more, Belady's anomaly",
        10,
        four[PagePolicy.FIFO.ordinal()]);
    report.equal("LRU faults with 3 frames", 10, three[PagePolicy.LRU.ordinal()]);
    report.equal("LRU faults with 4 frames", 8, four[PagePolicy.LRU.ordinal()]);
    report.equal("OPT faults with 3 frames", 7, three[PagePolicy.OPT.ordinal()]);
    report.equal("OPT faults with 4 frames", 6, four[PagePolicy.OPT.ordinal()]);
  }

  /** One page too many, in turn. */
  private static void loop(LabContext context, LabReport report) {
    PageString string = new PageString();
    for (int i = 0; i < LOOP_PAGES * LOOP_ROUNDS; i++) {
      string.add(i % LOOP_PAGES);
    }
    int frames = LOOP_PAGES - 1;
    long[] faults = row(context, report, "loop of 11 pages", string, frames);
    report.equal(
        "a loop over 11 pages with 10 frames, 1,100 references: LRU drops what comes next, always",
        (long) LOOP_PAGES * LOOP_ROUNDS,
        faults[PagePolicy.LRU.ordinal()]);
    // After the first fault that evicts, at reference 11, OPT faults at every 10th reference.
    long rest = (long) LOOP_PAGES * LOOP_ROUNDS - LOOP_PAGES;
    report.equal(
        "OPT faults 11 times at first and then at every tenth reference",
        LOOP_PAGES + rest / frames,
        faults[PagePolicy.OPT.ordinal()]);
  }

  /** Three of four references go to a quarter of the pages. */
  private static void locality(LabContext context, LabReport report) {
    SeededRandom random = new SeededRandom(context.seed());
    PageString string = new PageString();
    for (int i = 0; i < LOCAL_REFERENCES; i++) {
      boolean often = random.nextInt(4) != 0;
      string.add(often ? random.nextInt(LOCAL_PAGES / 4) : random.nextInt(LOCAL_PAGES));
    }
    long[] faults = row(context, report, "three of four to 16 pages", string, LOCAL_FRAMES);
    long fifo = faults[PagePolicy.FIFO.ordinal()];
    long lru = faults[PagePolicy.LRU.ordinal()];
    long clock = faults[PagePolicy.CLOCK.ordinal()];
    report.atLeast("with locality, faults of FIFO that LRU spares", 300, fifo - lru);
    report.atLeast("faults of FIFO that Clock's reference bits spare", 300, fifo - clock);
    report.atMost(
        "faults of Clock beyond LRU, which it approximates, in percent of LRU's",
        10.0,
        100.0 * (clock - lru) / lru);
    int bigger = 0;
    long before = Long.MAX_VALUE;
    for (int frames = 1; frames <= LOCAL_PAGES; frames++) {
      long now = context.faults(PagePolicy.LRU, string, frames);
      bigger += now > before ? 1 : 0;
      before = now;
    }
    report.equal("of 1 to 64 frames, steps after which LRU has more faults", 0, bigger);
  }

  private static long[] row(
      LabContext context, LabReport report, String what, PageString string, int frames) {
    long[] faults = new long[PagePolicy.values().length];
    for (PagePolicy policy : PagePolicy.values()) {
      faults[policy.ordinal()] = context.faults(policy, string, frames);
    }
    report.row(what, frames, faults[0], faults[1], faults[2], faults[3]);
    return faults;
  }
}
