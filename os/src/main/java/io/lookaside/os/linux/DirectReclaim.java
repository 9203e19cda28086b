package io.lookaside.os.linux;

/**
 * What an allocation does that finds no zone above low: wakes kswapd, takes what is above min,
 * reclaims itself and waits, and in the end lets the OOM killer choose, again and again until there
 * is memory or nobody left to kill.
 *
 * <p>Source: Linux 6.1, mm/page_alloc.c, {@code __alloc_pages_slowpath}, {@code
 * should_reclaim_retry}; mm/vmscan.c, {@code try_to_free_pages}, {@code throttle_direct_reclaim}.
 * There is no compaction: for a block of several frames one reclaim is tried.
 */
final class DirectReclaim implements PhysicalPages.Shortage {
  private static final int MAX_RETRIES = 16;

  /** The largest order for which memory is reclaimed at any price (PAGE_ALLOC_COSTLY_ORDER). */
  private static final int COSTLY_ORDER = 3;

  private final KernelState kernel;
  private final PageMapper mapper;
  private final Reclaim reclaim;
  private final Kswapd kswapd;
  private final OomKiller killer;
  private final Runnable background;
  private boolean reclaiming;

  DirectReclaim(
      KernelState kernel,
      PageMapper mapper,
      Reclaim reclaim,
      Kswapd kswapd,
      OomKiller killer,
      Runnable background) {
    this.kernel = kernel;
    this.mapper = mapper;
    this.reclaim = reclaim;
    this.kswapd = kswapd;
    this.killer = killer;
    this.background = background;
  }

  @Override
  public void onLow() {
    if (!reclaiming) {
      kswapd.wake();
    }
  }

  @Override
  public int allocate(int order) {
    PhysicalPages pages = kernel.pages;
    int pfn = pages.takeAboveMin(order);
    if (pfn != PageFrames.NONE) {
      return pfn;
    }
    if (reclaiming || !kernel.config.has(Mechanism.DIRECT_RECLAIM)) {
      return pages.takeAny(order);
    }
    reclaiming = true;
    CostPart part = kernel.charge(CostPart.RECLAIM);
    try {
      return reclaimAndAllocate(order);
    } finally {
      kernel.charge(part);
      reclaiming = false;
    }
  }

  private int reclaimAndAllocate(int order) {
    PhysicalPages pages = kernel.pages;
    int fruitless = 0;
    while (true) {
      Task task = kernel.task;
      if (task != null && task.oomVictim) {
        return PageFrames.NONE; // it is about to die
      }
      boolean split = mapper.splitDeferred();
      long freed = freeSome();
      int pfn = pages.takeAboveMin(order);
      if (pfn != PageFrames.NONE || order > COSTLY_ORDER) {
        return pfn;
      }
      fruitless = freed > 0 || split ? 0 : fruitless + 1;
      if (fruitless <= MAX_RETRIES && mayYetSuffice(order)) {
        continue;
      }
      pfn = pages.takeAboveHigh(order);
      if (pfn != PageFrames.NONE) {
        return pfn;
      }
      if (!killer.kill(order)) {
        return PageFrames.NONE;
      }
      fruitless = 0;
    }
  }

  /** Whether the allocation would succeed if all that can be reclaimed were. */
  private boolean mayYetSuffice(int order) {
    LruLists lru = kernel.lru;
    long reclaimable = lru.size(LruLists.ACTIVE_FILE) + lru.size(LruLists.INACTIVE_FILE);
    if (kernel.swap.freePages() > 0) {
      reclaimable += lru.size(LruLists.ACTIVE_ANON) + lru.size(LruLists.INACTIVE_ANON);
    }
    long min = kernel.pages.zones().stream().mapToLong(z -> z.watermarks().min()).sum();
    return kernel.pages.freeFrames() + reclaimable - ((1L << order) - 1) > min;
  }

  /** Frees at least 32 pages, if it can (try_to_free_pages); returns how many. */
  private long freeSome() {
    kernel.count(KernelMetric.DIRECT_RECLAIMS, 1);
    throttle();
    Reclaim.Scan scan = new Reclaim.Scan(false, Reclaim.BATCH);
    passes(scan);
    if (scan.reclaimed == 0 && scan.skippedDeactivate) {
      scan.forceDeactivate = true;
      scan.skippedDeactivate = false;
      scan.priority = Reclaim.FIRST_PRIORITY;
      passes(scan);
    }
    if (scan.reclaimed > 0) {
      kswapd.encourage();
    }
    return scan.reclaimed;
  }

  private void passes(Reclaim.Scan scan) {
    for (; scan.priority >= 0; scan.priority--) {
      reclaim.begin(scan);
      while (reclaim.step(scan)) {
        background.run();
      }
      if (scan.reclaimed >= scan.wanted) {
        break;
      }
      if (scan.priority <= 1 && scan.reclaimed == 0) {
        stall();
      }
    }
    reclaim.noteRefaults();
  }

  /** Waits for the device to complete a write, while kswapd goes on. */
  private void stall() {
    long next = kernel.device.nextWrite();
    if (next >= 0) {
      kernel.count(KernelMetric.ALLOCATION_STALLS, 1);
      kernel.waitUntil(CostPart.WAITING, next);
      background.run();
    }
  }

  /** When less than half of min is free, waits for kswapd instead of taking part. */
  private void throttle() {
    long min = kernel.pages.zones().stream().mapToLong(z -> z.watermarks().min()).sum();
    boolean waited = false;
    while (kernel.pages.freeFrames() <= min / 2 && !kswapd.isHopeless()) {
      kswapd.wake();
      if (!kswapd.isAwake()) {
        break;
      }
      waited = true;
      long until = kernel.clock(KernelState.Worker.KSWAPD);
      kernel.waitUntil(CostPart.WAITING, Math.max(until, kernel.now() + 1));
      background.run();
    }
    if (waited) {
      kernel.count(KernelMetric.ALLOCATION_STALLS, 1);
    }
  }
}
