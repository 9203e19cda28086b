package io.lookaside.simulator.heap;

import io.lookaside.mmu.stats.Metric;

/** What is known of a heap after some calls; all but the faults and misses are states, not sums. */
public enum HeapMetric implements Metric {
  CALLS("calls", "calls", "made so far: allocations, frees and touches"),
  LIVE_ALLOCATIONS("liveAllocations", "allocations", "made and not freed"),
  LIVE_BYTES("liveBytes", "bytes", "asked for by live allocations"),
  ARENA_BYTES("arenaBytes", "bytes", "that the heap has from brk (mallinfo2: arena)"),
  TOP_BYTES("topBytes", "bytes", "of the free chunk at the heap's end (keepcost)"),
  MAPPED_CHUNKS("mappedChunks", "chunks", "that have a mapping of their own (hblks)"),
  MAPPED_BYTES("mappedBytes", "bytes", "of those (hblkhd)"),
  MMAP_THRESHOLD("mmapThreshold", "bytes", "from which a chunk gets a mapping of its own now"),
  RESIDENT_BYTES("residentBytes", "bytes", "of the process in frames of its own or shared"),
  TABLE_BYTES("tableBytes", "bytes", "of its page tables"),
  MINOR_FAULTS("minorFaults", "faults", "as getrusage counts them"),
  SYSTEM_CALLS("systemCalls", "calls", "of the kernel"),
  LOOKUPS("lookups", "look-ups", "of the first-level data TLB"),
  FIRST_LEVEL_MISSES("firstLevelMisses", "misses", "of the first-level data TLB"),
  WALKS("walks", "walks", "for a miss of the second level"),
  REFUSED("refused", "allocations", "that found no memory");

  private final String key;
  private final String unit;
  private final String meaning;

  HeapMetric(String key, String unit, String meaning) {
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
