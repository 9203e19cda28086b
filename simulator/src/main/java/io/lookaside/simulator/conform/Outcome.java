package io.lookaside.simulator.conform;

import io.lookaside.mmu.format.ExceptionVector;
import io.lookaside.mmu.format.Translation;

/**
 * The outcome of a step of a case in one {@code long}: bits 63:60 say what it is, the others an
 * address or an error code.
 */
final class Outcome {
  private static final int SHIFT = 60;
  private static final long VALUE = (1L << SHIFT) - 1;

  private static final int PHYSICAL = 1;
  private static final int PLAIN_OK = 2;
  private static final int LINEAR = 3;
  private static final int PAGE_FAULT = 4;
  private static final int GENERAL_PROTECTION = 5;
  private static final int STACK_FAULT = 6;
  private static final int NOT_PRESENT = 7;

  /** Success of something that yields no address. */
  static final long OK = (long) PLAIN_OK << SHIFT;

  /** A general-protection fault with error code 0. */
  static final long GP = (long) GENERAL_PROTECTION << SHIFT;

  private static final String[] WORDS = {"", "ok", "ok", "linear", "pf", "gp", "ss", "np"};

  private Outcome() {}

  /** Success with a physical address. */
  static long physical(long pa) {
    return (long) PHYSICAL << SHIFT | pa;
  }

  /** Success with a linear address. */
  static long linear(long address) {
    return (long) LINEAR << SHIFT | (address & VALUE);
  }

  /** The outcome of an access. */
  static long of(long translation, long va) {
    return Translation.isValid(translation)
        ? physical(Translation.physicalAddress(translation, va))
        : fault(translation);
  }

  /** A fault, given as a word of {@link Translation}. */
  static long fault(long translation) {
    long kind =
        switch (Translation.vector(translation)) {
          case ExceptionVector.PAGE_FAULT -> PAGE_FAULT;
          case ExceptionVector.GENERAL_PROTECTION -> GENERAL_PROTECTION;
          case ExceptionVector.STACK_FAULT -> STACK_FAULT;
          default -> NOT_PRESENT;
        };
    return kind << SHIFT | Translation.errorCode(translation);
  }

  static boolean isPageFault(long outcome) {
    return kind(outcome) == PAGE_FAULT;
  }

  /**
   * The outcome that words name, the first of which is at {@code from}: {@code ok PA}, {@code ok},
   * {@code linear ADDRESS}, {@code pf CODE}, {@code gp}, {@code gp CODE}, {@code ss CODE}, {@code
   * np CODE}.
   */
  static long parse(VectorReader in, String[] words, int from) throws VectorException {
    String word = from < words.length ? words[from] : "";
    boolean more = from + 1 < words.length;
    long value = more ? in.number(words[from + 1]) & VALUE : 0;
    int kind =
        switch (word) {
          case "ok" -> more ? PHYSICAL : PLAIN_OK;
          case "linear" -> LINEAR;
          case "pf" -> PAGE_FAULT;
          case "gp" -> GENERAL_PROTECTION;
          case "ss" -> STACK_FAULT;
          case "np" -> NOT_PRESENT;
          default ->
              throw in.flaw("'" + word + "' is no outcome; expected ok, linear, pf, gp, ss or np");
        };
    boolean needsValue = kind != PHYSICAL && kind != PLAIN_OK && kind != GENERAL_PROTECTION;
    if (needsValue && !more) {
      throw in.flaw("'" + word + "' needs a number behind it");
    }
    return (long) kind << SHIFT | value;
  }

  /** The words of an outcome. */
  static String text(long outcome) {
    int kind = kind(outcome);
    return kind == PLAIN_OK ? WORDS[kind] : WORDS[kind] + " 0x" + Long.toHexString(outcome & VALUE);
  }

  private static int kind(long outcome) {
    return (int) (outcome >>> SHIFT);
  }
}
