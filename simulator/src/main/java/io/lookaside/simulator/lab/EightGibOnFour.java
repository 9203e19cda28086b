package io.lookaside.simulator.lab;

import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.Executable;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.LinuxConfig.Overcommit;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.linux.TableFormat;
import io.lookaside.os.linux.Task;
import io.lookaside.simulator.LinuxMachine;
import java.util.Arrays;

/** May a program have 8 GiB on a machine of 4 GiB? */
final class EightGibOnFour extends Lab {
  private static final long MEMORY = 4 * LabContext.GIB;
  private static final long WANTED = 8 * LabContext.GIB;

  /** What is touched is so much smaller, memory and swap with it, to take a second. */
  private static final int SCALE = 16;

  EightGibOnFour() {
    super(
        "eight-gib-on-four",
        "A program wants 8 GiB on a machine of 4 GiB: who says no, and when",
        Mechanism.SWAP,
        Mechanism.DEMAND_PAGING,
        Mechanism.OOM_KILLER);
  }

  @Override
  void run(LabContext context, LabReport report) {
    report.table("kernel", "overcommit", "swap GiB", "asked for", "granted or touched");
    report.chart("MiB that can be touched, of 512, on a machine of 256");
    String none = refusal();
    String[] small = request(context, report, TableFormat.I386, Overcommit.ALWAYS, 0, 3, 1);
    report.equal("32 bits: 3 GiB, all of the user half, in mode 1", none, small[0]);
    if (context.has(Mechanism.DEMAND_PAGING)) {
      promises(context, report, none);
    } else {
      report.equal("promises can be larger than memory: pages given when they are touched", 1, 0);
    }
    touches(context, report);
  }

  private static String refusal() {
    return Abi.describe(-Abi.ENOMEM);
  }

  private static void promises(LabContext context, LabReport report, String none) {
    TableFormat bits64 = TableFormat.X86_64;
    String[] one = request(context, report, bits64, Overcommit.HEURISTIC, 0, 8, 1);
    report.equal("64 bits, no swap, mode 0: 8 GiB at once", none, one[0]);
    one = request(context, report, bits64, Overcommit.ALWAYS, 0, 8, 1);
    report.equal("mode 1: 8 GiB at once", "granted", one[0]);
    one = request(context, report, bits64, Overcommit.HEURISTIC, 3, 8, 1);
    report.equal("mode 0 with 3 GiB of swap: 8 GiB at once", none, one[0]);
    one = request(context, report, bits64, Overcommit.HEURISTIC, 5, 8, 1);
    report.equal("mode 0 with 5 GiB of swap: 8 GiB at once", "granted", one[0]);
    String[] eight = request(context, report, bits64, Overcommit.HEURISTIC, 0, 1, 8);
    long granted = Arrays.stream(eight).filter("granted"::equals).count();
    report.equal("mode 0 without swap: requests of 1 GiB granted, of 8", 8, granted);
    eight = request(context, report, bits64, Overcommit.NEVER, 0, 1, 8);
    granted = Arrays.stream(eight).filter("granted"::equals).count();
    report.equal("mode 2, half of memory: requests of 1 GiB granted, of 8", 1, granted);
  }

  /** Asks a fresh machine; returns what it said to each request. */
  private static String[] request(
      LabContext context,
      LabReport report,
      TableFormat format,
      Overcommit overcommit,
      int swapGib,
      int gib,
      int times) {
    // A 32-bit kernel without high memory has no 4 GiB; the address space refuses first anyway.
    long memory = format == TableFormat.I386 ? 896 * LabContext.MIB : MEMORY;
    LinuxConfig linux =
        context
            .linux(memory)
            .withFormat(format)
            .withOvercommit(overcommit)
            .withSwap(swapGib * LabContext.GIB);
    LinuxMachine machine = context.machine(linux);
    Task process = machine.kernel().spawn(Executable.SMALL);
    if (process == null) {
      throw new IllegalStateException("no memory for a process");
    }
    String[] answers = new String[times];
    long granted = 0;
    for (int i = 0; i < times; i++) {
      long result = machine.kernel().mmap(process, gib * LabContext.GIB, Program.READ_WRITE);
      answers[i] = Abi.isError(result) ? Abi.describe(result) : "granted";
      granted += Abi.isError(result) ? 0 : 1;
    }
    report.row(
        format == TableFormat.I386 ? "32 bits" : "64 bits",
        overcommit.ordinal(),
        swapGib,
        times + " of " + gib + " GiB",
        granted + " of " + times);
    return answers;
  }

  private record Touched(long pages, long unchanged, long kills, boolean killed) {}

  private static void touches(LabContext context, LabReport report) {
    long wanted = WANTED / SCALE / LabContext.PAGE;
    long memory = MEMORY / SCALE / LabContext.PAGE;
    Touched without = touch(context, 0);
    Touched with = touch(context, WANTED / SCALE);
    row(report, "without swap", without);
    row(report, "with swap", with);
    report.atMost(
        "without swap, 256 MiB: pages of 512 MiB that can be touched", memory, without.pages);
    report.equal("then the OOM killer kills: processes", 1, without.kills);
    report.equal(
        "the program itself, which is the largest", "killed", without.killed ? "killed" : "alive");
    report.equal("with 512 MiB of swap: pages that can be touched", wanted, with.pages);
    report.equal("pages that hold what was written", wanted, with.unchanged);
    report.equal("processes killed", 0, with.kills);
  }

  private static void row(LabReport report, String what, Touched o) {
    long mib = o.pages * LabContext.PAGE / LabContext.MIB;
    report.row("64 bits, 1/" + SCALE, 1, what, "512 MiB", mib + " MiB");
    report.bar(what, mib);
  }

  private static Touched touch(LabContext context, long swap) {
    LinuxConfig linux =
        context.linux(MEMORY / SCALE).withOvercommit(Overcommit.ALWAYS).withSwap(swap);
    LinuxMachine machine = context.machine(linux);
    Program program = Program.start(machine);
    long wanted = WANTED / SCALE / LabContext.PAGE;
    long area = machine.kernel().mmap(program.process(), WANTED / SCALE, Program.READ_WRITE);
    long pages = 0;
    while (pages < wanted && program.writes(area, pages)) {
      pages++;
    }
    long unchanged = 0;
    if (pages == wanted) {
      unchanged = program.unchangedPages(area, wanted);
    }
    return new Touched(
        pages,
        unchanged,
        machine.kernel().snapshot().get(KernelMetric.OOM_KILLS),
        program.process().ending() == Task.Ending.OUT_OF_MEMORY);
  }
}
