package io.lookaside.simulator.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * Where a result goes: a file that appears whole or not at all, or standard output.
 *
 * <p>The text is written beside the file and renamed, so that a reader never sees half of it.
 */
final class ResultFile {
  private static final String STANDARD_OUTPUT = "-";

  /** The file beside a result that is being written, if any. */
  private static volatile @Nullable Path unfinished;

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
    if (name.isEmpty()) {
      throw new IOException("the name of a result file is empty");
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
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        Files.writeString(file, text); // a device or pipe, which cannot be replaced
      } else {
        replace(Files.exists(file) ? file.toRealPath() : file, text); // a link stays one
      }
    } catch (IOException e) {
      throw new IOException(name + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private static void replace(Path target, String text) throws IOException {
    String hidden = "." + target.getFileName() + "-" + ProcessHandle.current().pid() + ".tmp";
    Path beside = folder(target).resolve(hidden);
    unfinished = beside;
    try {
      Files.write(beside, text.getBytes(StandardCharsets.UTF_8));
      keepPermissions(target, beside);
      Files.move(
          beside, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      deleteUnfinished();
    }
  }

  /** Removes what a write leaves behind when the process is interrupted in it. */
  static void deleteUnfinished() {
    Path file = unfinished;
    if (file != null) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        // It stays, hidden and useless; the message that matters is another.
      }
      unfinished = null;
    }
  }

  /** Whether this names the same file as another path does. */
  boolean isFile(String other) {
    if (isStandardOutput()) {
      return false;
    }
    try {
      Path mine = path();
      Path theirs = Path.of(other);
      return mine.toAbsolutePath().normalize().equals(theirs.toAbsolutePath().normalize())
          || (Files.exists(mine) && Files.exists(theirs) && Files.isSameFile(mine, theirs));
    } catch (IOException | InvalidPathException e) {
      return false;
    }
  }

  private static void keepPermissions(Path of, Path to) throws IOException {
    boolean posix = to.getFileSystem().supportedFileAttributeViews().contains("posix");
    if (posix && Files.exists(of)) {
      Files.setPosixFilePermissions(to, Files.getPosixFilePermissions(of));
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
