package io.lookaside.timing;

/** An instruction in the window. Kept in a ring and used again. */
final class Instruction {
  static final long UNKNOWN = -1;

  /** The most registers that an instruction reads. */
  static final int SOURCES = 4;

  /** Its number on its core. */
  long number;

  /** Its first reference. */
  long firstSequence;

  /** References that are not complete. */
  int open;

  /** Whether no further reference of it can come. */
  boolean closed;

  /** The cycle in which the references so far are complete. */
  long latest;

  /** The cycle in which it is done and its results are there, or {@link #UNKNOWN}. */
  long done;

  /** Operands whose cycle is not known. */
  int missingOperands;

  /** The cycle in which the operands known so far are there. */
  long operandsReady;

  /** The first operand of a later instruction that waits for this one: a code, or -1. */
  int firstDependent;

  /** By operand: the next operand that waits for the same instruction. */
  final int[] nextDependent = new int[SOURCES];
}
