package io.lookaside.traces;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.tukaani.xz.CorruptedInputException;

/**
 * The container of an .xz file: its numbers, and what begins and ends a stream.
 *
 * <p>Source: The .xz File Format, version 1.2.1, tukaani.org.
 */
final class XzContainer {
  /** Bytes of a stream's header, and of its footer. */
  static final int HEADER_BYTES = 12;

  /** All parts of a file are a multiple of so many bytes. */
  static final int ALIGNMENT = 4;

  static final int CRC32_BYTES = 4;

  private static final byte[] MAGIC = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};
  private static final int MAX_NUMBER_BYTES = 9;

  /** What is told of an index while it is read, each time whether it is as expected. */
  interface Index {
    boolean blocks(long count);

    /**
     * The next block.
     *
     * @param unpaddedSize of its header, data and check, bytes
     * @param uncompressedSize bytes
     */
    boolean block(long unpaddedSize, long uncompressedSize);

    /** After the last block. */
    boolean end();
  }

  /** Counts the bytes that are read and sums them up. */
  private static final class Summed extends InputStream {
    private final InputStream in;
    private final CRC32 crc = new CRC32();
    private long count;

    Summed(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      int b = readByte(in);
      crc.update(b);
      count++;
      return b;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      to[offset] = (byte) read();
      return 1;
    }
  }

  private XzContainer() {}

  /** Whether this is the header of a stream with a check that is known here. */
  static boolean isUsualHeader(byte[] header) {
    int flags = MAGIC.length;
    return Arrays.equals(header, 0, flags, MAGIC, 0, flags)
        && header[flags] == 0
        && XzCheck.knows(checkId(header))
        && u32(header, flags + 2) == crc32(header, flags, 2);
  }

  /** What the header of a stream says that its blocks are checked by. */
  static int checkId(byte[] header) {
    return header[MAGIC.length + 1];
  }

  /** Whether this is the footer of the stream that begins with a usual header. */
  static boolean isFooterOf(byte[] footer, byte[] header) {
    int flags = MAGIC.length;
    return u32(footer, 0) == crc32(footer, CRC32_BYTES, 6)
        && footer[8] == header[flags]
        && footer[9] == header[flags + 1]
        && footer[10] == 'Y'
        && footer[11] == 'Z';
  }

  /** How long a footer says that the index before it is, bytes. */
  static long indexBytes(byte[] footer) {
    return ((u32(footer, CRC32_BYTES) & 0xffff_ffffL) + 1) * ALIGNMENT;
  }

  /**
   * Reads an index, of which the first byte has been read.
   *
   * @return how long it is, bytes
   */
  static long readIndex(InputStream in, Index index) throws IOException {
    Summed summed = new Summed(in);
    summed.crc.update(0);
    summed.count = 1;
    long count = number(summed);
    boolean good = index.blocks(count);
    for (long i = 0; good && i < count; i++) {
      good = index.block(number(summed), number(summed));
    }
    if (!good || !index.end()) {
      throw corruptIndex();
    }
    while (summed.count % ALIGNMENT != 0) {
      if (summed.read() != 0) {
        throw corruptIndex();
      }
    }
    int expected = (int) summed.crc.getValue();
    byte[] sum = new byte[CRC32_BYTES];
    readFully(in, sum, 0);
    if (u32(sum, 0) != expected) {
      throw corruptIndex();
    }
    return summed.count + CRC32_BYTES;
  }

  private static CorruptedInputException corruptIndex() {
    return new CorruptedInputException("XZ Index is corrupt");
  }

  /** So many bytes and the zeros after them. */
  static long padded(long bytes) {
    return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** A number of variable length: seven bits a byte, the lowest first, as short as it can be. */
  static long number(InputStream from) throws IOException {
    long value = 0;
    for (int i = 0; i < MAX_NUMBER_BYTES; i++) {
      int b = readByte(from);
      if (b == 0 && i > 0) {
        break;
      }
      value |= (b & 0x7fL) << (7 * i);
      if (b < 0x80) {
        return value;
      }
    }
    throw new CorruptedInputException();
  }

  static int readByte(InputStream in) throws IOException {
    int b = in.read();
    if (b < 0) {
      throw new EOFException();
    }
    return b;
  }

  /** Fills an array from an index on. */
  static void readFully(InputStream in, byte[] to, int from) throws IOException {
    if (in.readNBytes(to, from, to.length - from) < to.length - from) {
      throw new EOFException();
    }
  }

  static int crc32(byte[] bytes, int offset, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }

  static int u32(byte[] bytes, int at) {
    return (int) CompactLayout.U32.get(bytes, at);
  }
}
