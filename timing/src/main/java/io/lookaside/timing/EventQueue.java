package io.lookaside.timing;

import java.util.Arrays;

/**
 * Events in order of their cycles; those of one cycle in order of their numbers.
 *
 * <p>Most events come soon after the one before: those of the next cycles have a list for each
 * cycle, and a bit that says whether it is empty. The others are in a heap.
 */
final class EventQueue {
  private static final int RING_SHIFT = 12;
  private static final int RING = 1 << RING_SHIFT;
  private static final int RING_MASK = RING - 1;
  private static final int NONE = -1;

  /** By cycle modulo the length of the ring: the first event of that cycle, or {@link #NONE}. */
  private final int[] firstOf = new int[RING];

  /** By cycle modulo the length of the ring, a bit: whether it has an event. */
  private final long[] occupied = new long[RING / Long.SIZE];

  /** By word of {@link #occupied}, a bit: whether it is not 0. */
  private long occupiedWords;

  // By event in the ring: its number, and the next of its cycle; of a free place the next free one.
  private long[] numberOf = new long[64];
  private int[] nextOf = new int[64];
  private int free;

  /** The ring holds events of this cycle and later ones, as many as it is long. */
  private long floor;

  /** The cycle of the first event in the ring, or {@link Long#MAX_VALUE}. */
  private long firstInRing = Long.MAX_VALUE;

  // The heap: those outside the ring.
  private long[] cycles = new long[64];
  private long[] numbers = new long[64];
  private int size;

  /** The cycle of the first event of all, or {@link Long#MAX_VALUE}. */
  private long firstCycle = Long.MAX_VALUE;

  EventQueue() {
    Arrays.fill(firstOf, NONE);
    chainFree(0);
  }

  boolean isEmpty() {
    return firstCycle == Long.MAX_VALUE;
  }

  /** The cycle of the first event, or {@link Long#MAX_VALUE} if there is none. */
  long firstCycle() {
    return firstCycle;
  }

  void add(long cycle, long number) {
    firstCycle = Math.min(firstCycle, cycle);
    if (firstInRing == Long.MAX_VALUE) {
      floor = cycle;
    }
    if (cycle - floor < 0 || cycle - floor >= RING) {
      addToHeap(cycle, number);
      return;
    }
    firstInRing = Math.min(firstInRing, cycle);
    if (free == NONE) {
      int places = numberOf.length;
      numberOf = Arrays.copyOf(numberOf, 2 * places);
      nextOf = Arrays.copyOf(nextOf, 2 * places);
      chainFree(places);
    }
    int event = free;
    free = nextOf[event];
    numberOf[event] = number;
    int place = (int) cycle & RING_MASK;
    int next = firstOf[place];
    if (next == NONE) {
      int word = place / Long.SIZE;
      occupied[word] |= 1L << place;
      occupiedWords |= 1L << word;
    }
    if (next == NONE || number < numberOf[next]) {
      firstOf[place] = event;
    } else {
      int before = next;
      next = nextOf[before];
      while (next != NONE && numberOf[next] < number) {
        before = next;
        next = nextOf[before];
      }
      nextOf[before] = event;
    }
    nextOf[event] = next;
  }

  /** Takes the first event out; returns its number. */
  long removeFirst() {
    if (size > 0 && cycles[0] == firstCycle) {
      boolean alone = firstInRing != firstCycle;
      if (alone || numbers[0] < numberOf[firstOf[(int) firstCycle & RING_MASK]]) {
        long number = numbers[0];
        removeFromHeap();
        firstCycle = size == 0 ? firstInRing : Math.min(firstInRing, cycles[0]);
        return number;
      }
    }
    int place = (int) firstInRing & RING_MASK;
    int event = firstOf[place];
    int next = nextOf[event];
    firstOf[place] = next;
    nextOf[event] = free;
    free = event;
    floor = firstInRing;
    if (next == NONE) {
      int word = place / Long.SIZE;
      occupied[word] &= ~(1L << place);
      if (occupied[word] == 0) {
        occupiedWords &= ~(1L << word);
      }
      firstInRing = occupiedWords == 0 ? Long.MAX_VALUE : floor + distanceFrom(place);
      firstCycle = size == 0 ? firstInRing : Math.min(firstInRing, cycles[0]);
    }
    return numberOf[event];
  }

  /** Cycles from that of a place to the next that has an event; there is one. */
  private int distanceFrom(int place) {
    int word = place / Long.SIZE;
    long later = occupied[word] >>> place;
    if (later != 0) {
      return Long.numberOfTrailingZeros(later);
    }
    // Words from the next one on, around the ring to the early part of this one.
    int words = Long.numberOfTrailingZeros(Long.rotateRight(occupiedWords, word + 1));
    int found = (word + 1 + words) & (Long.SIZE - 1);
    int to = found * Long.SIZE + Long.numberOfTrailingZeros(occupied[found]);
    return (to - place) & RING_MASK;
  }

  private void chainFree(int from) {
    for (int i = from; i < nextOf.length; i++) {
      nextOf[i] = i + 1 == nextOf.length ? NONE : i + 1;
    }
    free = from;
  }

  private void addToHeap(long cycle, long number) {
    if (size == cycles.length) {
      cycles = Arrays.copyOf(cycles, 2 * size);
      numbers = Arrays.copyOf(numbers, 2 * size);
    }
    int i = size++;
    while (i > 0) {
      int parent = (i - 1) >>> 1;
      if (!before(cycle, number, parent)) {
        break;
      }
      cycles[i] = cycles[parent];
      numbers[i] = numbers[parent];
      i = parent;
    }
    cycles[i] = cycle;
    numbers[i] = number;
  }

  private void removeFromHeap() {
    int n = --size;
    long cycle = cycles[n];
    long number = numbers[n];
    int i = 0;
    while (true) {
      int child = 2 * i + 1;
      if (child >= n) {
        break;
      }
      if (child + 1 < n && before(cycles[child + 1], numbers[child + 1], child)) {
        child++;
      }
      if (before(cycle, number, child)) {
        break;
      }
      cycles[i] = cycles[child];
      numbers[i] = numbers[child];
      i = child;
    }
    cycles[i] = cycle;
    numbers[i] = number;
  }

  private boolean before(long cycle, long number, int i) {
    return cycle < cycles[i] || (cycle == cycles[i] && number < numbers[i]);
  }
}
