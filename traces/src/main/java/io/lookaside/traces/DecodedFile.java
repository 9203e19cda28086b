package io.lookaside.traces;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The uncompressed bytes of a file that is no trace. Compressions and archives are those of traces,
 * told by content; of an archive the first member is read.
 */
public final class DecodedFile extends FilterInputStream {
  private final boolean compressed;

  private DecodedFile(TraceContent content) {
    super(content.stream());
    this.compressed = !content.compressions().isEmpty();
  }

  /**
   * Opens a file.
   *
   * @throws MissingTraceException if there is no such file, or no right to read it
   * @throws TraceException if it is a directory, or what is compressed is flawed; also from reads
   */
  public static DecodedFile open(String path) throws IOException {
    // Any format that is given makes an archive yield its first member, whatever that is.
    TraceFormat anything = TraceFormat.FLAT64;
    return new DecodedFile(TraceContent.open(openStored(path), Path.of(path), path, anything));
  }

  /** Whether the bytes were compressed. */
  public boolean compressed() {
    return compressed;
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
