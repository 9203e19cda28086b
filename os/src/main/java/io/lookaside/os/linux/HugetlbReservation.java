package io.lookaside.os.linux;

import java.util.BitSet;

/** Pages of the hugetlb pool that a private mapping set aside and has not yet taken. */
final class HugetlbReservation {
  /** The first index of the mapping, in pages of 4 KiB. */
  final long firstIndex;

  private final int shift;
  private final BitSet waiting = new BitSet();

  HugetlbReservation(long firstIndex, int shift, int pages) {
    this.firstIndex = firstIndex;
    this.shift = shift;
    waiting.set(0, pages);
  }

  private int number(long index) {
    return (int) ((index - firstIndex) >>> (shift - PhysicalPages.PAGE_SHIFT));
  }

  /** Takes the page that was set aside for an index; {@code false} if it was taken before. */
  boolean take(long index) {
    int number = number(index);
    boolean was = waiting.get(number);
    waiting.clear(number);
    return was;
  }

  /** Takes what was set aside for a range of indices; returns how many there were. */
  int takeAll(long from, long to) {
    int taken = 0;
    for (int n = number(from); n < number(to); n++) {
      if (waiting.get(n)) {
        waiting.clear(n);
        taken++;
      }
    }
    return taken;
  }
}
