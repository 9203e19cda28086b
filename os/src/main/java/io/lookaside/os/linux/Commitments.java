package io.lookaside.os.linux;

/**
 * What memory the kernel has promised, and whether it may promise more.
 *
 * <p>Source: Linux 6.1, mm/util.c, {@code __vm_enough_memory}, for a process without privileges.
 */
final class Commitments {
  /** Linux's defaults of vm.admin_reserve_kbytes and vm.user_reserve_kbytes, in pages. */
  private static final long ADMIN_RESERVE = 8 << (20 - PhysicalPages.PAGE_SHIFT);

  private static final long USER_RESERVE = 128 << (20 - PhysicalPages.PAGE_SHIFT);

  private final KernelState kernel;

  Commitments(KernelState kernel) {
    this.kernel = kernel;
  }

  /** Promises pages to a process; {@code false} if that would be too many. */
  boolean promise(AddressSpace space, long pages) {
    if (!allows(space, pages)) {
      return false;
    }
    kernel.committed += pages;
    return true;
  }

  void release(long pages) {
    kernel.committed -= pages;
  }

  private boolean allows(AddressSpace space, long pages) {
    return switch (kernel.config.overcommit()) {
      case ALWAYS -> true;
      case HEURISTIC -> pages <= memory() + swap();
      case NEVER -> {
        long allowed = limit();
        long freeAtBoot = kernel.pages.managedFrames();
        allowed -= Math.min(ADMIN_RESERVE, freeAtBoot / 32);
        allowed -= Math.min(space.totalPages / 32, Math.min(USER_RESERVE, freeAtBoot / 32));
        yield kernel.committed + pages < allowed;
      }
    };
  }

  /** The most pages that overcommit mode 2 promises (CommitLimit). */
  long limit() {
    long hugetlb =
        ((long) kernel.config.hugePages2M() << PageMapper.HUGE_ORDER)
            + ((long) kernel.config.hugePages1G() << (30 - PhysicalPages.PAGE_SHIFT));
    return Math.max(0, memory() - hugetlb) * kernel.config.overcommitRatio() / 100 + swap();
  }

  private long memory() {
    return kernel.pages.managedFrames();
  }

  private long swap() {
    return kernel.config.swapBytes() >>> PhysicalPages.PAGE_SHIFT;
  }
}
