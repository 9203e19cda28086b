package io.lookaside.mmu.format;

import org.jspecify.annotations.Nullable;

/**
 * A paging-structure entry (PML5E to PTE) as it stands in physical memory: 64 bits, or 32 bits in
 * 32-bit paging, where the bits that both have mean the same. The PDPTEs of PAE paging are {@link
 * Pdpte}.
 *
 * <p>Source: Intel SDM Vol. 3A, "32-Bit Paging", "PAE Paging", "4-Level Paging and 5-Level Paging",
 * the tables "Format of a ... Entry".
 */
public final class Pte {
  /** P: the entry is present; when clear, no other bit counts. */
  public static final long PRESENT = 1L;

  /** R/W: writes are allowed. */
  public static final long WRITABLE = 1L << 1;

  /** U/S: user-mode accesses are allowed. */
  public static final long USER = 1L << 2;

  /** PWT: page-level write-through, a bit of the memory type. */
  public static final long WRITE_THROUGH = 1L << 3;

  /** PCD: page-level cache disable, a bit of the memory type. */
  public static final long CACHE_DISABLE = 1L << 4;

  /** A: the entry was used for a translation. */
  public static final long ACCESSED = 1L << 5;

  /** D: the page was written; defined in leaf entries only. */
  public static final long DIRTY = 1L << 6;

  /** PS: a PDPTE or PDE that maps a page instead of pointing to a table. */
  public static final long PAGE_SIZE = 1L << 7;

  /** PAT in an entry that maps a 4 KiB page, where bit 7 is not PS. */
  public static final long PAT_4K = 1L << 7;

  /** G: the translation is global; defined in leaf entries only. */
  public static final long GLOBAL = 1L << 8;

  /** PAT in an entry that maps a 2 MiB, 4 MiB or 1 GiB page. */
  public static final long PAT_LARGE = 1L << 12;

  /** XD: instruction fetches are not allowed; reserved while EFER.NXE = 0. */
  public static final long EXECUTE_DISABLE = 1L << 63;

  /** Bits 51:12, the most that a physical address can need above the page offset. */
  public static final long FRAME = 0x000f_ffff_ffff_f000L;

  /** Bits 11:9 and 58:52 of a leaf, which software may use as it likes. */
  public static final long IGNORED_IN_LEAF = 0x07f0_0000_0000_0e00L;

  /** Bits 31:22 of a PDE that maps a 4 MiB page: those of the frame's address. */
  private static final long FRAME_4M_LOW = 0xffc0_0000L;

  /** Bits 20:13 of such a PDE: bits 39:32 of the frame's address (PSE-36). */
  private static final long FRAME_4M_HIGH = 0x001f_e000L;

  private static final int FRAME_4M_HIGH_BY = 32 - 13;

  /** Bit 21 of such a PDE, always reserved. */
  private static final long RESERVED_4M = 1L << 21;

  /** The widest physical address that PSE-36 can express. */
  private static final int PSE_36_MAX_ADDRESS_BITS = 40;

  /** Bits 62:52, ignored in 4-level and 5-level paging but reserved in PAE paging. */
  private static final long RESERVED_IN_PAE = 0x7ff0_0000_0000_0000L;

  /** Bits 62:59 of a leaf, the protection key. */
  public static final int KEY_SHIFT = 59;

  private Pte() {}

  public static boolean isPresent(long pte) {
    return (pte & PRESENT) != 0;
  }

  public static boolean isAccessed(long pte) {
    return (pte & ACCESSED) != 0;
  }

  public static boolean isDirty(long pte) {
    return (pte & DIRTY) != 0;
  }

  /** Whether PS is set; meaningful in PDPTEs and PDEs only. */
  public static boolean isLarge(long pte) {
    return (pte & PAGE_SIZE) != 0;
  }

  /** The physical address of the table that a non-leaf entry points to. */
  public static long tableAddress(long pte) {
    return pte & FRAME;
  }

  /** The physical address of the page that a leaf of the given size maps. */
  public static long frameAddress(long pte, PageSize size) {
    if (size == PageSize.SIZE_4M) {
      return (pte & FRAME_4M_LOW) | (pte & FRAME_4M_HIGH) << FRAME_4M_HIGH_BY;
    }
    return pte & FRAME & ~size.offsetMask();
  }

  /** The PAT bit of a leaf of the given size: bit 7 of a PTE, bit 12 of a larger leaf. */
  public static boolean pat(long pte, PageSize size) {
    return (pte & (size == PageSize.SIZE_4K ? PAT_4K : PAT_LARGE)) != 0;
  }

  /**
   * The bits that must be zero in a present entry of 4-level or 5-level paging, or the access
   * faults with RSVD.
   *
   * @param leaf the size of the page that the entry maps, or {@code null} if it points to a table
   * @param psReserved whether bit 7 is reserved at this level (PML4E, or no pages of that size)
   * @param physicalAddressBits MAXPHYADDR, 32 to 52
   * @param noExecuteEnabled EFER.NXE
   */
  public static long reservedBits(
      @Nullable PageSize leaf,
      boolean psReserved,
      int physicalAddressBits,
      boolean noExecuteEnabled) {
    long reserved = FRAME & ~((1L << physicalAddressBits) - 1);
    if (!noExecuteEnabled) {
      reserved |= EXECUTE_DISABLE;
    }
    if (psReserved) {
      reserved |= PAGE_SIZE;
    }
    if (leaf != null && leaf != PageSize.SIZE_4K) {
      // Bits between the 4 KiB offset and the page's own frame, less PAT at bit 12.
      reserved |= leaf.offsetMask() & FRAME & ~PAT_LARGE;
    }
    return reserved;
  }

  /** As {@link #reservedBits}, for a PDE or PTE of PAE paging. */
  public static long reservedBitsInPae(
      @Nullable PageSize leaf, int physicalAddressBits, boolean noExecuteEnabled) {
    return reservedBits(leaf, false, physicalAddressBits, noExecuteEnabled) | RESERVED_IN_PAE;
  }

  /**
   * The bits that must be zero in a PDE of 32-bit paging that maps a 4 MiB page; other entries of
   * 32-bit paging have no reserved bits.
   */
  public static long reservedBitsOf4M(int physicalAddressBits) {
    int reach = Math.min(PSE_36_MAX_ADDRESS_BITS, physicalAddressBits);
    long addressable = ((1L << reach) - 1) >>> FRAME_4M_HIGH_BY & FRAME_4M_HIGH;
    return RESERVED_4M | (FRAME_4M_HIGH & ~addressable);
  }
}
