package io.lookaside.simulator.lab;

import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.linux.Task;
import io.lookaside.simulator.LinuxMachine;

/** Memory and swap are full: the process with the most memory is killed, not the one that asks. */
final class OomKilling extends Lab {
  private static final long MEMORY = 128 * LabContext.MIB;

  /** What each process has, in MiB; the last one wants more and more. */
  private static final int[] MIB = {40, 30, 20, 0};

  OomKilling() {
    super(
        "oom-killer",
        "When nothing can be reclaimed the process with the most memory dies, so that others live",
        Mechanism.OOM_KILLER);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine =
        context.machine(context.linux(MEMORY).withOvercommit(LinuxConfig.Overcommit.ALWAYS));
    LinuxKernel kernel = machine.kernel();
    report.table("process", "oom_score_adj", "pages written", "badness before", "ended");
    report.chart("badness before memory is full, in pages");
    Program[] programs = new Program[MIB.length];
    long[] areas = new long[MIB.length];
    for (int i = 0; i < MIB.length; i++) {
      programs[i] = Program.start(machine);
      areas[i] = programs[i].map(MEMORY, Program.READ_WRITE);
      programs[i].writePages(areas[i], pages(i));
    }
    Task protectedTask = programs[0].process();
    protectedTask.setOomScoreAdj(-1000);
    Task largest = programs[1].process();
    long badness = kernel.badness(largest);
    long[] before = new long[MIB.length];
    for (int i = 0; i < MIB.length; i++) {
      before[i] = kernel.badness(programs[i].process());
    }

    // The last one asks until somebody has been killed, and then for 1,000 pages more.
    Program asking = programs[MIB.length - 1];
    long asked = 0;
    long most = MEMORY / LabContext.PAGE;
    while (asked < most
        && kernel.snapshot().get(KernelMetric.OOM_KILLS) == 0
        && asking.writes(areas[MIB.length - 1], asked)) {
      asked++;
    }
    long got = 0;
    for (long i = 0; i < 1000; i++) {
      got += asking.writes(areas[MIB.length - 1], asked + i) ? 1 : 0;
    }
    for (int i = 0; i < MIB.length; i++) {
      Task task = programs[i].process();
      String name = i == MIB.length - 1 ? "asks" : MIB[i] + " MiB";
      long written = i == MIB.length - 1 ? asked + got : pages(i);
      Task.Ending ending = task.ending();
      report.row(
          name,
          task.oomScoreAdj(),
          written,
          i == 0 ? "never" : LabReport.number(before[i]),
          ending == null ? "no" : ending.name());
      report.bar(name, i == 0 ? 0 : before[i]);
    }
    claims(report, kernel, programs, badness, got);
  }

  private static long pages(int program) {
    return MIB[program] * LabContext.MIB / LabContext.PAGE;
  }

  private static void claims(
      LabReport report, LinuxKernel kernel, Program[] programs, long badness, long got) {
    Task largest = programs[1].process();
    long resident =
        largest.space().residentAnonymousPages()
            + largest.space().residentFilePages()
            + largest.space().residentSharedPages();
    report.atLeast("badness of the process of 30 MiB: its pages and its tables", pages(1), badness);
    report.atMost("and little else, in pages", pages(1) + 200, badness);
    report.equal("processes killed", 1, kernel.snapshot().get(KernelMetric.OOM_KILLS));
    report.equal(
        "the one of 30 MiB, since that of 40 MiB has oom_score_adj -1000, ended",
        Task.Ending.OUT_OF_MEMORY.name(),
        String.valueOf(largest.ending()));
    report.equal("pages that it has left", 0, resident);
    long living = 0;
    for (Program program : programs) {
      living += program.process().ending() == null ? 1 : 0;
    }
    report.equal("processes that live on, of 4", 3, living);
    report.equal("further pages that the one that asked can have, of 1,000", 1000, got);
    String killed = "Out of memory: Killed process " + largest.pid();
    report.equal(
        "lines of the kernel's log that say \"" + killed + "\"",
        1,
        kernel.oomMessages().stream().filter(line -> line.startsWith(killed)).count());
  }
}
