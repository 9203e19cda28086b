package io.lookaside.os.linux;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Address spaces from which reclaim has unmapped pages, and whose translations are yet to be
 * flushed: once for all of them, before a page is written or freed. Where no other processor runs
 * the space, nothing is gained by waiting, and each page is flushed at once.
 *
 * <p>Source: Linux 6.1, mm/rmap.c, {@code should_defer_flush} and {@code try_to_unmap_flush};
 * arch/x86/mm/tlb.c, {@code arch_tlbbatch_flush}.
 */
final class UnmapBatch {
  private final KernelState kernel;
  private final Set<AddressSpace> spaces = new LinkedHashSet<>();
  private boolean dirty;

  UnmapBatch(KernelState kernel) {
    this.kernel = kernel;
  }

  /**
   * Notes a page that was unmapped.
   *
   * @param written whether its entry was marked dirty, so that somebody may still write to it
   */
  void add(AddressSpace space, long va, boolean written) {
    if (kernel.config.has(Mechanism.BATCHED_FLUSH) && kernel.cpus.runsElsewhere(space)) {
      spaces.add(space);
      dirty |= written;
      return;
    }
    if (kernel.cpus.runsAnywhere(space)) {
      kernel.count(KernelMetric.UNMAP_FLUSHES, 1);
    }
    kernel.cpus.flush(space, va, va + PhysicalPages.PAGE_BYTES, PhysicalPages.PAGE_SHIFT);
  }

  /** Flushes if a page that is waiting may still be written. */
  void flushDirty() {
    if (dirty) {
      flush();
    }
  }

  void flush() {
    if (!spaces.isEmpty()) {
      kernel.count(KernelMetric.UNMAP_FLUSHES, 1);
      kernel.cpus.flushAllOf(spaces);
      spaces.clear();
    }
    dirty = false;
  }
}
