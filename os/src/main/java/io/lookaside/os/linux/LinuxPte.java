package io.lookaside.os.linux;

import io.lookaside.mmu.format.Pte;

/** What Linux puts into page-table entries, beyond what the hardware defines. */
final class LinuxPte {
  /**
   * With P clear: the entry maps a page that nobody may access (PROT_NONE). Linux uses G for it,
   * which user pages never have set.
   */
  private static final long NO_ACCESS = Pte.GLOBAL;

  /** In an entry that names a slot of swap: only one process can have the page. */
  private static final long SWAP_EXCLUSIVE_64 = 1L << 3;

  /** The same on 32 bits, where Linux has none: between the type and G. */
  private static final long SWAP_EXCLUSIVE_32 = 1L << 6;

  /** On 64 bits the slot, inverted, is in bits 58:9, and the type, 0 for one device, in 63:59. */
  private static final int SWAP_SHIFT = 9;

  private static final long SWAP_SLOT_64 = ((1L << 50) - 1) << SWAP_SHIFT;

  private LinuxPte() {}

  /**
   * An entry that says in which slot of swap a page is.
   *
   * <p>Source: Linux 6.1, arch/x86/include/asm/pgtable_64.h and pgtable-2level.h, {@code
   * __swp_entry}.
   */
  static long swap(TableFormat format, int slot, boolean exclusive) {
    if (format == TableFormat.I386) {
      return ((long) slot << SWAP_SHIFT) | (exclusive ? SWAP_EXCLUSIVE_32 : 0);
    }
    long inverted = (~(long) slot << SWAP_SHIFT) & SWAP_SLOT_64;
    return inverted | (exclusive ? SWAP_EXCLUSIVE_64 : 0);
  }

  /** Whether an entry of the lowest level says in which slot of swap a page is. */
  static boolean isSwap(long entry) {
    return entry != 0 && !isMapped(entry);
  }

  static int slot(TableFormat format, long entry) {
    if (format == TableFormat.I386) {
      return (int) (entry >>> SWAP_SHIFT);
    }
    return (int) ((~entry & SWAP_SLOT_64) >>> SWAP_SHIFT);
  }

  static boolean isSwapExclusive(TableFormat format, long entry) {
    return (entry & (format == TableFormat.I386 ? SWAP_EXCLUSIVE_32 : SWAP_EXCLUSIVE_64)) != 0;
  }

  static long withoutSwapExclusive(TableFormat format, long entry) {
    return entry & ~(format == TableFormat.I386 ? SWAP_EXCLUSIVE_32 : SWAP_EXCLUSIVE_64);
  }

  /** Whether an entry maps a page, accessible or not. */
  static boolean isMapped(long entry) {
    return (entry & (Pte.PRESENT | NO_ACCESS)) != 0;
  }

  /** Whether an entry maps a page that nobody may access. */
  static boolean isNoAccess(long entry) {
    return (entry & (Pte.PRESENT | NO_ACCESS)) == NO_ACCESS;
  }

  static boolean isWritable(long entry) {
    return (entry & Pte.WRITABLE) != 0;
  }

  /**
   * A leaf for a page of an area.
   *
   * @param writable whether the hardware may let writes pass
   */
  static long leaf(KernelState kernel, Vma area, int pfn, boolean large, boolean writable) {
    long entry = PhysicalPages.address(pfn) | rights(kernel, area, writable);
    return large ? entry | Pte.PAGE_SIZE : entry;
  }

  /** The same leaf with the rights of its area, A and D kept. */
  static long modify(KernelState kernel, Vma area, long entry, boolean writable) {
    long kept = entry & (Pte.FRAME | Pte.PAGE_SIZE | Pte.DIRTY);
    return kept | rights(kernel, area, writable);
  }

  /** Linux marks what it maps as accessed, so that the hardware need not. */
  private static long rights(KernelState kernel, Vma area, boolean writable) {
    long entry = Pte.USER | Pte.ACCESSED;
    entry |= area.is(Vma.ACCESS) ? Pte.PRESENT : NO_ACCESS;
    if (writable) {
      entry |= Pte.WRITABLE;
    }
    boolean enforced = kernel.config.has(Mechanism.PERMISSION_BITS);
    if (kernel.config.format().hasExecuteDisable() && !area.is(Vma.EXEC) && enforced) {
      entry |= Pte.EXECUTE_DISABLE;
    }
    return entry;
  }

  static int pfn(long entry, int shift) {
    return (int) ((entry & Pte.FRAME & -(1L << shift)) >>> PhysicalPages.PAGE_SHIFT);
  }
}
