package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.format.PageSize;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * One set-associative structure.
 *
 * @param name its name in results, for example {@code l1d-2m}
 * @param pageSizes the sizes of entries; a larger page enters as the largest piece that fits
 * @param accesses the kinds of access that look here
 */
public record TlbStructureConfig(
    String name, Geometry geometry, Set<PageSize> pageSizes, Set<AccessKind> accesses) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if a set is empty
   */
  public TlbStructureConfig {
    if (pageSizes.isEmpty() || accesses.isEmpty()) {
      throw new IllegalArgumentException("page sizes and accesses must not be empty");
    }
    // Copied into sets that iterate in the order of the enum, so that results do not vary.
    pageSizes = Collections.unmodifiableSet(EnumSet.copyOf(pageSizes));
    accesses = Collections.unmodifiableSet(EnumSet.copyOf(accesses));
  }
}
