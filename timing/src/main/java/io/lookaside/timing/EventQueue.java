package io.lookaside.timing;

import java.util.Arrays;

/** Events in order of their cycles; those of one cycle in order of their numbers. */
final class EventQueue {
  private long[] cycles = new long[64];
  private long[] numbers = new long[64];
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  /** The cycle of the first event, or {@link Long#MAX_VALUE} if there is none. */
  long firstCycle() {
    return size == 0 ? Long.MAX_VALUE : cycles[0];
  }

  long firstNumber() {
    return numbers[0];
  }

  void add(long cycle, long number) {
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

  void removeFirst() {
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
