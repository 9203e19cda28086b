package io.lookaside.traces;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The uncompressed bytes of one file or stream, whatever it is packed in; compressions and archives
 * are told by content.
 */
final class TraceContent implements Closeable {
  /** Bytes at the beginning that tell the format. */
  static final int HEAD_BYTES = 1 << 13;

  /** Compressions within each other: more are no way to keep a trace. */
  private static final int MAX_LAYERS = 4;

  /** How far a flawed trace is decompressed to find whether the compressed data are damaged. */
  private static final long DRAIN_BYTES = 1L << 28;

  private final PushbackInputStream stream;
  private final byte[] head = new byte[HEAD_BYTES];
  private final int headLength;
  private final String formatName;
  private final List<String> compressions;
  private final LongSupplier storedBytesRead;

  /** What the bytes come through where decompressing them takes long. */
  private final @Nullable ReadAheadStream ahead;

  /** What undoes the only compression, if that is .xz. */
  private final @Nullable XzStream xz;

  private TraceContent(
      InputStream decoded,
      String formatName,
      List<String> compressions,
      boolean slow,
      @Nullable XzStream xz,
      LongSupplier storedBytesRead)
      throws IOException {
    this.xz = xz;
    this.ahead = slow ? new ReadAheadStream(decoded, storedBytesRead) : null;
    this.stream = new PushbackInputStream(ahead == null ? decoded : ahead, HEAD_BYTES);
    this.formatName = formatName;
    this.compressions = compressions;
    this.storedBytesRead = ahead == null ? storedBytesRead : ahead::storedBytesRead;
    this.headLength = peek(stream, head);
  }

  /**
   * Opens stored bytes.
   *
   * @param file where they are, if it is a file: then an archive is read by its directory
   * @param name for messages
   * @param format what the user says it is
   */
  static TraceContent open(
      InputStream stored, @Nullable Path file, String name, @Nullable TraceFormat format)
      throws IOException {
    RawStream raw = new RawStream(stored, name);
    LongSupplier storedBytesRead = raw::bytesRead;
    InputStream content = raw;
    String formatName = name;
    boolean slow = false;
    XzStream xz = null;
    try {
      List<String> compressions = new ArrayList<>();
      for (int layers = 0; ; layers++) {
        PushbackInputStream peeked = new PushbackInputStream(content, Compression.MAGIC_BYTES);
        content = peeked;
        Compression compression = detectCompression(peeked, name);
        if (compression == Compression.NONE) {
          return new TraceContent(content, formatName, compressions, slow, xz, storedBytesRead);
        }
        if (layers == MAX_LAYERS) {
          throw new TraceException(
              name + ": is compressed more than " + MAX_LAYERS + " times over; unpack it first");
        }
        compressions.add(compression.name().toLowerCase(Locale.ROOT));
        slow |= compression.isSlow();
        if (compression != Compression.ZIP) {
          DecodedStream decoded = DecodedStream.open(content, compression, name);
          xz = layers == 0 && decoded.decompressor() instanceof XzStream x ? x : null;
          content = decoded;
          continue;
        }
        RawChannel channel = layers == 0 && file != null ? openFile(file, name) : null;
        ZipMembers members = channel == null ? null : openDirectory(channel);
        if (channel != null && members != null) {
          storedBytesRead = channel::bytesRead;
          content.close();
        } else {
          members = new ZipStreamMembers(content);
        }
        ZipContent zip = openZip(members, name, format);
        formatName = zip.memberName();
        content = DecodedStream.of(zip, compression, name);
      }
    } catch (IOException | RuntimeException e) {
      content.close();
      throw e;
    }
  }

