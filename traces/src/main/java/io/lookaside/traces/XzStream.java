package io.lookaside.traces;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.ArrayCache;
import org.tukaani.xz.BasicArrayCache;
import org.tukaani.xz.CorruptedInputException;
import org.tukaani.xz.LZMA2InputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.MemoryLimitException;
import org.tukaani.xz.UnsupportedOptionsException;
import org.tukaani.xz.XZFormatException;
import org.tukaani.xz.XZInputStream;

/**
 * The uncompressed bytes of an .xz file. The library decompresses; the container around it is read
 * here, since the library's check of the bytes, CRC-64, takes longer than decompressing text of a
 * trace ({@link Crc64}). A stream that is not of the usual kind, with LZMA2 alone, is left to the
 * library from its beginning on, and so is what is wrong there.
 *
 * <p>Source: The .xz File Format, version 1.2.1, tukaani.org.
 */
final class XzStream extends InputStream {
  private static final byte[] MAGIC = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};
  private static final int STREAM_HEADER_BYTES = 12;
  private static final int MAX_BLOCK_HEADER_BYTES = 1024;
  private static final int CRC32_BYTES = 4;
  private static final int ALIGNMENT = 4;

  /** In a block's flags: the number of filters less one, and bits that are reserved. */
  private static final int OTHER_THAN_ONE_FILTER = 0x3f;

  private static final int HAS_COMPRESSED_SIZE = 0x40;
  private static final int HAS_UNCOMPRESSED_SIZE = 0x80;
  private static final int LZMA2 = 0x21;

  /** The largest dictionary that the library takes, 1.5 GiB, as LZMA2 writes it. */
  private static final int MAX_DICTIONARY = 37;

  private static final int MAX_NUMBER_BYTES = 9;

  /** A block that cannot be read here. */
  private static final class UnusualException extends IOException {
    private static final long serialVersionUID = 1;
  }

  /** Counts the bytes of a block, and stays open. */
  private static final class Counted extends FilterInputStream {
    private long count;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = in.read();
      count += b < 0 ? 0 : 1;
      return b;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      int n = in.read(to, offset, length);
      count += Math.max(0, n);
      return n;
    }

    @Override
    public void close() {
      // Whoever reads on closes.
    }
  }

  private final PushbackInputStream in;
  private final int memoryLimitKib;

  /** Blocks and streams that follow each other take turns with one dictionary. */
  private final ArrayCache arrays = new BasicArrayCache();

  /** Reads all from a stream on that is unusual. */
  private @Nullable XZInputStream library;

  private byte[] streamHeader = new byte[STREAM_HEADER_BYTES];
  private boolean inStream;
  private boolean ended;

  /** Of this stream: its check, and what its index must have. */
  private int checkId;

  private long blocks;
  private CRC32C blocksHash = new CRC32C();

  // Of this block.
  private @Nullable InputStream block;
  private Counted stored = new Counted(InputStream.nullInputStream());
  private XzCheck check = XzCheck.of(0);
  private int headerBytes;

  /** As the header says; the largest number where it says nothing. */
  private long compressedSize;

  private long uncompressedSize;
  private long uncompressed;

  /**
   * Opens a file.
   *
   * @param memoryLimitKib the most that decompressing may take
   * @throws IOException if it does not begin as such a file
   */
  XzStream(InputStream in, int memoryLimitKib) throws IOException {
    this.in = new PushbackInputStream(in, STREAM_HEADER_BYTES + MAX_BLOCK_HEADER_BYTES);
    this.memoryLimitKib = memoryLimitKib;
    readFully(streamHeader, 0);
    beginStream();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (library == null && (block != null || nextBlock())) {
      InputStream lzma2 = block;
      if (lzma2 == null) {
        continue;
      }
      int n = lzma2.read(to, offset, length);
      if (n > 0) {
        check.update(to, offset, n);
        uncompressed += n;
        if (stored.count > compressedSize || uncompressed > uncompressedSize) {
          throw new CorruptedInputException();
        }
        return n;
      }
      block = null;
      endBlock();
    }
    return library == null ? -1 : library.read(to, offset, length);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** Takes over from the header of a stream, which has been read. */
  private void beginStream() throws IOException {
    byte[] h = streamHeader;
    int flags = MAGIC.length;
    boolean usual =
        Arrays.equals(h, 0, flags, MAGIC, 0, flags)
            && h[flags] == 0
            && XzCheck.knows(h[flags + 1])
            && u32(h, flags + 2) == crc32(h, flags, 2);
    if (!usual) {
      in.unread(h);
      leaveToLibrary();
      return;
    }
    checkId = h[flags + 1];
    blocks = 0;
    blocksHash = new CRC32C();
    inStream = true;
  }

  private void leaveToLibrary() throws IOException {
    library = new XZInputStream(in, memoryLimitKib, true, arrays);
  }

  /**
   * Goes on to the next block, of this stream or another.
   *
   * @return whether there is one, or the library has taken over
   */
  private boolean nextBlock() throws IOException {
    while (!ended) {
      if (!inStream) {
        if (!nextStream()) {
          ended = true;
        } else if (library != null) {
          return true;
        }
        continue;
      }
      int size = in.read();
      if (size < 0) {
        throw new EOFException();
      }
      if (size == 0) {
        readIndex();
        inStream = false;
        continue;
      }
      byte[] header = new byte[(size + 1) * ALIGNMENT];
      header[0] = (byte) size;
      readFully(header, 1);
      try {
        beginBlock(header);
      } catch (UnusualException e) {
        if (blocks > 0) {
          throw new UnsupportedOptionsException("blocks of a stream with different filters");
        }
        in.unread(header);
        in.unread(streamHeader);
        leaveToLibrary();
      }
      return true;
    }
    return false;
  }

  /** Passes over the padding after a stream; returns whether another follows. */
  private boolean nextStream() throws IOException {
    byte[] h = streamHeader;
    do {
      int first = in.read();
      if (first < 0) {
        return false;
      }
      h[0] = (byte) first;
      for (int i = 1; i < ALIGNMENT; i++) {
        h[i] = (byte) readByte();
      }
    } while (u32(h, 0) == 0);
    readFully(h, ALIGNMENT);
    try {
      beginStream();
    } catch (XZFormatException e) {
      throw new CorruptedInputException("Garbage after a valid XZ Stream");
    }
    return true;
  }

  private void beginBlock(byte[] header) throws IOException {
    int end = header.length - CRC32_BYTES;
    if (u32(header, end) != crc32(header, 0, end)) {
      if (blocks == 0) {
        throw new UnusualException();
      }
      throw new CorruptedInputException("XZ Block Header is corrupt");
    }
    int flags = header[1] & 0xff;
    if ((flags & OTHER_THAN_ONE_FILTER) != 0) {
      throw new UnusualException();
    }
    ByteArrayInputStream fields = new ByteArrayInputStream(header, 2, end - 2);
    int dictionary;
    try {
      compressedSize = (flags & HAS_COMPRESSED_SIZE) != 0 ? number(fields) : Long.MAX_VALUE;
      uncompressedSize = (flags & HAS_UNCOMPRESSED_SIZE) != 0 ? number(fields) : Long.MAX_VALUE;
      boolean alone = number(fields) == LZMA2 && number(fields) == 1;
      dictionary = fields.read();
      if (!alone || dictionary < 0 || dictionary > MAX_DICTIONARY || compressedSize == 0) {
        throw new UnusualException();
      }
    } catch (EOFException | CorruptedInputException e) {
      throw new UnusualException();
    }
    for (int b = fields.read(); b >= 0; b = fields.read()) {
      if (b != 0) {
        throw new UnusualException();
      }
    }
    int dictionaryBytes = (2 | (dictionary & 1)) << (dictionary / 2 + 11);
    int neededKib = LZMA2InputStream.getMemoryUsage(dictionaryBytes);
    if (neededKib > memoryLimitKib) {
      throw new MemoryLimitException(neededKib, memoryLimitKib);
    }
    headerBytes = header.length;
    uncompressed = 0;
    check = XzCheck.of(checkId);
    stored = new Counted(in);
    LZMA2Options options = new LZMA2Options();
    options.setDictSize(dictionaryBytes);
    block = options.getInputStream(stored, arrays);
  }

  /** Checks what a block says of itself, after its last byte. */
  private void endBlock() throws IOException {
    if ((compressedSize < Long.MAX_VALUE && compressedSize != stored.count)
        || (uncompressedSize < Long.MAX_VALUE && uncompressedSize != uncompressed)) {
      throw new CorruptedInputException();
    }
    readZeros(stored.count);
    byte[] expected = check.value();
    byte[] found = new byte[expected.length];
    readFully(found, 0);
    if (!Arrays.equals(expected, found)) {
      throw new CorruptedInputException("Integrity check (" + check.name() + ") does not match");
    }
    note(blocksHash, headerBytes + stored.count + found.length, uncompressed);
    blocks++;
  }

  /** Reads the index, of which the first byte has been read, and the footer. */
  private void readIndex() throws IOException {
    CRC32 crc = new CRC32();
    crc.update(0);
    long bytes = 1;
    InputStream index =
        new InputStream() {
          @Override
          public int read() throws IOException {
            int b = readByte();
            crc.update(b);
            return b;
          }

          @Override
          public int read(byte[] to, int offset, int length) throws IOException {
            to[offset] = (byte) read();
            return 1;
          }
        };
    Counted counted = new Counted(index);
    boolean good = number(counted) == blocks;
    CRC32C hash = new CRC32C();
    for (long i = 0; good && i < blocks; i++) {
      note(hash, number(counted), number(counted));
    }
    if (!good || hash.getValue() != blocksHash.getValue()) {
      throw new CorruptedInputException("XZ Index is corrupt");
    }
    bytes += counted.count;
    while (bytes % ALIGNMENT != 0) {
      if (index.read() != 0) {
        throw new CorruptedInputException("XZ Index is corrupt");
      }
      bytes++;
    }
    byte[] sum = new byte[CRC32_BYTES];
    int expected = (int) crc.getValue();
    readFully(sum, 0);
    if (u32(sum, 0) != expected) {
      throw new CorruptedInputException("XZ Index is corrupt");
    }
    readFooter(bytes + CRC32_BYTES);
  }

  private void readFooter(long indexBytes) throws IOException {
    byte[] footer = new byte[STREAM_HEADER_BYTES];
    readFully(footer, 0);
    int flags = MAGIC.length;
    boolean good =
        u32(footer, 0) == crc32(footer, CRC32_BYTES, 6)
            && ((u32(footer, CRC32_BYTES) & 0xffff_ffffL) + 1) * ALIGNMENT == indexBytes
            && footer[8] == streamHeader[flags]
            && footer[9] == streamHeader[flags + 1]
            && footer[10] == 'Y'
            && footer[11] == 'Z';
    if (!good) {
      throw new CorruptedInputException("XZ Stream Footer is corrupt");
    }
  }

  /** Passes over the zeros that fill up {@code count} bytes. */
  private void readZeros(long count) throws IOException {
    for (long i = count; i % ALIGNMENT != 0; i++) {
      if (readByte() != 0) {
        throw new CorruptedInputException();
      }
    }
  }

  /** Adds a block to a hash of blocks. */
  private static void note(CRC32C hash, long unpaddedSize, long uncompressedSize) {
    byte[] record = new byte[2 * Long.BYTES];
    CompactLayout.U64.set(record, 0, unpaddedSize);
    CompactLayout.U64.set(record, Long.BYTES, uncompressedSize);
    hash.update(record, 0, record.length);
  }

  /** A number of variable length: seven bits a byte, the lowest first, as short as it can be. */
  private static long number(InputStream from) throws IOException {
    long value = 0;
    for (int i = 0; i < MAX_NUMBER_BYTES; i++) {
      int b = from.read();
      if (b < 0) {
        throw new EOFException();
      }
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

  private int readByte() throws IOException {
    int b = in.read();
    if (b < 0) {
      throw new EOFException();
    }
    return b;
  }

  private void readFully(byte[] to, int from) throws IOException {
    if (in.readNBytes(to, from, to.length - from) < to.length - from) {
      throw new EOFException();
    }
  }

  private static int crc32(byte[] bytes, int offset, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }

  private static int u32(byte[] bytes, int at) {
    return (int) CompactLayout.U32.get(bytes, at);
  }
}
