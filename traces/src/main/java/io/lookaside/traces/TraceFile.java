package io.lookaside.traces;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** An open trace: a file or standard input, decompressed and decoded. */
public final class TraceFile implements TraceCursor {
  /** The path that means standard input. */
  public static final String STANDARD_INPUT = "-";

  /** As many as there are process-context identifiers. */
  private static final int MAX_ADDRESS_SPACES = 1 << 12;

  private static final int MAX_CORES = 1 << 12;

  private final String name;
  private final TraceCursor reader;
  private final TraceFormat format;

  /** The bytes that the reader reads; none if it reads several files. */
  private final @Nullable TraceContent content;

  /** The file that they are stored in, if it can be read here and there. */
  private final @Nullable FileChannel regular;

  private final LongSupplier storedBytesRead;
  private final long storedBytes;

  /** Which processors' references are delivered; a folder looks after its threads itself. */
  private final ThreadShare share;

  /** By processor, in the order in which they appear: the number of the thread. */
  private final Int2IntOpenHashMap threads = new Int2IntOpenHashMap();

  private final LongArrayList addressSpaceIds = new LongArrayList();

  private final IntOpenHashSet cores = new IntOpenHashSet();

  /** The number of each address space by its identifier. */
  private final Long2IntOpenHashMap addressSpaces = new Long2IntOpenHashMap();

  private TraceFile(
      String name,
      TraceCursor reader,
      TraceFormat format,
      @Nullable TraceContent content,
      @Nullable FileChannel regular,
      LongSupplier storedBytesRead,
      long storedBytes,
      ThreadShare share) {
    this.name = name;
    this.reader = reader;
    this.format = format;
    this.content = content;
    this.regular = regular;
    this.storedBytesRead = storedBytesRead;
    this.storedBytes = storedBytes;
    this.share = share;
    threads.defaultReturnValue(-1);
  }

  /**
   * Opens a trace.
   *
   * @param path a file, a folder of a drmemtrace's threads, or {@code -} for {@code standardInput}
   * @param format the format, or {@code null} to tell it by name and content
   * @throws MissingTraceException if there is no such file, or no right to read it
   * @throws TraceException if it is no trace
   */
  public static TraceFile open(String path, @Nullable TraceFormat format, InputStream standardInput)
      throws IOException {
    return open(path, format, standardInput, ThreadShare.ALL);
  }

  /**
   * Opens a trace for some of its threads. References of others are read and not delivered.
   *
   * @param path as in {@link #open(String, TraceFormat, InputStream)}
   * @param share which threads
   * @throws MissingTraceException if there is no such file, or no right to read it
   * @throws TraceException if it is no trace
   */
  public static TraceFile open(
      String path, @Nullable TraceFormat format, InputStream standardInput, ThreadShare share)
      throws IOException {
    boolean standard = path.equals(STANDARD_INPUT);
    String name = standard ? "standard input" : path;
    if (!standard && isDirectory(path)) {
      return openFolder(path, format, share);
    }
    FileChannel channel = standard ? null : openFile(path);
    InputStream stored = channel == null ? standardInput : Channels.newInputStream(channel);
    TraceContent content = TraceContent.open(stored, standard ? null : Path.of(path), name, format);
    try {
      if (content.headLength() == 0) {
        throw new TraceException(
            name + ": is empty; a trace has at least one reference. Was the recording cut short?");
      }
      TraceFormat known = format != null ? format : content.detectFormat();
      if (known == null) {
        throw unknownFormat(name, content);
      }
      long size = standard ? -1 : Files.size(Path.of(path));
      LongSupplier storedBytesRead = content::storedBytesRead;
      TraceCursor reader = null;
      if (known == TraceFormat.FLAT64 && channel != null && content.compressions().isEmpty()) {
        Flat64File mapped = Flat64File.open(Path.of(path), content, name, Flat64File.WINDOW_BYTES);
        if (mapped != null) {
          reader = new Flat64Reader(mapped, name);
          storedBytesRead = mapped::bytesRead;
        }
      }
      if (reader == null) {
        reader = known.open(content.stream(), name);
      }
      FileChannel regular = standard || !Files.isRegularFile(Path.of(path)) ? null : channel;
      return new TraceFile(name, reader, known, content, regular, storedBytesRead, size, share);
    } catch (IOException | RuntimeException e) {
      content.close();
      throw e;
    }
  }

  private static TraceFile openFolder(String path, @Nullable TraceFormat format, ThreadShare share)
      throws IOException {
    if (format != null && format != TraceFormat.DRMEMTRACE) {
      throw new TraceException(
          path
              + ": is a directory, which only a drmemtrace can be; name a "
              + format.label()
              + " trace file");
    }
    DrmemtraceFolder folder = DrmemtraceFolder.open(Path.of(path), path, share);
    return new TraceFile(
        path,
        folder,
        TraceFormat.DRMEMTRACE,
        null,
        null,
        folder::storedBytesRead,
        folder.storedBytes(),
        ThreadShare.ALL);
  }

