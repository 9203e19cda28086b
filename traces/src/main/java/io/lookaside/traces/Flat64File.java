package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The words of a flat64 trace that is a plain file: mapped into memory window by window, or read
 * through the kernel where that takes less time. A page of a mapped file costs a fault, for which
 * some hosts, virtual ones above all, take ten times as long as others, while a copy by the kernel
 * costs about the same everywhere. So both are tried in turn at first.
 *
 * <p>A mapped page that the file no longer has is no I/O error but a fault. So the file is asked
 * for its size before each copy, which is made only of what is there, and after it: what was copied
 * counts as far as the file still goes.
 */
final class Flat64File implements Flat64Words {
  /** How much is mapped at once; whole words. */
  static final long WINDOW_BYTES = 1L << 30;

  /**
   * What Java throws for a fault comes at the next call of its runtime; so large an array is one.
   */
  private static final int LARGE = 1 << 20;

  private static final int LARGE_ARRAYS = 64;

  /** After so many calls it is known which way is cheaper. */
  static final int TRIALS = 32;

  /** What is read at once: a call of the kernel takes as long as decoding some hundred words. */
  private static final int BUFFER_WORDS = 8 * ReferenceBatch.CAPACITY;

  /** The size of the file now. */
  interface Size {
    long bytes() throws IOException;
  }

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final FileChannel channel;
  private final Size size;

  /** Closes the channel, and whatever else reads the file. */
  private final Closeable owner;

  private final String name;
  private final long windowBytes;
  private final LongSupplier clock;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(BUFFER_WORDS * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);

  /** Words that were read, from {@link #position} on. */
  private final LongBuffer bufferWords = buffer.asLongBuffer().limit(0);

  /** The words of the file from {@link #windowStart} on, as far as they are mapped. */
  private LongBuffer window;

  private long windowStart;

  /** Where the next word stands. */
  private long position;

  private @Nullable IOException failure;

  private boolean trying = true;
  private int calls;
  private boolean reads;

  /** What reading took longer than mapping so far, while it is tried. */
  private long readingCostsMore;

  /** Makes allocations that the compiler may not leave out. */
  byte @Nullable [] large;

  private Flat64File(
      FileChannel channel,
      Size size,
      Closeable owner,
      String name,
      long windowBytes,
      LongSupplier clock,
      LongBuffer first) {
    this.channel = channel;
    this.size = size;
    this.owner = owner;
    this.name = name;
    this.windowBytes = windowBytes;
    this.clock = clock;
    this.window = first;
  }

  /**
   * Maps a file.
   *
   * @param owner is closed in the end
   * @param name for messages
   * @param windowBytes how much to map at once, a multiple of 8
   * @return {@code null} if it is none that can be mapped, such as a pipe
   */
  static @Nullable Flat64File open(Path file, Closeable owner, String name, long windowBytes)
      throws IOException {
    // A channel that is asked for its size keeps account of it: if an error comes meanwhile, it
    // would wait for ever when it is closed.
    RandomAccessFile whole;
    try {
      if (!Files.isRegularFile(file)) {
        return null;
      }
      whole = new RandomAccessFile(file.toFile(), "r");
    } catch (IOException e) {
      return null; // it is gone meanwhile; whoever has it open may still read it
    }
    Closeable both =
        () -> {
          try (owner) {
            whole.close();
          }
        };
    Flat64File mapped =
        open(
            whole.getChannel(),
            whole::length,
            both,
            name,
            windowBytes,
            THREADS::getCurrentThreadCpuTime);
    if (mapped == null) {
      whole.close();
    }
    return mapped;
  }

  /**
   * Maps a file; its size is what {@code size} says.
   *
   * @param clock tells what reading and mapping take
   */
  static @Nullable Flat64File open(
      FileChannel channel,
      Size size,
      Closeable owner,
      String name,
      long windowBytes,
      LongSupplier clock) {
    try {
      long bytes = size.bytes();
      if (bytes < Long.BYTES) {
        return null;
      }
      LongBuffer first = map(channel, 0, Math.min(bytes, windowBytes));
      return new Flat64File(channel, size, owner, name, windowBytes, clock, first);
    } catch (IOException | UnsupportedOperationException e) {
      return null; // some file systems cannot; reading will tell if there is more to it
    }
  }

