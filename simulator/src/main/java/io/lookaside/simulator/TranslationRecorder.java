package io.lookaside.simulator;

import io.lookaside.mmu.WalkObserver;
import io.lookaside.tlb.MissObserver;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Remembers what the last translation did: which TLB answered, and what its walk read. */
final class TranslationRecorder implements MissObserver, WalkObserver {
  private final @Nullable MissProfile profile;
  private long[] addresses = new long[8];
  private int reads;
  private int firstLevel;
  private int aheadFirstLevel;
  private boolean walked;

  /** Of a walk ahead: the page, and where its reads begin among the others; -1 without one. */
  private long aheadVa;

  private int aheadFrom = -1;
  private boolean aheadStarted;
  private long aheadOutcome;
  private boolean firstLevelMissed;
  private boolean secondLevelMissed;

  TranslationRecorder() {
    this(null);
  }

  /** A recorder that tells a profile too, where there is one. */
  TranslationRecorder(@Nullable MissProfile profile) {
    this.profile = profile;
  }

  @Nullable MissProfile profile() {
    return profile;
  }

  /** Forgets everything. To be called before a translation. */
  void clear() {
    reads = 0;
    aheadFrom = -1;
    aheadStarted = false;
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
    return aheadFrom < 0 ? reads : aheadFrom;
  }

  /** The number of the level of the entry that it read first. */
  int firstLevel() {
    return firstLevel;
  }

  /** The same of the walk ahead. */
  int aheadFirstLevel() {
    return aheadFirstLevel;
  }

  /** Whether another page was walked for ahead of its use. */
  boolean walkedAhead() {
    return aheadStarted;
  }

  /** The address of that page. */
  long aheadVa() {
    return aheadVa;
  }

  /** What the walk for it yielded, a {@link io.lookaside.mmu.format.Translation} word. */
  long aheadOutcome() {
    return aheadOutcome;
  }

  /** How many entries both walks read: those of the walk ahead follow the others. */
  int allReads() {
    return reads;
  }

  /** The physical address of an entry, in the order in which they were read. */
  long address(int i) {
    return addresses[i];
  }

  @Override
  public void onFirstLevelMiss(boolean secondLevelHit) {
    if (profile != null) {
      profile.onFirstLevelMiss(secondLevelHit);
    }
    firstLevelMissed = true;
    secondLevelMissed = !secondLevelHit;
  }

  @Override
  public void onPrefetch(long va) {
    if (profile != null) {
      profile.onPrefetch(va);
    }
    aheadVa = va;
    aheadFrom = reads;
  }

  @Override
  public void onStart(long va, int level, long pointer) {
    if (profile != null) {
      profile.onStart(va, level, pointer);
    }
    if (aheadFrom < 0) {
      walked = true;
      reads = 0;
      firstLevel = level;
    } else {
      aheadStarted = true;
      aheadFirstLevel = level;
    }
  }

  @Override
  public void onEntry(int level, long address, long entry) {
    if (profile != null) {
      profile.onEntry(level, address, entry);
    }
    if (reads == addresses.length) {
      addresses = Arrays.copyOf(addresses, 2 * reads);
    }
    addresses[reads++] = address;
  }

  @Override
  public void onEnd(long outcome) {
    if (profile != null) {
      profile.onEnd(outcome);
    }
    aheadOutcome = outcome; // what a walk for an access yields, the MMU says itself
  }
}
