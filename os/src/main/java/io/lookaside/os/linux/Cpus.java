package io.lookaside.os.linux;

import io.lookaside.mmu.format.Cr3;
import io.lookaside.os.ShootdownListener;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which address space each processor runs, and how their TLBs are kept true.
 *
 * <p>As on Linux, a processor remembers the last six address spaces under PCIDs 1 to 6. A flush
 * raises the generation of the address space, drops what the processors that run it hold, and
 * leaves the others to notice when they run it again. Up to 33 pages are dropped one by one, more
 * by dropping the PCID. A processor that is idle keeps the address space that it ran, and is not
 * interrupted either.
 *
 * <p>Source: Linux 6.1, arch/x86/mm/tlb.c.
 */
final class Cpus {
  private static final int REMEMBERED = 6;

  /** Linux's tlb_single_page_flush_ceiling. */
  static final int SINGLE_PAGE_CEILING = 33;

  private static final class Cpu {
    final Processor port;
    final long[] contexts = new long[REMEMBERED];
    final long[] generations = new long[REMEMBERED];
    @Nullable AddressSpace running;
    int slot;
    int nextSlot;
    boolean idle;

    // What is to be dropped at the end of a batch: single pages, or all that the slot holds.
    final LongArrayList pages = new LongArrayList();
    boolean dropsAll;

    Cpu(Processor port) {
      this.port = port;
    }
  }

  private final KernelState kernel;
  private final Cpu[] cpus;
  private final @Nullable ShootdownListener listener;
  private int current;
  private boolean batching;

  Cpus(KernelState kernel, List<Processor> ports, @Nullable ShootdownListener listener) {
    this.kernel = kernel;
    this.listener = listener;
    this.cpus = ports.stream().map(Cpu::new).toArray(Cpu[]::new);
  }

  /** The processor that executes the kernel now. */
  void setCurrent(int cpu) {
    current = cpu;
  }

  int current() {
    return current;
  }

  int count() {
    return cpus.length;
  }

  @Nullable AddressSpace running(int cpu) {
    return cpus[cpu].running;
  }

  /** Says that a processor has nothing to run; it keeps its address space. */
  void idle(int cpu) {
    cpus[cpu].idle = true;
  }

  /** Lets the current processor run an address space. */
  void switchTo(AddressSpace space) {
    Cpu cpu = cpus[current];
    cpu.idle = false;
    if (cpu.running == space) {
      if (cpu.generations[cpu.slot] != space.tlbGeneration) { // flushed while it was idle
        cpu.generations[cpu.slot] = space.tlbGeneration;
        kernel.spend(CostPart.FLUSHES, dropAll(cpu, space));
      }
      return;
    }
    cpu.running = space;
    kernel.count(KernelMetric.SWITCHES, 1);
    // PCIDs exist in IA-32e mode only.
    if (!kernel.config.has(Mechanism.PCID) || kernel.config.format() != TableFormat.X86_64) {
      cpu.slot = 0;
      cpu.contexts[0] = space.contextId;
      cpu.generations[0] = space.tlbGeneration;
      kernel.spend(CostPart.FLUSHES, dropAll(cpu, space));
      return;
    }
    int slot = 0;
    while (slot < REMEMBERED && cpu.contexts[slot] != space.contextId) {
      slot++;
    }
    boolean fresh = slot == REMEMBERED;
    if (fresh) {
      slot = cpu.nextSlot;
      cpu.nextSlot = (slot + 1) % REMEMBERED;
    }
    cpu.slot = slot;
    boolean stale = fresh || cpu.generations[slot] != space.tlbGeneration;
    cpu.contexts[slot] = space.contextId;
    cpu.generations[slot] = space.tlbGeneration;
    if (stale) {
      kernel.spend(CostPart.FLUSHES, dropAll(cpu, space));
    } else {
      cpu.port.writeCr3(cr3(cpu, space) | Cr3.KEEP_TRANSLATIONS);
      kernel.spend(CostPart.SWITCHES, kernel.config.costs().fullFlush());
    }
  }

  /** What CR3 of the current processor holds. */
  long currentCr3() {
    Cpu cpu = cpus[current];
    AddressSpace space = cpu.running;
    if (space == null) {
      throw new IllegalStateException("the processor has not been started");
    }
    return cr3(cpu, space);
  }

  private static long cr3(Cpu cpu, AddressSpace space) {
    return Cr3.of(space.root, cpu.slot + 1);
  }

  /** Drops all that a processor holds of the address space that it runs; returns the cost. */
  private long dropAll(Cpu cpu, AddressSpace space) {
    if (!kernel.config.has(Mechanism.TLB_FLUSH)) {
      cpu.port.writeCr3(cr3(cpu, space) | Cr3.KEEP_TRANSLATIONS);
      return 0;
    }
    cpu.port.writeCr3(cr3(cpu, space));
    kernel.count(KernelMetric.FULL_FLUSHES, 1);
    return kernel.config.costs().fullFlush();
  }

  /** From now on processors other than the current one are interrupted at {@link #endBatch}. */
  void beginBatch() {
    batching = kernel.config.has(Mechanism.BATCHED_FLUSH);
  }

  /** Interrupts the processors that were spared since {@link #beginBatch}. */
  void endBatch() {
    batching = false;
    boolean sent = false;
    for (int i = 0; i < cpus.length; i++) {
      Cpu cpu = cpus[i];
      AddressSpace space = cpu.running;
      if (space == null || !(cpu.dropsAll || !cpu.pages.isEmpty())) {
        continue;
      }
      long work = 0;
      if (cpu.dropsAll) {
        work = dropAll(cpu, space);
      } else {
        for (int page = 0; page < cpu.pages.size(); page++) {
          work += drop(cpu, cpu.pages.getLong(page));
        }
      }
      cpu.dropsAll = false;
      cpu.pages.clear();
      interrupt(i, work);
      sent = true;
    }
    if (sent) {
      awaitAcknowledgements();
    }
  }

