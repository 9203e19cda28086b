package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import org.jspecify.annotations.Nullable;

/**
 * The paging structures of a mode as a table of levels, numbered from 0 for the page table upwards.
 * The PDPTEs of PAE paging are registers and no level here.
 *
 * <p>Source: Intel SDM Vol. 3A, "Hierarchical Paging Structures: an Overview" and the tables of
 * entry formats in "32-Bit Paging", "PAE Paging", "4-Level Paging and 5-Level Paging".
 */
public final class PagingFormat {
  private static final int ENTRY_SHIFT_32 = 2;
  private static final int INDEX_MASK_32 = 0x3ff;
  private static final int ENTRY_SHIFT_64 = 3;
  private static final int INDEX_MASK_64 = 0x1ff;

  private static final String[] NAMES = {"PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

  /** The most levels that a mode has. */
  public static final int MAX_LEVELS = NAMES.length;

  private final PagingMode mode;
  private final PagingLevel[] levels;

  private PagingFormat(PagingMode mode, PagingLevel... levels) {
    this.mode = mode;
    this.levels = levels;
  }

  /** The structures that control registers select on a processor. */
  public static PagingFormat of(ControlRegisters registers, CpuFeatures features) {
    return of(
        registers.mode(),
        Cr4.pageSizeExtensions(registers.cr4()),
        Efer.noExecuteEnabled(registers.efer()),
        features);
  }

  /**
   * The structures of a mode.
   *
   * @param pageSizeExtensions CR4.PSE, which counts in 32-bit paging alone
   * @param noExecuteEnabled EFER.NXE: XD counts, else it is reserved
   */
  public static PagingFormat of(
      PagingMode mode, boolean pageSizeExtensions, boolean noExecuteEnabled, CpuFeatures features) {
    int bits = features.physicalAddressBits();
    return switch (mode) {
      case NONE -> new PagingFormat(mode);
      case BITS_32 -> bits32(pageSizeExtensions, bits);
      case PAE ->
          new PagingFormat(
              mode,
              pae(0, PageSize.SIZE_4K, bits, noExecuteEnabled),
              pae(1, PageSize.SIZE_2M, bits, noExecuteEnabled));
      case FOUR_LEVEL, FIVE_LEVEL -> longMode(mode, features, noExecuteEnabled);
    };
  }

  private static PagingFormat bits32(boolean pageSizeExtensions, int physicalAddressBits) {
    PageSize large = pageSizeExtensions ? PageSize.SIZE_4M : null;
    return new PagingFormat(
        PagingMode.BITS_32,
        new PagingLevel(
            NAMES[0], 12, INDEX_MASK_32, ENTRY_SHIFT_32, PageSize.SIZE_4K, Pte.PRESENT, 0, 0),
        new PagingLevel(
            NAMES[1],
            22,
            INDEX_MASK_32,
            ENTRY_SHIFT_32,
            large,
            large == null ? 0 : Pte.PAGE_SIZE,
            0,
            Pte.reservedBitsOf4M(physicalAddressBits)));
  }

  private static PagingLevel pae(
      int level, PageSize leaf, int physicalAddressBits, boolean noExecuteEnabled) {
    return level64(
        level,
        leaf,
        Pte.reservedBitsInPae(null, physicalAddressBits, noExecuteEnabled),
        Pte.reservedBitsInPae(leaf, physicalAddressBits, noExecuteEnabled));
  }

  private static PagingFormat longMode(
      PagingMode mode, CpuFeatures features, boolean noExecuteEnabled) {
    @Nullable PageSize[] leaves = {
      PageSize.SIZE_4K,
      PageSize.SIZE_2M,
      features.gigabytePages() ? PageSize.SIZE_1G : null,
      null,
      null
    };
    PagingLevel[] levels = new PagingLevel[mode == PagingMode.FIVE_LEVEL ? 5 : 4];
    for (int i = 0; i < levels.length; i++) {
      PageSize leaf = leaves[i];
      int bits = features.physicalAddressBits();
      levels[i] =
          level64(
              i,
              leaf,
              Pte.reservedBits(null, leaf == null, bits, noExecuteEnabled),
              Pte.reservedBits(leaf, false, bits, noExecuteEnabled));
    }
    return new PagingFormat(mode, levels);
  }

  private static PagingLevel level64(
      int level, @Nullable PageSize leaf, long reservedInTable, long reservedInLeaf) {
    long leafBit = leaf == null ? 0 : level == 0 ? Pte.PRESENT : Pte.PAGE_SIZE;
    return new PagingLevel(
        NAMES[level],
        12 + 9 * level,
        INDEX_MASK_64,
        ENTRY_SHIFT_64,
        leaf,
        leafBit,
        reservedInTable,
        reservedInLeaf);
  }

  public PagingMode mode() {
    return mode;
  }

  /** The number of the level that a walk from CR3, or from a PDPTE register, begins at. */
  public int top() {
    return levels.length - 1;
  }

  /** A level, 0 for the page table up to {@link #top}. */
  public PagingLevel level(int number) {
    return levels[number];
  }
}
