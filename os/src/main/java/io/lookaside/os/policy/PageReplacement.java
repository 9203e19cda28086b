package io.lookaside.os.policy;

/**
 * Decides which frame is given up when all are in use. Places are indices into a {@link
 * PageString}.
 */
interface PageReplacement {
  /** The page in a frame was referenced again. */
  void onHit(int frame, int place);

  /** A page was loaded into a frame. */
  void onLoad(int frame, int place);

  /** The frame to give up; its page's end is final. */
  int victim();
}
