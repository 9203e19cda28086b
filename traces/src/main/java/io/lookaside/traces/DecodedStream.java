package io.lookaside.traces;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.MemoryLimitException;

/** The bytes of a trace after decompression; what the decompressor rejects is a flawed trace. */
final class DecodedStream extends BulkStream {
  /**
   * A decompressor that fails delivers nothing of the read in which it does; so little is read at a
   * time, and always as much, so that what comes before a failure is the same for all who read.
   */
  private static final int READ_BYTES = 1 << 10;

  private final InputStream in;
  private final Compression compression;
  private final String name;
  private long bytesRead;

  /** What was read for one who asked for less, and where in it this is. */
  private final byte[] piece = new byte[READ_BYTES];

  private int next;
  private int end;

  /** What a read has met; a decompressor that has failed is not asked again. */
  private @Nullable IOException failure;

  private DecodedStream(InputStream in, Compression compression, String name, long bytesRead) {
    this.in = in;
    this.compression = compression;
    this.name = name;
    this.bytesRead = bytesRead;
  }

  /** The bytes of {@code in} decompressed. */
  static DecodedStream open(InputStream in, Compression compression, String name)
      throws IOException {
    return open(in, compression, name, 0);
  }

  /**
   * The bytes of {@code in} decompressed.
   *
   * @param bytesBefore how many there are of the same file that others have read
   */
  static DecodedStream open(InputStream in, Compression compression, String name, long bytesBefore)
      throws IOException {
    try {
      return new DecodedStream(compression.open(in), compression, name, bytesBefore);
    } catch (IOException | RuntimeException e) {
      throw translate(e, compression, name, bytesBefore);
    }
  }

  /** What a decompressor gives, with its failures put in words. */
  static DecodedStream of(InputStream decompressor, Compression compression, String name) {
    return new DecodedStream(decompressor, compression, name, 0);
  }

  /** What decompresses. */
  InputStream decompressor() {
    return in;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (next == end) {
      if (length >= READ_BYTES) {
        return fetch(bytes, offset);
      }
      next = 0;
      end = 0; // nothing, if this fails
      end = Math.max(0, fetch(piece, 0));
      if (end == 0) {
        return -1;
      }
    }
    int n = Math.min(length, end - next);
    System.arraycopy(piece, next, bytes, offset, n);
    next += n;
    return n;
  }

  /** Asks the decompressor for {@link #READ_BYTES}. */
  private int fetch(byte[] to, int offset) throws IOException {
    if (failure != null) {
      throw failure;
    }
    try {
      int n = in.read(to, offset, READ_BYTES);
      bytesRead += Math.max(0, n);
      return n;
    } catch (IOException | RuntimeException e) {
      // Some decompressors let an index run out of its array where the data are corrupt.
      failure = translate(e, compression, name, bytesRead);
      throw failure;
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  static IOException translate(Exception e, Compression compression, String name, long bytesRead) {
    if (e instanceof RawStream.ReadFailure || e instanceof TraceException) {
      return (IOException) e;
    }
    if (e instanceof MemoryLimitException limit) {
      return new TraceException(
          name
              + ": needs "
              + (limit.getMemoryNeeded() >> 10)
              + " MiB to decompress, more than the limit of "
              + (limit.getMemoryLimit() >> 10)
              + " MiB; compress it again with xz -9 or less");
    }
    String what = compression.name().toLowerCase(Locale.ROOT);
    boolean cut = e instanceof EOFException || saysCut(String.valueOf(e.getMessage()));
    return new TraceException(
        name
            + ": the "
            + what
            + " data is "
            + (cut ? "cut off" : "corrupt")
            + " after "
            + bytesRead
            + " uncompressed bytes"
            + (cut || e instanceof RuntimeException || e.getMessage() == null
                ? ""
                : " (" + e.getMessage() + ")")
            + "; copy or record the trace again");
  }

  /** Whether a decompressor's message says that the data ended too early. */
  private static boolean saysCut(String message) {
    String lower = message.toLowerCase(Locale.ROOT);
    return lower.contains("truncated")
        || lower.contains("premature end")
        || lower.contains("unexpected end");
  }
}
