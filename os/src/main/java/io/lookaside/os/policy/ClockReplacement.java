package io.lookaside.os.policy;

/**
 * Second chance with a hand: a frame whose reference bit is set has it cleared and is passed over.
 * The reference that loads a page sets its bit, as hardware does.
 */
final class ClockReplacement implements PageReplacement {
  private final boolean[] referenced;
  private int hand;

  ClockReplacement(int frames) {
    referenced = new boolean[frames];
  }

  @Override
  public void onHit(int frame, int place) {
    referenced[frame] = true;
  }

  @Override
  public void onLoad(int frame, int place) {
    referenced[frame] = true;
  }

  @Override
  public int victim() {
    while (referenced[hand]) {
      referenced[hand] = false;
      advance();
    }
    int frame = hand;
    advance();
    return frame;
  }

  private void advance() {
    hand = hand + 1 == referenced.length ? 0 : hand + 1;
  }
}
