package io.lookaside.mmu.assoc;

/**
 * The order in which up to 16 ways of a set were used, as one word: four bits for the number of
 * each way, that of the front in the lowest bits. Bits above those of the last way are 0.
 */
public final class WayWord {
  /** The most ways that a word holds. */
  public static final int MAX_WAYS = 16;

  /** Bits of a way's number. */
  public static final int BITS = 4;

  /** The number of the front, as a mask. */
  public static final int MASK = MAX_WAYS - 1;

  private static final long ONE_IN_EACH = 0x1111_1111_1111_1111L;
  private static final long HIGHEST_IN_EACH = 0x8888_8888_8888_8888L;
  private static final long ASCENDING = 0xfedc_ba98_7654_3210L;

  private WayWord() {}

  /** The order of so many ways from 0 on, way 0 in front. */
  public static long ascending(int ways) {
    return ASCENDING & mask(backShift(ways));
  }

  /** Where the number of the last of so many ways is. */
  public static int backShift(int ways) {
    return BITS * (ways - 1);
  }

  /** The lowest bit of the place where a way stands that is in the order. */
  public static long lowestBitOf(long order, int way) {
    long differing = order ^ way * ONE_IN_EACH;
    // The lowest four bits that are all 0; what is borrowed above them does not matter.
    long zero = (differing - ONE_IN_EACH) & ~differing & HIGHEST_IN_EACH;
    return Long.lowestOneBit(zero) >>> (BITS - 1);
  }

  /** The order after a way moved to the front. */
  public static long raise(long order, int way) {
    return raise(order, lowestBitOf(order, way), way);
  }

  /** The same for who knows already where it stands. */
  public static long raise(long order, long lowestBit, int way) {
    long before = order & (lowestBit - 1);
    long behind = order & -(lowestBit << BITS);
    return behind | before << BITS | way;
  }

  /** The way at the back. */
  public static int back(long order, int backShift) {
    return (int) (order >>> backShift) & MASK;
  }

  /** The order after the way at the back moved to the front. */
  public static long raiseBack(long order, int backShift) {
    return raiseBack(order, backShift, mask(backShift));
  }

  /**
   * The same for who has the mask.
   *
   * @param mask the bits that hold the numbers of ways, see {@link #mask}
   */
  public static long raiseBack(long order, int backShift, long mask) {
    return ((order << BITS) & mask) | order >>> backShift;
  }

  /** The order after a way moved to the back. */
  public static long sink(long order, int way, int backShift) {
    long lowestBit = lowestBitOf(order, way);
    long before = order & (lowestBit - 1);
    long behind = order & -(lowestBit << BITS);
    return before | behind >>> BITS | (long) way << backShift;
  }

  /** The bits of an order that hold the numbers of ways. */
  public static long mask(int backShift) {
    return -1L >>> (Long.SIZE - BITS - backShift);
  }
}
