package io.lookaside.traces;

/**
 * References without those that repeat the page of the one before on their side, and what is left
 * of the repetitions: numbers. {@link Compactor} fills it; its parts say what is exact about that.
 *
 * <p>A side is what a first-level TLB serves: fetches are one, loads and stores the other.
 */
public final class CompactBatch {
  /** The references that were kept, called records, of one address space. */
  public final ReferenceBatch records = new ReferenceBatch();

  /** By record: how many references to its last page were left out. */
  public final int[] repeats = new int[ReferenceBatch.CAPACITY];

  /**
   * By record: how often, from it up to the next record, the references went from one side to the
   * other. References to addresses that are not canonical are on no side.
   */
  public final int[] switches = new int[ReferenceBatch.CAPACITY];

  final long[] leftOut = new long[3];
  long leftOutAddressSum;

  /** How many references of a kind were left out. */
  public long leftOut(int kind) {
    return leftOut[kind];
  }

  /** All references, those left out included. */
  public long references() {
    return records.count() + leftOut[0] + leftOut[1] + leftOut[2];
  }

  /** The sum modulo 2^64 of the addresses of the references that were left out. */
  public long leftOutAddressSum() {
    return leftOutAddressSum;
  }
}
