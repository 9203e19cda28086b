package io.lookaside.traces;

import static io.lookaside.traces.XzFiles.plainBlock;
import static io.lookaside.traces.XzFiles.plainStream;
import static io.lookaside.traces.XzFiles.small;
import static io.lookaside.traces.XzFiles.text;
import static io.lookaside.traces.XzFiles.toldOf;
import static io.lookaside.traces.XzFiles.xz;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lookaside.traces.XzFiles.Told;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tukaani.xz.DeltaOptions;
import org.tukaani.xz.XZ;

/** One thread that reads from the beginning on is the model. */
class XzBlockThreadsTest {
  private static final String NAME = "trace.xz";

  /** Less than a chunk, and no divisor of one. */
  private static final int READ_BYTES = 5_000;

  /** 96 MiB of dictionary: within the limit, but not within a third of it. */
  private static final int LARGE_DICTIONARY = 29;

  /** 128 MiB: not within half of the limit. */
  private static final int LARGER_DICTIONARY = 30;

  /** 256 MiB: not within the limit, with what else is needed. */
  private static final int TOO_LARGE_DICTIONARY = 32;

  @TempDir private Path folder;

  /** An open file, as far as it is open before anything reads ahead. */
  private final class Open implements AutoCloseable {
    private final FileChannel channel;
    private final DecodedStream decoded;
    private final ReadAheadStream stream;
    private @Nullable XzBlockThreads several;

    Open(byte[] stored) throws IOException {
      Path file = folder.resolve(NAME);
      Files.write(file, stored);
      channel = FileChannel.open(file);
      RawStream raw = new RawStream(Channels.newInputStream(channel), NAME);
      try {
        decoded = DecodedStream.open(raw, Compression.XZ, NAME);
      } catch (IOException e) {
        channel.close();
        throw e;
      }
      stream = new ReadAheadStream(decoded, raw::bytesRead);
    }

    /** Lets threads begin; returns whether these are several. */
    boolean begin(int threads) {
      XzStream alone = (XzStream) decoded.decompressor();
      several =
          threads == 1 ? null : XzBlockThreads.begin(channel, NAME, alone, stream.taken(), threads);
      if (several == null) {
        stream.begin();
        return false;
      }
      stream.begin(several);
      return true;
    }

    /** Whether several began, and one had to read on. */
    boolean handedOver() {
      return several != null && several.hasHandedOver();
    }

    @Override
    public void close() throws IOException {
      stream.close();
      channel.close();
    }
  }

  /** What a file gave: bytes, what it ended with, and whether several threads read it. */
  private static final class Outcome {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<Long> storedBytesRead = new ArrayList<>();
    private String end = "";
    private boolean several;
    private boolean handedOver;
  }

  private Outcome read(byte[] stored, int threads, int before) throws IOException {
    Outcome outcome = new Outcome();
    try (Open open = new Open(stored)) {
      outcome.bytes.writeBytes(open.stream.readNBytes(before));
      outcome.several = open.begin(threads);
      byte[] buffer = new byte[READ_BYTES];
      outcome.storedBytesRead.add(open.stream.storedBytesRead());
      int n = open.stream.read(buffer);
      while (n >= 0) {
        outcome.storedBytesRead.add(open.stream.storedBytesRead());
        outcome.bytes.write(buffer, 0, n);
        n = open.stream.read(buffer);
      }
      outcome.storedBytesRead.add(open.stream.storedBytesRead());
      outcome.end = "the end";
      outcome.handedOver = open.handedOver();
    } catch (IOException e) {
      outcome.end = e.getClass().getSimpleName() + ": " + Samples.messageOf(e);
    }
    return outcome;
  }

  private Outcome read(byte[] stored, int threads) throws IOException {
    return read(stored, threads, 10);
  }

  private static void assertSame(Outcome alone, Outcome several, String what) {
    assertEquals(alone.end, several.end, what);
    assertArrayEquals(alone.bytes.toByteArray(), several.bytes.toByteArray(), what);
    long last = 0;
    for (long s : several.storedBytesRead) {
      assertTrue(s >= last, what + ": stored bytes read decrease");
      last = s;
    }
  }

  /** Whether two to four threads give what one gives, and are several. */
  private Outcome assertSeveralGiveTheSame(byte[] stored, String what) throws IOException {
    Outcome alone = read(stored, 1);
    for (int threads = 2; threads <= 4; threads++) {
      Outcome several = read(stored, threads);
      assertTrue(several.several, what);
      assertFalse(several.handedOver && several.end.equals("the end"), what);
      assertSame(alone, several, what);
    }
    return alone;
  }

