package io.lookaside.os.linux;

import io.lookaside.mmu.format.Pte;

/** What Linux puts into page-table entries, beyond what the hardware defines. */
final class LinuxPte {
  /**
   * With P clear: the entry maps a page that nobody may access (PROT_NONE). Linux uses G for it,
   * which user pages never have set.
   */
  private static final long NO_ACCESS = Pte.GLOBAL;

  private LinuxPte() {}

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
