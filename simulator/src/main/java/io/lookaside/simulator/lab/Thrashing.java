package io.lookaside.simulator.lab;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.LinuxMachine;
import java.util.ArrayList;
import java.util.List;

/** When the working sets no longer fit in memory, the processor waits for swap. */
final class Thrashing extends Lab {
  private static final long MEMORY = 128 * LabContext.MIB;

  /** Pages of a process's working set: 20 MiB, of which five fit. */
  private static final int PAGES = 5000;

  private static final int MOST = 8;
  private static final int TURN = 500;
  private static final int TURNS = 12;

  /** Cycles of a program's own for each reference to another page. */
  private static final int OWN_CYCLES = 3000;

  Thrashing() {
    super(
        "thrashing",
        "Programs whose working sets do not fit together in memory wait for swap, all of them",
        Mechanism.SWAP);
  }

  private record Outcome(long own, long kernel, long major, long done) {
    double utilisation() {
      return 100.0 * own / (own + kernel);
    }

    double time() {
      return (double) (own + kernel) / done;
    }
  }

  @Override
  void run(LabContext context, LabReport report) {
    report.table("programs", "MiB used", "useful %", "major faults", "references");
    report.chart("percent of the time in which programs compute");
    List<Outcome> outcomes = new ArrayList<>();
    for (int programs = 2; programs <= MOST; programs++) {
      Outcome o = measure(context, programs);
      outcomes.add(o);
      report.row(
          programs,
          (long) programs * PAGES * LabContext.PAGE / LabContext.MIB,
          o.utilisation(),
          o.major,
          o.done);
      report.bar(programs + " programs", o.utilisation());
    }
    Outcome five = outcomes.get(3);
    Outcome six = outcomes.get(4);
    Outcome eight = outcomes.get(6);
    report.atLeast(
        "five programs, 97 MiB, fit in 128 MiB: percent of the time in which they compute",
        99,
        five.utilisation());
    report.equal("their major faults", 0, five.major);
    report.atMost(
        "six, 117 MiB beside the kernel, do not: percent of the time in which they compute",
        15,
        six.utilisation());
    report.atLeast("time for a reference, six over five", 5, six.time() / five.time());
    report.atLeast("major faults, eight over six", 2, (double) eight.major / six.major);
    report.equal(
        "references of eight that are made nevertheless", (long) MOST * TURNS * TURN, eight.done);
  }

  private static Outcome measure(LabContext context, int programs) {
    LinuxConfig linux =
        context
            .linux(MEMORY)
            .withSwap(256 * LabContext.MIB)
            .withOvercommit(LinuxConfig.Overcommit.ALWAYS);
    LinuxMachine machine = context.machine(linux);
    LinuxKernel kernel = machine.kernel();
    SeededRandom random = new SeededRandom(context.seed());
    List<Program> running = new ArrayList<>();
    long[] areas = new long[programs];
    for (int p = 0; p < programs; p++) {
      Program program = Program.start(machine);
      running.add(program);
      areas[p] = program.map(PAGES * LabContext.PAGE, Program.READ_WRITE);
      program.writePages(areas[p], PAGES);
    }
    long cycles = kernel.cycles();
    long major = kernel.snapshot().get(KernelMetric.MAJOR_FAULTS);
    long done = 0;
    for (int turn = 0; turn < TURNS; turn++) {
      for (int p = 0; p < programs; p++) {
        for (int i = 0; i < TURN; i++) {
          Program program = running.get(p);
          if (program.writes(areas[p], random.nextInt(PAGES))) {
            program.compute(OWN_CYCLES);
            done++;
          }
        }
      }
    }
    return new Outcome(
        done * OWN_CYCLES,
        kernel.cycles() - cycles,
        kernel.snapshot().get(KernelMetric.MAJOR_FAULTS) - major,
        done);
  }
}
