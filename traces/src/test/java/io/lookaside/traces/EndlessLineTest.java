package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.traces.Samples.Ref;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lines of 100 MB: each reader of text says so after a few buffers, and allocates no more. */
class EndlessLineTest {
  private static final long LENGTH = 100L << 20;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "LACKEY | ' L 40,8~'           | ' L '            | a",
        "LACKEY | ' L 40,8~'           | 'I  10,'         | 0",
        "LACKEY | ' L 40,8~'           | '=='             | =",
        "PIN    | '0x1: R 0x40~'       | '0x'             | 1",
        "PIN    | '0x1: R 0x40~'       | '0x1: R 0x40 '   | 0",
        "PIN    | '0x1: R 0x40~'       | '#'              | #",
        "DIN    | '0 40~'              | '0 '             | 0",
        "DIN    | '0 40~'              | '0 40 '          | c",
        "CSV    | 'kind,va~L,0x40~'   | 'L,0x'           | 0",
        "CSV    | 'kind,va~L,0x40~'   | 'L,'             | 1",
        "CSV    | 'kind,va~L,0x40~'   | ''               | ' '",
      })
  void anEndlessLineIsRefusedAfterBoundedReading(
      TraceFormat format, String before, String start, char filler) throws IOException {
    List<Ref> got = new ArrayList<>();
    Endless endless = new Endless(before.replace('~', '\n') + start, filler);
    try (TraceCursor reader = format.open(endless, "t")) {
      TraceException flaw = assertThrows(TraceException.class, () -> Samples.readInto(reader, got));
      String message = Samples.messageOf(flaw);
      assertTrue(message.contains("a line of more than 65536 bytes"), message);
      assertEquals(List.of(Samples.load(0x40, format == TraceFormat.LACKEY ? 8 : 1)), got);
    }
    assertTrue(endless.served <= 1 << 20, "read " + endless.served + " bytes");
  }

  /** A text that ends in a line without a newline, made as it is read. */
  private static final class Endless extends InputStream {
    private final byte[] start;
    private final byte filler;
    private long served;

    Endless(String start, char filler) {
      this.start = start.getBytes(StandardCharsets.US_ASCII);
      this.filler = (byte) filler;
    }

    @Override
    public int read() {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int wanted) {
      if (served >= LENGTH) {
        return -1;
      }
      if (served < start.length) {
        int n = Math.min(wanted, start.length - (int) served);
        System.arraycopy(start, (int) served, to, offset, n);
        served += n;
        return n;
      }
      Arrays.fill(to, offset, offset + wanted, filler);
      served += wanted;
      return wanted;
    }
  }
}
