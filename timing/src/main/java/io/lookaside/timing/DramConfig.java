package io.lookaside.timing;

/**
 * Main memory: banks, each with one open row.
 *
 * @param banks a power of two
 * @param rowBytes bytes of a row, a power of two of at least a line; neighbouring rows lie in
 *     neighbouring banks
 * @param rowHitCycles cycles from the start of an access to its data if its row is open; all caches
 *     above are included
 * @param rowMissCycles the same if another row is open, or none; at least {@code rowHitCycles}
 * @param burstCycles cycles for which an access keeps its bank, beside those by which opening a row
 *     takes longer than not
 */
public record DramConfig(
    int banks, int rowBytes, int rowHitCycles, int rowMissCycles, int burstCycles) {
  /** The most banks. */
  public static final int MAX_BANKS = 1 << 12;

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public DramConfig {
    if (banks < 1 || banks > MAX_BANKS || Integer.bitCount(banks) != 1) {
      throw new IllegalArgumentException("banks must be a power of two up to " + MAX_BANKS);
    }
    if (rowBytes < MemoryHierarchy.LINE_BYTES || Integer.bitCount(rowBytes) != 1) {
      throw new IllegalArgumentException("rowBytes must be a power of two of at least a line");
    }
    if (rowHitCycles < 0 || rowMissCycles < rowHitCycles || burstCycles < 0) {
      throw new IllegalArgumentException(
          "cycles must be 0 or more, and rowMissCycles at least rowHitCycles");
    }
  }
}
