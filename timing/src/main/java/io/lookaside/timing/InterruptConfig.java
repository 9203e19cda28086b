package io.lookaside.timing;

/**
 * What an interrupt from one core to another costs, as the kernel uses it to have translations
 * dropped.
 *
 * @param sendCycles the sender is busy for, with each
 * @param deliverCycles from sending to the other core's notice
 * @param handlerCycles of the other core's work beside the dropping: entry to the kernel and return
 * @param acknowledgeCycles from the end of that work to the sender's notice
 */
public record InterruptConfig(
    int sendCycles, int deliverCycles, int handlerCycles, int acknowledgeCycles) {
  /** Costs nothing, where no interrupts are sent. */
  public static final InterruptConfig NONE = new InterruptConfig(0, 0, 0, 0);

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if one is negative
   */
  public InterruptConfig {
    if (sendCycles < 0 || deliverCycles < 0 || handlerCycles < 0 || acknowledgeCycles < 0) {
      throw new IllegalArgumentException("the cycles of interrupts must be 0 or more");
    }
  }
}
