package io.lookaside.os.linux;

/**
 * The kernel thread that reclaims in the background, on a processor of its own: woken when an
 * allocation finds no zone above low, it works in passes over the lists, from a small share of them
 * to all, until a zone is above high. After 16 efforts that free nothing it gives up until somebody
 * else frees something.
 *
 * <p>Source: Linux 6.1, mm/vmscan.c, {@code balance_pgdat}, {@code wakeup_kswapd}.
 */
final class Kswapd {
  private static final int MAX_FAILURES = 16;

  private final KernelState kernel;
  private final Reclaim reclaim;
  private boolean awake;
  private boolean inPass;
  private int failures;
  private Reclaim.Scan scan = newScan();
  private long scannedBefore;

  Kswapd(KernelState kernel, Reclaim reclaim) {
    this.kernel = kernel;
    this.reclaim = reclaim;
  }

  private static Reclaim.Scan newScan() {
    return new Reclaim.Scan(true, 0);
  }

  boolean isAwake() {
    return awake;
  }

  /** Whether it has given up. */
  boolean isHopeless() {
    return failures >= MAX_FAILURES || !kernel.config.has(Mechanism.KSWAPD);
  }

  /** Memory was freed by somebody: it may try again. */
  void encourage() {
    failures = 0;
  }

  private boolean isBalanced() {
    for (Zone zone : kernel.pages.zones()) {
      if (zone.isAbove(zone.watermarks().high(), 0)) {
        return true;
      }
    }
    return false;
  }

  void wake() {
    if (awake || isHopeless() || isBalanced()) {
      return;
    }
    awake = true;
    inPass = false;
    scan = newScan();
    kernel.count(KernelMetric.KSWAPD_WAKEUPS, 1);
    kernel.wake(KernelState.Worker.KSWAPD);
  }

  /** Whether it is awake, and has not yet done what time allows. */
  boolean isRunnable() {
    return awake
        && kernel.clock(KernelState.Worker.KSWAPD) < kernel.clock(KernelState.Worker.PROCESS);
  }

  /** Looks at one batch of pages. */
  void step() {
    kernel.enterThread(KernelState.Worker.KSWAPD);
    kernel.device.completeUntil(kernel.now());
    if (inPass) {
      if (!reclaim.step(scan)) {
        inPass = false;
        endPass();
      }
    } else if (isBalanced()) {
      awake = false;
      reclaim.noteRefaults();
      reclaim.calm();
    } else {
      beginPass();
    }
    kernel.leaveThread(CostPart.FAULTS);
  }

  private void beginPass() {
    LruLists lru = kernel.lru;
    if (kernel.swap.totalPages() > 0 && lru.isInactiveLow(false)) {
      reclaim.shrinkActive(LruLists.ACTIVE_ANON, Reclaim.BATCH);
    }
    long wanted = 0;
    for (Zone zone : kernel.pages.zones()) {
      wanted += Math.max(zone.watermarks().high(), Reclaim.BATCH);
    }
    scan.wanted = wanted;
    scannedBefore = scan.scanned;
    reclaim.begin(scan);
    inPass = true;
  }

  private void endPass() {
    long freed = scan.reclaimedInPass();
    if (freed > 0) {
      failures = 0;
    }
    if (scan.isTooFast() && kernel.device.nextWrite() >= 0) {
      kernel.waitUntil(CostPart.WAITING, kernel.device.nextWrite());
    }
    boolean littleToScan = scan.scanned - scannedBefore < scan.wanted;
    if (littleToScan || freed == 0) {
      scan.priority--;
    }
    if (scan.priority >= 1) {
      return;
    }
    if (scan.reclaimed == 0) {
      failures++;
    }
    reclaim.noteRefaults();
    awake = failures < MAX_FAILURES;
    scan = newScan();
  }
}
