package io.lookaside.cli;

import io.lookaside.simulator.OptionValues;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Counts with the decimal suffixes K, M and G: {@code 500K} is 500,000. */
final class CountConverter implements ITypeConverter<Long> {
  @Override
  public Long convert(String text) {
    try {
      return OptionValues.count(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
