package io.lookaside.simulator.lab;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.LinuxMachine;

/** A TLB answers what stays near; what jumps about walks. */
final class TlbLocality extends Lab {
  private static final int ROWS = 512;
  private static final int COLUMNS = 512;

  TlbLocality() {
    super(
        "tlb-locality",
        "A TLB pays by locality: near accesses hit, those that jump from page to page walk",
        Switch.TLB);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(256 * LabContext.MIB);
    Program program = Program.start(machine);
    // A matrix of words whose rows are a page each.
    long matrix = program.map(ROWS * LabContext.PAGE * 16, Program.READ_WRITE);
    program.writePages(matrix, ROWS * 16L);
    report.table("pattern", "look-ups", "first level hits, percent", "walks", "walk cycles");
    report.chart("percent of look-ups that the first level answers");

    double rows =
        measure(context, report, machine, "row by row", () -> sweep(program, matrix, true));
    double columns =
        measure(context, report, machine, "column by column", () -> sweep(program, matrix, false));
    SeededRandom random = new SeededRandom(context.seed());
    double scattered =
        measure(
            context,
            report,
            machine,
            "at random in 32 MiB",
            () -> {
              for (int i = 0; i < ROWS * COLUMNS; i++) {
                program.reads(matrix + random.nextInt(ROWS * 16) * LabContext.PAGE);
              }
            });
    double few =
        measure(
            context,
            report,
            machine,
            "at random in 16 pages",
            () -> {
              for (int i = 0; i < ROWS * COLUMNS; i++) {
                program.reads(matrix + random.nextInt(16) * LabContext.PAGE);
              }
            });
    report.atLeast("row by row, percent of hits: one miss in a page of 512 words", 99.7, rows);
    report.atMost("column by column, percent of hits: a page each time", 1, columns);
    report.atMost("at random in 8,192 pages, percent of hits: 64 entries", 1.5, scattered);
    report.atLeast("at random in 16 pages, percent of hits", 99.9, few);
  }

  private static double measure(
      LabContext context, LabReport report, LinuxMachine machine, String what, Runnable pattern) {
    Program.Meter meter = new Program.Meter(machine);
    pattern.run();
    double rate = 100 * meter.hitRate();
    long walks = meter.walks(WalkMetric.WALKS);
    long cycles = context.walkCycles(walks, meter.walks(WalkMetric.MEMORY_READS));
    report.row(what, meter.lookups(), rate, walks, cycles);
    report.bar(what, rate);
    return rate;
  }

  private static void sweep(Program program, long matrix, boolean byRows) {
    for (int i = 0; i < ROWS; i++) {
      for (int j = 0; j < COLUMNS; j++) {
        int row = byRows ? i : j;
        int column = byRows ? j : i;
        program.reads(matrix + row * LabContext.PAGE + column * 8L);
      }
    }
  }
}
