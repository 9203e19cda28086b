package io.lookaside.mmu.assoc;

/** What a structure does when a set is full: a maker of policies, one for each structure. */
public interface Replacement {
  /** The name in machine files. */
  String label();

  /**
   * Whether neither a hit in the entry that was just entered nor a second hit in a row in one entry
   * changes anything. Replay then counts repetitions without looking them up.
   */
  default boolean fillCountsAsHit() {
    return false;
  }

  /**
   * A policy for a structure of the given shape.
   *
   * @param sets at least 1
   * @param ways at least 1
   * @param seed decides what is left to chance; the same seed must give the same choices
   */
  ReplacementPolicy create(int sets, int ways, long seed);
}
