package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import java.util.List;

/**
 * One level: one or more structures that are looked up in parallel.
 *
 * @param name {@code l1i}, {@code l1d} or {@code stlb}
 * @param latencyCycles cycles that a look-up of the level takes, 0 or more
 * @param structures the structures; a page size and kind of access is held by at most one of them
 */
public record TlbLevelConfig(String name, int latencyCycles, List<TlbStructureConfig> structures) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if two structures hold the same, or the latency is negative
   */
  public TlbLevelConfig {
    structures = List.copyOf(structures);
    if (structures.isEmpty()) {
      throw new IllegalArgumentException("a level needs at least one structure");
    }
    if (latencyCycles < 0) {
      throw new IllegalArgumentException("latencyCycles must be 0 or more");
    }
    for (PageSize size : PageSize.values()) {
      for (AccessKind kind : AccessKind.values()) {
        long holders =
            structures.stream()
                .filter(s -> s.pageSizes().contains(size) && s.accesses().contains(kind))
                .count();
        if (holders > 1) {
          throw new IllegalArgumentException(
              "two structures hold pages of " + size.label() + " for the same kind of access");
        }
      }
    }
  }
}
