package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
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
final class ReadAheadStream extends BulkStream {
  /**
   * So many that the thread seldom waits for room: where it does, it and the taker wake each other
   * in turn, on one core.
   */
  private static final int CHUNKS = 32;

  private final InputStream in;
  private final LongSupplier stored;

  /** Of the bytes before {@link #begin}, how many were taken. */
  private long taken;

  private @Nullable ChunkSource source;

  /** The taker's, in hand. */
  private @Nullable Chunk chunk;

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

  /** A thread that reads on from a stream, which it closes. */
  static ChunkSource thread(InputStream in, LongSupplier stored) {
    ChunkThread thread = new ChunkThread(filler(in, stored), CHUNKS, "trace decompressor");
    thread.start();
    return thread;
  }

  private static ChunkThread.Filler filler(InputStream in, LongSupplier stored) {
    return new ChunkThread.Filler() {
      @Override
      public void fill(Chunk c) throws IOException {
        try {
          while (c.length < Chunk.BYTES && !c.last) {
            int n = in.read(c.bytes, c.length, Chunk.BYTES - c.length);
            c.last = n < 0;
            c.length += Math.max(0, n);
          }
        } finally {
          c.storedBytesRead = stored.getAsLong();
        }
      }

      @Override
      public void close() throws IOException {
        in.close();
      }
    };
  }

  /** Lets a thread read ahead from here on; to be called once. */
  void begin() {
    chunk = nothing(); // before a thread reads on
    source = thread(in, stored);
  }

  /**
   * Lets others read ahead from here on; to be called in place of {@link #begin()}.
   *
   * @param others what they give begins after {@link #taken()} bytes
   */
  void begin(ChunkSource others) {
    chunk = nothing();
    source = others;
  }

  private Chunk nothing() {
    Chunk first = new Chunk();
    first.storedBytesRead = stored.getAsLong();
    return first;
  }

  /** How many bytes were taken before threads began. */
  long taken() {
    return taken;
  }

  /** CPU time of the threads that read ahead so far, nanoseconds; 0 if there is none. */
  long cpuNanos() {
    ChunkSource s = source;
    return s == null ? 0 : s.cpuNanos();
  }

  /** Stored bytes that were read for what was taken so far. */
  long storedBytesRead() {
    Chunk c = chunk;
    return c == null ? stored.getAsLong() : c.storedBytesRead;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    Chunk c = chunk;
    ChunkSource s = source;
    if (c == null || s == null) {
      int n = in.read(to, offset, length);
      taken += Math.max(0, n);
      return n;
    }
    if (length == 0) {
      return 0;
    }
    while (c.next == c.length) {
      if (c.last) {
        TraceReadAhead.rethrow(c.failure);
        return -1;
      }
      c = swap(s, c);
    }
    int n = Math.min(length, c.length - c.next);
    System.arraycopy(c.bytes, c.next, to, offset, n);
    c.next += n;
    return n;
  }

  private Chunk swap(ChunkSource from, Chunk used) throws IOException {
    try {
      Chunk c = from.swap(used);
      chunk = c;
      return c;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while reading a trace");
    }
  }

  /** Stops reading. A thread that reads closes the bytes when the read it is in returns. */
  @Override
  public void close() throws IOException {
    ChunkSource s = source;
    if (s == null) {
      in.close();
    } else {
      s.close();
    }
  }
}
