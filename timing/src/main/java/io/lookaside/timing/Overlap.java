package io.lookaside.timing;

/** How far references of one core overlap in time. */
public enum Overlap {
  /** A reference starts when the one before is complete. */
  SERIAL("serial"),
  /** An out-of-order window; references do not wait for each other's results. */
  WINDOW("window"),
  /** The same window, and an instruction starts when the registers that it reads are ready. */
  DATAFLOW("dataflow");

  private final String label;

  Overlap(String label) {
    this.label = label;
  }

  /** The name on the command line and in results. */
  public String label() {
    return label;
  }
}
