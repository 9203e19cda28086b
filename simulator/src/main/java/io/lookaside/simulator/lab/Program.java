package io.lookaside.simulator.lab;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.Executable;
import io.lookaside.os.linux.FileMapping;
import io.lookaside.os.linux.Task;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.LinuxMachine;
import io.lookaside.simulator.ProcessMemory;
import io.lookaside.tlb.TlbCounts;
import io.lookaside.tlb.TlbMetric;

/** A process of an experiment, and what it does. */
final class Program extends ProcessMemory {
  static final int READ = Abi.PROT_READ;
  static final int READ_WRITE = Abi.PROT_READ | Abi.PROT_WRITE;

  Program(LinuxMachine machine, Task process) {
    super(machine, process);
  }

  /** Starts a small program. */
  static Program start(LinuxMachine machine) {
    Task process = machine.kernel().spawn(Executable.SMALL);
    if (process == null) {
      throw new IllegalStateException("the experiment's memory is too small for its program");
    }
    return new Program(machine, process);
  }

  Program fork() {
    Task child = kernel().fork(process());
    if (child == null) {
      throw new IllegalStateException("the experiment's memory is too small for a fork");
    }
    return new Program(machine(), child);
  }

  /** Maps a whole file. */
  long mapFile(FileMapping file, boolean shared, int rights) {
    int flags = shared ? Abi.MAP_SHARED : Abi.MAP_PRIVATE;
    long va = kernel().mmap(process(), 0, file.bytes(), rights, flags, file, 0);
    if (Abi.isError(va)) {
      throw new IllegalStateException("mmap of a file: " + Abi.describe(va));
    }
    return va;
  }

  /** Maps anonymous private memory; the address must be had. */
  long map(long bytes, int rights) {
    long va = kernel().mmap(process(), bytes, rights);
    if (Abi.isError(va)) {
      throw new IllegalStateException("mmap of " + bytes + " bytes: " + Abi.describe(va));
    }
    return va;
  }

  boolean reads(long va) {
    return machine().access(process(), va, AccessKind.LOAD) != LinuxMachine.FAULTED;
  }

  boolean writes(long va) {
    return machine().access(process(), va, AccessKind.STORE) != LinuxMachine.FAULTED;
  }

  boolean executes(long va) {
    return machine().access(process(), va, AccessKind.FETCH) != LinuxMachine.FAULTED;
  }

  /** Writes a page's number into it; {@code false} if that ends in a fault. */
  boolean writes(long area, long page) {
    long pa = machine().access(process(), area + page * LabContext.PAGE, AccessKind.STORE);
    if (pa == LinuxMachine.FAULTED) {
      return false;
    }
    machine().memory().write(pa, page + 1);
    return true;
  }

  /** Whether a page can be read and has its number in it. */
  boolean holds(long area, long page) {
    long pa = machine().access(process(), area + page * LabContext.PAGE, AccessKind.LOAD);
    return pa != LinuxMachine.FAULTED && machine().memory().read(pa) == page + 1;
  }

  /** Writes its number into each of a number of pages; returns how many could be written. */
  long writePages(long va, long pages) {
    long written = 0;
    for (long i = 0; i < pages; i++) {
      written += writes(va, i) ? 1 : 0;
    }
    return written;
  }

  /** Of how many of a number of pages the content is what {@link #writePages} wrote. */
  long unchangedPages(long va, long pages) {
    long unchanged = 0;
    for (long i = 0; i < pages; i++) {
      unchanged += holds(va, i) ? 1 : 0;
    }
    return unchanged;
  }

  /** How many of a number of pages are in memory and mapped. */
  long residentPages(long va, long pages) {
    return kernel().residentPages(process(), va, pages * LabContext.PAGE);
  }

  /** Computes: time passes in which nothing is asked of the kernel. */
  void compute(long cycles) {
    kernel().elapse(cycles);
  }

  long readPages(long va, long pages) {
    long read = 0;
    for (long i = 0; i < pages; i++) {
      read += reads(va + i * LabContext.PAGE) ? 1 : 0;
    }
    return read;
  }

  // What the hardware counted.

  /** Look-ups and misses of the data side, and the walker's work, between two points. */
  static final class Meter {
    private final LinuxMachine machine;
    private final TlbCounts first;
    private final TlbCounts second;
    private final Snapshot<WalkMetric> walks;

    Meter(LinuxMachine machine) {
      this.machine = machine;
      first = machine.tlbs().levels().get(1).snapshot();
      second = machine.tlbs().levels().get(2).snapshot();
      walks = machine.walker().snapshot();
    }

    long lookups() {
      return machine.tlbs().levels().get(1).snapshot().minus(first).get(TlbMetric.LOOKUPS);
    }

    long firstLevelMisses() {
      return machine.tlbs().levels().get(1).snapshot().minus(first).get(TlbMetric.MISSES);
    }

    long misses() {
      return machine.tlbs().levels().get(2).snapshot().minus(second).get(TlbMetric.MISSES);
    }

    long walks(WalkMetric metric) {
      return machine.walker().snapshot().minus(walks).get(metric);
    }

    /** The share of look-ups that the first level answered. */
    double hitRate() {
      return 1 - (double) firstLevelMisses() / lookups();
    }
  }
}
