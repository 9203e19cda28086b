package io.lookaside.simulator.lab;

/** Mechanisms outside the kernel that experiments rest on and that can be switched off. */
enum Switch {
  /** Memory is given out in pages, wherever they are; off: in contiguous segments. */
  PAGING("paging"),
  /** Segments have the size that was asked for; off: they are rounded up to 64 KiB. */
  VARIABLE_SEGMENTS("variableSegments"),
  /** Segments are moved together when no hole is large enough; off: they stay. */
  COMPACTION("compaction"),
  /** The whole table is there at once, on one level; off: two levels. */
  SINGLE_LEVEL("singleLevel"),
  /** TLBs; off: one entry for each kind of access. */
  TLB("tlb"),
  /** Paging-structure caches; off: every walk begins at the root. */
  STRUCTURE_CACHES("structureCaches"),
  /** Segment limits are checked; off: every segment reaches over the whole space. */
  SEGMENT_LIMITS("segmentLimits"),
  /** A growing heap takes 128 KiB more than it needs; off: nothing more. */
  TOP_PAD("topPad"),
  /** The allocator's cache for a thread; off: none. */
  THREAD_CACHE("threadCache"),
  /** Large chunks are mapped on their own; off: never. */
  MMAP_THRESHOLD("mmapThreshold"),
  /** The size from which that happens grows; off: it stays. */
  GROWING_THRESHOLD("growingThreshold"),
  /** FIFO replaces the page that came first; off: LRU's. */
  ARRIVAL_ORDER("arrivalOrder"),
  /** LRU replaces the page whose last use is longest ago; off: FIFO's. */
  RECENCY("recency"),
  /** Clock passes over pages whose reference bit is set; off: it is FIFO. */
  REFERENCE_BITS("referenceBits"),
  /** OPT replaces the page whose next use is farthest; off: LRU's, which knows the past only. */
  FORESIGHT("foresight");

  private final String key;

  Switch(String key) {
    this.key = key;
  }

  String key() {
    return key;
  }
}
