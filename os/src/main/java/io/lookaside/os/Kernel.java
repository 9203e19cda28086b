package io.lookaside.os;

import io.lookaside.mmu.format.PageSize;

/**
 * The operating system behind a trace's replay, as one core meets it: it runs the trace's processes
 * and answers faults. The cores of a machine have one each, which share processes, memory and
 * accounts.
 */
public interface Kernel {
  /**
   * Lets another process run on the core. Processes are numbered from 0; one that is named for the
   * first time gets its root table now, and so do those before it that were not named yet.
   *
   * @return the operand of MOV to CR3 that the processor then executes
   */
  long switchTo(int process);

  /**
   * Says that the core has nothing to run any more; a kernel that interrupts nobody need not know.
   */
  default void idle() {}

  /**
   * Answers a page fault of the process that runs.
   *
   * @param va the faulting address (CR2)
   * @param errorCode the error code that the hardware reported ({@link
   *     io.lookaside.mmu.format.PageFaultCode})
   * @return whether the access is to be repeated; {@code false} if it has no right to succeed, or
   *     the process was killed
   * @throws OutOfFramesException if memory is full
   */
  boolean handlePageFault(long va, int errorCode);

  /**
   * What the answer to the last page fault cost, flushes included, in cycles; -1 where the kernel
   * has no model of its cost.
   */
  long lastFaultCycles();

  /**
   * Lets time pass in which processes run, for what the kernel does beside them.
   *
   * @param cycles of the processes
   * @return whether translations of the core may have been dropped
   */
  default boolean elapse(long cycles) {
    return false;
  }

  /** Whether a process has been killed: none of its references can be carried out any more. */
  default boolean hasEnded(int process) {
    return false;
  }

  /** Whether the process that runs on the core has been killed. */
  default boolean hasEnded() {
    return false;
  }

  /** Maps the page of {@code va} before it is touched, if it is not mapped. */
  void prefault(long va);

  /** The mapped pages of a size, of all processes together. */
  long mappedPages(PageSize size);

  /** The 4 KiB pages that the page tables of all processes take, root tables included. */
  long tablePages();
}
