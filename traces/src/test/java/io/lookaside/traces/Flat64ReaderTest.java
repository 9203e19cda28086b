package io.lookaside.traces;

import static io.lookaside.traces.Samples.fetch;
import static io.lookaside.traces.Samples.load;
import static io.lookaside.traces.Samples.store;
import static io.lookaside.traces.Samples.stream;
import static io.lookaside.traces.Samples.words;
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
import org.junit.jupiter.params.provider.ValueSource;

class Flat64ReaderTest {
  private static List<Ref> read(byte[] bytes) throws IOException {
    return Samples.readAll(new Flat64Reader(stream(bytes), "t.flat64"));
  }

  @Test
  void lowBitsAreTheKindAndTheAddressIsRoundedDownToFour() throws IOException {
    assertEquals(
        List.of(load(0x1000, 4), store(0x1000, 4), fetch(0x1000, 4), fetch(0x1234_5678L, 4)),
        read(words(0x1000, 0x1001, 0x1002, 0x1234_567aL)));
  }

  @Test
  void wordsAreLittleEndian() throws IOException {
    byte[] bytes = {0x01, 0x20, 0x30, 0x40, 0x50, 0x00, 0x00, 0x00};
    assertEquals(List.of(store(0x50_4030_2000L, 4)), read(bytes));
  }

  @Test
  void addressesOfTheKernelHalfAndNonCanonicalOnesPassThrough() throws IOException {
    assertEquals(
        List.of(load(0xffff_8000_0000_0000L, 4), store(-4L, 4), load(0x1234_0000_0000_0000L, 4)),
        read(words(0xffff_8000_0000_0000L, -3L, 0x1234_0000_0000_0000L)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4095, 4096, 4097, 8192, 10_000})
  void anyNumberOfWordsIsReadToItsEnd(int n) throws IOException {
    List<Ref> expected = Samples.some(n);
    assertEquals(expected, read(Samples.flat64(expected)));
  }

  @Test
  void kindThreeIsReportedWithRecordAndOffset() {
    String message =
        Samples.messageOf(
            assertThrows(TraceException.class, () -> read(words(0x1000, 0x2001, 0x3003))));
    assertTrue(message.startsWith("t.flat64: record 3 at byte offset 16 has kind 3"), message);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4095, 4096, 5000})
  void referencesBeforeAFlawAreDeliveredFirst(int n) {
    List<Ref> good = Samples.some(n);
    byte[] bytes = Samples.concat(Samples.flat64(good), words(3), Samples.flat64(good));
    List<Ref> got = new ArrayList<>();
    Flat64Reader reader = new Flat64Reader(stream(bytes), "t");
    String message =
        Samples.messageOf(assertThrows(TraceException.class, () -> Samples.readInto(reader, got)));
    assertEquals(good, got);
    assertTrue(message.contains("record " + (n + 1) + " at byte offset " + 8L * n), message);
    ReferenceBatch batch = new ReferenceBatch();
    assertEquals(
        message, Samples.messageOf(assertThrows(TraceException.class, () -> reader.read(batch))));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7})
  void wordThatIsCutOffIsReportedWithRecordAndOffset(int extra) {
    List<Ref> good = Samples.some(4097);
    byte[] bytes = Samples.concat(Samples.flat64(good), new byte[extra]);
    List<Ref> got = new ArrayList<>();
    String message =
        Samples.messageOf(
            assertThrows(
                TraceException.class,
                () -> Samples.readInto(new Flat64Reader(stream(bytes), "t"), got)));
    assertEquals(good, got);
    assertTrue(
        message.startsWith(
            "t: record 4098 at byte offset 32776 is cut off after " + extra + " of 8 bytes"),
        message);
  }

  @Test
  void onlyCanonicalWordsOfKnownKindsAreRecognised() {
    byte[] good = Samples.flat64(Samples.some(10));
    assertTrue(Flat64Reader.matches(good, good.length));
    assertFalse(Flat64Reader.matches(words(0x1000, 0x2003), 16));
    assertFalse(Flat64Reader.matches(words(0x1000, 0x1234_0000_0000_0000L), 16));
    assertFalse(Flat64Reader.matches(new byte[7], 7));
  }
}
