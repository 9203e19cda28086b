package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.ArrayCache;
import org.tukaani.xz.BasicArrayCache;
import org.tukaani.xz.CorruptedInputException;
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
final class XzStream extends BulkStream {
  private final PushbackInputStream in;
  private final int memoryLimitKib;

  /** Blocks and streams that follow each other take turns with one dictionary. */
  private final ArrayCache arrays = new BasicArrayCache();

  /** Reads all from a stream on that is unusual. */
  private @Nullable XZInputStream library;

  private byte[] streamHeader = new byte[XzContainer.HEADER_BYTES];
  private boolean inStream;
  private boolean ended;

  /** Of this stream: how many there were so far, and what its index must have. */
  private long blocks;

  private CRC32C blocksHash = new CRC32C();

  /** The one in hand, if there is one. */
  private @Nullable XzBlock block;

  /**
   * Opens a file.
   *
   * @param memoryLimitKib the most that decompressing may take
   * @throws IOException if it does not begin as such a file
   */
  XzStream(InputStream in, int memoryLimitKib) throws IOException {
    this.in = new PushbackInputStream(in, XzContainer.HEADER_BYTES + XzBlock.MAX_HEADER_BYTES);
    this.memoryLimitKib = memoryLimitKib;
    XzContainer.readFully(in, streamHeader, 0);
    beginStream();
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (library == null && (block != null || nextBlock())) {
      XzBlock b = block;
      if (b == null) {
        continue;
      }
      int n = b.read(to, offset, length);
      if (n > 0) {
        return n;
      }
      block = null;
      note(blocksHash, b.unpaddedSize(), b.uncompressedSize());
      blocks++;
    }
    return library == null ? -1 : library.read(to, offset, length);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /**
   * Lets others have the dictionary; nothing is read any more.
   *
   * @return where it is to be had
   */
  ArrayCache giveUp() {
    XzBlock b = block;
    if (b != null) {
      b.close();
    }
    return arrays;
  }

  /** Takes over from the header of a stream, which has been read. */
  private void beginStream() throws IOException {
    if (!XzContainer.isUsualHeader(streamHeader)) {
      in.unread(streamHeader);
      leaveToLibrary();
      return;
    }
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
      int size = XzContainer.readByte(in);
      if (size == 0) {
        readIndex();
        inStream = false;
        continue;
      }
      byte[] header = XzBlock.Header.read(in, size);
      try {
        beginBlock(header);
      } catch (XzBlock.UnusualException e) {
        if (blocks > 0 && e.isDamaged()) {
          throw new CorruptedInputException("XZ Block Header is corrupt");
        }
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

  private void beginBlock(byte[] header) throws IOException {
    int checkId = XzContainer.checkId(streamHeader);
    block = new XzBlock(in, new XzBlock.Header(header), checkId, memoryLimitKib, arrays);
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
      for (int i = 1; i < XzContainer.ALIGNMENT; i++) {
        h[i] = (byte) XzContainer.readByte(in);
      }
    } while (XzContainer.u32(h, 0) == 0);
    XzContainer.readFully(in, h, XzContainer.ALIGNMENT);
    try {
      beginStream();
    } catch (XZFormatException e) {
      throw new CorruptedInputException("Garbage after a valid XZ Stream");
    }
    return true;
  }

  /** Reads the index, of which the first byte has been read, and the footer. */
  private void readIndex() throws IOException {
    CRC32C hash = new CRC32C();
    long indexBytes =
        XzContainer.readIndex(
            in,
            new XzContainer.Index() {
              @Override
              public boolean blocks(long count) {
                return count == blocks;
              }

              @Override
              public boolean block(long unpaddedSize, long uncompressedSize) {
                note(hash, unpaddedSize, uncompressedSize);
                return true;
              }

              @Override
              public boolean end() {
                return hash.getValue() == blocksHash.getValue();
              }
            });
    byte[] footer = new byte[XzContainer.HEADER_BYTES];
    XzContainer.readFully(in, footer, 0);
    if (!XzContainer.isFooterOf(footer, streamHeader)
        || XzContainer.indexBytes(footer) != indexBytes) {
      throw new CorruptedInputException("XZ Stream Footer is corrupt");
    }
  }

  /** Adds a block to a hash of blocks. */
  private static void note(CRC32C hash, long unpaddedSize, long uncompressedSize) {
    byte[] record = new byte[2 * Long.BYTES];
    CompactLayout.U64.set(record, 0, unpaddedSize);
    CompactLayout.U64.set(record, Long.BYTES, uncompressedSize);
    hash.update(record, 0, record.length);
  }
}
