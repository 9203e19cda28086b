package io.lookaside.traces;

import static io.lookaside.traces.Samples.ascii;
import static io.lookaside.traces.Samples.stream;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CsvReaderTest {
  private static CsvReader reader(String text) {
    return new CsvReader(stream(ascii(text)), "t.csv");
  }

  private static List<Detailed> read(String text) throws IOException {
    return Detailed.readAll(reader(text));
  }

  private static String flaw(String text) {
    return Samples.messageOf(assertThrows(TraceException.class, () -> read(text)));
  }

  @Test
  void kindAndAddressAreEnoughAndTheSizeIsThenOne() throws IOException {
    assertEquals(
        List.of(
            Detailed.of(AccessKind.LOAD, 0x1000, 1),
            Detailed.of(AccessKind.STORE, 4096, 1),
            Detailed.of(AccessKind.FETCH, -1L, 1)),
        read("kind,va\nL,0x1000\nS,4096\nI,18446744073709551615\n"));
  }

  @Test
  void modifyIsLoadThenStore() throws IOException {
    assertEquals(
        List.of(Detailed.of(AccessKind.LOAD, 0x1000, 8), Detailed.of(AccessKind.STORE, 0x1000, 8)),
        read("kind,va,size\nM,0x1000,8\n"));
  }

  @Test
  void columnsMayStandInAnyOrder() throws IOException {
    assertEquals(
        List.of(new Detailed(AccessKind.LOAD, 0x10, 8, 0x401000L, 7, 3)),
        read("core,asid,pc,size,va,kind\n3,7,0x401000,8,0x10,L\n"));
  }

  @Test
  void emptyFieldsAreAsIfThereWereNoColumn() throws IOException {
    assertEquals(
        List.of(Detailed.of(AccessKind.LOAD, 0x10, 1)),
        read("kind,va,size,pc,asid,core\nL,0x10,,,,\n"));
  }

  @Test
  void spreadsheetsWaysOfWritingAreRead() throws IOException {
    // A byte-order mark, quotation marks, blanks, capitals, carriage returns, an empty line.
    String text = "\u00ef\u00bb\u00bf\"Kind\", VA ,Size\r\n\"l\" , \"0X1F\" ,\t8 \r\n\r\ns,16,4";
    assertEquals(
        List.of(Detailed.of(AccessKind.LOAD, 0x1f, 8), Detailed.of(AccessKind.STORE, 16, 4)),
        read(text));
  }

  @Test
  void batchesEndWhereAddressSpaceCoreOrKnowledgeOfInstructionsChanges() throws IOException {
    String text =
        "kind,va,pc,asid,core\nL,1,9,1,0\nL,2,9,1,0\nL,3,9,2,0\nL,4,9,2,5\nL,5,,2,5\nM,6,,2,5\n";
    CsvReader reader = reader(text);
    ReferenceBatch batch = new ReferenceBatch();
    List<Integer> counts = new ArrayList<>();
    List<Detailed> all = new ArrayList<>();
    while (reader.read(batch) > 0) {
      counts.add(batch.count());
      all.addAll(Detailed.of(batch));
    }
    assertEquals(List.of(2, 1, 1, 3), counts);
    assertEquals(
        List.of(
            new Detailed(AccessKind.LOAD, 1, 1, 9L, 1, 0),
            new Detailed(AccessKind.LOAD, 2, 1, 9L, 1, 0),
            new Detailed(AccessKind.LOAD, 3, 1, 9L, 2, 0),
            new Detailed(AccessKind.LOAD, 4, 1, 9L, 2, 5),
            new Detailed(AccessKind.LOAD, 5, 1, null, 2, 5),
            new Detailed(AccessKind.LOAD, 6, 1, null, 2, 5),
            new Detailed(AccessKind.STORE, 6, 1, null, 2, 5)),
        all);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "kind,size                    | has no column va",
        "va                           | has no column kind",
        "kind,va,colour               | 'colour' is no column",
        "kind,va,size,va              | 'va' stands twice",
        "L,0x1000,8                   | 'l' is no column",
        "hello                        | 'hello' is no column",
      })
  void headerThatCannotBeUnderstoodIsRefused(String header, String what) {
    String message = flaw(header + "\nL,0x10,8\n");
    assertTrue(message.startsWith("t.csv:1: "), message);
    assertTrue(message.contains(what), message);
    assertTrue(message.contains("kind,va") || message.contains("name it once"), message);
  }

  // The header has 18 bytes, the first row 9: the flawed row begins at byte offset 27.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'X,16,8,1'                   | 1 | 27 | a kind",
        "'L,,8,1'                     | 3 | 29 | an address",
        "'L,7f00,8,1'                 | 4 | 30 | hexadecimal after 0x",
        "'L,0x,8,1'                   | 5 | 31 | an address",
        "'L,abc,8,1'                  | 3 | 29 | an address",
        "'L,-1,8,1'                   | 3 | 29 | an address",
        "'L,18446744073709551616,8,1' | 3 | 29 | an address",
        "'L,0x12345678123456781,8,1'  | 5 | 31 | an address",
        "'L,16,0,1'                   | 6 | 32 | a size",
        "'L,16,65537,1'               | 6 | 32 | a size",
        "'L,16,8,-1'                  | 8 | 34 | a core",
        "'L,16,8,2147483648'          | 8 | 34 | a core",
        "'L,16,8'                     | 7 | 33 | a comma",
        "'L,16,8,1,5'                 | 9 | 35 | the end of the line",
        "'\"L,16,8,1'                 | 3 | 29 | a quotation mark",
      })
  void flawIsReportedWithLineColumnAndOffset(String row, int column, int offset, String what) {
    String message = flaw("kind,va,size,core\nL,16,8,0\n" + row + "\n");
    assertTrue(message.startsWith("t.csv:3:" + column + ": expected "), message);
    assertTrue(message.contains("byte offset " + offset), message);
    assertTrue(message.contains(what), message);
  }

  @Test
  void rowThatIsCutOffIsSaidToBeAndWhatStandsBeforeIsDelivered() {
    List<Detailed> got = new ArrayList<>();
    CsvReader reader = reader("kind,va\nL,0x10\nS,");
    String message =
        Samples.messageOf(assertThrows(TraceException.class, () -> Detailed.readInto(reader, got)));
    assertEquals(List.of(Detailed.of(AccessKind.LOAD, 0x10, 1)), got);
    assertTrue(message.contains("cut off"), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"kind,va\n", "kind,va", "kind,va\n\n\n"})
  void headerWithoutRowsIsNoTrace(String text) {
    assertTrue(flaw(text).contains("no reference in"), flaw(text));
  }

  @Test
  void onlyHeadersAreRecognised() {
    assertTrue(matches("kind,va\n"));
    assertTrue(matches("va,colour,\"kind\"\r\nL,1,2\n"));
    assertFalse(matches("L,0x10,8\n"));
    assertFalse(matches("kind\tva\n"));
  }

  private static boolean matches(String text) {
    return CsvReader.matches(ascii(text), text.length());
  }
}
