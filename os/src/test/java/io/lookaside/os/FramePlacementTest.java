package io.lookaside.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.os.FramePlacement.Kind;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FramePlacementTest {
  @Test
  void theTwoPlainRulesAreReadByName() {
    assertEquals(new FramePlacement(Kind.CONTIGUOUS, 0), FramePlacement.parse("contiguous"));
    assertEquals(new FramePlacement(Kind.SCATTERED, 0), FramePlacement.parse("scattered"));
  }

  @ParameterizedTest
  @CsvSource({
    "fragmented:0, 0",
    "fragmented:1, 1",
    "fragmented:0.25, 0.25",
    "fragmented:.5, 0.5",
    "fragmented:25%, 0.25",
    "fragmented:0%, 0",
    "fragmented:100%, 1",
    "fragmented:12.5%, 0.125"
  })
  void aProbabilityIsReadAsANumberOrAPercentage(String text, double p) {
    assertEquals(new FramePlacement(Kind.FRAGMENTED, p), FramePlacement.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Contiguous",
        "contiguous ",
        "random",
        "fragmented",
        "fragmented:",
        "fragmented:%",
        "fragmented:x",
        "fragmented:-0.1",
        "fragmented:1.01",
        "fragmented:101%",
        "fragmented:-1%",
        "fragmented:NaN",
        "fragmented:Infinity",
        "fragmented:25%%",
        "fragmented:0,25",
        "scattered:0.5"
      })
  void anythingElseIsRejectedWithTheFormsThatAreAccepted(String text) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> FramePlacement.parse(text));
    String message = Objects.requireNonNull(e.getMessage());
    assertTrue(message.contains("contiguous"), message);
    assertTrue(message.contains("scattered"), message);
    assertTrue(message.contains("fragmented:"), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"contiguous", "scattered", "fragmented:0.25", "fragmented:1.0"})
  void itsTextIsWhatIsRead(String text) {
    assertEquals(text, FramePlacement.parse(text).toString());
  }
}
