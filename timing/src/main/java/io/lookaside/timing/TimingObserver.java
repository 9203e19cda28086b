package io.lookaside.timing;

/** Is told every step of every reference, as soon as its end is known. */
public interface TimingObserver {
  /**
   * One step.
   *
   * @param core number of the core
   * @param reference number of the reference on its core, from 0; -1 for the kernel's work between
   *     references
   * @param kind an {@link io.lookaside.mmu.AccessKind} code; -1 for the kernel's work and for walks
   *     ahead
   * @param step what was done
   * @param argument a {@link Served} code for {@link Step#READ} and {@link Step#DATA}, a {@link
   *     Recipe.Cause} for the steps of walks
   * @param address the address read, or 0
   * @param unit the number of the page walker that is held, or -1
   * @param from the cycle in which the step began
   * @param to the first cycle after it; equal to {@code from} where it took no time
   */
  void step(
      int core,
      long reference,
      int kind,
      Step step,
      int argument,
      long address,
      int unit,
      long from,
      long to);

  /**
   * A core answered an interrupt.
   *
   * @param from the core that sent it
   * @param to the core that answered
   * @param sent the cycle in which it was sent
   * @param taken the cycle in which the answering core began
   * @param done the first cycle after its work
   */
  default void interrupt(int from, int to, long sent, long taken, long done) {}
}
