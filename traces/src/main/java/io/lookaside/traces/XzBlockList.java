package io.lookaside.traces;

import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.CorruptedInputException;

/**
 * Where the blocks of an .xz file are, by its indexes, which are read from the end of the file on
 * backwards. Indexes, footers and headers of streams have been checked; a block is where this says
 * if all blocks before it have the sizes that this says.
 *
 * <p>Source: The .xz File Format, version 1.2.1, tukaani.org.
 */
final class XzBlockList {
  // Finding more takes too long, and too much memory.
  private static final int MAX_BLOCKS = 1 << 16;
  private static final int MAX_STREAMS = 1 << 12;
  private static final int MAX_PADDING_BYTES = 1 << 14;

  /** Bytes of an index that are read at once; most are shorter. */
  private static final int BUFFER_BYTES = 1 << 9;

  /** A stream. */
  static final class Stream {
    private final long begin;
    private final long uncompressedBefore;
    private final int checkId;

    private Stream(long begin, long uncompressedBefore, int checkId) {
      this.begin = begin;
      this.uncompressedBefore = uncompressedBefore;
      this.checkId = checkId;
    }

    /** Where in the file it begins. */
    long begin() {
      return begin;
    }

    /** Uncompressed bytes of the streams before it. */
    long uncompressedBefore() {
      return uncompressedBefore;
    }

    int checkId() {
      return checkId;
    }
  }

  /** A block. */
  static final class Block {
    private final Stream stream;
    private final long begin;
    private final long unpaddedSize;
    private final long uncompressedSize;

    private Block(Stream stream, long begin, long unpaddedSize, long uncompressedSize) {
      this.stream = stream;
      this.begin = begin;
      this.unpaddedSize = unpaddedSize;
      this.uncompressedSize = uncompressedSize;
    }

    Stream stream() {
      return stream;
    }

    /** Where in the file it begins. */
    long begin() {
      return begin;
    }

    /** Where in the file the next one begins, or the index. */
    long end() {
      return begin + XzContainer.padded(unpaddedSize);
    }

    /** Whether these are its sizes, bytes. */
    boolean isOf(long unpadded, long uncompressed) {
      return unpadded == unpaddedSize && uncompressed == uncompressedSize;
    }
  }

  /** A stream as its index tells of it. */
  private static final class Told implements XzContainer.Index {
    private final int mostBlocks;
    private final long mostBytes;
    private final LongArrayList unpadded = new LongArrayList();
    private final LongArrayList uncompressed = new LongArrayList();

    /** Of the blocks so far, as stored. */
    private long bytes;

    private long uncompressedBytes;
    private int checkId;
    private long begin;

    /**
     * One whose index has not been read.
     *
     * @param mostBytes that its blocks can take
     */
    Told(int mostBlocks, long mostBytes) {
      this.mostBlocks = mostBlocks;
      this.mostBytes = mostBytes;
    }

    @Override
    public boolean blocks(long count) {
      return count >= 0 && count <= mostBlocks;
    }

    @Override
    public boolean block(long unpaddedSize, long uncompressedSize) {
      if (unpaddedSize <= 0 || unpaddedSize > mostBytes - bytes) {
        return false;
      }
      bytes += XzContainer.padded(unpaddedSize);
      uncompressedBytes += uncompressedSize;
      unpadded.add(unpaddedSize);
      uncompressed.add(uncompressedSize);
      return uncompressedSize >= 0 && uncompressedBytes >= 0; // else they do not add up
    }

    @Override
    public boolean end() {
      return true;
    }
  }

  private final long fileBytes;
  private final List<Block> blocks;

  private XzBlockList(long fileBytes, List<Block> blocks) {
    this.fileBytes = fileBytes;
    this.blocks = blocks;
  }

  /**
   * Finds the blocks of a file.
   *
   * @return {@code null} if there are fewer than two, so many that finding them takes long, or
   *     anything is not as it should be
   */
  static @Nullable XzBlockList find(FileChannel file) {
    try {
      long size = file.size();
      Deque<Told> streams = new ArrayDeque<>();
      int left = MAX_BLOCKS;
      int padding = 0;
      long end = size;
      while (end > 0) {
        while (isPadding(file, end)) {
          end -= XzContainer.ALIGNMENT;
          padding += XzContainer.ALIGNMENT;
          if (padding > MAX_PADDING_BYTES) {
            return null;
          }
        }
        Told stream = lastStream(file, end, left);
        left -= stream.unpadded.size();
        end = stream.begin;
        streams.addFirst(stream);
        if (streams.size() > MAX_STREAMS) {
          return null;
        }
      }
      List<Block> blocks = blocks(streams);
      return blocks == null || blocks.size() < 2 ? null : new XzBlockList(size, blocks);
    } catch (IOException e) {
      return null; // whoever reads from the beginning on meets it in its turn
    }
  }

  private static boolean isPadding(FileChannel file, long end) throws IOException {
    byte[] bytes = new byte[XzContainer.ALIGNMENT];
    read(file, end - bytes.length, bytes);
    return XzContainer.u32(bytes, 0) == 0;
  }

  /** The stream that ends in a place. */
  private static Told lastStream(FileChannel file, long end, int mostBlocks) throws IOException {
    byte[] footer = new byte[XzContainer.HEADER_BYTES];
    long indexEnd = end - footer.length;
    read(file, indexEnd, footer);
    long indexBytes = XzContainer.indexBytes(footer);
    long blocksEnd = indexEnd - indexBytes;
    Told stream = new Told(mostBlocks, blocksEnd - XzContainer.HEADER_BYTES);
    InputStream index = new BufferedInputStream(stream(file, blocksEnd), BUFFER_BYTES);
    if (XzContainer.readByte(index) != 0 || XzContainer.readIndex(index, stream) != indexBytes) {
      throw new CorruptedInputException();
    }
    stream.begin = blocksEnd - stream.bytes - XzContainer.HEADER_BYTES;
    byte[] header = new byte[XzContainer.HEADER_BYTES];
    read(file, stream.begin, header);
    if (!XzContainer.isUsualHeader(header) || !XzContainer.isFooterOf(footer, header)) {
      throw new CorruptedInputException();
    }
    stream.checkId = XzContainer.checkId(header);
    return stream;
  }

  private static InputStream stream(FileChannel file, long from) throws IOException {
    if (from < 0) {
      throw new CorruptedInputException();
    }
    return new ChannelStream(file, from);
  }

  private static void read(FileChannel file, long from, byte[] to) throws IOException {
    XzContainer.readFully(stream(file, from), to, 0);
  }

  /** The blocks of all streams; {@code null} if their uncompressed sizes do not add up. */
  private static @Nullable List<Block> blocks(Iterable<Told> streams) {
    List<Block> blocks = new ArrayList<>();
    long uncompressed = 0;
    for (Told told : streams) {
      Stream stream = new Stream(told.begin, uncompressed, told.checkId);
      long at = told.begin + XzContainer.HEADER_BYTES;
      for (int i = 0; i < told.unpadded.size(); i++) {
        Block block = new Block(stream, at, told.unpadded.getLong(i), told.uncompressed.getLong(i));
        blocks.add(block);
        at = block.end();
      }
      uncompressed += told.uncompressedBytes;
      if (uncompressed < 0) {
        return null;
      }
    }
    return blocks;
  }

  /** How many there are. */
  int count() {
    return blocks.size();
  }

  Block get(int number) {
    return blocks.get(number);
  }

  /** How long the file was when they were found. */
  long fileBytes() {
    return fileBytes;
  }
}
