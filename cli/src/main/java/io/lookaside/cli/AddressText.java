package io.lookaside.cli;

import io.lookaside.traces.TraceException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Addresses as users write them: 64 bits, hexadecimal with 0x, or decimal. */
final class AddressText {
  private AddressText() {}

  /** An address on the command line. */
  static long parse(String what, String text) throws UsageException {
    Long value = valueOf(text);
    if (value == null) {
      throw new UsageException(what + ": " + complaint(text));
    }
    return value;
  }

  /** An address in a file. */
  static long parseLine(String file, int line, String text) throws TraceException {
    Long value = valueOf(text);
    if (value == null) {
      throw new TraceException(file + ":" + line + ": " + complaint(text));
    }
    return value;
  }

  private static String complaint(String text) {
    boolean digits = !text.isEmpty() && text.chars().allMatch(c -> Character.digit(c, 16) >= 0);
    return "'"
        + text
        + "' is no address; expected 64 bits, hexadecimal or decimal"
        + (digits ? ", as in 0x" + text : ", as in 0x401000");
  }

  private static @Nullable Long valueOf(String text) {
    boolean hex = text.toLowerCase(Locale.ROOT).startsWith("0x");
    String digits = hex ? text.substring(2) : text;
    if (digits.startsWith("+") || digits.startsWith("-")) {
      return null;
    }
    try {
      return Long.parseUnsignedLong(digits, hex ? 16 : 10);
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
