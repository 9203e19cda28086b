package io.lookaside.experiments.sweep;

import io.lookaside.traces.TraceException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * A trace file, or a folder of one, as it was when the sweep was planned.
 *
 * @param file its path as the sweep's author wrote it
 * @param path its absolute path
 * @param bytes how many bytes are stored
 * @param modified when it was changed last, in milliseconds since 1970
 * @param sha256 the hash of its bytes; of a folder that of its files' names and hashes
 */
public record TraceFileId(String file, String path, long bytes, long modified, String sha256) {
  /** Takes the identity of what is there. */
  static TraceFileId of(String file, Path path) throws IOException {
    try {
      return new TraceFileId(file, path.toString(), bytes(path), modified(path), hash(path));
    } catch (NoSuchFileException e) {
      throw new FileNotFoundException(file + ": no such trace file; check the path");
    } catch (AccessDeniedException e) {
      throw new FileNotFoundException(file + ": may not be read (permission denied)");
    }
  }

  /**
   * Checks that the file is still the one that was planned with; reads it only where its date is
   * another.
   *
   * @throws TraceException if it is not
   */
  void check() throws IOException {
    Path where = Path.of(path);
    if (!Files.exists(where)) {
      throw new FileNotFoundException(
          path + ": the trace is no longer there; plan the sweep again");
    }
    boolean same = bytes(where) == bytes;
    if (same && modified(where) != modified) {
      same = hash(where).equals(sha256);
    }
    if (!same) {
      throw new TraceException(
          path + ": the trace has changed since the plan; plan the sweep again");
    }
  }

  private static List<Path> contents(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    try (Stream<Path> files = Files.walk(path)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static long bytes(Path path) throws IOException {
    long sum = 0;
    for (Path file : contents(path)) {
      sum += Files.size(file);
    }
    return sum;
  }

  private static long modified(Path path) throws IOException {
    long last = 0;
    for (Path file : contents(path)) {
      last = Math.max(last, Files.getLastModifiedTime(file).toMillis());
    }
    return last;
  }

  private static String hash(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return HexFormat.of().formatHex(digest(path));
    }
    MessageDigest all = newDigest();
    for (Path file : contents(path)) {
      String name = path.relativize(file).toString();
      all.update((name + '\0').getBytes(StandardCharsets.UTF_8));
      all.update(digest(file));
    }
    return HexFormat.of().formatHex(all.digest());
  }

  private static byte[] digest(Path file) throws IOException {
    MessageDigest digest = newDigest();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      int n;
      while ((n = in.read(buffer)) > 0) {
        digest.update(buffer, 0, n);
      }
    }
    return digest.digest();
  }

  /** The hash of bytes in hexadecimal. */
  static String hash(byte[] bytes) {
    return HexFormat.of().formatHex(newDigest().digest(bytes));
  }

  private static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
