package io.lookaside.simulator.lab;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.Executable;
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

  /** Writes a word into each of a number of pages; returns how many of them could be written. */
  long writePages(long va, long pages) {
    long written = 0;
    for (long i = 0; i < pages; i++) {
      long pa = machine().access(process(), va + i * LabContext.PAGE, AccessKind.STORE);
      if (pa != LinuxMachine.FAULTED) {
        machine().memory().write(pa, i + 1);
        written++;
      }
    }
    return written;
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
