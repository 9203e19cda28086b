package io.lookaside.traces;

import java.util.Arrays;

/**
 * References without those that repeat the page of the one before on their side, and what is left
 * of the repetitions: numbers. {@link Compactor} fills it; its parts say what is exact about that.
 *
 * <p>A side is what a first-level TLB serves: fetches are one, loads and stores the other.
 */
public final class CompactBatch {
  /*
   * Most often a tenth of the references is kept or less, and many such batches are in memory: they
   * have the room that they needed so far, up to that of a batch of references.
   */

  private static final int FIRST_ROOM = 256;

  /**
   * The references that were kept, called records, of one address space. Another one once there is
   * more room.
   */
  public ReferenceBatch records = new ReferenceBatch(FIRST_ROOM);

  /** By record: how many references to its last page were left out. */
  public int[] repeats = new int[FIRST_ROOM];

  /**
   * By record: how often, from it up to the next record, the references went from one side to the
   * other. References to addresses that are not canonical are on no side.
   */
  public int[] switches = new int[FIRST_ROOM];

  final long[] leftOut = new long[3];
  long leftOutAddressSum;

  /** Makes room for so many records in all; keeps those that there are. */
  void reserve(int count) {
    int room = repeats.length;
    if (count <= room) {
      return;
    }
    while (room < count) {
      room *= 2;
    }
    ReferenceBatch larger = new ReferenceBatch(room);
    larger.copy(records, 0, records.count());
    records = larger;
    repeats = Arrays.copyOf(repeats, room);
    switches = Arrays.copyOf(switches, room);
  }

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
