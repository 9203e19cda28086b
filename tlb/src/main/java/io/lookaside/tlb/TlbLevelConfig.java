package io.lookaside.tlb;

import java.util.List;

/**
 * One level: one or more structures that are looked up in parallel.
 *
 * @param name {@code l1i}, {@code l1d} or {@code stlb}
 * @param latencyCycles cycles that a look-up of the level takes, 0 or more
 * @param structures the structures; where several hold a page size for the same kind of access, a
 *     page's number chooses one of them
 */
public record TlbLevelConfig(String name, int latencyCycles, List<TlbStructureConfig> structures) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if there is no structure, or the latency is negative
   */
  public TlbLevelConfig {
    structures = List.copyOf(structures);
    if (structures.isEmpty()) {
      throw new IllegalArgumentException("a level needs at least one structure");
    }
    if (latencyCycles < 0) {
      throw new IllegalArgumentException("latencyCycles must be 0 or more");
    }
  }
}
