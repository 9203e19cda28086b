package io.lookaside.simulator.image;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;

/** The text of a translation, as a line of tab-separated values. */
public final class Mapping {
  /** The names of the columns. */
  public static final String HEADER = "va\tpa\tsize\tflags\teffective";

  /** What stands for the physical address where there is none. */
  public enum Absence {
    /** An entry is not present, or has a reserved bit set: an access would fault. */
    UNMAPPED,
    /** The address is no linear address of the mode. */
    NONCANONICAL,
    /** The image does not hold a page that the walk needs. */
    MISSING;

    private final String text = name().toLowerCase(java.util.Locale.ROOT);
  }

  private static final char[] DIGITS = "0123456789abcdef".toCharArray();
  private static final String LETTERS = "XGPDACTUW";
  private static final long[] LETTER_BITS = {
    Pte.EXECUTE_DISABLE,
    Pte.GLOBAL,
    Pte.PAGE_SIZE,
    Pte.DIRTY,
    Pte.ACCESSED,
    Pte.CACHE_DISABLE,
    Pte.WRITE_THROUGH,
    Pte.USER,
    Pte.WRITABLE
  };

  private Mapping() {}

  /** Appends the line of an address that has no translation. */
  static void append(StringBuilder out, long va, Absence absence) {
    hex(out, va);
    out.append('\t').append(absence.text).append("\t-\t-\t-\n");
  }

  /**
   * Appends the line of a translation.
   *
   * @param leaf the leaf entry as it stands in memory
   * @param rights R/W and U/S ANDed and XD ORed over the levels
   */
  static void append(StringBuilder out, long va, long pa, PageSize size, long leaf, long rights) {
    hex(out, va);
    out.append('\t');
    hex(out, pa);
    out.append('\t');
    hex(out, size.bytes());
    out.append('\t').append(flags(leaf, size)).append('\t').append(effective(rights)).append('\n');
  }

  /** Nine letters for the bits of a leaf. Bit 7 of a leaf of 4 KiB is PAT and has no letter. */
  static String flags(long leaf, PageSize size) {
    long shown = size == PageSize.SIZE_4K ? leaf & ~Pte.PAGE_SIZE : leaf;
    char[] letters = new char[LETTER_BITS.length];
    for (int i = 0; i < letters.length; i++) {
      letters[i] = (shown & LETTER_BITS[i]) != 0 ? LETTERS.charAt(i) : '-';
    }
    return new String(letters);
  }

  /** Whose page it is, u or s, and then r, w and x: the rights of the whole walk. */
  static String effective(long rights) {
    return ((rights & Pte.USER) != 0 ? "u" : "s")
        + "r"
        + ((rights & Pte.WRITABLE) != 0 ? "w" : "-")
        + ((rights & Pte.EXECUTE_DISABLE) != 0 ? "-" : "x");
  }

  private static void hex(StringBuilder out, long value) {
    out.append("0x");
    int shift = Math.max(0, (63 - Long.numberOfLeadingZeros(value)) & ~3);
    for (; shift >= 0; shift -= 4) {
      out.append(DIGITS[(int) (value >>> shift) & 0xf]);
    }
  }
}
