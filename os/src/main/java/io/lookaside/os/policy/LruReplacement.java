package io.lookaside.os.policy;

/** The page whose last use is longest ago goes: a list of frames in the order of their use. */
final class LruReplacement implements PageReplacement {
  private static final int NONE = -1;

  private final int[] older;
  private final int[] newer;
  private final boolean[] listed;
  private int oldest = NONE;
  private int newest = NONE;

  LruReplacement(int frames) {
    older = new int[frames];
    newer = new int[frames];
    listed = new boolean[frames];
  }

  @Override
  public void onHit(int frame, int place) {
    if (frame != newest) {
      unlink(frame);
      append(frame);
    }
  }

  @Override
  public void onLoad(int frame, int place) {
    if (listed[frame]) {
      onHit(frame, place);
    } else {
      listed[frame] = true;
      append(frame);
    }
  }

  @Override
  public int victim() {
    return oldest;
  }

  private void unlink(int frame) {
    int before = older[frame];
    int after = newer[frame];
    if (before == NONE) {
      oldest = after;
    } else {
      newer[before] = after;
    }
    older[after] = before; // the newest is never unlinked
  }

  private void append(int frame) {
    older[frame] = newest;
    newer[frame] = NONE;
    if (newest == NONE) {
      oldest = frame;
    } else {
      newer[newest] = frame;
    }
    newest = frame;
  }
}