  /** Bytes of the file used so far. */
  long bytesRead() {
    return position;
  }

  @Override
  public int fill(long[] to) throws IOException {
    if (failure != null) {
      throw failure;
    }
    long start = position;
    try {
      return trying ? tryOut(to, start) : fill(to, start);
    } catch (InternalError e) {
      return fail(start, shortened()); // a fault, told at once
    } catch (IOException e) {
      return fail(start, e);
    }
  }

  /** Fills by one way and the other in turn, and in the end chooses. */
  private int tryOut(long[] to, long start) throws IOException {
    reads = (calls & 1) != 0;
    calls++;
    long begin = clock.getAsLong();
    int n = fill(to, start);
    long time = clock.getAsLong() - begin;
    readingCostsMore += reads ? time : -time;
    if (calls == TRIALS) {
      trying = false;
      reads = readingCostsMore < 0;
    }
    return n;
  }

  private int fill(long[] to, long start) throws IOException {
    while (true) {
      int n = (int) ((position - start) / Long.BYTES);
      if (n == to.length) {
        return n * Long.BYTES;
      }
      int inWindow = (int) ((position - windowStart) / Long.BYTES);
      int count = Math.min(to.length - n, window.limit() - inWindow);
      if (count > 0) {
        int there;
        if (reads) {
          // While both ways are tried, no more than what is asked for.
          there = read(to, n, count, trying ? count : window.limit() - inWindow);
          count = Math.max(1, there);
        } else {
          there = (int) Math.min(count, wordsLeft());
          window.get(inWindow, to, n, there);
          there = (int) Math.min(there, wordsLeft());
        }
        position += (long) there * Long.BYTES;
        if (there < count) {
          return fail(start, shortened());
        }
        continue;
      }
      long left = size.bytes() - position;
      if (left < 0) {
        return fail(start, shortened());
      }
      if (left < Long.BYTES) {
        return n * Long.BYTES + (int) left;
      }
      window = map(channel, position, Math.min(left, windowBytes));
      windowStart = position;
    }
  }

  /**
   * Takes words that the kernel has read, or lets it read some.
   *
   * @param most how many it may read
   * @return how many there were, up to {@code count}; 0 only if the file has no more
   */
  private int read(long[] to, int at, int count, int most) throws IOException {
    if (!bufferWords.hasRemaining()) {
      buffer.clear().limit(Math.min(most, BUFFER_WORDS) * Long.BYTES);
      int n;
      do {
        n = channel.read(buffer, position + buffer.position());
      } while (n >= 0 && buffer.hasRemaining());
      bufferWords.clear().limit(buffer.position() / Long.BYTES);
    }
    int there = Math.min(count, bufferWords.remaining());
    bufferWords.get(to, at, there);
    return there;
  }

  /** Tells of a failure, after the words that were read before it. */
  private int fail(long start, IOException e) throws IOException {
    failure = e instanceof RawStream.ReadFailure ? e : new RawStream.ReadFailure(name, e);
    if (position == start) {
      throw failure;
    }
    return (int) (position - start);
  }

  /**
   * The file has become shorter. Of a fault that Java has yet to tell, this waits for the error.
   */
  private IOException shortened() {
    try {
      for (int i = 0; i < LARGE_ARRAYS; i++) {
        large = new byte[LARGE];
      }
    } catch (InternalError e) {
      // It is told by what is returned.
    }
    large = null;
    return new IOException(
        "it became shorter while it was read; read it again when nothing writes to it");
  }

  /** Words that the file has from {@link #position} on. */
  private long wordsLeft() throws IOException {
    return Math.max(0, size.bytes() - position) / Long.BYTES;
  }

  private static LongBuffer map(FileChannel channel, long from, long bytes) throws IOException {
    return channel
        .map(MapMode.READ_ONLY, from, bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asLongBuffer();
  }

  @Override
  public void close() throws IOException {
    owner.close();
  }
}
