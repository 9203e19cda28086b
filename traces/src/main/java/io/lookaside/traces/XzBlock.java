package io.lookaside.traces;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.tukaani.xz.ArrayCache;
import org.tukaani.xz.CorruptedInputException;
import org.tukaani.xz.LZMA2InputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.MemoryLimitException;

/** A block of an .xz file that is of the usual kind, with LZMA2 alone, while it is read. */
final class XzBlock {
  /** The longest header, bytes. */
  static final int MAX_HEADER_BYTES = 1024;

  /** In a block's flags: the number of filters less one, and bits that are reserved. */
  private static final int OTHER_THAN_ONE_FILTER = 0x3f;

  private static final int HAS_COMPRESSED_SIZE = 0x40;
  private static final int HAS_UNCOMPRESSED_SIZE = 0x80;
  private static final int LZMA2 = 0x21;

  /** The largest dictionary that the library takes, 1.5 GiB, as LZMA2 writes it. */
  private static final int MAX_DICTIONARY = 37;

  /** A block that cannot be read here. */
  static final class UnusualException extends IOException {
    private static final long serialVersionUID = 1;

    private final boolean damaged;

    UnusualException(boolean damaged) {
      this.damaged = damaged;
    }

    /** Whether its header is damaged; else it is of another kind. */
    boolean isDamaged() {
      return damaged;
    }
  }

  /** What the header of a block says. */
  static final class Header {
    private final int bytes;

    /** The largest number where it says nothing, as the next. */
    private final long compressedSize;

    private final long uncompressedSize;
    private final int dictionaryBytes;

    /**
     * Takes a header apart.
     *
     * @throws UnusualException if it is damaged, or of a kind that is not read here
     */
    Header(byte[] header) throws UnusualException {
      bytes = header.length;
      int end = bytes - XzContainer.CRC32_BYTES;
      if (XzContainer.u32(header, end) != XzContainer.crc32(header, 0, end)) {
        throw new UnusualException(true);
      }
      int flags = header[1] & 0xff;
      if ((flags & OTHER_THAN_ONE_FILTER) != 0) {
        throw new UnusualException(false);
      }
      InputStream fields = new ByteArrayInputStream(header, 2, end - 2);
      try {
        compressedSize = size(fields, flags & HAS_COMPRESSED_SIZE);
        uncompressedSize = size(fields, flags & HAS_UNCOMPRESSED_SIZE);
        boolean alone = XzContainer.number(fields) == LZMA2 && XzContainer.number(fields) == 1;
        int dictionary = fields.read();
        if (!alone || dictionary < 0 || dictionary > MAX_DICTIONARY || compressedSize == 0) {
          throw new UnusualException(false);
        }
        dictionaryBytes = (2 | (dictionary & 1)) << (dictionary / 2 + 11);
        for (int b = fields.read(); b >= 0; b = fields.read()) {
          if (b != 0) {
            throw new UnusualException(false);
          }
        }
      } catch (UnusualException e) {
        throw e;
      } catch (IOException e) {
        throw new UnusualException(false);
      }
    }

    /**
     * Reads a header whose first byte, its length, has been read and is not 0.
     *
     * @return all of its bytes
     */
    static byte[] read(InputStream in, int first) throws IOException {
      byte[] header = new byte[(first + 1) * XzContainer.ALIGNMENT];
      header[0] = (byte) first;
      XzContainer.readFully(in, header, 1);
      return header;
    }

    private static long size(InputStream fields, int flag) throws IOException {
      return flag == 0 ? Long.MAX_VALUE : XzContainer.number(fields);
    }

    /** What decompressing takes, KiB. */
    int neededKib() {
      return LZMA2InputStream.getMemoryUsage(dictionaryBytes);
    }
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

    /** What is not counted. */
    InputStream in() {
      return in;
    }

    @Override
    public void close() {
      // Whoever reads on closes.
    }
  }

  private final Header header;
  private final Counted stored;
  private final XzCheck check;
  private final InputStream lzma2;
  private long uncompressed;
  private long unpadded;

  /**
   * Begins a block.
   *
   * @param in what comes after the header
   * @param checkId its stream's check
   * @param memoryLimitKib the most that decompressing it may take
   * @param arrays where its dictionary comes from and goes to
   */
  XzBlock(InputStream in, Header header, int checkId, int memoryLimitKib, ArrayCache arrays)
      throws IOException {
    int neededKib = header.neededKib();
    if (neededKib > memoryLimitKib) {
      throw new MemoryLimitException(neededKib, memoryLimitKib);
    }
    this.header = header;
    this.stored = new Counted(in);
    this.check = XzCheck.of(checkId);
    LZMA2Options options = new LZMA2Options();
    options.setDictSize(header.dictionaryBytes);
    this.lzma2 = options.getInputStream(stored, arrays);
  }

  /**
   * Reads on.
   *
   * @return how many bytes; -1 at the end, when all that the block says of itself has been checked
   */
  int read(byte[] to, int offset, int length) throws IOException {
    int n = lzma2.read(to, offset, length);
    if (n > 0) {
      check.update(to, offset, n);
      uncompressed += n;
      if (stored.count > header.compressedSize || uncompressed > header.uncompressedSize) {
        throw new CorruptedInputException();
      }
      return n;
    }
    end();
    return -1;
  }

  private void end() throws IOException {
    if ((header.compressedSize < Long.MAX_VALUE && header.compressedSize != stored.count)
        || (header.uncompressedSize < Long.MAX_VALUE && header.uncompressedSize != uncompressed)) {
      throw new CorruptedInputException();
    }
    for (long i = stored.count; i % XzContainer.ALIGNMENT != 0; i++) {
      if (XzContainer.readByte(stored.in()) != 0) {
        throw new CorruptedInputException();
      }
    }
    byte[] expected = check.value();
    byte[] found = new byte[expected.length];
    XzContainer.readFully(stored.in(), found, 0);
    if (!Arrays.equals(expected, found)) {
      throw new CorruptedInputException("Integrity check (" + check.name() + ") does not match");
    }
    unpadded = storedBytesRead() + found.length;
  }

  /** Stored bytes of the header and of what was read of the data so far. */
  long storedBytesRead() {
    return header.bytes + stored.count;
  }

  /** Its size as the index has it, when it has been read. */
  long unpaddedSize() {
    return unpadded;
  }

  /** Uncompressed bytes so far. */
  long uncompressedSize() {
    return uncompressed;
  }

  /** Gives the dictionary back. */
  void close() {
    try {
      lzma2.close();
    } catch (IOException e) {
      throw new IllegalStateException("what it reads from stays open", e);
    }
  }
}
