package io.lookaside.os.linux;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.os.Kernel;
import io.lookaside.os.OutOfFramesException;
import io.lookaside.os.ShootdownListener;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The kernel modelled on Linux behind a trace. A trace says what was accessed, and not what was
 * mapped before, so each process begins with one anonymous area, readable, writable and executable,
 * over the whole user half; everything else is as with any process: the page of zeros,
 * copy-on-write, huge pages by policy, swap, and death when memory and swap are full.
 */
public final class TraceKernel implements Kernel {
  private final LinuxKernel kernel;
  private final int cpu;
  private final List<Task> tasks;
  private int current;

  private TraceKernel(LinuxKernel kernel, int cpu, List<Task> tasks) {
    this.kernel = kernel;
    this.cpu = cpu;
    this.tasks = tasks;
  }

  /**
   * A kernel as each of its processors meets it. The first runs process 0, the others are idle.
   *
   * @param processors the processors' MMUs, at least one
   * @param listener as {@link LinuxKernel} has it
   */
  public static List<TraceKernel> onProcessors(
      LinuxConfig config,
      PhysicalMemory memory,
      List<Processor> processors,
      @Nullable ShootdownListener listener) {
    LinuxKernel kernel = new LinuxKernel(config, memory, processors, listener);
    List<Task> tasks = new ArrayList<>();
    List<TraceKernel> kernels = new ArrayList<>();
    for (int cpu = 0; cpu < processors.size(); cpu++) {
      kernels.add(new TraceKernel(kernel, cpu, tasks));
    }
    kernels.get(0).switchTo(0);
    return List.copyOf(kernels);
  }

  /** The kernel itself. */
  public LinuxKernel linux() {
    return kernel;
  }

  @Override
  public long switchTo(int process) {
    while (tasks.size() <= process) {
      tasks.add(newTask());
    }
    current = process;
    return kernel.run(cpu, tasks.get(process));
  }

  @Override
  public void idle() {
    kernel.idle(cpu);
  }

  /**
   * Lets khugepaged scan on, on this core.
   *
   * @param pages of 4 KiB to look at, at most
   * @return the cycles that it took
   */
  public long khugepaged(long pages) {
    kernel.enterOn(cpu);
    long before = kernel.cycles();
    kernel.khugepaged(pages);
    return kernel.cycles() - before;
  }

  private Task newTask() {
    Task task = kernel.spawnEmpty();
    if (task == null) {
      throw outOfMemory("a process cannot start");
    }
    int rights = Abi.PROT_READ | Abi.PROT_WRITE | Abi.PROT_EXEC;
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED | Abi.MAP_NORESERVE;
    long bytes = kernel.config().format().taskSize();
    long result = kernel.mmap(task, 0, bytes, rights, flags, null, 0);
    if (Abi.isError(result)) {
      throw new IllegalStateException("mmap of the user half: " + Abi.describe(result));
    }
    return task;
  }

  @Override
  public boolean handlePageFault(long va, int errorCode) {
    kernel.enterOn(cpu);
    FaultKind kind = kernel.handlePageFault(tasks.get(current), va, errorCode);
    Task task = tasks.get(current);
    if (kind == FaultKind.OUT_OF_MEMORY && task.ending() == null) {
      kernel.kill(task, Task.Ending.OUT_OF_MEMORY); // the OOM killer is switched off
    }
    return kind.answered();
  }

  @Override
  public boolean hasEnded(int process) {
    return process < tasks.size() && tasks.get(process).ending() != null;
  }

  @Override
  public boolean hasEnded() {
    return hasEnded(current);
  }

  @Override
  public boolean elapse(long cycles) {
    long before = invalidations();
    kernel.elapse(cycles);
    return invalidations() != before;
  }

  private long invalidations() {
    long[] counts = kernel.state().counters.values();
    return counts[KernelMetric.INVLPGS.ordinal()] + counts[KernelMetric.FULL_FLUSHES.ordinal()];
  }

  private OutOfFramesException outOfMemory(String what) {
    return new OutOfFramesException(
        "out of memory: "
            + what
            + ", since all of the "
            + (kernel.config().memoryBytes() >> 20)
            + " MiB and all of swap are in use; give more with --memory or --swap");
  }

  @Override
  public long lastFaultCycles() {
    return kernel.lastFaultCycles();
  }

  @Override
  public void prefault(long va) {
    if (va >= 0 && va < kernel.config().format().taskSize()) {
      kernel.populate(tasks.get(current), va);
    }
  }

  @Override
  public long mappedPages(PageSize size) {
    return kernel.mappedPages(size);
  }

  /** {@inheritDoc} The kernel half's tables, which all share, are not counted. */
  @Override
  public long tablePages() {
    long pages = 0;
    for (Task task : tasks) {
      pages += task.space().tableBytes() >> PhysicalPages.PAGE_SHIFT;
    }
    return pages;
  }
}
