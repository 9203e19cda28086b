package io.lookaside.timing;

/**
 * Where an access to memory was served, as one {@code int}: the place in bits 2:0 and, for DRAM,
 * the bank above them.
 */
public final class Served {
  public static final int L1 = 0;
  public static final int L2 = 1;
  public static final int LAST_LEVEL = 2;
  public static final int DRAM_ROW_HIT = 3;
  public static final int DRAM_ROW_MISS = 4;

  /** There are no caches: a read of a table entry takes a fixed time, a data access none. */
  public static final int UNCACHED = 5;

  /** The number of places. */
  public static final int PLACES = 6;

  private static final int PLACE_BITS = 3;
  private static final String[] NAMES = {
    "L1", "L2", "last level", "DRAM, open row", "DRAM, closed row", "memory"
  };

  private Served() {}

  static int dram(boolean rowHit, int bank) {
    return (rowHit ? DRAM_ROW_HIT : DRAM_ROW_MISS) | bank << PLACE_BITS;
  }

  /** One of the constants of this class. */
  public static int place(int served) {
    return served & ((1 << PLACE_BITS) - 1);
  }

  /** The bank of an access that DRAM served. */
  public static int bank(int served) {
    return served >>> PLACE_BITS;
  }

  /** Whether DRAM served the access. */
  public static boolean isDram(int served) {
    int place = place(served);
    return place == DRAM_ROW_HIT || place == DRAM_ROW_MISS;
  }

  /** The place in words. */
  public static String name(int served) {
    return NAMES[place(served)];
  }
}
