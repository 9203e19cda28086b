package io.lookaside.os;

/**
 * Is told of the interrupts with which a kernel has other processors drop translations, as it sends
 * them. Who listens accounts for their cost; the kernel then does not.
 */
public interface ShootdownListener {
  /**
   * The processor that executes the kernel interrupts another one.
   *
   * @param processor the number of the other one
   * @param work cycles that the dropping takes there
   */
  void interrupt(int processor, long work);

  /**
   * A thread of the kernel, which has a processor of its own, interrupts one of the others. What
   * sending and waiting takes, the kernel counts as the thread's.
   *
   * @param processor the number of the one that is interrupted
   * @param work cycles that the dropping takes there
   */
  void interruptFromThread(int processor, long work);

  /** The kernel waits for the answers of all that it interrupted since it last waited. */
  void awaitAcknowledgements();
}
