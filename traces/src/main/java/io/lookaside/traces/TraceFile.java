package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An open trace: a file or standard input, decompressed and decoded. */
public final class TraceFile implements TraceCursor {
  /** The path that means standard input. */
  public static final String STANDARD_INPUT = "-";

  private static final int HEAD_BYTES = 1 << 13;

  private final TraceCursor reader;
  private final TraceFormat format;
  private final RawStream raw;
  private final long storedBytes;

  private TraceFile(TraceCursor reader, TraceFormat format, RawStream raw, long storedBytes) {
    this.reader = reader;
    this.format = format;
    this.raw = raw;
    this.storedBytes = storedBytes;
  }

  /**
   * Opens a trace.
   *
   * @param path a file, or {@code -} for {@code standardInput}
   * @param format the format, or {@code null} to tell it by name and content
   * @throws MissingTraceException if there is no such file, or no right to read it
   * @throws TraceException if it is no trace
   */
  public static TraceFile open(String path, @Nullable TraceFormat format, InputStream standardInput)
      throws IOException {
    boolean standard = path.equals(STANDARD_INPUT);
    String name = standard ? "standard input" : path;
    InputStream stored = standard ? standardInput : openFile(path);
    try {
      RawStream raw = new RawStream(stored, name);
      PushbackInputStream compressed = new PushbackInputStream(raw, Compression.MAGIC_BYTES);
      byte[] magic = new byte[Compression.MAGIC_BYTES];
      int n = peek(compressed, magic);
      InputStream decoded = DecodedStream.open(compressed, Compression.detect(magic, n), name);

      PushbackInputStream content = new PushbackInputStream(decoded, HEAD_BYTES);
      byte[] head = new byte[HEAD_BYTES];
      int length = peek(content, head);
      if (length == 0) {
        throw new TraceException(
            name + ": is empty; a trace has at least one reference. Was the recording cut short?");
      }
      TraceFormat known = format != null ? format : TraceFormat.detect(name, head, length);
      if (known == null) {
        throw new TraceException(
            name
                + ": cannot tell the format from name or content; say --format NAME, one of "
                + TraceFormat.labels());
      }
      long size = standard ? -1 : Files.size(Path.of(path));
      return new TraceFile(known.open(content, name), known, raw, size);
    } catch (IOException e) {
      stored.close();
      throw e;
    }
  }

  public TraceFormat format() {
    return format;
  }

  /** Bytes of the file as stored, compressed or not; -1 if unknown. */
  public long storedBytes() {
    return storedBytes;
  }

  /** Stored bytes read so far. */
  public long storedBytesRead() {
    return raw.bytesRead();
  }

  @Override
  public int read(ReferenceBatch batch) throws IOException {
    return reader.read(batch);
  }

  @Override
  public long ignoredLines() {
    return reader.ignoredLines();
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  private static InputStream openFile(String path) throws IOException {
    if (path.isEmpty()) {
      throw new MissingTraceException("the name of the trace is empty; name a file", null);
    }
    try {
      Path p = Path.of(path);
      if (Files.isDirectory(p)) {
        throw new TraceException(
            path + ": is a directory; name a trace file in it (" + TraceFormat.labels() + ")");
      }
      return Files.newInputStream(p);
    } catch (NoSuchFileException | InvalidPathException e) {
      throw new MissingTraceException(path + ": no such file; check the path of the trace", e);
    } catch (AccessDeniedException e) {
      throw new MissingTraceException(
          path + ": may not be read (permission denied); check its owner and mode", e);
    } catch (FileSystemException e) {
      if (Files.exists(Path.of(path))) {
        throw e;
      }
      throw new MissingTraceException(path + ": no such file; check the path of the trace", e);
    }
  }

  /** Reads until {@code bytes} is full or the stream ends, and puts all of it back. */
  private static int peek(PushbackInputStream in, byte[] bytes) throws IOException {
    int n = 0;
    while (n < bytes.length) {
      int got = in.read(bytes, n, bytes.length - n);
      if (got < 0) {
        break;
      }
      n += got;
    }
    in.unread(bytes, 0, n);
    return n;
  }
}
