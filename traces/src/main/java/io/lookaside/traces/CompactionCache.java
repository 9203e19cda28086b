package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The place of a compaction: a file in the folder {@value #FOLDER} beside the trace, named by a
 * SHA-256 of all that decides its content: the hash of the trace's bytes, its name and format, the
 * stretch and the version of the layout. So a trace that changed has another place, and what is
 * kept is never stale.
 *
 * <p>A file appears whole or not at all, and a checksum over all of it is compared before any of it
 * is used. Where anything goes wrong, the trace itself is read as if there were no cache.
 */
final class CompactionCache {
  static final String FOLDER = ".lookaside-cache";

  /** Another one where bytes mean something else, or the hash of references that they hold. */
  private static final String LAYOUT = "compact 3";

  private static final int NAME_DIGITS = 32;
  private static final int BUFFER = 1 << 16;
  private static final String TEMPORARY = ".compact-";

  /** No process writes to one for so long without changing it. */
  private static final Duration LEFTOVER_AGE = Duration.ofDays(1);

  private final Path file;
  private final byte[] key;

  private CompactionCache(Path file, byte[] key) {
    this.file = file;
    this.key = key;
  }

  /**
   * The place for a stretch of a trace; {@code null} if that is no file that can be read again.
   *
   * @param sha256 the SHA-256 of the trace's bytes in hexadecimal, or {@code null} to compute it
   */
  static @Nullable CompactionCache beside(
      String path,
      @Nullable TraceFormat format,
      CompactedTrace.Stretch stretch,
      @Nullable String sha256) {
    try {
      Path trace = Path.of(path);
      if (path.equals(TraceFile.STANDARD_INPUT) || !Files.isRegularFile(trace)) {
        return null;
      }
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String content = sha256 == null ? hash(trace, digest) : sha256;
      // The name too: it may decide the format.
      Path name = trace.toAbsolutePath().getFileName();
      String rest =
          String.join(
              "\n",
              LAYOUT,
              content,
              "" + name,
              format == null ? "" : format.label(),
              stretch.toString());
      byte[] key = digest.digest(rest.getBytes(StandardCharsets.UTF_8));
      String hex = HexFormat.of().formatHex(key).substring(0, NAME_DIGITS);
      return new CompactionCache(trace.resolveSibling(FOLDER).resolve(hex + ".compact"), key);
    } catch (IOException | InvalidPathException e) {
      return null; // said when the trace itself is opened
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static String hash(Path trace, MessageDigest digest) throws IOException {
    try (InputStream in = new DigestInputStream(Files.newInputStream(trace), digest)) {
      byte[] buffer = new byte[BUFFER];
      while (in.read(buffer) >= 0) {
        // The digest takes it.
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** What decides the content, as it stands in the file. */
  byte[] key() {
    return key.clone();
  }

  /** What is kept, or {@code null} if nothing is, or it is damaged. */
  @Nullable CompactedTrace open() {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return null;
    }
    try {
      return CompactionReader.open(file, key);
    } catch (IOException e) {
      return null;
    }
  }

  /** A new file beside the place. */
  Path temporary() throws IOException {
    Path folder = file.resolveSibling("");
    Files.createDirectories(folder);
    removeLeftovers(folder);
    // Not by createTempFile, whose files others may not read.
    return Files.createFile(folder.resolve(TEMPORARY + UUID.randomUUID() + ".tmp"));
  }

  /** Removes files that were begun long ago, by processes that were killed. */
  private static void removeLeftovers(Path folder) throws IOException {
    FileTime old = FileTime.from(Instant.now().minus(LEFTOVER_AGE));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, TEMPORARY + "*.tmp")) {
      for (Path file : files) {
        if (Files.getLastModifiedTime(file).compareTo(old) < 0) {
          Files.deleteIfExists(file);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    } catch (NoSuchFileException e) {
      // Another process has just put it in its place, or removed it.
    }
  }

  /** Puts a finished file in its place. */
  void put(Path temporary) throws IOException {
    Files.move(
        temporary, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
