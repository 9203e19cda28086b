package io.lookaside.simulator.image;

import io.lookaside.traces.DecodedFile;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * The uncompressed bytes of an image, to be read here and there.
 *
 * <p>A plain file is read where it lies. A compressed one, which can only be read from front to
 * back, is decompressed once into a temporary file that is gone when the process ends. Blocks of
 * zeros are not written there but left as holes, so that it takes the room of what is not zero.
 */
final class ImageFile implements Closeable {
  private static final int BLOCK_BYTES = 1 << 12;
  private static final byte[] ZEROS = new byte[BLOCK_BYTES];

  private final String name;
  private final FileChannel channel;
  private final long size;
  private final boolean compressed;

  private ImageFile(String name, FileChannel channel, boolean compressed) throws IOException {
    this.name = name;
    this.channel = channel;
    this.size = channel.size();
    this.compressed = compressed;
  }

  /**
   * Opens a file.
   *
   * @throws io.lookaside.traces.MissingTraceException if there is no such file, or no right to read
   *     it
   */
  static ImageFile open(String name) throws IOException {
    try (DecodedFile decoded = DecodedFile.open(name)) {
      Path path = Path.of(name);
      boolean plain = !decoded.compressed() && Files.isRegularFile(path);
      FileChannel channel =
          plain ? FileChannel.open(path, StandardOpenOption.READ) : unpacked(decoded, name);
      return new ImageFile(name, channel, decoded.compressed());
    }
  }

  private static FileChannel unpacked(InputStream in, String name) throws IOException {
    Path file = Files.createTempFile("lookaside-image", null);
    FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE,
            StandardOpenOption.DELETE_ON_CLOSE);
    try {
      byte[] block = new byte[BLOCK_BYTES];
      long position = 0;
      int n;
      while ((n = in.readNBytes(block, 0, BLOCK_BYTES)) > 0) {
        if (!Arrays.equals(block, 0, n, ZEROS, 0, n)) {
          write(channel, block, n, position, name);
        }
        position += n;
      }
      if (position > channel.size()) {
        write(channel, ZEROS, 1, position - 1, name); // the file ends where the image does
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static void write(FileChannel to, byte[] bytes, int n, long position, String name)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, n);
    try {
      for (long p = position; buffer.hasRemaining(); ) {
        p += to.write(buffer, p);
      }
    } catch (IOException e) {
      throw new IOException(
          name
              + ": cannot be unpacked to the folder for temporary files ("
              + e.getMessage()
              + "); name another with LOOKASIDE_JAVA_OPTS=-Djava.io.tmpdir=FOLDER, or unpack it"
              + " yourself",
          e);
    }
  }

  /** The name for messages. */
  String name() {
    return name;
  }

  /** The number of bytes. */
  long size() {
    return size;
  }

  boolean compressed() {
    return compressed;
  }

  /** Whether {@code length} bytes stand from {@code position} on. Both may be any 64-bit value. */
  boolean contains(long position, long length) {
    return position >= 0 && length >= 0 && position <= size && length <= size - position;
  }

  /** Reads bytes that the file {@link #contains}. */
  void read(long position, byte[] into, int offset, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(into, offset, length);
    for (long p = position; buffer.hasRemaining(); ) {
      int n = channel.read(buffer, p);
      if (n < 0) {
        throw new ImageException(name + ": was cut short at byte " + p + " while it was read");
      }
      p += n;
    }
  }

  /** As {@link #read}, as a little-endian buffer. */
  ByteBuffer read(long position, int length) throws IOException {
    byte[] bytes = new byte[length];
    read(position, bytes, 0, length);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** An exception that begins with the file's name. */
  ImageException flaw(String message) {
    return new ImageException(name + ": " + message);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
