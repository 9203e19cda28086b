package io.lookaside.traces;

import static io.lookaside.traces.XzFiles.crc32;
import static io.lookaside.traces.XzFiles.number;
import static io.lookaside.traces.XzFiles.padded;
import static io.lookaside.traces.XzFiles.small;
import static io.lookaside.traces.XzFiles.text;
import static io.lookaside.traces.XzFiles.u32;
import static io.lookaside.traces.XzFiles.xz;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tukaani.xz.DeltaOptions;
import org.tukaani.xz.FinishableWrapperOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.MemoryLimitException;
import org.tukaani.xz.UnsupportedOptionsException;
import org.tukaani.xz.X86Options;
import org.tukaani.xz.XZ;
import org.tukaani.xz.XZFormatException;
import org.tukaani.xz.XZInputStream;

/** The library is the model: the same bytes, and the same files refused. */
class XzStreamTest {
  private static final int LIMIT_KIB = 64 << 10;
  private static final int READ_BYTES = 1 << 10;
  private static final int HEADER_BYTES = 12;

  /** What is said wrong, with checksums that are right: how much more than it is. */
  private record Lie(
      int compressed,
      int uncompressed,
      int indexUnpadded,
      int indexUncompressed,
      int backwardSize,
      int footerCheck,
      boolean longNumber) {
    static final Lie NONE = new Lie(0, 0, 0, 0, 0, 0, false);
  }

  /** One block with CRC32, whose header says its sizes. */
  private static byte[] withSizes(byte[] bytes, Lie lie) throws IOException {
    ByteArrayOutputStream lzma2 = new ByteArrayOutputStream();
    try (var out = small().getOutputStream(new FinishableWrapperOutputStream(lzma2))) {
      out.write(bytes);
      out.finish();
    }
    byte[] fields =
        Samples.concat(
            new byte[] {0, (byte) 0xc0},
            number(lzma2.size() + lie.compressed()),
            number(bytes.length + lie.uncompressed()),
            new byte[] {0x21, 1, 8}); // 2^16 bytes of dictionary
    byte[] header = padded(fields);
    header[0] = (byte) (header.length / 4);
    header = Samples.concat(header, crc32(header));
    byte[] block = Samples.concat(header, padded(lzma2.toByteArray()), crc32(bytes));
    byte[] index =
        padded(
            Samples.concat(
                new byte[] {0, (byte) (lie.longNumber() ? 0x81 : 1)},
                new byte[lie.longNumber() ? 1 : 0],
                number(header.length + lzma2.size() + 4L + lie.indexUnpadded()),
                number(bytes.length + lie.indexUncompressed())));
    byte[] flags = {0, 1};
    byte[] backward =
        Samples.concat(
            u32(index.length / 4 + lie.backwardSize()),
            new byte[] {0, (byte) (1 + lie.footerCheck())});
    return Samples.concat(
        new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z', 0},
        flags,
        crc32(flags),
        block,
        index,
        crc32(index),
        crc32(backward),
        backward,
        new byte[] {'Y', 'Z'});
  }

  /** Files of all kinds that hold the same bytes. */
  private static List<byte[]> files(byte[] bytes) throws IOException {
    List<byte[]> all = new ArrayList<>();
    for (int check : new int[] {XZ.CHECK_NONE, XZ.CHECK_CRC32, XZ.CHECK_CRC64, XZ.CHECK_SHA256}) {
      all.add(xz(bytes, check, 1, small()));
      all.add(xz(bytes, check, 5, small()));
    }
    all.add(xz(bytes, XZ.CHECK_CRC64, 2, new X86Options(), small()));
    all.add(xz(bytes, XZ.CHECK_CRC64, 2, new DeltaOptions(4), small()));
    all.add(withSizes(bytes, Lie.NONE));
    int half = bytes.length / 2;
    byte[] first = Arrays.copyOf(bytes, half);
    byte[] second = Arrays.copyOfRange(bytes, half, bytes.length);
    byte[] nothing = xz(new byte[0], XZ.CHECK_CRC64, 0, small());
    all.add(
        Samples.concat(
            nothing,
            xz(first, XZ.CHECK_CRC64, 2, small()),
            new byte[8],
            xz(second, XZ.CHECK_CRC32, 3, small()),
            nothing,
            new byte[4]));
    all.add(
        Samples.concat(
            xz(first, XZ.CHECK_CRC64, 1, small()),
            xz(second, XZ.CHECK_CRC64, 1, new DeltaOptions(1), small())));
    return all;
  }

