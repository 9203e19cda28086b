package io.lookaside.traces;

import static io.lookaside.traces.Samples.ascii;
import static io.lookaside.traces.Samples.fetch;
import static io.lookaside.traces.Samples.load;
import static io.lookaside.traces.Samples.store;
import static io.lookaside.traces.Samples.stream;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.traces.Samples.Ref;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DinReaderTest {
  private static DinReader reader(String text) {
    return new DinReader(stream(ascii(text)), "t.din");
  }

  private static List<Ref> read(String text) throws IOException {
    return Samples.readAll(reader(text));
  }

  private static String flaw(String text) {
    return Samples.messageOf(assertThrows(TraceException.class, () -> read(text)));
  }

  @Test
  void labelsAreLoadStoreAndFetchOfOneByte() throws IOException {
    assertEquals(
        List.of(load(0x1fc0, 1), store(0xffff_8000_0000_0000L, 1), fetch(0x401090, 1)),
        read("0 1fc0\n1 ffff800000000000\n2 401090\n"));
  }

  @Test
  void blanksPrefixesAndCommentsAreAllowed() throws IOException {
    assertEquals(
        List.of(load(0x10, 1), store(0x20, 1), fetch(0xABC, 1)),
        read("  0\t10 a comment\n1   0x20\r\n2 ABC\tanother 0 30\n"));
  }

  @Test
  void escapesAreNoReferences() throws IOException {
    DinReader reader = reader("0 10\n3 0\n4 0\n\n1 20\n");
    assertEquals(List.of(load(0x10, 1), store(0x20, 1)), Samples.readAll(reader));
    assertEquals(3, reader.ignoredLines());
  }

  // The flawed line is the second, at byte offset 5.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'5 10'                | 1 | 5 | 0 for a load",
        "'r 10'                | 1 | 5 | 0 for a load",
        "'010'                 | 2 | 6 | 0 for a load",
        "'0 '                  | 3 | 7 | an address",
        "'0 xyz'               | 3 | 7 | an address",
        "'0 10g'               | 5 | 9 | an address",
        "'0 12345678123456781' | 3 | 7 | an address",
      })
  void flawIsReportedWithLineColumnAndOffset(String line, int column, int offset, String what) {
    String message = flaw("0 40\n" + line + "\n");
    assertTrue(message.startsWith("t.din:2:" + column + ": expected "), message);
    assertTrue(message.contains("byte offset " + offset), message);
    assertTrue(message.contains(what), message);
  }

  @Test
  void lineThatIsCutOffIsSaidToBeAndWhatStandsBeforeIsDelivered() {
    List<Ref> got = new ArrayList<>();
    DinReader reader = reader("0 10\n1");
    String message =
        Samples.messageOf(assertThrows(TraceException.class, () -> Samples.readInto(reader, got)));
    assertEquals(List.of(load(0x10, 1)), got);
    assertTrue(message.contains("cut off"), message);
  }

  @Test
  void onlyTextOfLabelsAndAddressesIsRecognised() {
    assertTrue(matches("0 1fc0\n2 401090\n1 7ff"));
    assertTrue(matches("0 1fc0"));
    assertFalse(matches("5 1fc0\n"));
    assertFalse(matches("0 1fc0\nhello\n"));
    assertFalse(matches("0,1fc0\n"));
    assertFalse(matches("\n"));
  }

  private static boolean matches(String text) {
    return DinReader.matches(ascii(text), text.length());
  }
}
