package io.lookaside.timing;

import io.lookaside.mmu.stats.Metric;

/**
 * What a cycle of the total went to. Every cycle has exactly one cause: in {@link Overlap#SERIAL}
 * the step that the reference was in, else the step that the oldest reference not yet complete was
 * in.
 */
public enum CycleCause implements Metric {
  BASE("base", "issue and retirement, and look-ups in the first-level TLBs"),
  DATA("data", "the program's own accesses to caches and DRAM, beyond what overlaps the TLB"),
  L1_MISS("l1Miss", "after a first-level miss: waiting for a miss register, the second level"),
  WALK_QUEUE("walkQueue", "waiting for a page walker"),
  WALK_MEMORY("walkMemory", "page walks: structure caches and reads of table entries"),
  ASSIST("assist", "dirty assists: their walks and the fixed cost of an assist"),
  FAULT("fault", "page faults: the cost of the kernel, and the repeated walks"),
  SHOOTDOWN(
      "shootdown",
      "interrupts between cores: sending them and waiting, and answering others' with the flush"),
  KERNEL("kernel", "context switches, and kernel threads that had the core"),
  IDLE("idle", "cores that have run all their references, until an interrupt or kernel thread");

  private final String key;
  private final String meaning;

  CycleCause(String key, String meaning) {
    this.key = key;
    this.meaning = meaning;
  }

  @Override
  public String key() {
    return key;
  }

  @Override
  public String unit() {
    return "cycles";
  }

  @Override
  public String meaning() {
    return meaning;
  }
}
