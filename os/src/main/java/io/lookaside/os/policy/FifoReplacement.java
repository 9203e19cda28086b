package io.lookaside.os.policy;

/** The page that was loaded first goes first: frames in turn. */
final class FifoReplacement implements PageReplacement {
  private final int frames;
  private int next;

  FifoReplacement(int frames) {
    this.frames = frames;
  }

  @Override
  public void onHit(int frame, int place) {
    // Use does not count.
  }

  @Override
  public void onLoad(int frame, int place) {
    // Frames are filled in the order in which they are given up.
  }

  @Override
  public int victim() {
    int frame = next;
    next = next + 1 == frames ? 0 : next + 1;
    return frame;
  }
}
