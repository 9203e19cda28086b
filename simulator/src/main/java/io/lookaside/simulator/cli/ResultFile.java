package io.lookaside.simulator.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where a result goes: a file that appears whole or not at all, or standard output.
 *
 * <p>The text is written beside the file and renamed, so that a reader never sees half of it.
 */
final class ResultFile {
  private static final String STANDARD_OUTPUT = "-";

  private final String name;

  /**
   * A place that is checked at once, before the work whose result goes there.
   *
   * @throws IOException if nothing can be written there
   */
  ResultFile(String name) throws IOException {
    this.name = name;
    if (isStandardOutput()) {
      return;
    }
    Path file = path();
    Path folder = folder(file);
    if (!Files.isDirectory(folder)) {
      throw new IOException(name + ": cannot be written: there is no folder " + folder);
    }
    if (Files.isDirectory(file)) {
      throw new IOException(name + ": cannot be written: it is a directory");
    }
    if (!Files.isWritable(folder)) {
      throw new IOException(name + ": cannot be written: no permission to write in " + folder);
    }
  }

  boolean isStandardOutput() {
    return name.equals(STANDARD_OUTPUT);
  }

  void write(String text, PrintStream standardOutput) throws IOException {
    if (isStandardOutput()) {
      standardOutput.print(text);
      standardOutput.flush();
      return;
    }
    Path file = path();
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      Files.writeString(file, text); // a device or pipe, which cannot be replaced
      return;
    }
    Path beside = Files.createTempFile(folder(file), "." + file.getFileName() + "-", ".tmp");
    try {
      Files.write(beside, text.getBytes(StandardCharsets.UTF_8));
      makeReadable(beside);
      Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(beside);
      throw new IOException(name + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** A temporary file is the owner's alone; a result is readable as other new files are. */
  private static void makeReadable(Path file) throws IOException {
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }
  }

  private static Path folder(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file.toAbsolutePath() : parent;
  }

  private Path path() throws IOException {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new IOException(name + ": is no file name: " + e.getReason(), e);
    }
  }
}
