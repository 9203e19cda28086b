package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Task;
import io.lookaside.os.malloc.HeapMemory;

/** A process of a machine as its allocator sees it: memory and the system calls that get it. */
public class ProcessMemory implements HeapMemory {
  private static final int READ_WRITE = Abi.PROT_READ | Abi.PROT_WRITE;

  private final LinuxMachine machine;
  private final Task process;

  /** The memory of a process that lives on the machine. */
  public ProcessMemory(LinuxMachine machine, Task process) {
    this.machine = machine;
    this.process = process;
  }

  public final LinuxMachine machine() {
    return machine;
  }

  public final Task process() {
    return process;
  }

  public final LinuxKernel kernel() {
    return machine.kernel();
  }

  @Override
  public final long load(long va) {
    return machine.memory().read(present(machine.access(process, va, AccessKind.LOAD), va));
  }

  @Override
  public final void store(long va, long value) {
    long pa = present(machine.access(process, va, AccessKind.STORE), va);
    machine.memory().write(pa, value);
  }

  private long present(long pa, long va) {
    if (pa == LinuxMachine.FAULTED) {
      throw new ProcessEndedException(machine.lastFault(), va);
    }
    return pa;
  }

  @Override
  public final long sbrk(long increment) {
    long old = process.space().heapEnd();
    return kernel().brk(process, old + increment) == old + increment ? old : FAILED;
  }

  @Override
  public final long mmap(long bytes) {
    long va = kernel().mmap(process, bytes, READ_WRITE);
    return Abi.isError(va) ? FAILED : va;
  }

  @Override
  public final void munmap(long va, long bytes) {
    long result = kernel().munmap(process, va, bytes);
    if (result != 0) {
      throw new IllegalStateException("munmap: " + Abi.describe(result));
    }
  }

  @Override
  public final long mremap(long va, long oldBytes, long newBytes) {
    long to = kernel().mremap(process, va, oldBytes, newBytes, Abi.MREMAP_MAYMOVE, 0);
    return Abi.isError(to) ? FAILED : to;
  }
}
