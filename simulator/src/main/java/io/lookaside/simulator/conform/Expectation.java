package io.lookaside.simulator.conform;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the line of an expectation says: the value of the tables in memory, and in its comment what
 * else is permitted. Values are {@link Outcome} words, or words of memory.
 */
final class Expectation {
  /** A value that is permitted too, unless one of some accesses raised a page fault. */
  private static final class Alternative {
    final long value;
    final int[] unlessFaulted;

    Alternative(long value, int[] unlessFaulted) {
      this.value = value;
      this.unlessFaulted = unlessFaulted;
    }

    boolean holds(IntSet faulted) {
      for (int access : unlessFaulted) {
        if (faulted.contains(access)) {
          return false;
        }
      }
      return true;
    }
  }

  /** Reads the value that words from one on name. */
  interface Parser {
    long parse(String[] words, int from) throws VectorException;
  }

  private static final int[] ALWAYS = {};

  private final List<Alternative> may = new ArrayList<>(2);
  private long value;
  private long exact;
  private boolean open;
  private boolean stale;
  private boolean weakAccessed;

  /** Takes up the expectation of a line whose value stands first. */
  void set(VectorReader in, long newValue, Parser parser) throws VectorException {
    may.clear();
    value = newValue;
    exact = newValue;
    open = false;
    stale = false;
    weakAccessed = false;
    if (in.hasComment()) {
      for (String part : in.comment().split("#", -1)) {
        annotate(in, part.strip(), parser);
      }
    }
  }

  private void annotate(VectorReader in, String part, Parser parser) throws VectorException {
    if (part.equals("stale")) {
      stale = true;
    } else if (part.equals("weak-A")) {
      weakAccessed = true;
    } else if (part.startsWith("open:")) {
      open = true;
    } else if (part.startsWith("exact:")) {
      exact = parser.parse(words(part), 1);
    } else if (part.startsWith("may:")) {
      may.add(alternative(in, words(part), parser));
    }
  }

  private static String[] words(String part) {
    return part.split("\\s+");
  }

  private static Alternative alternative(VectorReader in, String[] words, Parser parser)
      throws VectorException {
    for (int i = 1; i < words.length; i++) {
      if (words[i].equals("unless-pf")) {
        if (i + 1 >= words.length) {
          throw in.flaw("'unless-pf' needs the numbers of accesses behind it");
        }
        String[] numbers = words[i + 1].split(",", -1);
        int[] accesses = new int[numbers.length];
        for (int k = 0; k < numbers.length; k++) {
          accesses[k] = (int) in.number(numbers[k]);
        }
        return new Alternative(parser.parse(Arrays.copyOf(words, i), 1), accesses);
      }
    }
    return new Alternative(parser.parse(words, 1), ALWAYS);
  }

  /** The value first named: that of the tables in memory. */
  long value() {
    return value;
  }

  /** What the exact machine shows. */
  long exact() {
    return exact;
  }

  /** Whether the SDM leaves the value open. */
  boolean isOpen() {
    return open;
  }

  /** Whether a cached translation and a fresh walk differ, and either is lawful. */
  boolean isStale() {
    return stale;
  }

  /** Whether A of a non-leaf entry, after a walk that faulted, may be set or not. */
  boolean isWeakAccessed() {
    return weakAccessed;
  }

  /**
   * Whether a value is permitted.
   *
   * @param faulted the numbers of the accesses of the case that raised a page fault
   */
  boolean permits(long got, IntSet faulted) {
    if (got == value || (open && got == exact)) {
      return true;
    }
    for (Alternative alternative : may) {
      if (got == alternative.value && alternative.holds(faulted)) {
        return true;
      }
    }
    return false;
  }

  /** What is expected, in words. */
  String text(boolean exactly, Formatter formatter) {
    StringBuilder text = new StringBuilder(formatter.text(exactly && !open ? exact : value));
    if (!exactly || open) {
      for (Alternative alternative : may) {
        text.append(" or ").append(formatter.text(alternative.value));
      }
    }
    return text.toString();
  }

  /** Says a value in words. */
  interface Formatter {
    String text(long value);
  }
}
