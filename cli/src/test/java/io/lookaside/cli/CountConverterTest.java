package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class CountConverterTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "500000, 500000",
    "500K, 500000",
    "2M, 2000000",
    "1G, 1000000000",
    "2g, 2000000000",
    "1.5K, 1500",
    "0.25M, 250000",
    "3.0, 3",
    "9223372036854775807, 9223372036854775807",
    "9223372036G, 9223372036000000000",
  })
  void suffixesAreDecimal(String text, long expected) {
    assertEquals(expected, new CountConverter().convert(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "K",
        "-1",
        "+1",
        "0.5",
        "1.0001K",
        "1e3",
        "0x10",
        "1KK",
        "1 K",
        "1_000",
        "1,000",
        "1T",
        ".5K",
        "5.K",
        "NaN",
        "9223372036854775808",
        "10000000000G",
        "\u0661"
      })
  void anythingElseIsRefused(String text) {
    assertThrows(TypeConversionException.class, () -> new CountConverter().convert(text));
  }
}
