package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.traces.Samples.Ref;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Flat64FileTest {
  private static final int BATCH_BYTES = 8 * ReferenceBatch.CAPACITY;

  @TempDir Path folder;

  private Flat64Reader mapped(Path file, long windowBytes) throws IOException {
    Flat64File source = Flat64File.open(file, InputStream.nullInputStream(), "t", windowBytes);
    return new Flat64Reader(Objects.requireNonNull(source), "t");
  }

  /** What a reader gives: its references, and then the message it ends with, if any. */
  private static List<Object> outcome(Flat64Reader reader) throws IOException {
    List<Ref> refs = new ArrayList<>();
    List<Object> all = new ArrayList<>();
    try (reader) {
      Samples.readInto(reader, refs);
      all.addAll(refs);
    } catch (TraceException e) {
      all.addAll(refs);
      all.add(Samples.messageOf(e));
    }
    return all;
  }

  @Test
  void fileEqualsStreamAtEverySizeAroundTheEdgesOfWindowsAndBatches() throws IOException {
    SeededRandom random = new SeededRandom(64);
    byte[] bytes = new byte[3 * BATCH_BYTES];
    for (int i = 0; i < bytes.length; i += 8) {
      long word = (random.nextLong() & ~3L) | (i % 3);
      for (int k = 0; k < 8; k++) {
        bytes[i + k] = (byte) (word >>> (8 * k));
      }
    }
    List<Integer> sizes = new ArrayList<>();
    for (int edge : new int[] {8, 4096, 8192, BATCH_BYTES, 2 * BATCH_BYTES}) {
      for (int around : new int[] {-9, -8, -7, -1, 0, 1, 7, 8, 9}) {
        if (edge + around >= 8) {
          sizes.add(edge + around);
        }
      }
    }
    for (int size : sizes) {
      byte[] cut = Arrays.copyOf(bytes, size);
      Path file = Files.write(folder.resolve("t"), cut);
      List<Object> expected = outcome(new Flat64Reader(Samples.stream(cut), "t"));
      for (long window : new long[] {8, 4096, 4104, BATCH_BYTES, BATCH_BYTES + 8, 1 << 30}) {
        if (window > 8 || size < 5000) {
          assertEquals(expected, outcome(mapped(file, window)), size + " bytes, window " + window);
        }
      }
    }
  }

  @Test
  void flawedWordAnywhereIsToldAsInAStream() throws IOException {
    for (int at : new int[] {0, 1, 511, 512, 4095, 4096, 4097, 9000}) {
      List<Ref> refs = Samples.some(at);
      byte[] bytes =
          Samples.concat(Samples.flat64(refs), Samples.words(7), Samples.flat64(Samples.some(700)));
      Path file = Files.write(folder.resolve("t"), bytes);
      List<Object> expected = outcome(new Flat64Reader(Samples.stream(bytes), "t"));
      assertEquals(expected, outcome(mapped(file, 4096)));
      assertTrue(expected.get(at).toString().contains("byte offset " + 8L * at + " has kind 3"));
    }
  }

  @Test
  void cheaperWayIsTakenAfterBothWereTriedInTurn() throws IOException {
    int further = 5;
    List<Ref> refs = Samples.some((Flat64File.TRIALS + further) * ReferenceBatch.CAPACITY);
    Path file = Files.write(folder.resolve("t"), Samples.flat64(refs));
    for (boolean readingIsCheaper : new boolean[] {false, true}) {
      long[] now = {0};
      int[] calls = {0};
      // Two calls for each batch, the second after it; the first batch is mapped, the next read.
      LongSupplier clock =
          () -> {
            boolean after = calls[0] % 2 == 1;
            boolean read = calls[0] / 2 % 2 == 1;
            calls[0]++;
            return now[0] += !after ? 1000 : read == readingIsCheaper ? 10 : 11;
          };
      RandomAccessFile whole = new RandomAccessFile(file.toFile(), "r");
      int[] sizes = {0};
      Flat64File.Size size =
          () -> {
            sizes[0]++;
            return whole.length();
          };
      Flat64File source =
          Objects.requireNonNull(
              Flat64File.open(whole.getChannel(), size, whole, "t", 1 << 30, clock));
      try (Flat64Reader reader = new Flat64Reader(source, "t")) {
        ReferenceBatch batch = new ReferenceBatch();
        List<Ref> got = new ArrayList<>();
        for (int i = 0; i < Flat64File.TRIALS + further; i++) {
          int before = sizes[0];
          assertEquals(ReferenceBatch.CAPACITY, reader.read(batch));
          got.addAll(Samples.refs(batch));
          // Of a mapped file the size is asked for before and after a copy.
          boolean mapped = i < Flat64File.TRIALS ? i % 2 == 0 : !readingIsCheaper;
          assertEquals(mapped ? 2 : 0, sizes[0] - before, "batch " + i);
        }
        assertEquals(refs, got);
        assertEquals(2 * Flat64File.TRIALS, calls[0]);
        assertEquals(0, reader.read(batch));
      }
    }
  }

  @Test
  void arraysLargerThanABatchAreFilledByBothWays() throws IOException {
    long[] words = new long[9 * ReferenceBatch.CAPACITY];
    Arrays.setAll(words, i -> 4L * i);
    Path file = Files.write(folder.resolve("t"), Samples.words(words));
    try (Flat64File source =
        Objects.requireNonNull(
            Flat64File.open(file, InputStream.nullInputStream(), "t", 1 << 17))) {
      long[] part = new long[words.length / 2];
      for (int i = 0; i < 2; i++) {
        assertEquals(part.length * Long.BYTES, source.fill(part));
        assertArrayEquals(
            Arrays.copyOfRange(words, i * part.length, (i + 1) * part.length), part, "fill " + i);
      }
      assertEquals(0, source.fill(part));
    }
  }

  @Test
  void traceFileReadsAPlainFileAsItStands() throws IOException {
    List<Ref> refs = Samples.some(10_000);
    Path file = Files.write(folder.resolve("t.flat64"), Samples.flat64(refs));
    try (TraceFile trace = TraceFile.open(file.toString(), null, InputStream.nullInputStream())) {
      ReferenceBatch batch = new ReferenceBatch();
      trace.read(batch);
      assertEquals(BATCH_BYTES, trace.storedBytesRead());
      List<Ref> rest = Samples.readAll(trace);
      assertEquals(refs.subList(ReferenceBatch.CAPACITY, 10_000), rest);
      assertEquals(80_000, trace.storedBytesRead());
      assertEquals(80_000, trace.storedBytes());
    }
  }

  @Test
  void fileThatGrowsIsReadToItsNewEnd() throws IOException {
    List<Ref> refs = Samples.some(6000);
    byte[] bytes = Samples.flat64(refs);
    Path file = Files.write(folder.resolve("t"), Arrays.copyOf(bytes, 5000 * 8 + 3));
    try (Flat64Reader reader = mapped(file, 1 << 30)) {
      ReferenceBatch batch = new ReferenceBatch();
      assertEquals(ReferenceBatch.CAPACITY, reader.read(batch));
      Files.write(file, bytes);
      assertEquals(refs.subList(ReferenceBatch.CAPACITY, 6000), Samples.readAll(reader));
    }
  }

  @Test
  void fileThatShrinksIsAnErrorAndNoCrash() throws IOException {
    List<Ref> refs = Samples.some(3 * ReferenceBatch.CAPACITY);
    for (int left : new int[] {0, 8 * 4096, 8 * 4096 + 12, 8 * 5000, 8 * 8192 + 4}) {
      Path file = Files.write(folder.resolve("t" + left), Samples.flat64(refs));
      try (Flat64Reader reader = mapped(file, 1 << 30);
          FileChannel other = FileChannel.open(file, StandardOpenOption.WRITE)) {
        ReferenceBatch batch = new ReferenceBatch();
        assertEquals(ReferenceBatch.CAPACITY, reader.read(batch));
        other.truncate(left);
        List<Ref> got = new ArrayList<>();
        IOException e = assertThrows(IOException.class, () -> Samples.readInto(reader, got));
        assertInstanceOf(RawStream.ReadFailure.class, e);
        assertTrue(Samples.messageOf(e).startsWith("cannot read t: it became shorter"), "" + e);
        int good = Math.max(ReferenceBatch.CAPACITY, left / 8);
        assertEquals(refs.subList(ReferenceBatch.CAPACITY, good), got, left + " bytes left");
        IOException again = assertThrows(IOException.class, () -> reader.read(batch));
        assertEquals(Samples.messageOf(e), Samples.messageOf(again));
      }
    }
  }

  @Test
  void faultOfAPageThatTheFileLostIsAnErrorAndComesInTheCall() throws IOException {
    List<Ref> refs = Samples.some(4 * ReferenceBatch.CAPACITY);
    for (int round = 0; round < 100; round++) {
      Path file = Files.write(folder.resolve("t" + round), Samples.flat64(refs));
      try (RandomAccessFile whole = new RandomAccessFile(file.toFile(), "r");
          FileChannel other = FileChannel.open(file, StandardOpenOption.WRITE)) {
        // The file shrinks just after it was asked for its size for the copy of the third batch;
        // the second is read, without asking.
        int[] calls = {0};
        Flat64File.Size size =
            () -> {
              long bytes = whole.length();
              if (++calls[0] == 4) {
                other.truncate(8 * 8192 + 100);
              }
              return bytes;
            };
        Flat64File source =
            Objects.requireNonNull(
                Flat64File.open(whole.getChannel(), size, whole, "t", 1 << 30, () -> 0));
        long[] words = new long[ReferenceBatch.CAPACITY];
        assertEquals(BATCH_BYTES, source.fill(words));
        assertEquals(BATCH_BYTES, source.fill(words));
        assertEquals(3, calls[0]);
        try {
          int n = source.fill(words);
          assertTrue(n <= 100, n + " bytes");
        } catch (RawStream.ReadFailure e) {
          // Java told of the fault before the words were counted.
        }
        assertThrows(RawStream.ReadFailure.class, () -> source.fill(words));
      }
      callTheRuntime(new byte[round + 1][1 << 16]);
    }
  }

  /** Calls Java's runtime, so that an error that waits would come. */
  private static void callTheRuntime(byte[][] arrays) {
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = new byte[1 << 18];
      assertTrue(arrays[i].length > i);
    }
  }

  @Test
  void fileWithoutAWordIsLeftToTheStream() throws IOException {
    Path file = Files.write(folder.resolve("t"), new byte[7]);
    assertNull(Flat64File.open(file, InputStream.nullInputStream(), "t", 4096));
    assertNull(Flat64File.open(folder, InputStream.nullInputStream(), "t", 4096));
    assertNull(Flat64File.open(folder.resolve("no"), InputStream.nullInputStream(), "t", 4096));
    String message =
        Samples.messageOf(
            assertThrows(
                TraceException.class,
                () -> {
                  try (TraceFile trace =
                      TraceFile.open(
                          file.toString(), TraceFormat.FLAT64, InputStream.nullInputStream())) {
                    Samples.readAll(trace);
                  }
                }));
    assertTrue(message.contains("record 1 at byte offset 0 is cut off after 7 of 8"), message);
  }

  @Test
  void closingTheReaderClosesTheFileAndItsOwner() throws IOException {
    Path file = Files.write(folder.resolve("t"), Samples.words(1, 2));
    boolean[] closed = {false};
    Flat64File source =
        Objects.requireNonNull(Flat64File.open(file, () -> closed[0] = true, "t", 4096));
    long[] words = new long[4];
    assertEquals(16, source.fill(words));
    assertArrayEquals(new long[] {1, 2, 0, 0}, words);
    long before = descriptorsOf(file);
    source.close();
    assertTrue(closed[0]);
    assertEquals(Math.max(0, before - 1), descriptorsOf(file));
  }

  /** How many descriptors this process has of a file, where the system tells. */
  private static long descriptorsOf(Path file) throws IOException {
    Path all = Path.of("/proc/self/fd");
    if (!Files.isDirectory(all)) {
      return 0;
    }
    long n = 0;
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(all)) {
      for (Path descriptor : descriptors) {
        // The one that lists them is closed again by then.
        n += Files.exists(descriptor) && Files.isSameFile(descriptor, file) ? 1 : 0;
      }
    }
    return n;
  }
}
