package io.lookaside.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Sizes of memory with the binary suffixes K, M, G and T: {@code 4K} is 4,096 bytes. */
final class ByteSizeConverter implements ITypeConverter<Long> {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,18})([KMGTkmgt]?)");

  @Override
  public Long convert(String text) {
    Matcher m = SIZE.matcher(text);
    if (m.matches()) {
      int shift =
          switch (m.group(2)) {
            case "K", "k" -> 10;
            case "M", "m" -> 20;
            case "G", "g" -> 30;
            case "T", "t" -> 40;
            default -> 0;
          };
      long value = Long.parseLong(m.group(1));
      if (value <= Long.MAX_VALUE >>> shift) {
        return value << shift;
      }
    }
    throw new TypeConversionException(
        "'" + text + "' is no size; expected bytes such as 4096, 64K, 256M or 1G");
  }
}
