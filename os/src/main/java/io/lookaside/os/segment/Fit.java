package io.lookaside.os.segment;

/** Which hole a new segment goes to. */
public enum Fit {
  /** The lowest that is large enough. */
  FIRST("first fit"),
  /** The first that is large enough after the last placement, round about. */
  NEXT("next fit"),
  /** The smallest that is large enough. */
  BEST("best fit"),
  /** The largest. */
  WORST("worst fit");

  private final String label;

  Fit(String label) {
    this.label = label;
  }

  /** Its name for people. */
  public String label() {
    return label;
  }
}
