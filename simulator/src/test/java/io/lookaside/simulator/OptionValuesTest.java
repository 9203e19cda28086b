package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OptionValuesTest {
  @ParameterizedTest
  @CsvSource({"0, 0", "17, 17", "500K, 500000", "2m, 2000000", "1.5G, 1500000000", "0.001k, 1"})
  void countsHaveDecimalSuffixes(String text, long count) {
    assertEquals(count, OptionValues.count(text));
  }

  @Test
  void theLargestCountIsTheLargestLong() {
    assertEquals(Long.MAX_VALUE, OptionValues.count("9223372036854775807"));
    assertThrows(IllegalArgumentException.class, () -> OptionValues.count("9223372036854775808"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "K", "1.0005K", "0.5", "1T", "1 K", "9223372036854776K"})
  void whatIsNoCountIsSaid(String text) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> OptionValues.count(text));
    assertTrue(String.valueOf(e.getMessage()).startsWith("'" + text + "' is no count"));
  }

  @ParameterizedTest
  @CsvSource({"1M, 1048576", "256mib, 268435456", "4G, 4294967296", "4GB, 4294967296"})
  void memoryHasBinarySuffixes(String text, long bytes) {
    assertEquals(bytes, OptionValues.memoryBytes(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "4096", "4K", "1.5G", "1234567890M"})
  void whatIsNoMemoryIsSaid(String text) {
    assertThrows(IllegalArgumentException.class, () -> OptionValues.memoryBytes(text));
  }

  @Test
  void aWordIsOneOfThoseAllowedOrTheNearestIsNamed() {
    List<String> allowed = List.of("demand", "prefault");
    assertEquals(1, OptionValues.oneOf("prefault", allowed));
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> OptionValues.oneOf("demnad", allowed));
    assertEquals("'demnad' is none of demand, prefault; did you mean 'demand'?", e.getMessage());
  }
}