  /**
   * Tells the compression by the first bytes. Frames of zstd and lz4 that hold something else, and
   * that a decompressor skips, begin alike in both: they are passed over until a frame tells.
   */
  private static Compression detectCompression(PushbackInputStream in, String name)
      throws IOException {
    byte[] magic = new byte[Compression.MAGIC_BYTES];
    int length = peek(in, magic);
    if (!Compression.isSkippableFrame(magic, length)) {
      return Compression.detect(magic, length);
    }
    while (Compression.isSkippableFrame(magic, length)) {
      try {
        in.skipNBytes(Compression.skippableFrameBytes(magic));
      } catch (EOFException e) {
        throw new TraceException(
            name + ": is cut off in a skippable frame of zstd or lz4; copy or record it again");
      }
      length = peek(in, magic);
    }
    Compression compression = Compression.detect(magic, length);
    if (compression != Compression.ZSTD && compression != Compression.LZ4) {
      throw new TraceException(
          name
              + ": begins with a skippable frame of zstd or lz4, but no frame of data follows it;"
              + " if this is something else, unpack it or compress it with gzip first");
    }
    return compression;
  }

  /** The file, if it is one in which one can read here and there. */
  private static @Nullable RawChannel openFile(Path file, String name) throws IOException {
    return Files.isRegularFile(file) ? new RawChannel(Files.newByteChannel(file), name) : null;
  }

  /** The members by the archive's directory; without a whole one, they are read as a stream. */
  private static @Nullable ZipMembers openDirectory(RawChannel channel) throws IOException {
    try {
      return new ZipFileMembers(channel);
    } catch (RawStream.ReadFailure e) {
      channel.close();
      throw e;
    } catch (IOException | RuntimeException e) {
      channel.close();
      return null;
    }
  }

  private static ZipContent openZip(ZipMembers members, String name, @Nullable TraceFormat format)
      throws IOException {
    try {
      return ZipContent.open(members, name, format);
    } catch (IOException | RuntimeException e) {
      throw DecodedStream.translate(e, Compression.ZIP, name, 0);
    }
  }

  /** The bytes, from the first one on. */
  InputStream stream() {
    return stream;
  }

  /**
   * Lets a thread of its own decompress from here on, if that takes long, or several.
   *
   * @param file the stored bytes, if they are a file's that can be read here and there; closed with
   *     this
   */
  void decompressAhead(@Nullable FileChannel file) {
    if (ahead == null) {
      return;
    }
    int processors = Runtime.getRuntime().availableProcessors();
    ChunkSource several =
        file == null || xz == null
            ? null
            : XzBlockThreads.begin(file, formatName, xz, ahead.taken(), processors);
    if (several == null) {
      ahead.begin();
    } else {
      ahead.begin(several);
    }
  }

  /** CPU time of such threads so far, nanoseconds. */
  long nanosAhead() {
    return ahead == null ? 0 : ahead.cpuNanos();
  }

  /** The first bytes, {@link #headLength} of them. */
  byte[] head() {
    return head;
  }

  int headLength() {
    return headLength;
  }

  /** The names of what the bytes were compressed with, the outermost first. */
  List<String> compressions() {
    return compressions;
  }

  /** Stored bytes that were read so far. */
  long storedBytesRead() {
    return storedBytesRead.getAsLong();
  }

  /** The format by the name, that of an archive's member if there is one, or by content. */
  @Nullable TraceFormat detectFormat() {
    return TraceFormat.detect(formatName, head, headLength);
  }

  /**
   * A flaw in decompressed data may come from damage that the decompressor finds only at the end,
   * by its checksum: then that is what there is to say.
   */
  TraceException damageOr(TraceException flaw) {
    if (compressions.isEmpty()) {
      return flaw;
    }
    byte[] buffer = new byte[1 << 13];
    try {
      long drained = 0;
      int n;
      while (drained < DRAIN_BYTES && (n = stream.read(buffer)) >= 0) {
        drained += n; // some decompressors give a few bytes at a time
      }
    } catch (TraceException damage) {
      return damage;
    } catch (IOException e) {
      // The flaw that is known is as good as this one.
    }
    return flaw;
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }

  /** Reads until {@code bytes} is full or the stream ends, and puts all of it back. */
  private static int peek(PushbackInputStream in, byte[] bytes) throws IOException {
    int n = 0;
    while (n < bytes.length) {
      int got = in.read(bytes, n, bytes.length - n);
      if (got < 0) {
        break;
      }
      n += got;
    }
    in.unread(bytes, 0, n);
    return n;
  }
}
