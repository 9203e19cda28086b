package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file that may be compressed, as the bytes that it was before. */
public final class DecodedFile {
  private DecodedFile() {}

  /**
   * Opens a file; its compression is told by its first bytes.
   *
   * @throws MissingTraceException if there is no such file, or no right to read it
   * @throws TraceException if it is a directory, or what is compressed is flawed; also from reads
   */
  public static InputStream open(String path) throws IOException {
    InputStream stored = openStored(path);
    try {
      PushbackInputStream in =
          new PushbackInputStream(new RawStream(stored, path), Compression.MAGIC_BYTES);
      byte[] magic = new byte[Compression.MAGIC_BYTES];
      int n = in.readNBytes(magic, 0, magic.length);
      in.unread(magic, 0, n);
      return DecodedStream.open(in, Compression.detect(magic, n), path);
    } catch (IOException e) {
      stored.close();
      throw e;
    }
  }

  private static InputStream openStored(String path) throws IOException {
    try {
      Path p = Path.of(path);
      if (Files.isDirectory(p)) {
        throw new TraceException(path + ": is a directory; name a file");
      }
      return Files.newInputStream(p);
    } catch (NoSuchFileException | InvalidPathException e) {
      throw new MissingTraceException(path + ": no such file; check the path", e);
    } catch (AccessDeniedException e) {
      throw new MissingTraceException(
          path + ": may not be read (permission denied); check its owner and mode", e);
    }
  }
}
