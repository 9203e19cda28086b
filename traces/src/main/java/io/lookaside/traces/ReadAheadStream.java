package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decompressed bytes that, from {@link #begin} on, a thread of its own reads ahead of whoever takes
 * them, so that decompression and decoding overlap. Before that, whoever takes them reads them.
 *
 * <p>What is taken does not depend on how far ahead the thread is: a failure is thrown when the
 * bytes before it have been taken, and the stored bytes that are told of are those that were read
 * for the bytes in hand.
 */
final class ReadAheadStream extends InputStream {
  /** Bytes that change hands at once: handing over wakes a thread, which takes its time. */
  private static final class Chunk {
    final byte[] bytes = new byte[CHUNK_BYTES];
    int length;
    long storedBytesRead;

    /** Whether nothing comes after it but {@link #failure}, if there is one. */
    boolean last;

    @Nullable Throwable failure;
  }

  private static final int CHUNK_BYTES = 1 << 16;

  /**
   * So many that the thread seldom waits for room: where it does, it and the taker wake each other
   * in turn, on one core.
   */
  private static final int CHUNKS = 32;

  private final InputStream in;
  private final LongSupplier stored;
  private final BlockingQueue<Chunk> full = new ArrayBlockingQueue<>(CHUNKS);
  private final BlockingQueue<Chunk> empty = new ArrayBlockingQueue<>(CHUNKS);
  private @Nullable CpuTimedThread reader;
  private volatile boolean closed;

  // The taker's: the chunk in hand, and the next byte in it.
  private @Nullable Chunk chunk;
  private int next;

  /**
   * A stream that no thread reads yet.
   *
   * @param in the bytes; closed with this
   * @param stored how many stored bytes were read for them so far
   */
  ReadAheadStream(InputStream in, LongSupplier stored) {
    this.in = in;
    this.stored = stored;
  }

  /** Lets a thread read ahead from here on; to be called once. */
  void begin() {
    Chunk first = new Chunk();
    first.storedBytesRead = stored.getAsLong();
    chunk = first;
    reader = new CpuTimedThread(this::readAhead, "trace decompressor");
    reader.start();
  }

  /** CPU time of the thread that reads ahead so far, nanoseconds; 0 if there is none. */
  long cpuNanos() {
    CpuTimedThread r = reader;
    return r == null ? 0 : r.cpuNanos();
  }

  /** Stored bytes that were read for what was taken so far. */
  long storedBytesRead() {
    Chunk c = chunk;
    return c == null ? stored.getAsLong() : c.storedBytesRead;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    Chunk c = chunk;
    if (c == null) {
      return in.read(to, offset, length);
    }
    if (length == 0) {
      return 0;
    }
    while (next == c.length) {
      if (c.last) {
        TraceReadAhead.rethrow(c.failure);
        return -1;
      }
      c = swap(c);
    }
    int n = Math.min(length, c.length - next);
    System.arraycopy(c.bytes, next, to, offset, n);
    next += n;
    return n;
  }

  private Chunk swap(Chunk used) throws IOException {
    try {
      empty.put(used);
      Chunk taken = full.take();
      chunk = taken;
      next = 0;
      return taken;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while reading a trace");
    }
  }

  /** Stops reading. A thread that reads closes the bytes when the read it is in returns. */
  @Override
  public void close() throws IOException {
    closed = true;
    CpuTimedThread r = reader;
    if (r == null) {
      in.close();
    } else {
      r.interrupt();
    }
  }

  private void readAhead() {
    try (in) {
      int made = 1; // with the taker's
      boolean more = true;
      while (more && !closed) {
        Chunk c = empty.poll();
        if (c == null && made < CHUNKS) {
          c = another();
          made = c == null ? CHUNKS : made + 1;
        }
        if (c == null) {
          c = empty.take(); // at the latest the taker's, when it wants the next
        }
        more = fill(c);
        full.put(c);
      }
    } catch (InterruptedException e) {
      // Closed: nobody waits for more.
    } catch (IOException e) {
      // The bytes could not be closed after all of them were read.
    }
  }

  /** One more; {@code null} if there is no memory for it, so that those there are must do. */
  private static @Nullable Chunk another() {
    try {
      return new Chunk();
    } catch (OutOfMemoryError e) {
      return null;
    }
  }

  /** Fills a chunk; returns whether there may be more after it. */
  private boolean fill(Chunk c) {
    c.length = 0;
    try {
      while (c.length < CHUNK_BYTES && !c.last) {
        int n = in.read(c.bytes, c.length, CHUNK_BYTES - c.length);
        c.last = n < 0;
        c.length += Math.max(0, n);
      }
    } catch (IOException | RuntimeException | Error e) {
      c.failure = e;
      c.last = true;
    }
    c.storedBytesRead = stored.getAsLong();
    return !c.last;
  }
}
