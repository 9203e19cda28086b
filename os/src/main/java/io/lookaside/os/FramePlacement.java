package io.lookaside.os;

/**
 * How page frames are chosen for data.
 *
 * @param kind the rule
 * @param fragmentation for {@link Kind#FRAGMENTED} the probability, 0 to 1, else 0
 */
public record FramePlacement(Kind kind, double fragmentation) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if the probability is none, or has no meaning for the rule
   */
  public FramePlacement {
    boolean probability = fragmentation >= 0 && fragmentation <= 1;
    if (!probability || (kind != Kind.FRAGMENTED && fragmentation != 0)) {
      throw new IllegalArgumentException("fragmentation " + fragmentation + " for " + kind);
    }
  }

  /** The rules there are. */
  public enum Kind {
    /** Frames in ascending order without gaps. */
    CONTIGUOUS,
    /** Frames in a seeded random order. */
    SCATTERED,
    /**
     * Ascending frames, each with probability P preceded by one that is in use; a block that a
     * large page would need is broken with probability P, and its pages are then smaller ones.
     */
    FRAGMENTED
  }

  /** Frames in ascending order. */
  public static final FramePlacement CONTIGUOUS = new FramePlacement(Kind.CONTIGUOUS, 0);

  /** Frames in a seeded random order. */
  public static final FramePlacement SCATTERED = new FramePlacement(Kind.SCATTERED, 0);

  private static final String EXPECTED =
      "expected contiguous, scattered or fragmented:P with P from 0 to 1, for example"
          + " fragmented:0.25, or a percentage as in fragmented:25%";

  /**
   * Reads what a user wrote: {@code contiguous}, {@code scattered}, {@code fragmented:0.25} or
   * {@code fragmented:25%}.
   *
   * @throws IllegalArgumentException with a message for the user
   */
  public static FramePlacement parse(String text) {
    if (text.equals("contiguous")) {
      return CONTIGUOUS;
    }
    if (text.equals("scattered")) {
      return SCATTERED;
    }
    String prefix = "fragmented:";
    if (!text.startsWith(prefix)) {
      throw new IllegalArgumentException("unknown placement '" + text + "'; " + EXPECTED);
    }
    String number = text.substring(prefix.length());
    boolean percent = number.endsWith("%");
    String digits = percent ? number.substring(0, number.length() - 1) : number;
    if (digits.matches("\\d{1,9}(\\.\\d{0,17})?|\\.\\d{1,17}")) {
      double p = Double.parseDouble(digits) / (percent ? 100 : 1);
      if (p <= 1) {
        return new FramePlacement(Kind.FRAGMENTED, p);
      }
    }
    throw new IllegalArgumentException("'" + number + "' is not a probability; " + EXPECTED);
  }

  /** What {@link #parse} reads. */
  @Override
  public String toString() {
    return switch (kind) {
      case CONTIGUOUS -> "contiguous";
      case SCATTERED -> "scattered";
      case FRAGMENTED -> "fragmented:" + fragmentation;
    };
  }
}