  private static final int[] CHECKS = {
    XZ.CHECK_NONE, XZ.CHECK_CRC32, XZ.CHECK_CRC64, XZ.CHECK_SHA256
  };

  /** A file of streams of several kinds, with padding and with nothing in between. */
  private static byte[] mixed(byte[] bytes) throws IOException {
    int a = bytes.length / 5;
    int b = bytes.length / 2;
    byte[] nothing = xz(new byte[0], XZ.CHECK_CRC64, 0, small());
    return Samples.concat(
        xz(Arrays.copyOf(bytes, a), XZ.CHECK_CRC64, 1, small()),
        nothing,
        new byte[8],
        xz(Arrays.copyOfRange(bytes, a, b), XZ.CHECK_CRC32, 3, small()),
        xz(new byte[0], XZ.CHECK_SHA256, 1, small()),
        xz(Arrays.copyOfRange(bytes, b, bytes.length), XZ.CHECK_SHA256, 2, small()),
        nothing,
        new byte[4]);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 1_000, 1 << 17, 600_001})
  void severalThreadsGiveTheBytesInOrder(int length) throws IOException {
    byte[] bytes = text(length);
    List<byte[]> files = new ArrayList<>(List.of(mixed(bytes)));
    for (int check : CHECKS) {
      files.add(xz(bytes, check, 2, small()));
      files.add(xz(bytes, check, 9, small()));
    }
    files.add(Samples.concat(files.get(1), new byte[400], files.get(2)));
    for (int i = 0; i < files.size(); i++) {
      byte[] stored = files.get(i);
      byte[] expected = i == files.size() - 1 ? Samples.concat(bytes, bytes) : bytes;
      Outcome alone = assertSeveralGiveTheSame(stored, "file " + i);
      assertArrayEquals(expected, alone.bytes.toByteArray());
      assertEquals("the end", alone.end);
    }
  }

  @Test
  void blocksThatAreReadBeforeTheirTurnComeInTheirTurn() throws IOException {
    byte[] large = text(3_000_000);
    List<byte[]> parts = new ArrayList<>();
    List<byte[]> stored = new ArrayList<>();
    Random random = new Random(3);
    for (int i = 0; i < 60; i++) {
      byte[] part = i % 20 == 0 ? large : text(random.nextInt(300));
      parts.add(part);
      stored.add(xz(part, XZ.CHECK_CRC64, 1, small()));
    }
    Outcome alone = assertSeveralGiveTheSame(Samples.concat(stored.toArray(byte[][]::new)), "");
    assertArrayEquals(Samples.concat(parts.toArray(byte[][]::new)), alone.bytes.toByteArray());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1_023, 1_500, 8_192, 60_000, 150_000, 300_000, 400_000})
  void whatWasTakenBeforeIsNotGivenAgain(int before) throws IOException {
    byte[] bytes = text(300_000);
    byte[] stored = mixed(bytes);
    Outcome alone = read(stored, 1, before);
    Outcome several = read(stored, 3, before);
    assertTrue(several.several);
    assertSame(alone, several, "");
    assertFalse(several.handedOver);
    assertArrayEquals(bytes, several.bytes.toByteArray());
  }

  @Test
  void oneBlockIsLeftToOneThread() throws IOException {
    byte[] bytes = text(10_000);
    byte[] one = xz(bytes, XZ.CHECK_CRC64, 1, small());
    byte[] nothing = xz(new byte[0], XZ.CHECK_CRC64, 0, small());
    for (byte[] stored : List.of(one, Samples.concat(nothing, one, nothing, new byte[4]))) {
      Outcome several = read(stored, 4);
      assertFalse(several.several);
      assertArrayEquals(bytes, several.bytes.toByteArray());
    }
  }

  /** By the sizes in indexes: a mistake there would go unnoticed if it were only a slower way. */
  @Test
  void storedBytesAreThoseOfTheBytesInHand() throws IOException {
    byte[] bytes = text(600_000);
    byte[] stored = mixed(bytes);
    List<Long> told = read(stored, 2).storedBytesRead;
    assertEquals(stored.length, told.get(told.size() - 1));
    assertEquals(told, read(stored, 3).storedBytesRead);
    assertTrue(told.stream().distinct().count() >= 6, "as many as blocks: " + told);
    try (Open open = new Open(stored)) {
      assertTrue(open.begin(2));
      byte[] first = xz(Arrays.copyOf(bytes, 120_000), XZ.CHECK_CRC64, 1, small());
      open.stream.skipNBytes(120_000);
      assertEquals(first.length - 24, open.stream.storedBytesRead()); // less index and footer
    }
  }

  @Test
  void damageAnywhereIsToldAsByOneThreadAfterTheSameBytes() throws IOException {
    byte[] stored = mixed(text(700));
    int flawed = 0;
    int several = 0;
    for (int at = 0; at < stored.length; at++) {
      byte[] damaged = stored.clone();
      damaged[at] ^= (byte) (at % 2 == 0 ? 0xff : 1 << (at / 2 % 8));
      Outcome alone = read(damaged, 1);
      Outcome threads = read(damaged, 2 + at % 3);
      assertSame(alone, threads, "byte " + at);
      flawed += alone.end.startsWith("TraceException") ? 1 : 0;
      several += threads.several ? 1 : 0;
    }
    assertTrue(flawed > stored.length - 10, "flawed " + flawed + " of " + stored.length);
    assertTrue(several > stored.length / 2, "several threads " + several);
  }

  @Test
  void aFileThatIsCutAnywhereGivesWhatItGivesToOneThread() throws IOException {
    byte[] stored = mixed(text(700));
    int several = 0;
    for (int length = 0; length < stored.length; length++) {
      byte[] cut = Arrays.copyOf(stored, length);
      Outcome threads = read(cut, 3);
      assertSame(read(cut, 1), threads, "first " + length);
      several += threads.several ? 1 : 0;
    }
    assertTrue(several > 0 && several < 20, "where a stream ends: " + several);
  }

  @Test
  void damageInLongBlocksIsToldAfterTheSameBytes() throws IOException {
    byte[] stored = mixed(text(700_000));
    Random random = new Random(11);
    int several = 0;
    for (int i = 0; i < 60; i++) {
      byte[] damaged = stored.clone();
      damaged[random.nextInt(stored.length)] ^= (byte) (1 << random.nextInt(8));
      Outcome threads = read(damaged, 2 + i % 3, 8_192);
      assertSame(read(damaged, 1, 8_192), threads, "mutation " + i);
      several += threads.several ? 1 : 0;
    }
    assertTrue(several > 40, "several threads " + several);
  }

  @Test
  void bytesThatFollowAreToldAsByOneThread() throws IOException {
    byte[] stored = mixed(text(2_500));
    for (int more = 1; more < 40; more++) {
      byte[] followed = Arrays.copyOf(stored, stored.length + more);
      assertSame(read(followed, 1), read(followed, 2), more + " zeros");
      followed[followed.length - 1] = 'Z';
      assertSame(read(followed, 1), read(followed, 2), more + " bytes");
    }
  }

  @Test
  void otherFiltersAreLeftToOneThread() throws IOException {
    byte[] bytes = text(50_000);
    byte[] usual = xz(bytes, XZ.CHECK_CRC64, 3, small());
    byte[] delta = xz(bytes, XZ.CHECK_CRC64, 3, new DeltaOptions(1), small());
    assertFalse(read(delta, 4).several);
    for (byte[] stored :
        List.of(delta, Samples.concat(usual, delta, usual), Samples.concat(delta, usual))) {
      assertSame(read(stored, 1), read(stored, 3), "");
      assertEquals("the end", read(stored, 3).end);
    }
  }

  private static byte[] random(int length, int seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static List<byte[]> blocks(List<byte[]> contents) {
    return contents.stream().map(c -> plainBlock(c, XzFiles.SMALL_DICTIONARY)).toList();
  }

  @Test
  void anIndexThatLiesOfSizesIsToldAsByOneThread() throws IOException {
    List<byte[]> contents = List.of(random(40, 1), random(45, 2), random(49, 3));
    List<Told> truth = contents.stream().map(XzFiles::toldOf).toList();
    byte[] good = plainStream(blocks(contents), 3, truth);
    assertEquals("the end", assertSeveralGiveTheSame(good, "truth").end);
    for (int i = 0; i < 3; i++) {
      for (int stored = -64; stored <= 64; stored += 4) {
        for (int uncompressed : new int[] {0, 1, -45, 4}) {
          List<Told> lies = new ArrayList<>(truth);
          Told of = truth.get(i);
          Told next = truth.get((i + 1) % 3);
          lies.set(i, new Told(of.unpaddedSize() + stored, of.uncompressedSize() + uncompressed));
          lies.set(
              (i + 1) % 3,
              new Told(next.unpaddedSize() - stored, next.uncompressedSize() - uncompressed));
          byte[] lying = plainStream(blocks(contents), 3, lies);
          Outcome alone = read(lying, 1);
          assertSame(alone, read(lying, 2), lies.toString());
          assertEquals(lies.equals(truth), alone.end.equals("the end"), lies.toString());
        }
      }
    }
  }

  @Test
  void anIndexCannotMakeABlockOfAPartOfAnother() throws IOException {
    byte[] inner = random(40, 4);
    byte[] outer = random(61, 5);
    byte[] innerBlock = plainBlock(inner, XzFiles.SMALL_DICTIONARY);
    // Both end with one end of data: the outer data are followed by what the inner block begins.
    byte[] content = Samples.concat(outer, Arrays.copyOf(innerBlock, 12 + 3 + inner.length));
    byte[] block = plainBlock(content, XzFiles.SMALL_DICTIONARY);
    List<Told> lies = List.of(new Told(12 + 3 + outer.length, outer.length), toldOf(inner));
    byte[] lying = plainStream(List.of(block), 2, lies);
    Outcome alone = assertSeveralGiveTheSame(lying, "");
    assertArrayEquals(content, alone.bytes.toByteArray());
    assertTrue(alone.end.contains("XZ Index is corrupt"), alone.end);
  }

  @Test
  void anIndexOfNumbersThatNoFileHasIsToldAsByOneThread() throws IOException {
    List<byte[]> contents = List.of(random(40, 1), random(45, 2));
    List<Told> truth = contents.stream().map(XzFiles::toldOf).toList();
    for (long count : new long[] {0, 1, 3, 1L << 17, 1L << 40, Long.MAX_VALUE, -1}) {
      byte[] lying = plainStream(blocks(contents), count, truth);
      Outcome several = read(lying, 3);
      assertFalse(several.several);
      assertSame(read(lying, 1), several, count + " blocks");
    }
    for (long size : new long[] {0, 1L << 32, 1L << 62, Long.MAX_VALUE - 3, Long.MAX_VALUE, -1}) {
      for (List<Told> lies :
          List.of(
              List.of(new Told(size, 40), truth.get(1)),
              List.of(truth.get(0), new Told(size, 45)),
              List.of(new Told(truth.get(0).unpaddedSize(), size), truth.get(1)),
              List.of(truth.get(0), new Told(truth.get(1).unpaddedSize(), size)),
              List.of(new Told(56, Long.MAX_VALUE), new Told(61, Long.MAX_VALUE)))) {
        byte[] lying = plainStream(blocks(contents), 2, lies);
        assertSame(read(lying, 1), read(lying, 3), lies.toString());
      }
    }
  }

  @Test
  void aDictionaryThatIsTooLargeForAllThreadsIsForOne() throws IOException {
    List<byte[]> contents = List.of(random(40, 1), random(45, 2), random(49, 3));
    List<Told> told = contents.stream().map(XzFiles::toldOf).toList();
    for (int dictionary : new int[] {LARGE_DICTIONARY, TOO_LARGE_DICTIONARY}) {
      List<byte[]> blocks = new ArrayList<>(blocks(contents));
      blocks.set(1, plainBlock(contents.get(1), dictionary));
      byte[] stored = plainStream(blocks, 3, told);
      Outcome three = read(stored, 3);
      assertTrue(three.several);
      assertSame(read(stored, 1), three, "dictionary " + dictionary);
      assertEquals(dictionary == LARGE_DICTIONARY, three.end.equals("the end"), three.end);
      assertEquals(dictionary == LARGE_DICTIONARY, three.handedOver, "dictionary " + dictionary);
      assertFalse(dictionary == LARGE_DICTIONARY && read(stored, 2).handedOver, "half is enough");
    }
    List<byte[]> larger = contents.stream().map(c -> plainBlock(c, LARGER_DICTIONARY)).toList();
    Outcome alone = read(plainStream(larger, 3, told), 4);
    assertFalse(alone.several);
    assertEquals("the end", alone.end);
  }

  private static List<Thread> decompressors() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().startsWith("trace decompressor"))
        .toList();
  }

  private static void assertEndSurely(List<Thread> threads) throws InterruptedException {
    for (Thread t : threads) {
      t.join(TimeUnit.MINUTES.toMillis(1));
      assertFalse(t.isAlive(), t.getName());
    }
  }

  /** Blocks so long that their threads wait for chunks before they end. */
  private static byte[] longBlocks() throws IOException {
    byte[] bytes = new byte[40 << 20];
    return xz(bytes, XZ.CHECK_NONE, 1, small());
  }

  @Test
  void closingEarlyEndsTheThreadsAndClosesTheFile() throws Exception {
    byte[] block = longBlocks();
    List<Thread> threads;
    FileChannel channel;
    try (Open open = new Open(Samples.concat(block, block, block))) {
      assertTrue(open.begin(3));
      channel = open.channel;
      assertEquals(0, open.stream.read());
      threads = decompressors();
      assertTrue(threads.size() >= 3, threads.toString());
      open.stream.close();
      assertFalse(channel.isOpen());
    }
    assertEndSurely(threads);
  }

  @Test
  void closingAfterAFailureEndsTheThreadThatReadsOn() throws Exception {
    byte[] block = longBlocks();
    byte[] damaged = Samples.concat(xz(text(1_000), XZ.CHECK_CRC32, 1, small()), block, block);
    damaged[30] ^= 4; // its blocks are found, but the first cannot be read
    List<Thread> threads;
    try (Open open = new Open(damaged)) {
      assertTrue(open.begin(3));
      assertThrows(TraceException.class, open.stream::readAllBytes);
      assertThrows(TraceException.class, open.stream::read);
      assertTrue(open.stream.cpuNanos() > 0);
      threads = decompressors();
    }
    assertEndSurely(threads);
  }

  @Test
  void threadsEndAfterTheLastByte() throws Exception {
    try (Open open = new Open(mixed(text(300_000)))) {
      assertTrue(open.begin(3));
      List<Thread> threads = decompressors();
      assertEquals(300_000, open.stream.readAllBytes().length);
      assertEquals(-1, open.stream.read());
      assertEndSurely(threads);
      assertTrue(open.stream.cpuNanos() > 0);
    }
  }

  @Test
  void anInterruptedTakerIsToldSo() throws IOException {
    byte[] bytes = text(300_000);
    try (Open open = new Open(mixed(bytes))) {
      assertTrue(open.begin(2));
      Thread.currentThread().interrupt();
      assertThrows(InterruptedIOException.class, () -> open.stream.readNBytes(300_000));
      assertTrue(Thread.interrupted());
      assertArrayEquals(bytes, open.stream.readAllBytes());
    }
  }

  @Test
  void aFileThatGrowsIsReadToItsEndAsByOneThread() throws IOException {
    byte[] bytes = text(200_000);
    byte[] stored = xz(bytes, XZ.CHECK_CRC64, 4, small());
    try (Open open = new Open(stored)) {
      assertTrue(open.begin(2));
      Files.write(folder.resolve(NAME), Samples.concat(stored, stored));
      assertArrayEquals(Samples.concat(bytes, bytes), open.stream.readAllBytes());
      assertEquals(2L * stored.length, open.stream.storedBytesRead());
    }
  }

  /** The threads that decompress a trace ahead. */
  private static List<String> decompressorsOf(byte[] stored, String path) throws Exception {
    List<Thread> others = decompressors();
    List<Thread> threads;
    try (TraceFile trace = TraceFile.open(path, null, Samples.stream(stored))) {
      trace.decompressAhead();
      threads = new ArrayList<>(decompressors());
      threads.removeAll(others);
      assertTrue(trace.read(new ReferenceBatch()) > 0);
      assertTrue(trace.nanosAhead() > 0);
    }
    assertEndSurely(threads);
    return threads.stream().map(Thread::getName).sorted().toList();
  }

  @Test
  void aTraceIsReadByThemOnlyFromAFileThatIsNothingButXz() throws Exception {
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1);
    byte[] trace = xz(Samples.lackey(Samples.some(20_000)), XZ.CHECK_CRC64, 1, small());
    byte[] block = longBlocks();
    byte[] stored = Samples.concat(trace, block, block, block, block);
    Path file = folder.resolve("trace.lackey.xz");
    Files.write(file, stored);
    List<String> ofFile = decompressorsOf(stored, file.toString());
    assertTrue(ofFile.contains("trace decompressor 2"), ofFile.toString());
    assertEquals(List.of("trace decompressor"), decompressorsOf(stored, "-"));
    Path twice = folder.resolve("twice.lackey.xz");
    byte[] outer = xz(stored, XZ.CHECK_CRC64, 2, small());
    Files.write(twice, outer);
    assertEquals(List.of("trace decompressor"), decompressorsOf(outer, twice.toString()));
  }
}
