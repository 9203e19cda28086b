package io.lookaside.traces;

import static io.lookaside.traces.Samples.ascii;
import static io.lookaside.traces.Samples.concat;
import static io.lookaside.traces.Samples.fetch;
import static io.lookaside.traces.Samples.field;
import static io.lookaside.traces.Samples.gem5Header;
import static io.lookaside.traces.Samples.load;
import static io.lookaside.traces.Samples.message;
import static io.lookaside.traces.Samples.store;
import static io.lookaside.traces.Samples.varint;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.traces.Samples.Ref;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Gem5ReaderTest {
  private static Gem5Reader reader(byte[]... parts) {
    return new Gem5Reader(Samples.stream(concat(parts)), "t");
  }

  private static List<Ref> read(byte[]... packets) throws IOException {
    return Samples.readAll(reader(gem5Header(), concat(packets)));
  }

  private static String flawOf(byte[]... parts) {
    return Samples.messageOf(
        assertThrows(TraceException.class, () -> Samples.readAll(reader(parts)), "no flaw"));
  }

  private static byte[] packet(int command, long address, long size) {
    return message(field(1, 1000), field(2, command), field(3, address), field(4, size));
  }

  @Test
  void bytesOfATraceAreReadAsTheEncodingSays() throws IOException {
    // Written by hand from the encoding: tag = number << 3 | wire type; 0x1040 = 0xc0 0x20 in
    // groups of seven bits, the lowest first.
    String hex =
        "67656d35" // gem5
            + "05" // a header of 5 bytes
            + "0a01411000" // field 1, a string of 1 byte: A; field 2: 0
            + "0c" // a packet of 12 bytes
            + "08e807" // tick 1000
            + "1001" // command 1
            + "18c020" // address 0x1040
            + "2040" // size 64
            + "2800"; // flags 0
    assertEquals(List.of(load(0x1040, 64)), Samples.readAll(reader(HexFormat.of().parseHex(hex))));
  }

  @Test
  void requestsAreReferencesAndOtherPacketsAreCounted() throws IOException {
    Gem5Reader reader =
        reader(
            gem5Header(),
            packet(1, 0x1000, 8),
            packet(2, 0x1000, 8), // the response
            packet(4, 0x2000, 64),
            packet(5, 0x2000, 64),
            packet(22, 0x3000, 64));
    assertEquals(List.of(load(0x1000, 8), store(0x2000, 64)), Samples.readAll(reader));
    assertEquals(3, reader.ignoredLines());
  }

  @Test
  void aReadWithTheFlagOfAFetchIsOne() throws IOException {
    assertEquals(
        List.of(fetch(0x1000, 4), load(0x2000, 4)),
        read(
            message(field(2, 1), field(3, 0x1000), field(4, 4), field(5, 0x102)),
            message(field(2, 1), field(3, 0x2000), field(4, 4), field(5, 0x002))));
  }

  @Test
  void aPacketWithoutSizeHasOneByte() throws IOException {
    assertEquals(List.of(load(0x1000, 1)), read(message(field(2, 1), field(3, 0x1000))));
  }

  @Test
  void addressesOf64BitsPassThrough() throws IOException {
    assertEquals(
        List.of(load(-1L, 1), store(0x8000_0000_0000_0000L, 2)),
        read(packet(1, -1, 1), packet(4, 0x8000_0000_0000_0000L, 2)));
  }

  @Test
  void instructionAddressesAreThosePresentAndEndABatchWhereTheyCease() throws IOException {
    byte[] with = message(field(2, 1), field(3, 0x10), field(7, 0x400000));
    byte[] without = message(field(2, 4), field(3, 0x20));
    Gem5Reader reader = reader(gem5Header(), with, with, without, with);
    ReferenceBatch batch = new ReferenceBatch();
    assertEquals(2, reader.read(batch));
    assertTrue(batch.hasInstructionAddresses());
    assertEquals(0x400000, batch.instructionAddresses[1]);
    assertEquals(1, reader.read(batch));
    assertFalse(batch.hasInstructionAddresses());
    assertEquals(List.of(store(0x20, 1)), Samples.refs(batch));
    assertEquals(1, reader.read(batch));
    assertTrue(batch.hasInstructionAddresses());
    assertEquals(0, reader.read(batch));
  }

  @Test
  void fieldsThatAreNotKnownArePassedOver() throws IOException {
    byte[] text = concat(varint((9 << 3) | 2), varint(300), new byte[300]);
    byte[] wide = concat(varint((10 << 3) | 1), new byte[8]);
    byte[] narrow = concat(varint((11 << 3) | 5), new byte[4]);
    byte[] far = field(1 << 20, 77);
    assertEquals(
        List.of(load(0x1000, 8)),
        read(message(text, field(2, 1), wide, field(3, 0x1000), narrow, field(4, 8), far)));
  }

  @Test
  void aHeaderOfAnyLengthIsPassedOver() throws IOException {
    byte[] ports = new byte[300_000];
    byte[] header = message(varint((4 << 3) | 2), varint(ports.length), ports);
    assertEquals(
        List.of(load(0x1000, 8)),
        Samples.readAll(reader(ascii("gem5"), header, packet(1, 0x1000, 8))));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4095, 4096, 4097, 20_000})
  void anyNumberOfPacketsIsReadToItsEnd(int n) throws IOException {
    List<Ref> refs = Samples.some(n);
    assertEquals(refs, Samples.readAll(reader(Samples.gem5(refs))));
  }

  @Test
  void everyCutIsReportedAfterTheReferencesBeforeIt() throws IOException {
    List<Ref> refs = Samples.some(3);
    byte[] whole = Samples.gem5(refs);
    int last = whole.length - packetLengthAtEnd(whole);
    for (int length = last + 1; length < whole.length; length++) {
      List<Ref> got = new ArrayList<>();
      Gem5Reader reader = reader(Samples.first(whole, length));
      String message =
          Samples.messageOf(
              assertThrows(TraceException.class, () -> Samples.readInto(reader, got)));
      assertEquals(refs.subList(0, 2), got);
      assertTrue(message.startsWith("t: record 3 at byte offset " + last + " is cut off"), message);
    }
  }

  private static int packetLengthAtEnd(byte[] trace) {
    byte[] shorter = Samples.gem5(Samples.some(2));
    return trace.length - shorter.length;
  }

  @Test
  void aLengthBeyondTheFileIsReportedWithoutTakingTheMemory() {
    byte[] two = concat(gem5Header(), packet(1, 0x1000, 8));
    String little = flawOf(two, varint(100), new byte[20]);
    assertTrue(
        little.startsWith(
            "t: record 2 at byte offset "
                + two.length
                + " is cut off: the trace ends 80 bytes too early"),
        little);
    for (long length : new long[] {1L << 15, 0x7fff_ffffL, 1L << 40, -1}) {
      String message = flawOf(two, varint(length), new byte[20]);
      assertTrue(
          message.startsWith(
              "t: record 2 at byte offset "
                  + two.length
                  + " declares "
                  + Long.toUnsignedString(length)
                  + " bytes"),
          message);
    }
    String header = flawOf(ascii("gem5"), varint(1L << 40), new byte[20]);
    assertTrue(header.startsWith("t: the header at byte offset 4 is cut off"), header);
  }

  @Test
  void damagedPacketsAreReported() {
    byte[] header = gem5Header();
    assertTrue(
        flawOf(header, new byte[] {2, 0x10, (byte) 0x81}).contains("a number that does not end"));
    assertTrue(
        flawOf(header, message(concat(varint((3 << 3) | 1), new byte[7])))
            .contains("a number that"));
    assertTrue(
        flawOf(header, message(concat(varint((9 << 3) | 2), varint(5), new byte[4])))
            .contains("a field of 5 bytes, of which 4 are left"));
    assertTrue(flawOf(header, message(varint((9 << 3) | 3))).contains("wire type 3"));
    assertTrue(flawOf(header, message(field(2, 1))).contains("a request without an address"));
    assertTrue(flawOf(header, packet(1, 0, 65_537)).contains("is of 65537 bytes"));
    byte[] endless = new byte[11];
    Arrays.fill(endless, (byte) 0x80);
    assertTrue(flawOf(header, endless).contains("a length of more than 10 bytes"));
  }

  @Test
  void anotherMagicIsRefused() {
    assertTrue(flawOf(ascii("gem6"), new byte[40]).contains("expected the four bytes 'gem5'"));
    assertTrue(flawOf(ascii("ge")).contains("expected the four bytes 'gem5'"));
  }

  @Test
  void aTraceWithoutRequestsIsSaidToHaveNone() {
    assertTrue(
        flawOf(gem5Header(), packet(2, 0x1000, 8))
            .contains("no read or write request among 1 packets"));
  }
}
