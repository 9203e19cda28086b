package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A thread that decompresses changes nothing but how long it takes. */
class ReadAheadStreamTest {
  private static final int BYTES = 3_000_000;

  /** What a trace gave: references, and what it ended with. */
  private record Outcome(List<Samples.Ref> references, String end, long storedBytesRead) {}

  private static Outcome read(byte[] stored, boolean ahead) throws IOException {
    List<Samples.Ref> references = new ArrayList<>();
    String end = "the end";
    long storedBytesRead = -1;
    try (TraceFile trace = TraceFile.open("-", null, Samples.stream(stored))) {
      if (ahead) {
        trace.decompressAhead();
      }
      Samples.readInto(trace, references);
      storedBytesRead = trace.storedBytesRead();
    } catch (TraceException e) {
      end = Samples.messageOf(e);
    }
    return new Outcome(references, end, storedBytesRead);
  }

  private static void assertSame(Outcome alone, Outcome ahead) {
    assertEquals(alone.end(), ahead.end());
    assertEquals(alone.storedBytesRead(), ahead.storedBytesRead());
    assertEquals(alone.references().size(), ahead.references().size());
    assertTrue(alone.references().equals(ahead.references()), "other references");
  }

  private static List<Samples.Ref> references(int n) {
    Random random = new Random(6);
    List<Samples.Ref> all = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      long address = 0x7f00_0000_0000L + 4L * random.nextInt(1 << 20);
      all.add(random.nextBoolean() ? Samples.load(address, 4) : Samples.store(address, 4));
    }
    return all;
  }

  private static List<byte[]> compressed(List<Samples.Ref> references) throws IOException {
    byte[] text = Samples.lackey(references);
    byte[] words = Samples.flat64(references);
    return List.of(
        Samples.gzip(text),
        Samples.xz(text),
        Samples.zstd(text),
        Samples.bzip2(text),
        Samples.lz4(text),
        Samples.snappy(text),
        Samples.zip(text),
        Samples.xz(words),
        Samples.zstd(words),
        Samples.gzip(Samples.xz(text)),
        Samples.concat(Samples.xz(text), Samples.xz(text)),
        text);
  }

  @Test
  void aThreadGivesTheSameReferences() throws IOException {
    List<Samples.Ref> references = references(40_000);
    for (byte[] stored : compressed(references)) {
      Outcome alone = read(stored, false);
      Outcome ahead = read(stored, true);
      assertTrue(references.equals(ahead.references().subList(0, references.size())));
      assertSame(alone, ahead);
    }
  }

  @Test
  void aThreadGivesTheSameReferencesBeforeDamageAndTheSameMessage() throws IOException {
    List<Samples.Ref> references = references(40_000);
    Random random = new Random(7);
    int flawed = 0;
    for (byte[] stored : compressed(references)) {
      for (int i = 0; i < 6; i++) {
        int at = stored.length / 8 + random.nextInt(stored.length * 7 / 8);
        byte[] damaged = i < 3 ? Arrays.copyOf(stored, at) : stored.clone();
        if (i >= 3) {
          damaged[at] ^= (byte) (1 << random.nextInt(8));
        }
        Outcome alone = read(damaged, false);
        assertSame(alone, read(damaged, true));
        flawed += alone.end().startsWith("standard input:") ? 1 : 0;
      }
    }
    assertTrue(flawed > 40, "flawed " + flawed); // a bit of a plain text may change a digit
  }

  @Test
  void aThreadThatReadsTheTraceGivesTheSameHashAndFlaw() throws IOException {
    byte[] whole = Samples.xz(Samples.lackey(references(40_000)));
    byte[] cut = Arrays.copyOf(whole, whole.length / 2);
    for (byte[] stored : List.of(whole, cut)) {
      List<Object> alone = taken(stored, false);
      assertEquals(alone, taken(stored, true));
      assertTrue(alone.size() > 2, "batches");
    }
  }

  /** By batch its count and hash, and what the trace ended with. */
  private static List<Object> taken(byte[] stored, boolean ahead) throws IOException {
    List<Object> seen = new ArrayList<>();
    TraceFile file = TraceFile.open("-", null, Samples.stream(stored));
    try (TraceReadAhead trace = new TraceReadAhead(file, ahead)) {
      TraceReadAhead.Slot slot = trace.take();
      while (slot.count() > 0) {
        seen.add(List.of(slot.count(), slot.hashUpTo(slot.count())));
        slot = trace.take();
      }
    } catch (TraceException e) {
      seen.add(Samples.messageOf(e));
    }
    return seen;
  }

  /** Bytes without an end that say when they are closed. */
  private static final class Endless extends InputStream {
    final CountDownLatch closed = new CountDownLatch(1);
    final CountDownLatch silent = new CountDownLatch(1);
    final CountDownLatch far = new CountDownLatch(1);
    private final long most;
    private long given;

    /** As far ahead as a thread goes. */
    private static final long FAR = 8 << 16;

    /** Bytes of which, after so many, a read never returns. */
    Endless(long most) {
      this.most = most;
    }

    @Override
    public int read() {
      return (int) (given++ & 0xff);
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      if (given == most) {
        silent.countDown();
        try {
          new CountDownLatch(1).await();
        } catch (InterruptedException e) {
          throw new InterruptedIOException();
        }
      }
      int n = (int) Math.min(length, most - given);
      for (int i = 0; i < n; i++) {
        to[offset + i] = (byte) read();
      }
      if (given >= FAR) {
        far.countDown();
      }
      return n;
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  private static void awaitSurely(CountDownLatch latch, String what) throws InterruptedException {
    assertTrue(latch.await(1, TimeUnit.MINUTES), what);
  }

  @Test
  void closingEndsAThreadThatIsFarAhead() throws Exception {
    Endless bytes = new Endless(Long.MAX_VALUE);
    ReadAheadStream stream = new ReadAheadStream(bytes, () -> 0);
    stream.begin();
    assertArrayEquals(new byte[] {0, 1, 2}, stream.readNBytes(3));
    awaitSurely(bytes.far, "all chunks are filled");
    stream.close();
    awaitSurely(bytes.closed, "the bytes are closed");
  }

  @Test
  void closingEndsAThreadThatWaitsForBytes() throws Exception {
    Endless bytes = new Endless(1_000);
    ReadAheadStream stream = new ReadAheadStream(bytes, () -> 0);
    stream.begin();
    awaitSurely(bytes.silent, "a read waits");
    stream.close();
    awaitSurely(bytes.closed, "the bytes are closed");
  }

  @Test
  void closingBeforeTheThreadBeginsClosesTheBytes() throws Exception {
    Endless bytes = new Endless(Long.MAX_VALUE);
    new ReadAheadStream(bytes, () -> 0).close();
    assertEquals(0, bytes.closed.getCount());
  }

  @Test
  void closingATraceEarlyEndsBothThreads() throws Exception {
    byte[] stored = Samples.xz(Samples.lackey(references(40_000)));
    CountDownLatch closed = new CountDownLatch(1);
    InputStream in =
        new ByteArrayInputStream(stored) {
          @Override
          public void close() {
            closed.countDown();
          }
        };
    try (TraceReadAhead trace = new TraceReadAhead(TraceFile.open("-", null, in))) {
      assertTrue(trace.take().count() > 0);
    }
    awaitSurely(closed, "the stored bytes are closed");
  }

  @Test
  void anInterruptedTakerIsToldSo() throws Exception {
    Endless bytes = new Endless(1_000);
    try (ReadAheadStream stream = new ReadAheadStream(bytes, () -> 0)) {
      stream.begin();
      Thread.currentThread().interrupt();
      assertThrows(InterruptedIOException.class, () -> stream.readNBytes(1_001));
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void whatIsNoIoExceptionComesInItsTurnToo() throws Exception {
    byte[] given = new byte[BYTES];
    new Random(8).nextBytes(given);
    InputStream bytes =
        new ByteArrayInputStream(given) {
          @Override
          public synchronized int read(byte[] to, int offset, int length) {
            int n = super.read(to, offset, length);
            if (n < 0) {
              throw new IllegalStateException("a bug");
            }
            return n;
          }
        };
    try (ReadAheadStream stream = new ReadAheadStream(bytes, () -> 0)) {
      stream.begin();
      assertArrayEquals(given, stream.readNBytes(BYTES));
      assertThrows(IllegalStateException.class, stream::readAllBytes);
      assertThrows(IllegalStateException.class, stream::read);
    }
  }

  @Test
  void storedBytesAreThoseOfWhatWasTaken() throws Exception {
    ByteArrayInputStream bytes = new ByteArrayInputStream(new byte[BYTES]);
    try (ReadAheadStream stream =
        new ReadAheadStream(bytes, () -> 10L * (BYTES - bytes.available()))) {
      assertEquals(0, stream.read());
      assertEquals(10, stream.storedBytesRead());
      stream.begin();
      assertEquals(10, stream.storedBytesRead());
      assertEquals(0, stream.read());
      long first = stream.storedBytesRead();
      assertTrue(first > 10 && first < 5L * BYTES, "stored bytes of the first chunk: " + first);
      assertEquals(BYTES - 2, stream.readAllBytes().length);
      assertEquals(10L * BYTES, stream.storedBytesRead());
      assertTrue(stream.cpuNanos() > 0);
    }
  }
}
