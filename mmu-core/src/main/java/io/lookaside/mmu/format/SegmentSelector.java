package io.lookaside.mmu.format;

/**
 * A segment selector, 16 bits: the number of a descriptor, the table that it stands in, and a
 * privilege level.
 *
 * <p>Source: Intel SDM Vol. 3A, "Segment Selectors".
 */
public final class SegmentSelector {
  /** TI: the descriptor stands in the LDT, not in the GDT. */
  public static final int LOCAL = 1 << 2;

  private static final int RPL_MASK = 3;
  private static final int INDEX_MASK = 0xfff8;

  private SegmentSelector() {}

  /** The selector of descriptor {@code index}, 0 to 8191, with RPL 0. */
  public static int of(int index, boolean local) {
    return (index << 3 & INDEX_MASK) | (local ? LOCAL : 0);
  }

  /** Whether this is one of the four null selectors: index 0 of the GDT. */
  public static boolean isNull(int selector) {
    return (selector & (INDEX_MASK | LOCAL)) == 0;
  }

  /** Whether the descriptor stands in the LDT. */
  public static boolean isLocal(int selector) {
    return (selector & LOCAL) != 0;
  }

  /** The distance in bytes of the descriptor from the beginning of its table. */
  public static int offset(int selector) {
    return selector & INDEX_MASK;
  }

  /** RPL, the requested privilege level. */
  public static int rpl(int selector) {
    return selector & RPL_MASK;
  }

  /** The same selector with another RPL. */
  public static int withRpl(int selector, int rpl) {
    return (selector & ~RPL_MASK) | rpl;
  }

  /**
   * The error code of a fault that blames the descriptor: index and TI, with EXT clear because no
   * external event is at work. Source: SDM Vol. 3A, "Error Code".
   */
  public static int errorCode(int selector) {
    return selector & (INDEX_MASK | LOCAL);
  }
}
