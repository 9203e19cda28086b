package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The words of a flat64 trace that is a plain file, mapped into memory window by window.
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

  /** The size of the file now. */
  interface Size {
    long bytes() throws IOException;
  }

  private final FileChannel channel;
  private final Size size;

  /** Closes the channel, and whatever else reads the file. */
  private final Closeable owner;

  private final String name;
  private final long windowBytes;

  /** The words of the file from {@link #windowStart} on, as far as they are mapped. */
  private LongBuffer window;

  private long windowStart;

  /** Where the next word stands. */
  private long position;

  private @Nullable IOException failure;

  /** Makes allocations that the compiler may not leave out. */
  byte @Nullable [] large;

  private Flat64File(
      FileChannel channel,
      Size size,
      Closeable owner,
      String name,
      long windowBytes,
      LongBuffer first) {
    this.channel = channel;
    this.size = size;
    this.owner = owner;
    this.name = name;
    this.windowBytes = windowBytes;
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
    Flat64File mapped = open(whole.getChannel(), whole::length, both, name, windowBytes);
    if (mapped == null) {
      whole.close();
    }
    return mapped;
  }

  /** Maps a file; its size is what {@code size} says. */
  static @Nullable Flat64File open(
      FileChannel channel, Size size, Closeable owner, String name, long windowBytes) {
    try {
      long bytes = size.bytes();
      if (bytes < Long.BYTES) {
        return null;
      }
      LongBuffer first = map(channel, 0, Math.min(bytes, windowBytes));
      return new Flat64File(channel, size, owner, name, windowBytes, first);
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
      return fill(to, start);
    } catch (InternalError e) {
      return fail(start, shortened()); // a fault, told at once
    } catch (IOException e) {
      return fail(start, e);
    }
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
        int there = (int) Math.min(count, wordsLeft());
        window.get(inWindow, to, n, there);
        there = (int) Math.min(there, wordsLeft());
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