  private long drop(Cpu cpu, long va) {
    cpu.port.invlpg(va);
    kernel.count(KernelMetric.INVLPGS, 1);
    return kernel.config.costs().invlpg();
  }

  private void interrupt(int cpu, long work) {
    kernel.count(KernelMetric.SHOOTDOWNS, 1);
    if (listener == null) {
      kernel.spend(CostPart.SHOOTDOWNS, kernel.config.costs().interrupt());
      kernel.spend(CostPart.FLUSHES, work);
    } else if (ofKernelThread()) {
      kernel.spend(CostPart.SHOOTDOWNS, kernel.config.costs().interrupt());
      listener.interruptFromThread(cpu, work);
    } else {
      listener.interrupt(cpu, work);
    }
  }

  private void awaitAcknowledgements() {
    if (listener != null && !ofKernelThread()) {
      listener.awaitAcknowledgements();
    }
  }

  /**
   * Drops the translations of a range of an address space.
   *
   * @param pageShift the binary logarithm of the size of the pages that were mapped there
   */
  void flush(AddressSpace space, long from, long to, int pageShift) {
    if (!kernel.config.has(Mechanism.TLB_FLUSH)) {
      return;
    }
    space.tlbGeneration++;
    long pages = (to - from + (1L << pageShift) - 1) >>> pageShift;
    boolean sent = false;
    for (int i = 0; i < cpus.length; i++) {
      Cpu cpu = cpus[i];
      if (cpu.running != space) {
        continue;
      }
      if (isElsewhere(i) && cpu.idle && kernel.config.has(Mechanism.LAZY_TLB)) {
        kernel.count(KernelMetric.LAZY_SKIPS, 1);
        continue;
      }
      // A processor that has missed no flush before this one need only drop the range.
      boolean upToDate = cpu.generations[cpu.slot] == space.tlbGeneration - 1;
      cpu.generations[cpu.slot] = space.tlbGeneration;
      if (isElsewhere(i) && batching && !ofKernelThread()) {
        putOff(cpu, from, to, pageShift, upToDate);
        continue;
      }
      long work = 0;
      if (pages > SINGLE_PAGE_CEILING || !upToDate) {
        work = dropAll(cpu, space);
      } else {
        for (long va = from; va < to; va += 1L << pageShift) {
          work += drop(cpu, va);
        }
      }
      if (isElsewhere(i)) {
        interrupt(i, work);
        sent = true;
      } else {
        kernel.spend(CostPart.FLUSHES, work);
      }
    }
    if (sent) {
      awaitAcknowledgements();
    }
  }

  private static void putOff(Cpu cpu, long from, long to, int pageShift, boolean upToDate) {
    long pages = (to - from + (1L << pageShift) - 1) >>> pageShift;
    cpu.dropsAll |= !upToDate || cpu.pages.size() + pages > SINGLE_PAGE_CEILING;
    for (long va = from; va < to && !cpu.dropsAll; va += 1L << pageShift) {
      cpu.pages.add(va);
    }
  }

  /** Whether a processor is another than the one that executes the kernel now. */
  private boolean isElsewhere(int cpu) {
    return cpu != current || ofKernelThread();
  }

  /** Whether a thread of the kernel executes it, which has a processor of its own. */
  private boolean ofKernelThread() {
    return kernel.thread() != KernelState.Worker.PROCESS;
  }

  /** Whether a processor runs an address space that is not the one that executes the kernel. */
  boolean runsElsewhere(AddressSpace space) {
    for (int i = 0; i < cpus.length; i++) {
      if (cpus[i].running == space && isElsewhere(i)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a processor runs an address space. */
  boolean runsAnywhere(AddressSpace space) {
    for (Cpu cpu : cpus) {
      if (cpu.running == space) {
        return true;
      }
    }
    return false;
  }

  /** Drops all translations of address spaces, with one interrupt of each processor at most. */
  void flushAllOf(Set<AddressSpace> spaces) {
    if (!kernel.config.has(Mechanism.TLB_FLUSH)) {
      return;
    }
    for (AddressSpace space : spaces) {
      space.tlbGeneration++;
    }
    boolean sent = false;
    for (int i = 0; i < cpus.length; i++) {
      Cpu cpu = cpus[i];
      AddressSpace running = cpu.running;
      if (running == null || !spaces.contains(running)) {
        continue;
      }
      if (isElsewhere(i) && cpu.idle && kernel.config.has(Mechanism.LAZY_TLB)) {
        kernel.count(KernelMetric.LAZY_SKIPS, 1);
        continue;
      }
      cpu.generations[cpu.slot] = running.tlbGeneration;
      long work = dropAll(cpu, running);
      if (isElsewhere(i)) {
        interrupt(i, work);
        sent = true;
      } else {
        kernel.spend(CostPart.FLUSHES, work);
      }
    }
    if (sent) {
      awaitAcknowledgements();
    }
  }

  /** Forgets an address space that is about to go; whoever still runs it must switch first. */
  void forget(AddressSpace space, AddressSpace idle) {
    int was = current;
    for (int i = 0; i < cpus.length; i++) {
      if (cpus[i].running == space) {
        current = i;
        switchTo(idle);
      }
    }
    current = was;
  }
}
