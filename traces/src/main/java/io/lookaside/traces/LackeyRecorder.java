package io.lookaside.traces;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Records a program by running it under valgrind's lackey. The program has this process's standard
 * streams; lackey writes to a named pipe, so that what is not kept never reaches a disk.
 *
 * <p>Recorded is the process that is started, with all its threads. Processes that it forks run,
 * but are silent; programs that they execute do not even run under valgrind.
 */
public final class LackeyRecorder {
  /** How long a program may take to end after it was asked to. */
  private static final long GRACE_SECONDS = 2;

  private final Path valgrind;
  private final List<String> command;

  /**
   * What was recorded.
   *
   * @param references how many were written
   * @param stopped whether the program was ended because that was enough
   * @param exitCode the program's; meaningless if it was ended
   */
  public record Outcome(long references, boolean stopped, int exitCode) {}

  /**
   * A recording that has not begun.
   *
   * @param valgrind the name or path of valgrind
   * @param command the program and its arguments
   * @throws FileNotFoundException if there is no such valgrind or program
   */
  public LackeyRecorder(String valgrind, List<String> command) throws FileNotFoundException {
    Path found = find(valgrind);
    if (found == null) {
      throw new FileNotFoundException(
          valgrind
              + ": not found; trace record runs the program under valgrind. Install it (Debian and"
              + " Ubuntu: apt install valgrind; Fedora: dnf install valgrind), or record with"
              + " another tool that Lookaside reads");
    }
    if (find(command.get(0)) == null) {
      throw new FileNotFoundException(
          command.get(0) + ": no such program; check its name and that it may be executed");
    }
    this.valgrind = found;
    this.command = List.copyOf(command);
  }

  /**
   * Runs the program and writes the references of a window.
   *
   * @param listener is told now and then how many references there were
   * @throws TraceException if no reference came
   */
  public Outcome record(TraceWriter writer, TraceWindow window, LongConsumer listener)
      throws IOException {
    Path folder = Files.createTempDirectory("lookaside-record");
    Path pipe = folder.resolve("lackey");
    Process process = null;
    boolean ended = false;
    try {
      makePipe(pipe);
      process = start(pipe);
      // Opening the pipe waits for valgrind to open it too, which it never does if it fails first.
      CompletableFuture<Void> released = process.onExit().thenRun(() -> release(pipe));
      long references;
      try (InputStream in = new FileInputStream(pipe.toFile())) {
        Files.delete(pipe);
        LackeyReader reader = new LackeyReader(in, "lackey's output", true);
        references = TraceCopy.copy(reader, writer, window, listener);
      }
      boolean stopped = references == window.most() && process.isAlive();
      int exitCode = stopped ? end(process) : process.waitFor();
      released.join();
      ended = true;
      if (references == 0) {
        throw new TraceException(
            command.get(0)
                + ": no reference was recorded: the program made none after those that were"
                + " skipped, or valgrind could not run it (exit code "
                + exitCode
                + ")");
      }
      return new Outcome(references, stopped, exitCode);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while recording", e);
    } finally {
      if (process != null && !ended) {
        process.destroyForcibly();
      }
      Files.deleteIfExists(pipe);
      Files.delete(folder);
    }
  }

  private Process start(Path pipe) throws IOException {
    List<String> words = new ArrayList<>();
    words.add(valgrind.toString());
    words.add("--tool=lackey");
    words.add("--trace-mem=yes");
    // Else a forked child, whose addresses are its own, writes into its parent's lines.
    words.add("--child-silent-after-fork=yes");
    words.add("--log-file=" + pipe);
    words.add("--");
    words.addAll(command);
    return new ProcessBuilder(words).inheritIO().start();
  }

  private static int end(Process process) throws InterruptedException {
    process.destroy();
    if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    return process.waitFor();
  }

  private static void makePipe(Path pipe) throws IOException, InterruptedException {
    int code;
    try {
      code =
          new ProcessBuilder("mkfifo", "-m", "600", pipe.toString()).inheritIO().start().waitFor();
    } catch (IOException e) {
      throw new IOException("cannot make a named pipe: there is no mkfifo (of coreutils)", e);
    }
    if (code != 0) {
      throw new IOException("cannot make a named pipe " + pipe + "; is TMPDIR writable?");
    }
  }

  /** Opens and closes the writing end: who waits for it to be opened goes on. */
  private static void release(Path pipe) {
    try {
      FileChannel.open(pipe, StandardOpenOption.WRITE).close();
    } catch (IOException e) {
      // It is gone, so nobody waits for it.
    }
  }

  /** The executable file that a shell would run for a word, if there is one. */
  private static @Nullable Path find(String word) {
    if (word.indexOf(File.separatorChar) >= 0) {
      Path path = Path.of(word);
      return Files.isRegularFile(path) && Files.isExecutable(path) ? path : null;
    }
    String path = System.getenv("PATH");
    for (String folder : (path == null ? "" : path).split(File.pathSeparator, -1)) {
      Path candidate = Path.of(folder.isEmpty() ? "." : folder, word);
      if (!word.isEmpty() && Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    return null;
  }
}
