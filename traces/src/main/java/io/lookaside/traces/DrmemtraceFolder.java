package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of drmemtrace files, one for each thread, as one trace: the threads take turns by their
 * timestamps.
 *
 * <p>The turn is always that of the thread whose last timestamp is the smallest, and lasts to its
 * next timestamp; of equal ones, that of the file whose name comes first. What stands in a file
 * before its first timestamp counts as of time 0. That is how DynamoRIO merges them, except that
 * the order of equal timestamps is fixed.
 *
 * <p>A file is open from the first turn of its thread to its last, so that the threads alive at one
 * time, not all of them, bound files and memory.
 */
final class DrmemtraceFolder implements TraceCursor {
  /** Threads that may be alive at one time, each with an open file and some 100 KiB of buffers. */
  static final int MAX_OPEN = 1 << 10;

  private static final String PROCESSED = "trace";
  private static final String RAW = "raw";

  private final String name;
  private final DrmemtraceThreads threads;
  private final ThreadShare share;
  private int threadFiles;
  private final PriorityQueue<ThreadFile> waiting =
      new PriorityQueue<>(
          Comparator.<ThreadFile>comparingLong(t -> t.timestamp).thenComparingInt(t -> t.index));
  private @Nullable ThreadFile current;
  private int open;
  private long storedBytes;
  private long storedBytesRead;
  private boolean fetchesFiltered;
  private @Nullable IOException flaw;

  /** One thread's file. */
  private static final class ThreadFile {
    final Path path;
    final int index;
    long timestamp;
    @Nullable TraceContent content;
    @Nullable DrmemtraceReader reader;

    ThreadFile(Path path, int index) {
      this.path = path;
      this.index = index;
    }
  }

  private DrmemtraceFolder(String name, ThreadShare share) {
    this.name = name;
    this.share = share;
    this.threads = new DrmemtraceThreads(name);
  }

  /**
   * Finds the threads of a folder, or of the folder {@code trace} in it.
   *
   * @param share which of them are read
   * @throws TraceException if there is none, or a file with the name of a trace is none
   */
  static DrmemtraceFolder open(Path folder, String name, ThreadShare share) throws IOException {
    DrmemtraceFolder trace = new DrmemtraceFolder(name, share);
    Path processed = folder.resolve(PROCESSED);
    boolean hasProcessed = Files.isDirectory(processed);
    if (!hasProcessed && Files.isDirectory(folder.resolve(RAW))) {
      throw DrmemtraceReader.rawTrace(name);
    }
    int index = 0;
    boolean raw = false;
    for (Path file : files(hasProcessed ? processed : folder)) {
      raw |= trace.consider(file, index++);
    }
    if (trace.threadFiles == 0) {
      throw raw
          ? DrmemtraceReader.rawTrace(name)
          : new TraceException(
              name
                  + ": is a directory without a drmemtrace in it, which has a file for each thread"
                  + " such as drmemtrace.app.1.trace.zip; name such a folder, or a trace file");
    }
    return trace;
  }

  private static List<Path> files(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.list(folder)) {
      all.filter(Files::isRegularFile).forEach(files::add);
    }
    files.sort(Comparator.comparing(DrmemtraceFolder::fileName));
    return files;
  }

  private static String fileName(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** Takes a file that is a thread's; returns whether it is one that was not yet processed. */
  private boolean consider(Path path, int index) throws IOException {
    boolean named = Compression.withoutSuffix(fileName(path)).endsWith(".trace");
    ThreadFile file = new ThreadFile(path, index);
    try (TraceContent content = openContent(file)) {
      if (DrmemtraceReader.matches(content.head(), content.headLength())) {
        DrmemtraceReader reader = reader(content, file);
        fetchesFiltered |= !reader.fetchesAreInstructions(true);
        if (!share.has(threadFiles++)) {
          return false;
        }
        readToFirstTimestamp(file, reader);
        storedBytes += Files.size(path);
        waiting.add(file);
        return false;
      }
      if (DrmemtraceReader.matchesRaw(content.head(), content.headLength())) {
        return true;
      }
      if (named) {
        throw new TraceException(
            path
                + ": has the name of a thread's trace, but does not begin with the header of a"
                + " drmemtrace; move it out of the folder if it is something else");
      }
    } catch (TraceException e) {
      if (named) {
        throw e;
      }
      // DynamoRIO keeps lists of modules and schedules beside the traces.
    }
    return false;
  }

  /** Leaves the file's time at its first timestamp, or at 0 where references come before it. */
  private void readToFirstTimestamp(ThreadFile file, DrmemtraceReader reader) {
    try {
      if (reader.read(new ReferenceBatch()) == 0 && reader.atTimestamp()) {
        file.timestamp = reader.timestamp();
      }
    } catch (IOException e) {
      file.timestamp = 0; // it is told when it is this thread's turn, which is then at once
    }
  }

  @Override
  public int read(ReferenceBatch batch) throws IOException {
    batch.clear();
    if (flaw != null) {
      throw flaw;
    }
    try {
      while (true) {
        ThreadFile file = current != null ? current : waiting.poll();
        if (file == null) {
          return 0;
        }
        current = file;
        int n = read(file, batch);
        if (n > 0) {
          return n;
        }
      }
    } catch (IOException e) {
      flaw = e;
      throw e;
    }
  }

  /** Reads on in a file; afterwards the turn may be another's. */
  private int read(ThreadFile file, ReferenceBatch batch) throws IOException {
    TraceContent content = file.content;
    DrmemtraceReader reader = file.reader;
    long before = content == null ? 0 : content.storedBytesRead();
    if (content == null || reader == null) {
      if (open == MAX_OPEN) {
        throw new TraceException(
            name
                + ": more than "
                + MAX_OPEN
                + " threads are alive at one time, more files than are opened at once; name a"
                + " folder with fewer of them");
      }
      content = openContent(file);
      reader = reader(content, file);
      file.content = content;
      file.reader = reader;
      open++;
      if (file.timestamp != 0) {
        reader.read(batch); // to the first timestamp, as before
      }
    }
    int n;
    try {
      n = reader.read(batch);
    } catch (TraceException e) {
      throw content.damageOr(e);
    }
    storedBytesRead += content.storedBytesRead() - before;
    if (reader.atTimestamp()) {
      file.timestamp = reader.timestamp();
      waiting.add(file);
      current = null;
    } else if (n == 0) {
      content.close();
      file.content = null;
      file.reader = null;
      open--;
      current = null;
    }
    return n;
  }

  private static TraceContent openContent(ThreadFile file) throws IOException {
    InputStream stored = Files.newInputStream(file.path);
    return TraceContent.open(stored, file.path, file.path.toString(), null);
  }

  private DrmemtraceReader reader(TraceContent content, ThreadFile file) {
    return new DrmemtraceReader(content.stream(), file.path.toString(), threads, true);
  }

  /** Bytes of all files. */
  long storedBytes() {
    return storedBytes;
  }

  /** Bytes of the files that were read so far. */
  long storedBytesRead() {
    return storedBytesRead;
  }

  @Override
  public boolean fetchesAreInstructions(boolean byFormat) {
    return byFormat && !fetchesFiltered;
  }

  @Override
  public void close() throws IOException {
    if (current != null) {
      waiting.add(current);
      current = null;
    }
    for (ThreadFile file : waiting) {
      if (file.content != null) {
        file.content.close();
      }
    }
    waiting.clear();
  }
}
