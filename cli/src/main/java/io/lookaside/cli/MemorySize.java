package io.lookaside.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A size of memory as users write it: {@code 256M} or {@code 4G}, in binary units. */
final class MemorySize {
  private static final Pattern TEXT = Pattern.compile("(\\d{1,9})([MG])(?:I?B)?");

  private MemorySize() {}

  /**
   * The bytes of a size.
   *
   * @throws IllegalArgumentException with a message for the user
   */
  static long parse(String text) {
    Matcher matcher = TEXT.matcher(text.toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is no size; expected a number with M or G, as in 256M");
    }
    return Long.parseLong(matcher.group(1)) << (matcher.group(2).equals("M") ? 20 : 30);
  }
}
