package io.lookaside.mmu.segment;

/**
 * What segmentation yields, in one {@code long}: a linear address, or a fault. A load of a segment
 * register that succeeds yields 0.
 *
 * <p>A fault is a fault word of {@link io.lookaside.mmu.format.Translation} with bit 62 set and bit
 * 63 clear, as no linear address has them: it would not be canonical.
 *
 * <pre>
 *  fault  63:62   01
 *         47:16   error code
 *         15:8    vector, an ExceptionVector
 *         1       1
 * </pre>
 */
public final class SegmentOutcome {
  /** The outcome of a load that succeeded. */
  public static final long OK = 0;

  private static final long FAULT = 1L << 62;
  private static final int TAG_SHIFT = 62;

  private SegmentOutcome() {}

  /** A fault, made of a fault word of {@link io.lookaside.mmu.format.Translation}. */
  static long ofFault(long translationFault) {
    return FAULT | translationFault;
  }

  /** Whether this is a fault and not a linear address. */
  public static boolean isFault(long outcome) {
    return outcome >>> TAG_SHIFT == 1;
  }

  /**
   * A fault as a word of {@link io.lookaside.mmu.format.Translation}: its vector and error code.
   */
  public static long fault(long outcome) {
    return outcome & ~FAULT;
  }
}
