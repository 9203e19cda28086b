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
  /** A first touch maps a huge page; off: only khugepaged makes them, out of small ones. */
  HUGE_FAULTS("hugeFaults"),
  /** Tables are made when something below them is mapped; off (32 bits): all at once. */
  TABLES_ON_DEMAND("tablesOnDemand"),
  /** Freed blocks merge with their buddies; off: they stay as they are. */
  BUDDY_MERGING("buddyMerging"),
  /** Idle processors are not interrupted for flushes, but notice later; off: they are. */
  LAZY_TLB("lazyTlb"),
  /** Bases of stack, heap and mappings are random; off: they are fixed. */
  RANDOMISATION("aslr"),
  /** Anonymous pages go to the swap device when memory is short; off: there is no such device. */
  SWAP("swap"),
  /** Memory is reclaimed by a thread of its own first; off: only by who asks for memory. */
  KSWAPD("kswapd"),
  /** Who finds memory below min reclaims; off: it takes what is left, and then fails. */
  DIRECT_RECLAIM("directReclaim"),
  /**
   * When nothing can be reclaimed, the process with the most memory is killed; off: the one that
   * asks is refused.
   */
  OOM_KILLER("oomKiller"),
  /** A page that was accessed since it was last looked at stays; off: nobody looks. */
  SECOND_CHANCE("secondChance"),
  /** Pages that were used again are kept on a list apart; off: all are on the inactive lists. */
  ACTIVE_LISTS("activeLists"),
  /** A page that comes back soon after its eviction is activated; off: it is not. */
  REFAULT_DETECTION("refaultDetection"),
  /** Only pages that were written are written back; off: every page is before it goes. */
  DIRTY_TRACKING("dirtyTracking"),
  /** Dirty pages are written in the background; off: only when they are to be reclaimed. */
  WRITEBACK("writeback"),
  /**
   * Unmapping for reclaim flushes once for a batch of pages, and the flushes for one page fault
   * share a round of interrupts; off: each page, and each flush, has its own.
   */
  BATCHED_FLUSH("batchedFlush"),
  /**
   * A page that came back from swap keeps its slot while it is not written; off: it gives it up.
   */
  SWAP_CACHE("swapCache"),
  /** Slots are taken from clusters of 256 one after another; off: the lowest that is free. */
  SWAP_CLUSTERS("swapClusters"),
  /** Swapped pages near one that is asked for are read with it; off: only that one. */
  SWAP_READAHEAD("swapReadahead"),
  /** Pages of a file near one that is asked for are read with it; off: only that one. */
  READAHEAD("readahead");

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
