package io.lookaside.cli;

import java.math.BigDecimal;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Counts with the decimal suffixes K, M and G: {@code 500K} is 500,000. */
final class CountConverter implements ITypeConverter<Long> {
  private static final Pattern COUNT = Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?)([KMGkmg]?)");

  @Override
  public Long convert(String text) {
    Matcher m = COUNT.matcher(text);
    if (m.matches()) {
      int zeros =
          switch (m.group(2)) {
            case "K", "k" -> 3;
            case "M", "m" -> 6;
            case "G", "g" -> 9;
            default -> 0;
          };
      try {
        return new BigDecimal(m.group(1)).scaleByPowerOfTen(zeros).longValueExact();
      } catch (ArithmeticException e) {
        // Said below: half a reference, or more than 2^63.
      }
    }
    throw new TypeConversionException(
        "'" + text + "' is no count; expected a whole number such as 500000, 500K, 2M or 1G");
  }
}
