package io.lookaside.os;

/**
 * Linear addresses in a row.
 *
 * @param first the lowest
 * @param last the highest, which belongs to it
 */
public record AddressRange(long first, long last) {
  /** Refuses what is not a range. */
  public AddressRange {
    if (Long.compareUnsigned(first, last) > 0) {
      throw new IllegalArgumentException(
          "0x" + Long.toHexString(first) + " is above 0x" + Long.toHexString(last));
    }
  }

  /**
   * Reads {@code FIRST-LAST}, two hexadecimal addresses, as in {@code 0x4000000-0x43fffff}.
   *
   * @throws IllegalArgumentException if it is none; the message says what was expected
   */
  public static AddressRange parse(String text) {
    int dash = text.indexOf('-');
    try {
      if (dash > 0) {
        return new AddressRange(hex(text.substring(0, dash)), hex(text.substring(dash + 1)));
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(
        "expected FIRST-LAST in hexadecimal, as in 0x4000000-0x43fffff, not '" + text + "'");
  }

  private static long hex(String text) {
    return Long.parseUnsignedLong(text.startsWith("0x") ? text.substring(2) : text, 16);
  }

  /** Whether the range has an address of the page around {@code va}, of a size. */
  boolean touches(long va, long pageBytes) {
    long page = va & -pageBytes;
    return Long.compareUnsigned(first, page + (pageBytes - 1)) <= 0
        && Long.compareUnsigned(page, last) <= 0;
  }

  @Override
  public String toString() {
    return "0x" + Long.toHexString(first) + "-0x" + Long.toHexString(last);
  }
}
