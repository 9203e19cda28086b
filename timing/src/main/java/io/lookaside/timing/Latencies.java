package io.lookaside.timing;

/**
 * Latencies of the structures that translate.
 *
 * @param l1iCycles of a look-up of the L1I TLB
 * @param l1dCycles of a look-up of the L1D TLB
 * @param stlbCycles of a look-up of the second-level TLB, which begins after the first
 * @param structureCacheCycles of the look-up in the structure caches that starts a walk
 */
public record Latencies(int l1iCycles, int l1dCycles, int stlbCycles, int structureCacheCycles) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if one is negative
   */
  public Latencies {
    if (l1iCycles < 0 || l1dCycles < 0 || stlbCycles < 0 || structureCacheCycles < 0) {
      throw new IllegalArgumentException("latencies must be 0 or more");
    }
  }
}
