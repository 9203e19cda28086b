package io.lookaside.simulator.lab;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.linux.ReclaimConfig;
import io.lookaside.os.policy.PagePolicy;
import io.lookaside.os.policy.PageString;
import io.lookaside.simulator.LinuxMachine;

/** What goes to swap is what was not used for long, as far as accessed bits tell. */
final class SwapLru extends Lab {
  private static final long MEMORY = 128 * LabContext.MIB;

  /** Frames that are left: a driver holds the others. */
  private static final long FRAMES = 9000;

  private static final int PAGES = 14_000;
  private static final int REFERENCES = 150_000;

  /** Pages that most references go to: more than the second-level TLB holds, and fewer. */
  private static final int HOT = 3000;

  private static final int CACHED = 600;

  /** Of so many references one goes to any page. */
  private static final int COLD_EVERY = 5;

  /** Cycles of the program between two references. */
  private static final int OWN_CYCLES = 3000;

  SwapLru() {
    super(
        "swap-lru",
        "Pages that are used stay in memory, those that are not go to swap",
        Mechanism.SECOND_CHANCE,
        Mechanism.SWAP);
  }

  private record Outcome(long faults, long hotFaults, long resident, long frames, long flushes) {}

  @Override
  void run(LabContext context, LabReport report) {
    report.table("hot pages", "kernel or policy", "faults", "on hot pages", "flushes for ageing");
    report.chart("faults of 150,000 references, most of them to 3,000 of 14,000 pages");
    PageString string = new PageString();
    Outcome kernel = measure(context, string, HOT, false);
    row(report, HOT, "kernel", kernel);
    report.bar("kernel", kernel.faults);
    long[] faults = new long[PagePolicy.values().length];
    for (PagePolicy policy : PagePolicy.values()) {
      long all = policy.faults(string, (int) kernel.frames) - PAGES;
      faults[policy.ordinal()] = all;
      report.row(HOT, policy.label(), all, "-", "-");
      report.bar(policy.label(), all);
    }
    report.atLeast("hot pages that are resident in the end, of 3,000", 2970, kernel.resident);
    report.atMost(
        "faults on hot pages: each comes back once, since the filling used it first, and stays",
        HOT * 6L / 5,
        kernel.hotFaults);
    report.atLeast(
        "faults in all: no fewer than OPT, which knows the future",
        faults[PagePolicy.OPT.ordinal()],
        kernel.faults);

    Outcome stale = measure(context, new PageString(), CACHED, false);
    row(report, CACHED, "kernel", stale);
    Outcome flushed = measure(context, new PageString(), CACHED, true);
    row(report, CACHED, "kernel, os.flushOnAge=true", flushed);
    report.equal("flushes for clearing accessed bits, as Linux on x86 does it", 0, stale.flushes);
    report.atLeast("with os.flushOnAge=true", 10_000, flushed.flushes);
    report.atMost(
        "percent of faults that those spare: unmapping flushes often enough",
        5.0,
        100.0 * (stale.faults - flushed.faults) / stale.faults);
  }

  private static void row(LabReport report, int hot, String what, Outcome o) {
    report.row(hot, what, o.faults, o.hotFaults, o.flushes);
  }

  private static Outcome measure(
      LabContext context, PageString string, int hot, boolean flushOnAge) {
    LinuxConfig linux =
        context
            .linux(MEMORY)
            .withSwap(256 * LabContext.MIB)
            .withReclaim(ReclaimConfig.DEFAULT.withFlushOnAge(flushOnAge));
    LinuxMachine machine = context.machine(linux);
    LinuxKernel kernel = machine.kernel();
    Program program = Program.start(machine);
    while (kernel.pages().freeFrames() > FRAMES + 1024) {
      kernel.takeFrames(10);
    }
    long frames = kernel.pages().freeFrames();
    long area = program.map(PAGES * LabContext.PAGE, Program.READ_WRITE);
    for (int i = 0; i < PAGES; i++) {
      program.writes(area, i);
      string.add(i);
    }
    SeededRandom random = new SeededRandom(context.seed());
    long first = faults(program);
    long hotFaults = 0;
    for (int i = 0; i < REFERENCES; i++) {
      int page = random.nextInt(COLD_EVERY) != 0 ? random.nextInt(hot) : random.nextInt(PAGES);
      long before = faults(program);
      program.writes(area, page);
      hotFaults += page < hot ? faults(program) - before : 0;
      string.add(page);
      program.compute(OWN_CYCLES);
    }
    return new Outcome(
        faults(program) - first,
        hotFaults,
        program.residentPages(area, hot),
        frames,
        kernel.snapshot().get(KernelMetric.AGE_FLUSHES));
  }

  private static long faults(Program program) {
    return program.process().majorFaults() + program.process().minorFaults();
  }
}
