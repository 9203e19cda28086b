package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.format.PageSize;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One set-associative structure.
 *
 * @param name its name in results, for example {@code l1d-2m}
 * @param pageSizes the sizes of entries; a larger page enters as the largest piece that fits
 * @param accesses the kinds of access that look here
 * @param coalescedPages the pages of 4 KiB that one entry can cover, where they are an aligned
 *     group mapped alike to an aligned group of frames: 2, 4 or 8; 1 if an entry covers one
 * @param sizePrediction how one size after the other is looked up, or {@code null} where all are at
 *     once
 */
public record TlbStructureConfig(
    String name,
    Geometry geometry,
    Set<PageSize> pageSizes,
    Set<AccessKind> accesses,
    int coalescedPages,
    @Nullable SizePredictionConfig sizePrediction) {
  /** The most pages that one entry can cover: a line of a page table. */
  public static final int MOST_COALESCED_PAGES = 8;

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if a set is empty, or the coalesced pages or the prediction do
   *     not go with the page sizes
   */
  public TlbStructureConfig {
    if (pageSizes.isEmpty() || accesses.isEmpty()) {
      throw new IllegalArgumentException("page sizes and accesses must not be empty");
    }
    // Copied into sets that iterate in the order of the enum, so that results do not vary.
    pageSizes = Collections.unmodifiableSet(EnumSet.copyOf(pageSizes));
    accesses = Collections.unmodifiableSet(EnumSet.copyOf(accesses));
    if (coalescedPages < 1
        || coalescedPages > MOST_COALESCED_PAGES
        || Integer.bitCount(coalescedPages) != 1) {
      throw new IllegalArgumentException("coalescedPages must be 1, 2, 4 or 8");
    }
    if (coalescedPages > 1 && !pageSizes.contains(PageSize.SIZE_4K)) {
      throw new IllegalArgumentException("coalescedPages needs entries of 4K pages");
    }
    if (sizePrediction != null && pageSizes.size() == 1) {
      throw new IllegalArgumentException("sizePrediction needs entries of several page sizes");
    }
  }

  /** A structure whose entries cover one page each, and whose sizes are looked up at once. */
  public TlbStructureConfig(
      String name, Geometry geometry, Set<PageSize> pageSizes, Set<AccessKind> accesses) {
    this(name, geometry, pageSizes, accesses, 1, null);
  }
}