  private static boolean isDirectory(String path) {
    try {
      return !path.isEmpty() && Files.isDirectory(Path.of(path));
    } catch (InvalidPathException e) {
      return false; // said where it is opened
    }
  }

  private static TraceException unknownFormat(String name, TraceContent content) {
    if (DrmemtraceReader.matchesRaw(content.head(), content.headLength())) {
      return DrmemtraceReader.rawTrace(name);
    }
    return new TraceException(
        name
            + ": cannot tell the format: the name has no suffix of one, and the first bytes are "
            + shown(content.head(), content.headLength())
            + "; if it is a trace, say --format NAME, one of "
            + TraceFormat.labels());
  }

  public TraceFormat format() {
    return format;
  }

  /**
   * The names of the compressions that the trace was in, the outermost first; none for a folder.
   */
  public List<String> compressions() {
    return content == null ? List.of() : List.copyOf(content.compressions());
  }

  /** Bytes of the file as stored, compressed or not; -1 if unknown. */
  public long storedBytes() {
    return storedBytes;
  }

  /** Stored bytes read so far. */
  public long storedBytesRead() {
    return storedBytesRead.getAsLong();
  }

  /**
   * Lets a thread of its own decompress from here on, or several, if this is one file and that
   * takes long; to be called once.
   */
  void decompressAhead() {
    if (content != null) {
      content.decompressAhead(regular);
    }
  }

  /** CPU time of such threads so far, nanoseconds. */
  long nanosAhead() {
    return content == null ? 0 : content.nanosAhead();
  }

  @Override
  public int read(ReferenceBatch batch) throws IOException {
    try {
      int n = reader.read(batch);
      while (n > 0 && !isWanted(batch.core())) {
        n = reader.read(batch);
      }
      if (n > 0) {
        batch.setAddressSpace(addressSpaceNumber(batch.addressSpaceId()));
        noteCore(batch.core());
      }
      return n;
    } catch (TraceException e) {
      throw content == null ? e : content.damageOr(e);
    }
  }

  /**
   * Passes over references in a way that is faster than reading them, if there is one.
   *
   * @return how many were passed over; fewer than {@code most} where the rest must be read
   */
  public long skip(long most) throws IOException {
    return skip(most, (addressSpaceId, core) -> {});
  }

  @Override
  public long skip(long most, OriginListener listener) throws IOException {
    if (share.stride() > 1) {
      return 0; // whose they are must be read
    }
    return reader.skip(
        most,
        (addressSpaceId, core) -> {
          addressSpaceNumber(addressSpaceId); // numbers are given in the order of the trace
          noteCore(core);
          listener.origin(addressSpaceId, core);
        });
  }

  /** Whether the trace has exactly one fetch for each instruction that was executed. */
  public boolean fetchesAreInstructions() throws IOException {
    return fetchesAreInstructions(format.fetchesAreInstructions());
  }

  @Override
  public boolean fetchesAreInstructions(boolean byFormat) throws IOException {
    return reader.fetchesAreInstructions(byFormat);
  }

  /** The identifiers of the address spaces met so far, in the order of their numbers. */
  public long[] addressSpaceIds() {
    return addressSpaceIds.toLongArray();
  }

  /** How many processors' references were met so far. */
  public int cores() {
    return cores.size();
  }

  private boolean isWanted(int core) throws TraceException {
    if (share.stride() == 1) {
      return true;
    }
    noteCore(core);
    int number = threads.get(core);
    if (number < 0) {
      number = threads.size();
      threads.put(core, number);
    }
    return share.has(number);
  }

  private void noteCore(int core) throws TraceException {
    if (cores.add(core) && cores.size() > MAX_CORES) {
      throw new TraceException(
          name
              + ": core "
              + core
              + " is one more than the "
              + MAX_CORES
              + " that a trace may have; is the column or field of the core right?");
    }
  }

  private int addressSpaceNumber(long id) throws TraceException {
    int number = addressSpaces.getOrDefault(id, -1);
    if (number < 0) {
      number = addressSpaceIds.size();
      if (number == MAX_ADDRESS_SPACES) {
        throw new TraceException(
            name
                + ": address space "
                + id
                + " is one more than the "
                + MAX_ADDRESS_SPACES
                + " that a trace may have; is the column or field of the process right?");
      }
      addressSpaceIds.add(id);
      addressSpaces.put(id, number);
    }
    return number;
  }

  @Override
  public long ignoredLines() {
    return reader.ignoredLines();
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  private static FileChannel openFile(String path) throws IOException {
    if (path.isEmpty()) {
      throw new MissingTraceException("the name of the trace is empty; name a file", null);
    }
    try {
      return FileChannel.open(Path.of(path), StandardOpenOption.READ);
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

  /** The first bytes, as text if they are, else in hexadecimal. */
  private static String shown(byte[] head, int length) {
    int n = Math.min(length, 16);
    boolean text = true;
    for (int i = 0; i < n; i++) {
      text &= head[i] >= ' ' && head[i] < 127;
    }
    return text
        ? "'" + new String(head, 0, n, StandardCharsets.US_ASCII) + "'"
        : HexFormat.ofDelimiter(" ").formatHex(head, 0, n);
  }
}
