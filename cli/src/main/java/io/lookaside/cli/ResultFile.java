package io.lookaside.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
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

  /** What a file will hold. */
  interface Content {
    /** Writes it; need not close the stream. What it throws leaves no file behind. */
    void writeTo(OutputStream out) throws IOException;
  }

  void write(String text, PrintStream standardOutput) throws IOException {
    write(out -> out.write(text.getBytes(StandardCharsets.UTF_8)), standardOutput);
  }

  void write(Content content, PrintStream standardOutput) throws IOException {
    if (isStandardOutput()) {
      content.writeTo(new FailingOutput("standard output", new CheckedPrint(standardOutput)));
      standardOutput.flush();
      return;
    }
    Path file = path();
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        // A device or pipe, which cannot be replaced.
        try (OutputStream out = Files.newOutputStream(file)) {
          content.writeTo(new FailingOutput(name, out));
        }
      } else {
        replace(Files.exists(file) ? file.toRealPath() : file, content); // a link stays one
      }
    } catch (FileSystemException e) {
      throw new IOException(name + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private void replace(Path target, Content content) throws IOException {
    Path beside = createBeside(target);
    unfinished = beside;
    try {
      try (OutputStream out = new FailingOutput(name, Files.newOutputStream(beside))) {
        content.writeTo(out);
      }
      keepPermissions(target, beside);
      Files.move(
          beside, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      deleteUnfinished();
    }
  }

  /** Creates a file that no other process writes to. */
  private static Path createBeside(Path target) throws IOException {
    while (true) {
      String hidden = "." + target.getFileName() + "-" + System.nanoTime() + ".tmp";
      try {
        return Files.createFile(folder(target).resolve(hidden));
      } catch (FileAlreadyExistsException e) {
        // Another process began at the same time; the next name is another.
      }
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

  /** Says which file cannot be written: the content's own failures are others. */
  private static final class FailingOutput extends FilterOutputStream {
    private final String name;

    FailingOutput(String name, OutputStream out) {
      super(out);
      this.name = name;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      try {
        out.write(bytes, offset, length);
      } catch (IOException e) {
        throw failure(e);
      }
    }

    @Override
    public void flush() throws IOException {
      try {
        out.flush();
      } catch (IOException e) {
        throw failure(e);
      }
    }

    @Override
    public void close() throws IOException {
      try {
        out.close();
      } catch (IOException e) {
        throw failure(e);
      }
    }

    private IOException failure(IOException e) {
      return new IOException(name + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** A print stream that says when it fails, so that who writes much does not go on in vain. */
  private static final class CheckedPrint extends FilterOutputStream {
    private final PrintStream print;

    CheckedPrint(PrintStream print) {
      super(print);
      this.print = print;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      print.write(bytes, offset, length);
      if (print.checkError()) {
        throw new IOException("it is closed or full");
      }
    }

    @Override
    public void close() {
      print.flush(); // it is not ours
    }
  }
}
