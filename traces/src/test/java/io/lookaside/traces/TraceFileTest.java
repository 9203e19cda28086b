package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.lookaside.traces.Samples.Ref;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceFileTest {
  private static final InputStream NOTHING = InputStream.nullInputStream();

  @TempDir Path folder;

  private String file(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes).toString();
  }

  private static List<Ref> read(String path, @Nullable TraceFormat format) throws IOException {
    try (TraceFile trace = TraceFile.open(path, format, NOTHING)) {
      return Samples.readAll(trace);
    }
  }

  private static List<Ref> readStandardInput(byte[] bytes) throws IOException {
    try (TraceFile trace = TraceFile.open("-", null, Samples.stream(bytes))) {
      assertEquals(-1, trace.storedBytes());
      return Samples.readAll(trace);
    }
  }

  private static final List<String> SUFFIXES =
      List.of("", ".gz", ".xz", ".zst", ".bz2", ".lz4", ".sz", ".zip");

  private static Map<String, byte[]> stored(byte[] plain) throws IOException {
    Map<String, byte[]> stored = new LinkedHashMap<>();
    for (String suffix : SUFFIXES) {
      stored.put(suffix, compressed(suffix, plain));
    }
    return stored;
  }

  private static byte[] compressed(String suffix, byte[] plain) throws IOException {
    return switch (suffix) {
      case ".gz" -> Samples.gzip(plain);
      case ".xz" -> Samples.xz(plain);
      case ".zst" -> Samples.zstd(plain);
      case ".bz2" -> Samples.bzip2(plain);
      case ".lz4" -> Samples.lz4(plain);
      case ".sz" -> Samples.snappy(plain);
      case ".zip" -> Samples.zip(plain);
      default -> plain;
    };
  }

  @Test
  void compressionAndSourceDoNotChangeTheReferences() throws IOException {
    List<Ref> refs = Samples.some(20_000);
    for (Map.Entry<String, byte[]> e : stored(Samples.lackey(refs)).entrySet()) {
      assertEquals(refs, read(file("t.lackey" + e.getKey(), e.getValue()), null), e.getKey());
      assertEquals(refs, readStandardInput(e.getValue()), e.getKey());
    }
    for (Map.Entry<String, byte[]> e : stored(Samples.flat64(refs)).entrySet()) {
      assertEquals(refs, read(file("t.flat64" + e.getKey(), e.getValue()), null), e.getKey());
      assertEquals(refs, readStandardInput(e.getValue()), e.getKey());
    }
  }

  /** A frame that decompressors of zstd and lz4 skip. */
  private static byte[] skippable(int variant, int length) {
    ByteBuffer frame = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
    return frame.putInt(0x184d2a50 + variant).putInt(length).array();
  }

  @Test
  void framesToSkipMayStandBeforeBetweenAndBehindFramesOfData() throws IOException {
    List<Ref> refs = Samples.some(2000);
    byte[] one = Samples.lackey(refs.subList(0, 1000));
    byte[] two = Samples.lackey(refs.subList(1000, 2000));
    for (String suffix : List.of(".zst", ".lz4")) {
      byte[] stored =
          Samples.concat(
              skippable(0, 4),
              skippable(15, 300_000),
              skippable(3, 0),
              compressed(suffix, one),
              skippable(7, 17),
              compressed(suffix, two),
              skippable(14, 9));
      assertEquals(refs, read(file("t", stored), null), suffix);
      assertEquals(refs, readStandardInput(stored), suffix);
      assertEquals(refs, readStandardInput(Samples.gzip(stored)), suffix);
    }
    for (byte[] wrong :
        List.of(
            skippable(1, 4),
            Samples.first(skippable(1, 40), 20),
            Samples.concat(skippable(1, 4), Samples.gzip(one)))) {
      String message =
          Samples.messageOf(assertThrows(TraceException.class, () -> readStandardInput(wrong)));
      assertTrue(message.contains("skippable frame of zstd or lz4"), message);
    }
  }

  @Test
  void compressionIsToldByContentWhateverTheName() throws IOException {
    List<Ref> refs = Samples.some(10);
    for (byte[] bytes : stored(Samples.lackey(refs)).values()) {
      for (String name : List.of("t.lackey.gz", "t.lackey.xz", "t.lackey", "t.zst", "t")) {
        assertEquals(refs, read(file(name, bytes), null), name);
      }
    }
  }

  @Test
  void formatIsToldByNameBeforeContent() throws IOException {
    // Nine bytes are no whole number of words; as lackey this would be fine.
    String path = file("t.FLAT64", Samples.ascii("I  1,10\n\n"));
    assertThrows(TraceException.class, () -> read(path, null));
    String named = file("u.flat64.gz", Samples.gzip(Samples.words(0x1234_0000_0000_0000L)));
    try (TraceFile trace = TraceFile.open(named, null, NOTHING)) {
      assertEquals(TraceFormat.FLAT64, trace.format());
    }
  }

  @Test
  void formatThatIsGivenGoesBeforeNameAndContent() throws IOException {
    List<Ref> refs = Samples.some(10);
    assertEquals(refs, read(file("t.lackey", Samples.flat64(refs)), TraceFormat.FLAT64));
    assertEquals(refs, read(file("t.flat64", Samples.lackey(refs)), TraceFormat.LACKEY));
  }

  @Test
  void formatThatCannotBeToldIsAskedFor() throws IOException {
    String path = file("notes.txt", Samples.ascii("hello\n"));
    String message = Samples.messageOf(assertThrows(TraceException.class, () -> read(path, null)));
    assertTrue(message.startsWith(path + ": "), message);
    assertTrue(message.contains("--format"), message);
    assertTrue(message.contains(TraceFormat.labels()), message);
  }

  @Test
  void membersOfGzipAreReadOneAfterTheOther() throws IOException {
    List<Ref> refs = Samples.some(5000);
    byte[] half = Samples.gzip(Samples.lackey(refs.subList(0, 2000)));
    byte[] rest = Samples.gzip(Samples.lackey(refs.subList(2000, 5000)));
    byte[] both = Samples.concat(half, rest);
    assertEquals(refs, read(file("t.lackey.gz", both), null));
    assertEquals(refs, readStandardInput(both));
  }

  @ParameterizedTest
  @ValueSource(strings = {".xz", ".zst", ".bz2", ".lz4", ".sz"})
  void framesOfOthersAreReadOneAfterTheOther(String suffix) throws IOException {
    List<Ref> refs = Samples.some(5000);
    byte[] half = compressed(suffix, Samples.lackey(refs.subList(0, 2000)));
    byte[] rest = compressed(suffix, Samples.lackey(refs.subList(2000, 5000)));
    assertEquals(refs, read(file("t.lackey" + suffix, Samples.concat(half, rest)), null));
  }

  @ParameterizedTest
  @ValueSource(strings = {".gz", ".xz", ".zst", ".bz2", ".lz4", ".sz", ".zip"})
  void dataThatIsCutOffIsReportedWithItsPosition(String suffix) throws IOException {
    byte[] whole = compressed(suffix, Samples.lackey(Samples.some(20_000)));
    for (int length : new int[] {whole.length / 3, whole.length / 2, whole.length - 1}) {
      String path = file("t.lackey" + suffix, Samples.first(whole, length));
      String message =
          Samples.messageOf(assertThrows(TraceException.class, () -> read(path, null)));
      assertTrue(message.startsWith(path + ": the "), message);
      assertTrue(message.matches("(?s).*cut off after \\d+ uncompressed bytes.*"), message);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {".gz", ".xz", ".zst", ".bz2", ".lz4", ".sz", ".zip"})
  void everyCutNearTheBeginningIsATraceException(String suffix) throws IOException {
    byte[] whole = compressed(suffix, Samples.lackey(Samples.some(50)));
    for (int length = 1; length < whole.length; length++) {
      String path = file("t.lackey" + suffix, Samples.first(whole, length));
      assertThrows(TraceException.class, () -> read(path, null), "cut at " + length);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {".gz", ".xz", ".zst", ".bz2", ".lz4", ".sz", ".zip"})
  void dataThatIsCorruptInTheMiddleIsATraceException(String suffix) throws IOException {
    // gzip and xz carry checksums; zstd's own stream writer here does not, so bytes are cleared
    // until a block cannot be decoded.
    byte[] bytes = compressed(suffix, Samples.flat64(Samples.some(20_000)));
    Arrays.fill(bytes, bytes.length / 2, bytes.length - bytes.length / 4, (byte) 0xff);
    String path = file("t.flat64" + suffix, bytes);
    String message = Samples.messageOf(assertThrows(TraceException.class, () -> read(path, null)));
    assertTrue(message.startsWith(path + ": "), message);
  }

  @Test
  void referencesBeforeCorruptDataAreDeliveredFirst() throws IOException {
    List<Ref> refs = Samples.some(20_000);
    byte[] bytes = Samples.gzip(Samples.lackey(refs));
    List<Ref> got = new ArrayList<>();
    TraceFile trace =
        TraceFile.open("-", null, Samples.stream(Samples.first(bytes, bytes.length / 2)));
    assertThrows(TraceException.class, () -> Samples.readInto(trace, got));
    assertTrue(got.size() > 4096, "some were read");
    assertEquals(refs.subList(0, got.size()), got);
  }

  @Test
  void hostileDictionarySizeOfXzIsRefusedWithoutTakingTheMemory() throws IOException {
    // A block header is: its size, flags, then filter 0x21 with one byte of properties, then
    // padding and a CRC-32. Properties 40 stand for a dictionary of 4 GiB less one byte, 36 for 1
    // GiB.
    for (int properties : new int[] {36, 40}) {
      byte[] bytes = Samples.xz(Samples.lackey(Samples.some(100)));
      int header = 12;
      int length = (bytes[header] + 1) * 4;
      assertEquals(0x21, bytes[header + 2]);
      bytes[header + 4] = (byte) properties;
      CRC32 crc = new CRC32();
      crc.update(bytes, header, length - 4);
      for (int i = 0; i < 4; i++) {
        bytes[header + length - 4 + i] = (byte) (crc.getValue() >>> (8 * i));
      }
      String path = file("t.lackey.xz", bytes);
      String message =
          Samples.messageOf(assertThrows(TraceException.class, () -> read(path, null)));
      assertTrue(message.startsWith(path + ": "), message);
    }
  }

  @Test
  void emptyTraceIsSaidToBeEmpty() throws IOException {
    for (Map.Entry<String, byte[]> e : stored(new byte[0]).entrySet()) {
      if (e.getKey().equals(".zip")) {
        continue; // an archive whose only member is empty has no trace in it
      }
      String path = file("t.lackey" + e.getKey(), e.getValue());
      String message =
          Samples.messageOf(assertThrows(TraceException.class, () -> read(path, null)));
      assertTrue(message.startsWith(path + ": is empty"), message);
    }
    String message =
        Samples.messageOf(assertThrows(TraceException.class, () -> readStandardInput(new byte[0])));
    assertTrue(message.startsWith("standard input: is empty"), message);
  }

  @Test
  void directoryIsNoTrace() {
    String message =
        Samples.messageOf(assertThrows(TraceException.class, () -> read(folder.toString(), null)));
    assertTrue(message.contains("is a directory"), message);
  }

  @Test
  void fileThatIsNotThereIsMissing() {
    String path = folder.resolve("none.lackey").toString();
    String message =
        Samples.messageOf(assertThrows(MissingTraceException.class, () -> read(path, null)));
    assertTrue(message.startsWith(path + ": no such file"), message);
  }

  @Test
  void fileThatMayNotBeReadIsMissing() throws IOException {
    assumeFalse("root".equals(System.getProperty("user.name")), "root may read every file");
    String path = file("t.lackey", Samples.lackey(Samples.some(1)));
    Files.setPosixFilePermissions(Path.of(path), PosixFilePermissions.fromString("---------"));
    String message =
        Samples.messageOf(assertThrows(MissingTraceException.class, () -> read(path, null)));
    assertTrue(message.contains("permission"), message);
  }

  @Test
  void failureOfTheDeviceIsNeitherMissingNorAFlaw() throws IOException {
    for (byte[] bytes : stored(Samples.lackey(Samples.some(20_000))).values()) {
      InputStream broken =
          new SequenceInputStream(
              new ByteArrayInputStream(bytes, 0, bytes.length / 2), new Samples.BrokenStream());
      IOException e =
          assertThrows(
              IOException.class,
              () -> Samples.readAll(TraceFile.open("-", TraceFormat.LACKEY, broken)));
      assertFalse(e instanceof TraceException, e.toString());
      assertFalse(e instanceof MissingTraceException, e.toString());
      assertEquals("cannot read standard input: bus error", e.getMessage());
    }
  }

  @Test
  void storedBytesAreThoseOfTheFile() throws IOException {
    byte[] bytes = Samples.gzip(Samples.lackey(Samples.some(1000)));
    try (TraceFile trace = TraceFile.open(file("t.lackey.gz", bytes), null, NOTHING)) {
      assertEquals(bytes.length, trace.storedBytes());
      assertEquals(1000, Samples.readAll(trace).size());
      assertEquals(bytes.length, trace.storedBytesRead());
    }
  }

  @Test
  void gzipMembersAfterAPauseOfThePipeAreRead() throws IOException {
    byte[] member = Samples.gzip(Samples.ascii(" L 1000,8\n".repeat(2000)));
    byte[] two = new byte[2 * member.length];
    System.arraycopy(member, 0, two, 0, member.length);
    System.arraycopy(member, 0, two, member.length, member.length);
    // Never says that more is available, and ends a read at the end of the first member.
    InputStream pipe =
        new FilterInputStream(new ByteArrayInputStream(two)) {
          private int at;

          @Override
          public int available() {
            return 0;
          }

          @Override
          public int read(byte[] b, int offset, int length) throws IOException {
            int most = at < member.length ? Math.min(length, member.length - at) : length;
            int n = super.read(b, offset, most);
            at += Math.max(0, n);
            return n;
          }
        };
    assertEquals(4000, countAll(pipe));
  }

  @Test
  void garbageOrACutMemberAfterGzipIsAFlaw() throws IOException {
    byte[] member = Samples.gzip(Samples.ascii(" L 1000,8\n".repeat(2000)));
    byte[] cut = Arrays.copyOf(member, member.length + 9);
    System.arraycopy(member, 0, cut, member.length, 9);
    assertThrows(TraceException.class, () -> countAll(new ByteArrayInputStream(cut)));
    byte[] garbage = Arrays.copyOf(member, member.length + 30);
    Arrays.fill(garbage, member.length, garbage.length, (byte) 0x55);
    assertThrows(TraceException.class, () -> countAll(new ByteArrayInputStream(garbage)));
  }

  @Test
  void aFlawThatComesFromDamageIsReportedAsDamage() throws IOException {
    byte[] bytes = Samples.gzip(Samples.ascii(" L 1000,8\n".repeat(50) + " L 10x0,8\n"));
    TraceException flaw =
        assertThrows(TraceException.class, () -> countAll(new ByteArrayInputStream(bytes)));
    assertTrue(String.valueOf(flaw.getMessage()).contains(":51:"), flaw.getMessage());
    bytes[bytes.length - 8] ^= 1; // the first byte of the checksum
    TraceException damage =
        assertThrows(TraceException.class, () -> countAll(new ByteArrayInputStream(bytes)));
    assertTrue(String.valueOf(damage.getMessage()).contains("corrupt"), damage.getMessage());
  }

  private static long countAll(InputStream in) throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    long count = 0;
    try (TraceFile trace = TraceFile.open(TraceFile.STANDARD_INPUT, null, in)) {
      int n;
      while ((n = trace.read(batch)) > 0) {
        count += n;
      }
    }
    return count;
  }
}
