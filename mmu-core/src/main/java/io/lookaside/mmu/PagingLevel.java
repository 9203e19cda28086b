package io.lookaside.mmu;

import io.lookaside.mmu.format.PageSize;
import org.jspecify.annotations.Nullable;

/**
 * What distinguishes one level of the paging structures from another: walkers read a table of these
 * and have no branch for any level or mode.
 *
 * @param name the name of an entry: PTE, PDE, PDPTE, PML4E or PML5E
 * @param shift the lowest bit of the address field that selects an entry
 * @param indexMask the mask of that field, once shifted
 * @param entryShift the binary logarithm of an entry's bytes: 2 or 3
 * @param leafSize the size of the page that a leaf of this level maps, or {@code null} if it has no
 *     leaves
 * @param leafBit the bit whose being set makes an entry a leaf; P itself at the last level, 0 where
 *     there are no leaves
 * @param reservedInTable reserved bits of an entry that points to a table
 * @param reservedInLeaf reserved bits of a leaf
 */
public record PagingLevel(
    String name,
    int shift,
    int indexMask,
    int entryShift,
    @Nullable PageSize leafSize,
    long leafBit,
    long reservedInTable,
    long reservedInLeaf) {

  /** The physical address of the entry that {@code va} selects in a table. */
  public long entryAddress(long table, long va) {
    return table + ((va >>> shift & indexMask) << entryShift);
  }

  /** The bits of an aligned 64-bit word, shifted right as the entry needs, that are the entry. */
  public long entryMask() {
    return -1L >>> (Long.SIZE - (Byte.SIZE << entryShift));
  }

  /** The number of entries of a table. */
  public int entries() {
    return indexMask + 1;
  }

  /** Whether an entry that is present maps a page. */
  public boolean isLeaf(long entry) {
    return (entry & leafBit) != 0;
  }

  /** The bits of a present entry that must be zero. */
  public long reserved(long entry) {
    return isLeaf(entry) ? reservedInLeaf : reservedInTable;
  }
}
