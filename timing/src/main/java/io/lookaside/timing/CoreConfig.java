package io.lookaside.timing;

/**
 * How a core issues references and what its translation pipeline has of everything.
 *
 * @param issueWidth instructions that may start, and that may retire, in one cycle
 * @param reorderBufferEntries instructions between start and retirement
 * @param loadQueueEntries loads between start and retirement
 * @param storeQueueEntries stores between start and retirement
 * @param l1iPorts look-ups of the L1I TLB that may start in one cycle
 * @param l1dPorts look-ups of the L1D TLB that may start in one cycle
 * @param stlbPorts look-ups of the second-level TLB that may start in one cycle
 * @param l1iMissRegisters first-level instruction misses under way at once
 * @param l1dMissRegisters first-level data misses under way at once
 * @param walkers page walks under way at once
 * @param assistCycles fixed cost of a dirty assist beside its walk
 * @param faultCycles fixed cost of a page fault that the kernel answers, beside the repeated walk
 */
public record CoreConfig(
    int issueWidth,
    int reorderBufferEntries,
    int loadQueueEntries,
    int storeQueueEntries,
    int l1iPorts,
    int l1dPorts,
    int stlbPorts,
    int l1iMissRegisters,
    int l1dMissRegisters,
    int walkers,
    int assistCycles,
    int faultCycles) {
  /** The most entries of a buffer or queue. */
  public static final int MAX_ENTRIES = 1 << 14;

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if a number of something is not 1 to {@link #MAX_ENTRIES}, or
   *     a cost is negative
   */
  public CoreConfig {
    check("issueWidth", issueWidth);
    check("reorderBufferEntries", reorderBufferEntries);
    check("loadQueueEntries", loadQueueEntries);
    check("storeQueueEntries", storeQueueEntries);
    check("l1iPorts", l1iPorts);
    check("l1dPorts", l1dPorts);
    check("stlbPorts", stlbPorts);
    check("l1iMissRegisters", l1iMissRegisters);
    check("l1dMissRegisters", l1dMissRegisters);
    check("walkers", walkers);
    if (assistCycles < 0 || faultCycles < 0) {
      throw new IllegalArgumentException("assistCycles and faultCycles must be 0 or more");
    }
  }

  private static void check(String name, int value) {
    if (value < 1 || value > MAX_ENTRIES) {
      throw new IllegalArgumentException(name + " must be 1 to " + MAX_ENTRIES);
    }
  }
}
