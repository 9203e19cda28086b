package io.lookaside.os.policy;

import java.util.Arrays;

/** A classic page-replacement policy, as textbooks define it. */
public enum PagePolicy {
  FIFO("fifo", "the page that came first goes first"),
  LRU("lru", "the page whose last use is longest ago goes"),
  CLOCK("clock", "as FIFO, but a page that was used since the hand passed stays for a round"),
  OPT("opt", "the page whose next use is farthest goes: the least faults that can be had");

  private final String label;
  private final String meaning;

  PagePolicy(String label, String meaning) {
    this.label = label;
    this.meaning = meaning;
  }

  /** Its name on the command line. */
  public String label() {
    return label;
  }

  /** Which page goes. */
  public String meaning() {
    return meaning;
  }

  /**
   * The page faults of a string of references, first uses included.
   *
   * @param frames at least 1
   */
  public long faults(PageString string, int frames) {
    if (frames < 1) {
      throw new IllegalArgumentException("frames: " + frames + ": expected at least 1");
    }
    int used = Math.min(frames, Math.max(1, string.pages()));
    PageReplacement policy = of(string, used);
    int[] frameOf = new int[string.pages()];
    int[] pageIn = new int[used];
    Arrays.fill(frameOf, -1);
    int filled = 0;
    long faults = 0;
    for (int place = 0; place < string.length(); place++) {
      int page = string.at(place);
      int frame = frameOf[page];
      if (frame >= 0) {
        policy.onHit(frame, place);
        continue;
      }
      faults++;
      if (filled < used) {
        frame = filled++;
      } else {
        frame = policy.victim();
        frameOf[pageIn[frame]] = -1;
      }
      frameOf[page] = frame;
      pageIn[frame] = page;
      policy.onLoad(frame, place);
    }
    return faults;
  }

  private PageReplacement of(PageString string, int frames) {
    return switch (this) {
      case FIFO -> new FifoReplacement(frames);
      case LRU -> new LruReplacement(frames);
      case CLOCK -> new ClockReplacement(frames);
      case OPT -> new OptimalReplacement(string, frames);
    };
  }
}
