package io.lookaside.pagewalker;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import org.jspecify.annotations.Nullable;

/**
 * What distinguishes one level of the paging structures from another: the walker's loop reads a
 * table of these and has no branch for any level.
 *
 * <p>Source: Intel SDM Vol. 3A, "4-Level Paging and 5-Level Paging".
 */
final class PagingLevel {
  /** The lowest bit of the address field that selects an entry of this level. */
  final int shift;

  /** The size of the page that a leaf of this level maps, or {@code null} if it has no leaves. */
  final @Nullable PageSize leafSize;

  /** The bits of which one set makes an entry a leaf; for the last level, P itself. */
  final long leafBit;

  /** Reserved bits of an entry that points to a table, besides XD without EFER.NXE. */
  final long reservedInTable;

  /** Reserved bits of a leaf, besides XD without EFER.NXE. */
  final long reservedInLeaf;

  private PagingLevel(int shift, @Nullable PageSize leafSize, int physicalAddressBits) {
    this.shift = shift;
    this.leafSize = leafSize;
    boolean last = leafSize == PageSize.SIZE_4K;
    this.leafBit = leafSize == null ? 0 : last ? Pte.PRESENT : Pte.PAGE_SIZE;
    this.reservedInTable = Pte.reservedBits(null, leafSize == null, physicalAddressBits, true);
    this.reservedInLeaf = Pte.reservedBits(leafSize, false, physicalAddressBits, true);
  }

  /** The levels of 4-level paging, PML4 first. */
  static PagingLevel[] fourLevels(int physicalAddressBits) {
    return new PagingLevel[] {
      new PagingLevel(39, null, physicalAddressBits),
      new PagingLevel(30, PageSize.SIZE_1G, physicalAddressBits),
      new PagingLevel(21, PageSize.SIZE_2M, physicalAddressBits),
      new PagingLevel(12, PageSize.SIZE_4K, physicalAddressBits)
    };
  }
}
