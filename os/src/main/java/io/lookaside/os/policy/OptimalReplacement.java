package io.lookaside.os.policy;

import it.unimi.dsi.fastutil.ints.IntHeapIndirectPriorityQueue;

/**
 * The page whose next use is farthest in the future goes. No policy has fewer faults.
 *
 * <p>Source: Belady: "A study of replacement algorithms for a virtual-storage computer", IBM
 * Systems Journal 5(2), 1966.
 */
final class OptimalReplacement implements PageReplacement {
  private final int[] nextUses;
  private final int[] nextUseOf;
  private final IntHeapIndirectPriorityQueue farthest;

  OptimalReplacement(PageString string, int frames) {
    nextUses = string.nextUses();
    nextUseOf = new int[frames];
    farthest = new IntHeapIndirectPriorityQueue(nextUseOf, frames, (a, b) -> Integer.compare(b, a));
  }

  @Override
  public void onHit(int frame, int place) {
    nextUseOf[frame] = nextUses[place];
    farthest.changed(frame);
  }

  @Override
  public void onLoad(int frame, int place) {
    nextUseOf[frame] = nextUses[place];
    if (farthest.contains(frame)) {
      farthest.changed(frame);
    } else {
      farthest.enqueue(frame);
    }
  }

  @Override
  public int victim() {
    return farthest.first();
  }
}
