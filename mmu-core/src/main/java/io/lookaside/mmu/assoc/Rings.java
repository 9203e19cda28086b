package io.lookaside.mmu.assoc;

/**
 * The entries of sets in the order of their use: a ring for each set, doubly linked by the numbers
 * of entries, in which the back stands before the front. Who has them keeps the fronts.
 */
final class Rings {
  private Rings() {}

  /** Links the entries of every set in ascending order. */
  static void link(int[] next, int[] previous, int ways) {
    for (int i = 0; i < next.length; i++) {
      int first = i - i % ways;
      next[i] = first + (i - first + 1) % ways;
      previous[i] = first + (i - first + ways - 1) % ways;
    }
  }

  /**
   * Moves an entry before the front of its set, from where its owner makes it the front, or leaves
   * it as the back. The place before the front is the back, so what is there need not move.
   *
   * @param i an entry, not the front
   */
  static void moveBeforeFront(int[] next, int[] previous, int i, int front) {
    int back = previous[front];
    if (back == i) {
      return;
    }
    int n = next[i];
    int p = previous[i];
    next[p] = n;
    previous[n] = p;
    next[back] = i;
    previous[i] = back;
    next[i] = front;
    previous[front] = i;
  }
}
