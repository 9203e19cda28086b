package io.lookaside.simulator;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.CostPart;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.TraceKernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The kernel modelled on Linux in a run: moves its clock by what the programs take, keeps account
 * of processes that were killed, and samples memory pressure.
 */
final class KernelRun {
  /**
   * Without a clock: cycles of a program for a reference, by which the kernel's clock advances. An
   * order of magnitude: one or two references to an instruction, one instruction in a cycle or two.
   */
  static final int CYCLES_PER_REFERENCE = 2;

  /** References after which the kernel's threads are let run. */
  static final int STEP = 1000;

  private final LinuxKernel kernel;
  private final @Nullable PressureLog pressure;
  private final Map<Integer, long[]> references = new TreeMap<>();
  private long measured;
  private long kernelCycles;
  private long clock;
  private long cycles;
  private Snapshot<CostPart> costs;
  private Snapshot<CostPart> kswapdCosts;
  private Snapshot<CostPart> flusherCosts;

  private KernelRun(LinuxKernel kernel, long every) {
    this.kernel = kernel;
    pressure = every == 0 ? null : new PressureLog(kernel, every, PressureLog.ROWS);
    costs = kernel.costs();
    kswapdCosts = kernel.kswapdCosts();
    flusherCosts = kernel.flusherCosts();
    kernelCycles = kernel.cycles();
  }

  /** Of a machine's kernel, or {@code null} if it runs another. */
  static @Nullable KernelRun of(Machine machine, RunOptions options) {
    return machine.kernel() instanceof TraceKernel kernel
        ? new KernelRun(kernel.linux(), options.pressureEvery())
        : null;
  }

  /** Says that the references from now on count. */
  void beginMeasuring() {
    measured = 0;
    costs = kernel.costs();
    kswapdCosts = kernel.kswapdCosts();
    flusherCosts = kernel.flusherCosts();
    if (pressure != null) {
      pressure.restart();
    }
  }

  /** What the program takes for references without a clock. */
  static long cyclesOf(long references) {
    return references * CYCLES_PER_REFERENCE;
  }

  /**
   * The program's own time since the last call, by a clock that shows so many cycles: what the
   * kernel has taken meanwhile, it has counted itself.
   */
  long ownCycles(long now) {
    long passed = now - clock - (kernel.cycles() - kernelCycles);
    clock = now;
    kernelCycles = kernel.cycles();
    return Math.max(0, passed);
  }

  /** References until the next sample is due, at least 1. */
  int untilSample() {
    long left = pressure == null ? Integer.MAX_VALUE : pressure.next() - measured;
    return (int) Math.max(1, Math.min(left, Integer.MAX_VALUE));
  }

  /**
   * References of a process were carried out.
   *
   * @param now what the clock shows; without one -1
   */
  void replayed(int process, long n, long now) {
    of(process)[0] += n;
    measured += n;
    cycles = now;
    if (pressure != null) {
      pressure.reached(measured, cycles());
    }
  }

  /** References of a process were passed over, since it was killed. */
  void passedOver(int process, long n) {
    of(process)[1] += n;
  }

  private long[] of(int process) {
    return references.computeIfAbsent(process, p -> new long[2]);
  }

  private long cycles() {
    return cycles < 0 ? kernel.clock() : cycles;
  }

  /** What there is to tell at the end. */
  MemoryResult result(TraceKernel processes) {
    List<MemoryResult.Killed> killed = new ArrayList<>();
    references.forEach(
        (process, counts) -> {
          if (processes.hasEnded(process)) {
            killed.add(new MemoryResult.Killed(process, counts[0], counts[1]));
          }
        });
    return new MemoryResult(
        kernel.costs().minus(costs),
        kernel.kswapdCosts().minus(kswapdCosts),
        kernel.flusherCosts().minus(flusherCosts),
        killed,
        kernel.oomMessages(),
        pressure == null ? null : pressure.result(measured, cycles()));
  }
}
