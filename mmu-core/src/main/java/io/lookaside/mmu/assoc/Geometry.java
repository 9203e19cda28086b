package io.lookaside.mmu.assoc;

/**
 * The shape of a set-associative structure and what it does when a set is full.
 *
 * @param entries number of entries, 1 to {@link #MAX_ENTRIES}
 * @param ways entries in a set, 1 to {@link #MAX_WAYS}, a divisor of {@code entries}
 * @param replacement what it does when a set is full, usually a {@link ReplacementPolicy.Kind}
 */
public record Geometry(int entries, int ways, Replacement replacement) {
  /** The most entries a structure can have. */
  public static final int MAX_ENTRIES = 1 << 20;

  /** The most ways a set can have; the cost of a look-up grows with them. */
  public static final int MAX_WAYS = 1 << 12;

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if the numbers are not so
   */
  public Geometry {
    if (entries < 1 || entries > MAX_ENTRIES) {
      throw new IllegalArgumentException("entries must be 1 to " + MAX_ENTRIES);
    }
    if (ways < 1 || ways > MAX_WAYS) {
      throw new IllegalArgumentException("ways must be 1 to " + MAX_WAYS);
    }
    if (entries % ways != 0) {
      throw new IllegalArgumentException(
          "ways must divide entries: " + entries + " / " + ways + " leaves " + entries % ways);
    }
  }

  /** Number of sets; any number, not only powers of two. */
  public int sets() {
    return entries / ways;
  }
}
