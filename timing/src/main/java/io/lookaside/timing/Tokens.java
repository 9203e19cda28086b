package io.lookaside.timing;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * A number of equal things, such as miss registers or page walkers, and the slots that wait for
 * one, first come, first served.
 */
final class Tokens {
  /** No token, or nobody waiting. */
  static final int NONE = -1;

  private final int[] free;
  private int freeCount;
  private int[] nextWaiting;
  private int firstWaiting = NONE;
  private int lastWaiting = NONE;

  /**
   * All of them free.
   *
   * @param slots how many different slots may wait, about
   */
  Tokens(int count, int slots) {
    free = new int[count];
    for (int i = 0; i < count; i++) {
      free[i] = count - 1 - i; // so that 0 is taken first
    }
    freeCount = count;
    nextWaiting = new int[slots];
  }

  /**
   * Gives those that wait other slots.
   *
   * @param slots as in the constructor
   */
  void renumber(int slots, IntUnaryOperator newSlot) {
    int[] next = new int[Math.max(slots, nextWaiting.length)];
    int last = NONE;
    for (int slot = firstWaiting; slot != NONE; slot = nextWaiting[slot]) {
      int renumbered = newSlot.applyAsInt(slot);
      if (renumbered >= next.length) {
        next = Arrays.copyOf(next, 2 * renumbered);
      }
      next[renumbered] = NONE;
      if (last == NONE) {
        firstWaiting = renumbered;
      } else {
        next[last] = renumbered;
      }
      last = renumbered;
    }
    lastWaiting = last;
    nextWaiting = next;
  }

  /** Takes a token; returns its number, or {@link #NONE} and lets the slot wait. */
  int take(int slot) {
    if (freeCount > 0) {
      return free[--freeCount];
    }
    if (slot >= nextWaiting.length) {
      nextWaiting = Arrays.copyOf(nextWaiting, 2 * slot);
    }
    nextWaiting[slot] = NONE;
    if (lastWaiting == NONE) {
      firstWaiting = slot;
    } else {
      nextWaiting[lastWaiting] = slot;
    }
    lastWaiting = slot;
    return NONE;
  }

  /** Gives a token back; returns the slot that has it now, or {@link #NONE}. */
  int give(int token) {
    int slot = firstWaiting;
    if (slot == NONE) {
      free[freeCount++] = token;
      return NONE;
    }
    firstWaiting = nextWaiting[slot];
    if (firstWaiting == NONE) {
      lastWaiting = NONE;
    }
    return slot;
  }
}
