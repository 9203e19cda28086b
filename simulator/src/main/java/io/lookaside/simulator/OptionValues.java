package io.lookaside.simulator;

import io.lookaside.simulator.config.NearMiss;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Values of the options of a run as users write them, on a command line or in the file of a sweep.
 *
 * <p>What is none throws an {@code IllegalArgumentException} with a message for the user, which
 * begins with the value.
 */
public final class OptionValues {
  private static final Pattern COUNT = Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?)([KMG]?)");
  private static final Pattern MEMORY = Pattern.compile("(\\d{1,9})([MG])(?:I?B)?");

  private OptionValues() {}

  /** A count, with the decimal suffix K, M or G or none: {@code 500K} is 500,000. */
  public static long count(String text) {
    Matcher m = COUNT.matcher(text.toUpperCase(Locale.ROOT));
    if (m.matches()) {
      int zeros =
          switch (m.group(2)) {
            case "K" -> 3;
            case "M" -> 6;
            case "G" -> 9;
            default -> 0;
          };
      try {
        return new BigDecimal(m.group(1)).scaleByPowerOfTen(zeros).longValueExact();
      } catch (ArithmeticException e) {
        // Said below: half a reference, or more than 2^63.
      }
    }
    throw new IllegalArgumentException(
        "'" + text + "' is no count; expected a whole number such as 500000, 500K, 2M or 1G");
  }

  /** Bytes of memory, with the binary suffix M or G: {@code 256M} or {@code 4G}. */
  public static long memoryBytes(String text) {
    Matcher m = MEMORY.matcher(text.toUpperCase(Locale.ROOT));
    if (!m.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is no size; expected a number with M or G, as in 256M");
    }
    return Long.parseLong(m.group(1)) << (m.group(2).equals("M") ? 20 : 30);
  }

  /** A seed, which may be negative. */
  public static long seed(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "'" + text + "' is no seed; expected a whole number of 64 bits, such as 42", e);
    }
  }

  /** The index of a word among those that are allowed. */
  public static int oneOf(String text, List<String> allowed) {
    int index = allowed.indexOf(text);
    if (index < 0) {
      throw new IllegalArgumentException(
          "'" + text + "' is none of " + String.join(", ", allowed) + NearMiss.hint(text, allowed));
    }
    return index;
  }
}
