package io.lookaside.timing;

import org.jspecify.annotations.Nullable;

/** Is told every step of every reference, as soon as its end is known. */
public interface TimingObserver {
  /** Stands for a thread of the kernel that has a processor of its own. */
  int THREAD = -1;

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
   * @param from the core that sent it, or {@link #THREAD}
   * @param to the core that answered
   * @param sent the cycle in which it was sent
   * @param taken the cycle in which the answering core began
   * @param done the first cycle after its work
   */
  default void interrupt(int from, int to, long sent, long taken, long done) {}

  /** Whether nothing that still comes matters to this observer, so that a run for it may end. */
  default boolean isSatisfied() {
    return false;
  }

  /** An observer that tells two, as far as they are there; {@code null} if neither is. */
  static @Nullable TimingObserver both(
      @Nullable TimingObserver one, @Nullable TimingObserver other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return new TimingObserver() {
      @Override
      public void step(
          int core,
          long reference,
          int kind,
          Step step,
          int argument,
          long address,
          int unit,
          long from,
          long to) {
        one.step(core, reference, kind, step, argument, address, unit, from, to);
        other.step(core, reference, kind, step, argument, address, unit, from, to);
      }

      @Override
      public void interrupt(int from, int to, long sent, long taken, long done) {
        one.interrupt(from, to, sent, taken, done);
        other.interrupt(from, to, sent, taken, done);
      }

      @Override
      public boolean isSatisfied() {
        return one.isSatisfied() && other.isSatisfied();
      }
    };
  }
}
