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
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LackeyReaderTest {
  private static LackeyReader reader(String text) {
    return new LackeyReader(stream(ascii(text)), "t.lackey");
  }

  private static List<Ref> read(String text) throws IOException {
    return Samples.readAll(reader(text));
  }

  private static String flaw(String text) {
    return Samples.messageOf(assertThrows(TraceException.class, () -> read(text)));
  }

  @Test
  void fetchesLoadsAndStoresKeepKindAddressAndSize() throws IOException {
    assertEquals(
        List.of(fetch(0x04001090, 3), load(0x1ffeffe7e8L, 8), store(0x1ffeffe7e0L, 16)),
        read("I  04001090,3\n L 1ffeffe7e8,8\n S 1ffeffe7e0,16\n"));
  }

  @Test
  void modifyIsLoadThenStoreOfTheSameAddressAndSize() throws IOException {
    assertEquals(List.of(load(0x601040, 4), store(0x601040, 4)), read(" M 601040,4\n"));
  }

  @Test
  void noiseOfValgrindAndOfTheProgramIsPassedOverAndCounted() throws IOException {
    LackeyReader reader =
        reader(
            """
            ==123== Lackey, an example Valgrind tool
            ==123==

            I  400000,4
            Hello, world!
             Loading...
            In short
            \tI 400,4
             L 500000,8
            ==123== Counted 1 call to main()
            """);
    assertEquals(List.of(fetch(0x400000, 4), load(0x500000, 8)), Samples.readAll(reader));
    assertEquals(8, reader.ignoredLines());
  }

  @Test
  void carriageReturnsBeforeNewlinesAreAllowed() throws IOException {
    assertEquals(
        List.of(fetch(0x400000, 4), store(0x10, 8)), read("I  400000,4\r\n\r\n S 10,8\r\n"));
  }

  @Test
  void lastLineNeedsNoNewline() throws IOException {
    assertEquals(List.of(load(0x10, 8), load(0x20, 8)), read(" L 10,8\n L 20,8"));
  }

  @Test
  void hexDigitsMayBeOfEitherCase() throws IOException {
    assertEquals(List.of(load(0xabcdefL, 8), load(0xabcdefL, 8)), read(" L abcdef,8\n L ABCDEF,8"));
  }

  @Test
  void addressesHaveUpToSixteenDigits() throws IOException {
    assertEquals(
        List.of(load(0, 1), load(-1L, 1), load(0xffff_8000_0000_0000L, 8)),
        read(" L 0,1\n L ffffffffffffffff,1\n L ffff800000000000,8\n"));
  }

  @Test
  void sizesGoFromOneTo65536() throws IOException {
    assertEquals(List.of(load(0, 1), load(0, 65536)), read(" L 0,1\n L 0,65536\n"));
  }

  @Test
  void linesMayStraddleBatchesAndBuffers() throws IOException {
    // About 700 KB of lines of 15 to 19 bytes: no line length divides the 256 KiB buffer.
    List<Ref> expected = new ArrayList<>();
    for (int i = 0; i < 40_000; i++) {
      expected.add(load(0x1000_0000_00L + i * 13L, 1 + i % 300));
    }
    byte[] text = Samples.lackey(expected);
    assertTrue(text.length > 2 * (256 << 10), "several buffers");
    assertEquals(expected, Samples.readAll(new LackeyReader(stream(text), "t")));
  }

  @Test
  void piecesOfTheStreamMayEndAnywhere() throws IOException {
    List<Ref> expected = Samples.some(3000);
    InputStream drop = new OneByteStream(Samples.lackey(expected));
    assertEquals(expected, Samples.readAll(new LackeyReader(drop, "t")));
  }

  @Test
  void modifyLinesAtTheEndOfABatchLoseNothing() throws IOException {
    // 4095 loads leave one place in the batch, and a modify line needs two.
    String text = " L 40,8\n".repeat(4095) + " M 80,8\n L c0,8\n";
    List<Ref> refs = read(text);
    assertEquals(4098, refs.size());
    assertEquals(
        List.of(load(0x80, 8), store(0x80, 8), load(0xc0, 8)), refs.subList(4095, refs.size()));
    assertEquals(2 * 10_000, read(" M 80,8\n".repeat(10_000)).size());
  }

  /** What comes of a text: references, lines passed over, and the message at the end, if any. */
  private static String outcome(byte[] text, boolean quick) throws IOException {
    LackeyReader reader = new LackeyReader(stream(text), "t", true, quick);
    List<Ref> refs = new ArrayList<>();
    String message = "";
    try {
      Samples.readInto(reader, refs);
    } catch (TraceException e) {
      message = Samples.messageOf(e);
    }
    return refs + " " + reader.ignoredLines() + " " + message;
  }

  private static String line(Random random) {
    String[] prefixes = {"I  ", " L ", " S ", " M ", "I ", " L", "==1== ", "", "M  ", "  L "};
    int prefix = random.nextInt(8) == 0 ? random.nextInt(10) : random.nextInt(4);
    int digits = 1 + random.nextInt(random.nextInt(4) == 0 ? 18 : 12);
    StringBuilder line = new StringBuilder(prefixes[prefix]);
    for (int i = 0; i < digits; i++) {
      line.append(
          "0123456789abcdefABCDEF".charAt(random.nextInt(random.nextInt(9) == 0 ? 22 : 16)));
    }
    int[] sizes = {0, 1, 8, 9, 10, 16, 64, 99, 100, 512, 65536, 65537};
    line.append(',').append(sizes[random.nextInt(random.nextInt(8) == 0 ? 12 : 7)]);
    return line.append(random.nextInt(30) == 0 ? "\r\n" : "\n").toString();
  }

  /** Lines as they are and with bytes that were changed, put in or left out. */
  @Test
  void quickWayGivesWhatTheCarefulOneGives() throws IOException {
    Random random = new Random(6);
    String bytes = "0189afgAFG,,  LSMI=:/`@\r\n\t\0\u00ff\u00e1\u00b0";
    int flawed = 0;
    int rounds = 20_000;
    for (int round = 0; round < rounds; round++) {
      StringBuilder text = new StringBuilder();
      for (int lines = random.nextInt(6); lines >= 0; lines--) {
        text.append(line(random));
      }
      for (int edits = random.nextInt(3); edits > 0; edits--) {
        int at = random.nextInt(text.length());
        String one = bytes.substring(random.nextInt(bytes.length())).substring(0, 1);
        switch (random.nextInt(3)) {
          case 0 -> text.setCharAt(at, one.charAt(0));
          case 1 -> text.insert(at, one);
          default -> text.setLength(Math.max(1, at));
        }
      }
      byte[] stored = ascii(text.toString());
      String careful = outcome(stored, false);
      assertEquals(careful, outcome(stored, true), text.toString());
      flawed += careful.endsWith(" ") ? 0 : 1;
    }
    assertTrue(flawed > rounds / 10 && flawed < rounds * 9 / 10, flawed + " of " + rounds);
  }

  @Test
  void quickWayIsTakenAndEndsWhereTheBatchIsFull() throws IOException {
    String text = "I  04025310,3\n L 1ffeffe7e8,8\n M 7fffdeadbeef,16\n S 10,4\n";
    LackeyReader reader = reader(text.repeat(2000));
    ReferenceBatch batch = new ReferenceBatch();
    int n;
    int all = 0;
    while ((n = reader.read(batch)) > 0) {
      assertTrue(n >= ReferenceBatch.CAPACITY - 1 || all + n == 10_000, n + " in a batch");
      all += n;
    }
    assertEquals(10_000, all);
    List<Ref> five =
        List.of(
            fetch(0x4025310, 3),
            load(0x1ffeffe7e8L, 8),
            load(0x7fffdeadbeefL, 16),
            store(0x7fffdeadbeefL, 16),
            store(0x10, 4));
    List<Ref> read = read(text.repeat(2000));
    for (int i = 0; i < 10_000; i += 5) {
      assertEquals(five, read.subList(i, i + 5));
    }
  }

  @Test
  void endIsReportedAgainAndAgain() throws IOException {
    LackeyReader reader = reader(" L 40,8\n");
    ReferenceBatch batch = new ReferenceBatch();
    assertEquals(1, reader.read(batch));
    assertEquals(0, reader.read(batch));
    assertEquals(0, reader.read(batch));
    assertEquals(0, batch.count());
  }

  // Columns and byte offsets are counted by hand; the flawed line is the second, at offset 8.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "' L 12g4,8'            | 6  | 13",
        "' L 1234 8'            | 8  | 15",
        "'I  1234'              | 8  | 15",
        "' S 12345678123456781,8' | 21 | 28",
      })
  void badAddressIsReportedWithLineColumnAndOffset(String line, int column, int offset) {
    String message = flaw(" L 40,8\n" + line + "\n");
    assertTrue(message.startsWith("t.lackey:2:" + column + ": expected an address"), message);
    assertTrue(message.contains("byte offset " + offset), message);
    assertTrue(message.contains("hexadecimal"), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "' L 1234,'      | 9  | 16",
        "' L 1234,0'     | 10 | 17",
        "' L 1234,70000' | 14 | 21",
        "' L 1234,65537' | 14 | 21",
        "' L 1234,x'     | 9  | 16",
        "' L 1234,-8'    | 9  | 16",
        "' L 1234,8 '    | 10 | 17",
        "' L 1234,8,8'   | 10 | 17",
      })
  void badSizeIsReportedWithLineColumnAndOffset(String line, int column, int offset) {
    String message = flaw(" L 40,8\n" + line + "\n");
    assertTrue(message.startsWith("t.lackey:2:" + column + ": expected a size"), message);
    assertTrue(message.contains("byte offset " + offset), message);
    assertTrue(message.contains("65536"), message);
  }

  // The column is that of the first byte that is wrong.
  @ParameterizedTest
  @ValueSource(strings = {" L zffe7e8,8", "I  ,3", " S ?,16", " M ~1234,5,8", "I  -4001090,3\r"})
  void aReferenceWhoseFirstDigitWasDamagedIsNoNoise(String line) {
    String message = flaw(" L 40,8\n" + line + "\n");
    assertTrue(message.startsWith("t.lackey:2:4: expected an address"), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "I  looked, 3 times",
        "I  love 1,8",
        " L ",
        " L zz",
        "I  ,",
        " S x,y",
        " L z,8 ",
        "I",
        " ",
        "II ,8"
      })
  void whatAProgramPrintsIsNoise(String line) throws IOException {
    LackeyReader reader = reader(" L 40,8\n" + line + "\n L 80,8\n");
    assertEquals(List.of(load(0x40, 8), load(0x80, 8)), Samples.readAll(reader));
    assertEquals(1, reader.ignoredLines());
  }

  @Test
  void hugeSizeDoesNotOverflow() {
    assertTrue(flaw(" L 1234,4294967304\n").contains("expected a size"));
    assertTrue(flaw(" L 1234," + "9".repeat(1000) + "\n").contains("expected a size"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {" ", "I", "I ", "I  ", " M", " L ", " L 1", " L 1234", " L 1234,", "I  0400"})
  void lineThatIsCutOffAtTheEndIsSaidToBe(String last) {
    String message = flaw(" L 40,8\n" + last);
    assertTrue(message.startsWith("t.lackey:2:" + (last.length() + 1) + ": expected"), message);
    assertTrue(message.contains("cut off"), message);
    assertTrue(message.contains("byte offset " + (8 + last.length())), message);
  }

  @Test
  void positionOfAFlawFarBehindIsExact() {
    // 100,000 lines of 8 bytes, then the flaw at the fourth byte of its line: many buffers on.
    String message = flaw(" L 40,8\n".repeat(100_000) + " L 4?,8\n");
    assertTrue(message.startsWith("t.lackey:100001:5: "), message);
    assertTrue(message.contains("byte offset 800004"), message);
  }

  @Test
  void referencesBeforeAFlawAreDeliveredFirst() throws IOException {
    LackeyReader reader = reader(" L 40,8\n S 80,8\n L zz\n L 1,0\n");
    ReferenceBatch batch = new ReferenceBatch();
    // " L zz" does not begin as a reference does: it is noise. " L 1,0" is the flaw.
    assertEquals(2, reader.read(batch));
    assertEquals(List.of(load(0x40, 8), store(0x80, 8)), Samples.refs(batch));
    String first = Samples.messageOf(assertThrows(TraceException.class, () -> reader.read(batch)));
    assertTrue(first.startsWith("t.lackey:4:"), first);
    assertEquals(
        first, Samples.messageOf(assertThrows(TraceException.class, () -> reader.read(batch))));
  }

  @Test
  void binaryByteIsReportedWithItsPosition() {
    String message = flaw(" L 40,8\nabc\0def\n");
    assertTrue(message.startsWith("t.lackey:2:4: byte 0x0 at byte offset 11"), message);
    assertTrue(message.contains("--format"), message);
  }

  @Test
  void binaryFileIsNoLackeyTrace() {
    byte[] words = Samples.flat64(Samples.some(5000));
    LackeyReader reader = new LackeyReader(stream(words), "b");
    assertThrows(TraceException.class, () -> Samples.readAll(reader));
  }

  @Test
  void textWithoutAnyReferenceIsRefused() {
    String message = flaw("hello\nworld\n");
    assertTrue(message.startsWith("t.lackey: no reference in 2 lines"), message);
    assertTrue(message.contains("--trace-mem=yes"), message);
  }

  @Test
  void failureOfTheDeviceIsNoTraceException() {
    InputStream broken = new Samples.BrokenStream();
    IOException e =
        assertThrows(
            IOException.class, () -> new LackeyReader(broken, "t").read(new ReferenceBatch()));
    assertFalse(e instanceof TraceException);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "I  04001090,3\n",
        " L 1ffeffe7e8,8",
        "==1== noise\n\n S 1ffeffe7e8,8\n",
        " M ABC,8\r\n",
        "==99== Lackey, an example Valgrind tool\n",
      })
  void contentOfLackeyIsRecognised(String text) {
    assertTrue(LackeyReader.matches(ascii(text), text.length()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "hello\n", " L \n", "\0 L 1ffe,8\n", "I  1234,4\n\1", "0x1234: R 0x5678\n"})
  void otherContentIsNotTakenForLackey(String text) {
    assertFalse(LackeyReader.matches(ascii(text), text.length()));
  }

  /** Gives one byte at a time. */
  private static final class OneByteStream extends InputStream {
    private final byte[] bytes;
    private int next;

    OneByteStream(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() {
      return next < bytes.length ? bytes[next++] : -1;
    }

    @Override
    public int read(byte[] to, int offset, int length) {
      if (next == bytes.length) {
        return -1;
      }
      to[offset] = bytes[next++];
      return 1;
    }
  }
}
