package io.lookaside.os.linux;

import org.jspecify.annotations.Nullable;

/**
 * A mechanism of the kernel that can be switched off, so that an experiment shows what it is good
 * for. What happens without it is part of its meaning.
 */
public enum Mechanism {
  /** Pages get frames when they are touched; off: when they are mapped. */
  DEMAND_PAGING("demandPaging"),
  /** A page that is only read is the shared page of zeros; off: it gets a frame of its own. */
  ZERO_PAGE("zeroPage"),
  /** Fork shares frames until one writes; off: it copies them at once. */
  COPY_ON_WRITE("copyOnWrite"),
  /** The kernel half's tables are shared; off: each process has its own copy of them. */
  SHARED_KERNEL_HALF("sharedKernelHalf"),
  /** The kernel half's entries are global; off: they are not. */
  GLOBAL_PAGES("globalPages"),
  /** Address spaces are told apart by PCID; off: each switch flushes. */
  PCID("pcid"),
  /**
   * Translations that the kernel has changed, or whose PCID is another's now, are dropped from
   * TLBs; off: never, so that stale ones are used.
   */
  TLB_FLUSH("tlbFlush"),
  /** Leaves carry the rights of their area; off: everything may be written and executed. */
  PERMISSION_BITS("permissionBits"),
  /** Kernel pages are closed to user mode; off: U/S is set in them too. */
  SUPERVISOR_BIT("supervisorBit"),
  /** Each process has tables of its own; off: all share those of the first. */
  SEPARATE_TABLES("separateTables"),
  /** Huge pages are used where policy allows; off: never. */
  HUGE_PAGES("hugePages"),
  /** Tables are made when something below them is mapped; off (32 bits): all at once. */
  TABLES_ON_DEMAND("tablesOnDemand"),
  /** Freed blocks merge with their buddies; off: they stay as they are. */
  BUDDY_MERGING("buddyMerging"),
  /** Bases of stack, heap and mappings are random; off: they are fixed. */
  RANDOMISATION("aslr");

  private final String key;

  Mechanism(String key) {
    this.key = key;
  }

  /** The name under {@code os.} that settings use. */
  public String key() {
    return key;
  }

  /** The mechanism of a key, or {@code null}. */
  public static @Nullable Mechanism ofKey(String key) {
    for (Mechanism mechanism : values()) {
      if (mechanism.key.equals(key)) {
        return mechanism;
      }
    }
    return null;
  }
}
