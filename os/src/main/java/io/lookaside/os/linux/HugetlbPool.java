package io.lookaside.os.linux;

import it.unimi.dsi.fastutil.ints.IntArrayList;

/**
 * A pool of huge pages that is filled at boot and serves only mappings that ask for it. Mappings
 * reserve their pages when they are made, so that a touch does not fail for want of them.
 *
 * <p>Source: Linux 6.1, mm/hugetlb.c.
 */
public final class HugetlbPool {
  private final KernelState kernel;
  private final IntArrayList[] free = {new IntArrayList(), new IntArrayList()};
  private final int[] total = new int[2];
  private final int[] reserved = new int[2];

  HugetlbPool(KernelState kernel) {
    this.kernel = kernel;
    // The larger first, while memory is whole.
    fill(30, kernel.config.hugePages1G());
    fill(PageMapper.HUGE_SHIFT, kernel.config.hugePages2M());
  }

  /** Fills a pool with as many pages as memory allows, up to what is wanted, as Linux does. */
  private void fill(int shift, int wanted) {
    int order = shift - PhysicalPages.PAGE_SHIFT;
    IntArrayList got = new IntArrayList();
    while (got.size() < wanted) {
      int pfn = PageFrames.NONE;
      if (order <= Zone.MAX_ORDER) {
        pfn = kernel.pages.tryAllocate(order);
      } else {
        for (Zone zone : kernel.pages.zones()) {
          pfn = pfn == PageFrames.NONE ? zone.allocateAtBoot(order) : pfn;
        }
      }
      if (pfn == PageFrames.NONE) {
        break;
      }
      kernel.pages.makeCompound(pfn, order);
      kernel.frames.set(pfn, PageFrames.HUGETLB);
      got.add(pfn);
    }
    total[pool(shift)] = got.size();
    for (int i = got.size() - 1; i >= 0; i--) {
      free[pool(shift)].push(got.getInt(i));
    }
  }

  private static int pool(int shift) {
    return shift == PageMapper.HUGE_SHIFT ? 0 : 1;
  }

  /** Pages in the pool of a size, taken or not (HugePages_Total). */
  public int total(int shift) {
    return total[pool(shift)];
  }

  /** Pages that no mapping has taken (HugePages_Free). */
  public int free(int shift) {
    return free[pool(shift)].size();
  }

  /** Pages that are free but promised (HugePages_Rsvd). */
  public int reserved(int shift) {
    return reserved[pool(shift)];
  }

  boolean reserve(int shift, long pages) {
    if (pages > free(shift) - reserved(shift)) {
      return false;
    }
    reserved[pool(shift)] += (int) pages;
    return true;
  }

  void unreserve(int shift, long pages) {
    reserved[pool(shift)] -= (int) pages;
  }

  /**
   * Takes a zeroed page.
   *
   * @param wasReserved whether it was set aside before; else only what is not promised is taken
   * @return its first frame, or {@link PageFrames#NONE}
   */
  int take(int shift, boolean wasReserved) {
    if (!wasReserved && free(shift) <= reserved(shift)) {
      return PageFrames.NONE;
    }
    int pfn = free[pool(shift)].popInt();
    if (wasReserved) {
      reserved[pool(shift)]--;
    }
    kernel.memory.zero(PhysicalPages.address(pfn), 1L << shift);
    kernel.zeroed(shift - PhysicalPages.PAGE_SHIFT);
    return pfn;
  }

  void giveBack(int pfn) {
    PageFrames frames = kernel.frames;
    int order = frames.order(pfn);
    frames.setAllFlags(pfn, PageFrames.HEAD | PageFrames.HUGETLB);
    frames.setMapping(pfn, 0, 0);
    frames.setReferences(pfn, 0);
    free[pool(order + PhysicalPages.PAGE_SHIFT)].push(pfn);
  }
}
