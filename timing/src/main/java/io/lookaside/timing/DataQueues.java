package io.lookaside.timing;

import io.lookaside.mmu.AccessKind;

/**
 * The load queue and the store queue: a load or store has an entry from entering to retiring, and
 * both come in order. Entries are told apart by arithmetic, since no host foretells whether a
 * program loads or stores next.
 */
final class DataQueues {
  private static final int KINDS = 2;

  // By kind, of those of AccessKind that are data.
  private final int[] entries = new int[KINDS];
  private final long[] entered = new long[KINDS];
  private final long[] retired = new long[KINDS];

  /** By kind and number modulo a power of two: when the last loads and stores retired. */
  private final long[] retiredIn;

  private final int ringShift;

  DataQueues(CoreConfig config) {
    entries[AccessKind.LOAD.ordinal()] = config.loadQueueEntries();
    entries[AccessKind.STORE.ordinal()] = config.storeQueueEntries();
    int most = Math.max(2, Math.max(config.loadQueueEntries(), config.storeQueueEntries()));
    ringShift = Integer.SIZE - Integer.numberOfLeadingZeros(most - 1);
    retiredIn = new long[KINDS << ringShift];
  }

  /** Whether references of a kind take an entry. */
  static boolean take(int kind) {
    return (kind & -KINDS) == 0;
  }

  /** The number of entries of both. */
  int size() {
    return entries[0] + entries[1];
  }

  /** Whether the next load or store needs the entry of one that is not known to have retired. */
  boolean isFull(int kind) {
    return retired[kind] <= entered[kind] - entries[kind];
  }

  /** When the entry is free that the next load or store takes, where the queue is not full. */
  long freeFrom(int kind) {
    // What has not been used of a ring is 0 and makes nobody wait.
    return retiredIn[place(kind, entered[kind] - entries[kind])];
  }

  void enter(int kind) {
    entered[kind]++;
  }

  /** The oldest load or store retires. */
  void retire(int kind, long cycle) {
    retiredIn[place(kind, retired[kind]++)] = cycle;
  }

  // For who lets many enter and retire in one loop, while none is under way: all of it in words,
  // with the number for loads in the low half and that for stores in the high one.

  /**
   * Copies when those of a kind retired whose entries the next ones take, in order and counted from
   * a cycle before which nothing enters.
   */
  void copyRetired(int kind, int[] to, int at, long start) {
    int count = entries[kind];
    long first = entered[kind] - count;
    for (int i = 0; i < count; i++) {
      to[at + i] = PassingData.fromStart(retiredIn[place(kind, first + i)], start);
    }
  }

  /** Of a kind those enter and retire whose retirements are from one place to another. */
  void passed(int kind, int[] retirements, int from, int to, long start) {
    for (int i = Math.max(from, to - (1 << ringShift)); i < to; i++) {
      retiredIn[place(kind, entered[kind] + i - from)] = start + retirements[i];
    }
    entered[kind] += to - from;
    retired[kind] += to - from;
  }

  /** Where in each ring the next is, see {@link #ring}. */
  long nextPlaces() {
    return inHalves((int) entered[0] & ringMask(), (int) entered[1] & ringMask());
  }

  /** How many entries there are. */
  long sizes() {
    return inHalves(entries[0], entries[1]);
  }

  private static long inHalves(int loads, int stores) {
    return (long) stores << Integer.SIZE | loads;
  }

  /** When the last loads retired, by their number modulo a power of two; then the stores. */
  long[] ring() {
    return retiredIn;
  }

  /** Binary logarithm of the length of either part of {@link #ring}. */
  int ringShift() {
    return ringShift;
  }

  private int ringMask() {
    return (1 << ringShift) - 1;
  }

  /** So many entered and retired, from {@link #nextPlaces} to the same after. */
  void passed(long before, long after) {
    long loads = (after - before) & 0xffff_ffffL;
    long stores = (after - before) >>> Integer.SIZE;
    entered[0] += loads;
    entered[1] += stores;
    retired[0] += loads;
    retired[1] += stores;
  }

  private int place(int kind, long number) {
    return (kind << ringShift) + ((int) number & ringMask());
  }
}
