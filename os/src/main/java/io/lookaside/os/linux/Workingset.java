package io.lookaside.os.linux;

/**
 * Tells, when a page comes back after its eviction, whether it was gone for so short a time that it
 * would still be here had it been kept instead of what is active: then it is activated.
 *
 * <p>Time is counted in evictions and activations. A page's eviction leaves a shadow, in the place
 * of the page, of that time and of whether the page had been active.
 *
 * <p>Source: Linux 6.1, mm/workingset.c. A shadow has 30 bits for the time here.
 */
final class Workingset {
  static final int NO_SHADOW = -1;
  private static final int AGE_MASK = (1 << 30) - 1;

  private final KernelState kernel;

  /** Activations of refaulted pages so far, anonymous and of files. */
  final long[] activations = new long[2];

  Workingset(KernelState kernel) {
    this.kernel = kernel;
  }

  /** The shadow of a page that is evicted now. */
  int eviction(int pfn) {
    int shadow = (int) (kernel.lru.age & AGE_MASK);
    kernel.lru.age++;
    return shadow << 1 | (kernel.frames.is(pfn, PageFrames.WORKINGSET) ? 1 : 0);
  }

  /**
   * A page comes back, and is on no list yet.
   *
   * @param shadow what its eviction left
   */
  void refault(int pfn, boolean file, int shadow) {
    if (shadow == NO_SHADOW) {
      return;
    }
    LruLists lru = kernel.lru;
    kernel.count(file ? KernelMetric.REFAULTS_FILE : KernelMetric.REFAULTS_ANON, 1);
    long distance = (lru.age - (shadow >>> 1)) & AGE_MASK;
    long size = lru.size(LruLists.ACTIVE_FILE);
    if (!file) {
      size += lru.size(LruLists.INACTIVE_FILE);
    }
    if (kernel.swap.freePages() > 0) {
      size += lru.size(LruLists.ACTIVE_ANON);
      if (file) {
        size += lru.size(LruLists.INACTIVE_ANON);
      }
    }
    if (distance > size || !kernel.config.has(Mechanism.REFAULT_DETECTION)) {
      return;
    }
    kernel.frames.set(pfn, PageFrames.ACTIVE);
    lru.age++;
    activations[file ? 1 : 0]++;
    kernel.count(KernelMetric.REFAULTS_ACTIVATED, 1);
    if ((shadow & 1) != 0) {
      kernel.frames.set(pfn, PageFrames.WORKINGSET);
      lru.noteCost(file, 1);
      kernel.count(KernelMetric.REFAULTS_RESTORED, 1);
    }
  }

  /** Linux's folio_mark_accessed: the second time an inactive page is used it becomes active. */
  void markAccessed(int pfn) {
    PageFrames frames = kernel.frames;
    if (!frames.is(pfn, PageFrames.REFERENCED)) {
      frames.set(pfn, PageFrames.REFERENCED);
      return;
    }
    if (frames.is(pfn, PageFrames.ACTIVE | PageFrames.MLOCKED) || !frames.is(pfn, PageFrames.LRU)) {
      return;
    }
    kernel.lru.change(pfn, PageFrames.ACTIVE, PageFrames.REFERENCED);
    kernel.lru.age++;
    kernel.count(KernelMetric.ACTIVATED, 1);
  }
}