  /** What a file gave: bytes, and what it ended with. */
  private static final class Outcome {
    private final byte[] bytes;
    private final String end;

    Outcome(byte[] bytes, String end) {
      this.bytes = bytes;
      this.end = end;
    }

    byte[] bytes() {
      return bytes;
    }

    String end() {
      return end;
    }
  }

  private interface Opener {
    InputStream open(byte[] stored) throws IOException;
  }

  private static Outcome read(byte[] stored, Opener opener) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] buffer = new byte[READ_BYTES];
    try (InputStream in = opener.open(stored)) {
      int n = in.read(buffer);
      while (n >= 0) {
        bytes.write(buffer, 0, n);
        n = in.read(buffer);
      }
      return new Outcome(bytes.toByteArray(), "the end");
    } catch (EOFException e) {
      return new Outcome(bytes.toByteArray(), "cut off");
    } catch (IOException e) {
      return new Outcome(bytes.toByteArray(), "flawed");
    }
  }

  private static InputStream ours(byte[] stored) throws IOException {
    return new XzStream(Samples.stream(stored), LIMIT_KIB);
  }

  private static InputStream library(byte[] stored) throws IOException {
    return new XZInputStream(Samples.stream(stored), LIMIT_KIB);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 1_000, 70_000, 200_001})
  void filesGiveTheirBytes(int length) throws IOException {
    byte[] bytes = text(length);
    for (byte[] stored : files(bytes)) {
      assertArrayEquals(bytes, ours(stored).readAllBytes());
    }
  }

  @Test
  void damagedFilesGiveTheLibrarysBytesAndAreRefusedAsByIt() throws IOException {
    byte[] bytes = text(6_000);
    List<byte[]> files = files(bytes);
    Random random = new Random(9);
    int refused = 0;
    int accepted = 0;
    for (int i = 0; i < 4_000; i++) {
      byte[] stored = mutated(files.get(i % files.size()), random);
      Outcome expected = read(stored, XzStreamTest::library);
      Outcome found = read(stored, XzStreamTest::ours);
      assertEquals(expected.end(), found.end(), "mutation " + i);
      // Of a read in which it meets a flaw, a decompressor drops what it has; reads begin
      // elsewhere.
      int common = Math.min(found.bytes().length, expected.bytes().length);
      int more = Math.abs(found.bytes().length - expected.bytes().length);
      assertTrue(more < READ_BYTES, "mutation " + i + ": bytes that differ: " + more);
      assertArrayEquals(
          Arrays.copyOf(expected.bytes(), common),
          Arrays.copyOf(found.bytes(), common),
          "mutation " + i);
      assertEquals(0, found.end().equals("the end") ? more : 0, "mutation " + i);
      refused += found.end().equals("flawed") ? 1 : 0;
      accepted += found.end().equals("the end") ? 1 : 0;
    }
    assertTrue(refused > 1_500, "refused " + refused);
    assertTrue(accepted > 40, "accepted " + accepted);
  }

  /** Bytes changed, cut off, left out or put in, half of the time where the container is. */
  private static byte[] mutated(byte[] stored, Random random) {
    byte[] bytes = stored.clone();
    int edge = random.nextInt(3);
    int at = random.nextInt(bytes.length);
    if (edge == 0) {
      at = random.nextInt(40);
    } else if (edge == 1) {
      at = bytes.length - 1 - random.nextInt(60);
    }
    return switch (random.nextInt(6)) {
      case 0 -> Arrays.copyOf(bytes, at);
      case 1 ->
          Samples.concat(Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, at + 1, bytes.length));
      case 2 ->
          Samples.concat(
              Arrays.copyOf(bytes, at), new byte[4], Arrays.copyOfRange(bytes, at, bytes.length));
      case 3 -> Samples.concat(bytes, new byte[random.nextInt(9)]);
      default -> {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        yield bytes;
      }
    };
  }

  @Test
  void whatTheContainerSaysMustBeTrue() throws IOException {
    byte[] bytes = text(5_000);
    assertArrayEquals(bytes, library(withSizes(bytes, Lie.NONE)).readAllBytes());
    assertArrayEquals(bytes, ours(withSizes(bytes, Lie.NONE)).readAllBytes());
    List<Lie> lies = new ArrayList<>(List.of(new Lie(0, 0, 0, 0, 0, 0, true)));
    for (int more : new int[] {-1, 1, 300}) {
      lies.add(new Lie(more, 0, 0, 0, 0, 0, false));
      lies.add(new Lie(0, more, 0, 0, 0, 0, false));
      lies.add(new Lie(0, 0, more, 0, 0, 0, false));
      lies.add(new Lie(0, 0, 0, more, 0, 0, false));
      lies.add(new Lie(0, 0, 0, 0, more, 0, false));
      lies.add(new Lie(0, 0, 0, 0, 0, more == 300 ? 3 : more, false));
    }
    for (Lie lie : lies) {
      byte[] stored = withSizes(bytes, lie);
      assertEquals("flawed", read(stored, XzStreamTest::library).end(), lie.toString());
      assertEquals("flawed", read(stored, XzStreamTest::ours).end(), lie.toString());
    }
  }

  @Test
  void aDictionaryBeyondTheLimitIsRefused() throws IOException {
    LZMA2Options large = new LZMA2Options(0);
    large.setDictSize(LIMIT_KIB << 10);
    byte[] stored = xz(text(100), XZ.CHECK_CRC64, 1, large);
    MemoryLimitException expected =
        assertThrows(MemoryLimitException.class, () -> library(stored).read());
    MemoryLimitException found =
        assertThrows(MemoryLimitException.class, () -> ours(stored).read());
    assertEquals(expected.getMemoryNeeded(), found.getMemoryNeeded());
    assertEquals(LIMIT_KIB, found.getMemoryLimit());
  }

  @Test
  void whatIsNoXzIsRefusedAtOnce() {
    byte[] text = text(100);
    assertThrows(XZFormatException.class, () -> ours(text));
    assertThrows(EOFException.class, () -> ours(Arrays.copyOf(text, HEADER_BYTES - 1)));
    assertThrows(EOFException.class, () -> ours(new byte[0]));
  }

  @Test
  void anUnknownCheckIsTheLibrarysToRefuse() throws IOException {
    byte[] stored = xz(text(100), XZ.CHECK_CRC64, 1, small());
    stored[7] = 5;
    System.arraycopy(crc32(new byte[] {0, 5}), 0, stored, 8, 4);
    assertThrows(UnsupportedOptionsException.class, () -> library(stored).read());
    assertThrows(UnsupportedOptionsException.class, () -> ours(stored).read());
  }

  /** The value that catalogues of CRCs name for CRC-64/XZ, and the library's sums. */
  @Test
  void crc64IsThatOfXz() {
    Crc64 nine = new Crc64();
    byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
    nine.update(digits, 0, digits.length);
    assertEquals(0x995d_c9bb_df19_39faL, nine.value());
    Random random = new Random(4);
    byte[] bytes = new byte[5_000];
    random.nextBytes(bytes);
    for (int i = 0; i < 300; i++) {
      Crc64 ours = new Crc64();
      org.tukaani.xz.check.CRC64 model = new org.tukaani.xz.check.CRC64();
      for (int part = 0; part < 4; part++) {
        int from = random.nextInt(bytes.length);
        int length = random.nextInt(Math.min(100, bytes.length - from));
        ours.update(bytes, from, length);
        model.update(bytes, from, length);
      }
      byte[] sum = model.finish();
      assertEquals(ByteBuffer.wrap(sum).order(ByteOrder.LITTLE_ENDIAN).getLong(), ours.value());
    }
  }
}
