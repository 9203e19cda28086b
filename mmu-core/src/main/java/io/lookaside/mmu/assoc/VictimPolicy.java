package io.lookaside.mmu.assoc;

import java.util.Objects;

/**
 * A policy that uses an invalid way where there is one, and else names a victim: what a policy
 * written outside this project extends.
 */
public abstract class VictimPolicy extends ReplacementPolicy {
  private final int ways;

  /**
   * A policy for sets of this many ways.
   *
   * @param ways entries in a set, at least 1
   */
  protected VictimPolicy(int ways) {
    this.ways = ways;
  }

  @Override
  final int place(AssociativeArray array, int set) {
    int way = array.invalidWay(set);
    if (way < 0) {
      way = Objects.checkIndex(victim(set), ways);
    }
    placed(set, way);
    return way;
  }

  /** The way to evict from a full set, 0 to ways - 1. */
  protected abstract int victim(int set);

  /** Notes that a new entry stands in {@code way}. */
  protected abstract void placed(int set, int way);
}
