package io.lookaside.mmu.assoc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeometryTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "64, 4, 16",
    "1536, 12, 128",
    "72, 72, 1",
    "6, 2, 3",
    "1048576, 4096, 256",
    "1048576, 1, 1048576",
    "4096, 4096, 1",
  })
  void setsAreEntriesByWays(int entries, int ways, int sets) {
    assertEquals(sets, new Geometry(entries, ways, ReplacementPolicy.Kind.LRU).sets());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, entries must be 1 to 1048576",
    "-4, 1, entries must be 1 to 1048576",
    "1048577, 1, entries must be 1 to 1048576",
    "4, 0, ways must be 1 to 4096",
    "4, -2, ways must be 1 to 4096",
    "8194, 4097, ways must be 1 to 4096",
    "64, 5, ways must divide entries: 64 / 5 leaves 4",
    "4, 8, ways must divide entries: 4 / 8 leaves 4",
  })
  void impossibleShapesAreRefusedInWords(int entries, int ways, String message) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new Geometry(entries, ways, ReplacementPolicy.Kind.LRU));
    assertEquals(message, e.getMessage());
  }
}
