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
  SWITCHES("switches", "instructions", "MOV to CR3 that let another process run"),
  SYSTEM_CALLS("systemCalls", "calls", "of any kind"),
  CYCLES("cycles", "cycles", "of the kernel's work, by its cost model");

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
