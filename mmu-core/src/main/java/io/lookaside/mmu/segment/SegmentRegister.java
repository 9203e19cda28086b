package io.lookaside.mmu.segment;

/** A segment register, in the order in which instructions number them. */
public enum SegmentRegister {
  ES,
  CS,
  SS,
  DS,
  FS,
  GS;

  /** The number of segment registers. */
  public static final int COUNT = 6;
}
