package io.lookaside.os.linux;

import io.lookaside.mmu.stats.Metric;

/** What the kernel counts. */
public enum KernelMetric implements Metric {
  MINOR_FAULTS("minorFaults", "faults", "answered without reading a device, as getrusage counts"),
  MAJOR_FAULTS("majorFaults", "faults", "answered by reading a device"),
  ZERO_PAGE_FAULTS("zeroPageFaults", "faults", "mapped the shared page of zeros"),
  ANONYMOUS_FAULTS("anonymousFaults", "faults", "mapped a fresh page"),
  HUGE_FAULTS("hugeFaults", "faults", "mapped a fresh huge page, or the shared one of zeros"),
  HUGE_FALLBACKS("hugeFallbacks", "faults", "wanted a huge page and found no free block"),
  COPY_FAULTS("copyFaults", "faults", "copied a page that others share"),
  REUSE_FAULTS("reuseFaults", "faults", "let the only owner write in place"),
  FILE_FAULTS("fileFaults", "faults", "mapped a page that was in the page cache"),
  STACK_GROWTHS("stackGrowths", "faults", "extended a stack first"),
  SPURIOUS_FAULTS("spuriousFaults", "faults", "found the entry good"),
  SEGMENTATION_FAULTS("segmentationFaults", "faults", "ended in SIGSEGV"),
  BUS_ERRORS("busErrors", "faults", "ended in SIGBUS"),
  OUT_OF_MEMORY("outOfMemory", "faults", "found no memory"),
  PAGES_ZEROED("pagesZeroed", "pages of 4 KiB", "cleared before a process got them"),
  PAGES_COPIED("pagesCopied", "pages of 4 KiB", "copied for a write, a fork or a huge page"),
  HUGE_SPLITS("hugeSplits", "mappings", "of a huge page replaced by 512 of small ones"),
  HUGE_COLLAPSES("hugeCollapses", "mappings", "of small pages replaced by one of a huge page"),
  INVLPGS("invlpgs", "instructions", "INVLPG"),
  FULL_FLUSHES("fullFlushes", "instructions", "MOV to CR3 that dropped the translations of a PCID"),
  SHOOTDOWNS("shootdowns", "interrupts", "asked another processor to flush"),
  LAZY_SKIPS("lazySkips", "interrupts", "not sent, since the other processor was idle"),
  SWITCHES("switches", "instructions", "MOV to CR3 that let another process run"),
  SYSTEM_CALLS("systemCalls", "calls", "of any kind"),
  CYCLES("cycles", "cycles", "of the kernel's work for processes, waits included"),
  KSWAPD_CYCLES("kswapdCycles", "cycles", "of kswapd, on a processor of its own, waits included"),
  FLUSHER_CYCLES("flusherCycles", "cycles", "of the thread that writes files back, likewise"),
  KSWAPD_WAKEUPS("kswapdWakeups", "wake-ups", "of kswapd, since memory fell below low"),
  DIRECT_RECLAIMS("directReclaims", "allocations", "that reclaimed themselves"),
  ALLOCATION_STALLS("allocationStalls", "waits", "of a reclaiming allocation for the device"),
  SCANNED_KSWAPD("scannedKswapd", "pages of 4 KiB", "of inactive lists that kswapd looked at"),
  SCANNED_DIRECT("scannedDirect", "pages of 4 KiB", "of inactive lists that allocations looked at"),
  RECLAIMED_KSWAPD("reclaimedKswapd", "pages of 4 KiB", "that kswapd freed"),
  RECLAIMED_DIRECT("reclaimedDirect", "pages of 4 KiB", "that allocations freed"),
  ACTIVATED("activated", "pages of 4 KiB", "moved to an active list"),
  DEACTIVATED("deactivated", "pages of 4 KiB", "moved from an active to an inactive list"),
  ROTATED("rotated", "pages of 4 KiB", "kept on an inactive list since they were accessed"),
  PAGES_SWAPPED_OUT("pagesSwappedOut", "pages of 4 KiB", "written to swap"),
  PAGES_SWAPPED_IN("pagesSwappedIn", "pages of 4 KiB", "read from swap, those read ahead too"),
  SWAP_CACHE_HITS("swapCacheHits", "faults", "found the page in the swap cache"),
  SWAP_READAHEAD("swapReadahead", "pages of 4 KiB", "read from swap before they were asked for"),
  SWAP_READAHEAD_HITS("swapReadaheadHits", "faults", "found a page that was read ahead"),
  SWAP_DROPPED_CLEAN("swapDroppedClean", "pages of 4 KiB", "freed since swap has the same content"),
  FILE_PAGES_READ("filePagesRead", "pages of 4 KiB", "of files, those read ahead too"),
  FILE_PAGES_WRITTEN("filePagesWritten", "pages of 4 KiB", "of files"),
  FILE_READAHEAD("fileReadahead", "pages of 4 KiB", "of files, before they were asked for"),
  FILE_PAGES_DROPPED("filePagesDropped", "pages of 4 KiB", "of files, freed by reclaim"),
  THROTTLED_WRITES("throttledWrites", "writes", "that waited since too much was dirty"),
  REFAULTS_ANON("refaultsAnon", "pages of 4 KiB", "that came back from swap after an eviction"),
  REFAULTS_FILE("refaultsFile", "pages of 4 KiB", "that came back from a file after an eviction"),
  REFAULTS_ACTIVATED("refaultsActivated", "pages of 4 KiB", "that came back in time to be active"),
  REFAULTS_RESTORED("refaultsRestored", "pages of 4 KiB", "that had been active before"),
  AGE_FLUSHES("ageFlushes", "flushes", "after clearing an accessed bit"),
  UNMAP_FLUSHES("unmapFlushes", "flushes", "of what reclaim unmapped, each for a batch or a page"),
  OOM_KILLS("oomKills", "processes", "that were killed since memory was short");

  private final String key;
  private final String unit;
  private final String meaning;

  KernelMetric(String key, String unit, String meaning) {
    this.key = key;
    this.unit = unit;
    this.meaning = meaning;
  }

  @Override
  public String key() {
    return key;
  }

  @Override
  public String unit() {
    return unit;
  }

  @Override
  public String meaning() {
    return meaning;
  }
}
