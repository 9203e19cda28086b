package io.lookaside.os.linux;

import io.lookaside.mmu.format.Cr3;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which address space each processor runs, and how their TLBs are kept true.
 *
 * <p>As on Linux, a processor remembers the last six address spaces under PCIDs 1 to 6. A flush
 * raises the generation of the address space, drops what the processors that run it hold, and
 * leaves the others to notice when they run it again. Up to 33 pages are dropped one by one, more
 * by dropping the PCID.
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

    Cpu(Processor port) {
      this.port = port;
    }
  }

  private final KernelState kernel;
  private final Cpu[] cpus;
  private int current;

  Cpus(KernelState kernel, List<Processor> ports) {
    this.kernel = kernel;
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

  /** Lets the current processor run an address space. */
  void switchTo(AddressSpace space) {
    Cpu cpu = cpus[current];
    if (cpu.running == space) {
      return;
    }
    cpu.running = space;
    kernel.count(KernelMetric.SWITCHES, 1);
    // PCIDs exist in IA-32e mode only.
    if (!kernel.config.has(Mechanism.PCID) || kernel.config.format() != TableFormat.X86_64) {
      cpu.slot = 0;
      cpu.contexts[0] = space.contextId;
      cpu.generations[0] = space.tlbGeneration;
      flushAll(cpu, space);
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
      flushAll(cpu, space);
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

  private void flushAll(Cpu cpu, AddressSpace space) {
    if (!kernel.config.has(Mechanism.TLB_FLUSH)) {
      cpu.port.writeCr3(cr3(cpu, space) | Cr3.KEEP_TRANSLATIONS);
      return;
    }
    cpu.port.writeCr3(cr3(cpu, space));
    kernel.count(KernelMetric.FULL_FLUSHES, 1);
    kernel.spend(CostPart.FLUSHES, kernel.config.costs().fullFlush());
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
    for (int i = 0; i < cpus.length; i++) {
      Cpu cpu = cpus[i];
      if (cpu.running != space) {
        continue;
      }
      if (isElsewhere(i)) {
        interrupt();
      }
      // A processor that has missed no flush before this one need only drop the range.
      boolean upToDate = cpu.generations[cpu.slot] == space.tlbGeneration - 1;
      cpu.generations[cpu.slot] = space.tlbGeneration;
      if (pages > SINGLE_PAGE_CEILING || !upToDate) {
        flushAll(cpu, space);
        continue;
      }
      for (long va = from; va < to; va += 1L << pageShift) {
        cpu.port.invlpg(va);
      }
      kernel.count(KernelMetric.INVLPGS, pages);
      kernel.spend(CostPart.FLUSHES, pages * kernel.config.costs().invlpg());
    }
  }

  /** Whether a processor is another than the one that executes the kernel now. */
  private boolean isElsewhere(int cpu) {
    // The kernel's own threads have processors of their own.
    return cpu != current || kernel.thread() != KernelState.Worker.PROCESS;
  }

  private void interrupt() {
    kernel.count(KernelMetric.SHOOTDOWNS, 1);
    kernel.spend(CostPart.SHOOTDOWNS, kernel.config.costs().interrupt());
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
    for (int i = 0; i < cpus.length; i++) {
      Cpu cpu = cpus[i];
      AddressSpace running = cpu.running;
      if (running == null || !spaces.contains(running)) {
        continue;
      }
      if (isElsewhere(i)) {
        interrupt();
      }
      cpu.generations[cpu.slot] = running.tlbGeneration;
      flushAll(cpu, running);
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
