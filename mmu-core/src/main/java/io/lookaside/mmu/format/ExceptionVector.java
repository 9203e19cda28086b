package io.lookaside.mmu.format;

/** The numbers of exceptions. Source: Intel SDM Vol. 3A, "Protected-Mode Exceptions". */
public final class ExceptionVector {
  /** #NP: a descriptor's P is clear. */
  public static final int SEGMENT_NOT_PRESENT = 11;

  /** #SS: a stack segment is not present, or was left. */
  public static final int STACK_FAULT = 12;

  /** #GP: general protection. */
  public static final int GENERAL_PROTECTION = 13;

  /** #PF: page fault. */
  public static final int PAGE_FAULT = 14;

  private ExceptionVector() {}
}
