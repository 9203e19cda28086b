package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import java.util.List;

/**
 * One level: one or more structures that are looked up in parallel.
 *
 * @param name {@code l1i}, {@code l1d} or {@code stlb}
 * @param latencyCycles cycles that a look-up of the level takes, 0 or more
 * @param structures the structures; where several hold a page size for the same kind of access, a
 *     page's number chooses one of them; at most one of them predicts sizes for a kind of access,
 *     and one that coalesces is the only one for 4 KiB pages
 */
public record TlbLevelConfig(String name, int latencyCycles, List<TlbStructureConfig> structures) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if there is no structure, the latency is negative, or it is
   *     not so
   */
  public TlbLevelConfig {
    structures = List.copyOf(structures);
    if (structures.isEmpty()) {
      throw new IllegalArgumentException("a level needs at least one structure");
    }
    if (latencyCycles < 0) {
      throw new IllegalArgumentException("latencyCycles must be 0 or more");
    }
    for (AccessKind kind : AccessKind.values()) {
      List<TlbStructureConfig> serving =
          structures.stream().filter(s -> s.accesses().contains(kind)).toList();
      long small = serving.stream().filter(s -> s.pageSizes().contains(PageSize.SIZE_4K)).count();
      if (small > 1 && serving.stream().anyMatch(s -> s.coalescedPages() > 1)) {
        throw new IllegalArgumentException(
            "coalescedPages goes with one structure for 4K pages alone; here are " + small);
      }
      if (serving.stream().filter(s -> s.sizePrediction() != null).count() > 1) {
        throw new IllegalArgumentException(
            "sizePrediction goes with one structure of a level; here are several");
      }
    }
  }

  /** Whether some entries can cover several pages. */
  public boolean coalesces() {
    return structures.stream().anyMatch(s -> s.coalescedPages() > 1);
  }

  /** Whether page sizes are predicted. */
  public boolean predictsSizes() {
    return structures.stream().anyMatch(s -> s.sizePrediction() != null);
  }
}
