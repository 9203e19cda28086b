package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How much is asked for at a time changes nothing. */
class DecodedStreamTest {
  private static final int LENGTH = 400_000;

  private static byte[] bytes() {
    Random random = new Random(3);
    byte[] bytes = new byte[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      bytes[i] = (byte) random.nextInt(20);
    }
    return bytes;
  }

  private static InputStream open(byte[] stored) throws IOException {
    return DecodedStream.open(Samples.stream(stored), Compression.XZ, "t");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1_000, 1_023, 1_024, 1_025, 5_000, 1 << 17})
  void whatComesBeforeAFlawIsTheSameAndTheFlawComesAgain(int length) throws IOException {
    byte[] stored = Samples.xz(bytes());
    byte[] cut = Arrays.copyOf(stored, stored.length / 2);
    // As much as whole reads of 1 KiB bring, as the message says.
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    try (InputStream in = open(cut)) {
      byte[] some = new byte[length];
      TraceException e =
          assertThrows(
              TraceException.class,
              () -> {
                int n = in.read(some);
                while (n >= 0) {
                  got.write(some, 0, n);
                  n = in.read(some);
                }
              });
      assertEquals(0, got.size() % 1_024);
      assertTrue(got.size() > LENGTH / 4 && got.size() < LENGTH, "bytes: " + got.size());
      assertEquals(
          "t: the xz data is cut off after "
              + got.size()
              + " uncompressed bytes; copy or record the trace again",
          Samples.messageOf(e));
      assertTrue(
          Arrays.equals(got.toByteArray(), Arrays.copyOf(bytes(), got.size())), "other bytes");
      for (int again : new int[] {1, 5_000}) {
        assertEquals(e, assertThrows(TraceException.class, () -> in.read(new byte[again])));
      }
    }
  }

  @Test
  void readsOfAllLengthsGiveTheBytes() throws IOException {
    Random random = new Random(5);
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    try (InputStream in = open(Samples.xz(bytes()))) {
      byte[] some = new byte[3_000];
      int n = 0;
      while (n >= 0) {
        got.write(some, 0, n);
        n = in.read(some, 0, 1 + random.nextInt(some.length));
      }
    }
    assertTrue(Arrays.equals(bytes(), got.toByteArray()), "other bytes");
  }
}
