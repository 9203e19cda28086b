package io.lookaside.simulator.curve;

/** LRU misses by geometry. */
public final class MissCounts {
  private final long[][] setAssociative;
  private final long[] fullyAssociative;
  private final long coldMisses;

  /**
   * The counts.
   *
   * @param setAssociative by the logarithm of the number of sets and the number of ways less one
   * @param fullyAssociative by the number of entries less one; larger ones have only cold misses
   */
  MissCounts(long[][] setAssociative, long[] fullyAssociative, long coldMisses) {
    this.setAssociative = setAssociative;
    this.fullyAssociative = fullyAssociative;
    this.coldMisses = coldMisses;
  }

  /** Misses of a set-associative structure; {@code sets} is a power of two. */
  public long of(int sets, int ways) {
    return setAssociative[Integer.numberOfTrailingZeros(sets)][ways - 1];
  }

  /** Misses of a fully associative structure with any number of entries. */
  public long fullyAssociative(long entries) {
    return entries <= fullyAssociative.length ? fullyAssociative[(int) entries - 1] : coldMisses;
  }

  /** A number of entries from which on only cold misses remain. */
  public int enough() {
    return fullyAssociative.length;
  }
}
