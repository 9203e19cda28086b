package io.lookaside.tlb;

/**
 * How a structure that holds several page sizes looks one after the other up: the size that it
 * expects of the address first, then the others from the smallest on. It expects the size that was
 * found last in the same 2 MiB, or in those that share its place in the table.
 *
 * @param entries places of the table, a power of two
 * @param reprobeCycles cycles of each size after the first
 */
public record SizePredictionConfig(int entries, int reprobeCycles) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if there are not 1 to 65536 entries, or no power of two of
   *     them, or the cycles are negative
   */
  public SizePredictionConfig {
    if (entries < 1 || entries > 1 << 16 || Integer.bitCount(entries) != 1) {
      throw new IllegalArgumentException("entries must be a power of two, 65536 at most");
    }
    if (reprobeCycles < 0) {
      throw new IllegalArgumentException("reprobeCycles must be 0 or more");
    }
  }
}
