package io.lookaside.simulator;

import io.lookaside.mmu.WalkObserver;
import io.lookaside.tlb.MissObserver;
import java.util.Arrays;

/** Remembers what the last translation did: which TLB answered, and what its walk read. */
final class TranslationRecorder implements MissObserver, WalkObserver {
  private long[] addresses = new long[8];
  private int reads;
  private boolean walked;
  private boolean firstLevelMissed;
  private boolean secondLevelMissed;

  /** Forgets everything. To be called before a translation. */
  void clear() {
    reads = 0;
    walked = false;
    firstLevelMissed = false;
    secondLevelMissed = false;
  }

  /** Whether the first level answered, and there was no walk. */
  boolean firstLevelSufficed() {
    return !firstLevelMissed && !walked;
  }

  /** Whether the second level was asked. */
  boolean firstLevelMissed() {
    return firstLevelMissed;
  }

  /** Whether it was asked in vain. */
  boolean secondLevelMissed() {
    return secondLevelMissed;
  }

  /** Whether there was a walk. */
  boolean walked() {
    return walked;
  }

  /** How many entries it read. */
  int reads() {
    return reads;
  }

  /** The physical address of an entry, in the order in which they were read. */
  long address(int i) {
    return addresses[i];
  }

  @Override
  public void onFirstLevelMiss(boolean secondLevelHit) {
    firstLevelMissed = true;
    secondLevelMissed = !secondLevelHit;
  }

  @Override
  public void onStart(long va, int level, long pointer) {
    walked = true;
    reads = 0;
  }

  @Override
  public void onEntry(int level, long address, long entry) {
    if (reads == addresses.length) {
      addresses = Arrays.copyOf(addresses, 2 * reads);
    }
    addresses[reads++] = address;
  }

  @Override
  public void onEnd(long outcome) {
    // What the walk yields, the MMU says itself.
  }
}
