package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads the compact format, lkt. Blocks are read one after the other; one that is passed over by
 * {@link #skip} is not unpacked, and where the source can seek not even read.
 */
final class CompactReader implements TraceCursor {
  private static final String REMEDY = "; copy or convert the trace again";

  private final InputStream in;
  private final String name;
  private final CompactBlockDecoder decoder = new CompactBlockDecoder();

  /** Of the version that the trace is of. */
  private int columns;

  private byte[] header = {};
  private byte[] payload = {};

  private boolean begun;
  private boolean ended;

  /** Whether a header was read whose block was neither opened nor passed over. */
  private boolean atBlock;

  private boolean open;
  private boolean fetchesAreInstructions;
  private long offset;
  private long blockOffset;
  private long blocks;
  private long references;

  /** Over the index as it must be for the blocks so far. */
  private final CRC32C indexCrc = new CRC32C();

  private final byte[] entry = new byte[CompactLayout.INDEX_ENTRY_BYTES];
  private @Nullable IOException flaw;

  CompactReader(InputStream in, String name) {
    this.in = in;
    this.name = name;
  }

  static boolean matches(byte[] head, int length) {
    // The damage that the magic reveals is told by the reader, so three bytes are enough.
    return length >= 4
        && head[0] == CompactLayout.MAGIC[0]
        && head[1] == 'L'
        && head[2] == 'K'
        && head[3] == 'T';
  }

  @Override
  public boolean fetchesAreInstructions(boolean byFormat) throws IOException {
    begin();
    return fetchesAreInstructions;
  }

  @Override
  public int read(ReferenceBatch batch) throws IOException {
    batch.clear();
    try {
      while (true) {
        if (open) {
          int n = decoder.read(batch);
          if (n > 0) {
            return n;
          }
          open = false;
        }
        if (!nextBlock()) {
          return 0;
        }
        openBlock();
      }
    } catch (IOException e) {
      flaw = e;
      throw e;
    }
  }

  @Override
  public long skip(long most, OriginListener listener) throws IOException {
    if (open) {
      return 0;
    }
    long skipped = 0;
    try {
      while (nextBlock()) {
        int inBlock = CompactBlockDecoder.u32(header, CompactLayout.REFERENCES_AT);
        if (inBlock > most - skipped) {
          break;
        }
        passOverBlock(listener);
        skipped += inBlock;
      }
    } catch (IOException e) {
      flaw = e;
      throw e;
    }
    return skipped;
  }

  @Override
  public void close() throws IOException {
    decoder.close();
    in.close();
  }

  private void begin() throws IOException {
    if (flaw != null) {
      throw flaw;
    }
    if (begun) {
      return;
    }
    begun = true;
    byte[] bytes = new byte[CompactLayout.HEADER_BYTES];
    readFully(bytes, bytes.length, "the header");
    for (int i = 0; i < CompactLayout.MAGIC.length; i++) {
      if (bytes[i] != CompactLayout.MAGIC[i]) {
        boolean matches = matches(bytes, bytes.length);
        throw new TraceException(
            name
                + ": byte "
                + i
                + " is 0x"
                + Integer.toHexString(bytes[i] & 0xff)
                + " where a trace of format lkt has 0x"
                + Integer.toHexString(CompactLayout.MAGIC[i] & 0xff)
                + (matches
                    ? ": it was changed on its way, perhaps by a transfer as text" + REMEDY
                    : "; if this is another format, name it with --format"));
      }
    }
    int version = (short) CompactLayout.U16.get(bytes, CompactLayout.VERSION_AT) & 0xffff;
    if (version < CompactLayout.WITHOUT_PHRASES || version > CompactLayout.VERSION) {
      throw new TraceException(
          name
              + ": is of version "
              + version
              + " of format lkt, and this Lookaside reads versions "
              + CompactLayout.WITHOUT_PHRASES
              + " and "
              + CompactLayout.VERSION
              + "; use a newer Lookaside, or convert the trace with the one that wrote it");
    }
    checkCrc(bytes, CompactLayout.HEADER_CRC_AT, CompactLayout.HEADER_CRC_AT, "the header", 0);
    columns = CompactLayout.Column.count(version);
    header = new byte[CompactLayout.blockHeaderBytes(columns)];
    int flags = (short) CompactLayout.U16.get(bytes, CompactLayout.FLAGS_AT) & 0xffff;
    fetchesAreInstructions = (flags & CompactLayout.FETCHES_ARE_INSTRUCTIONS) != 0;
  }

  /** Reads the header of the next block if it was not read; {@code false} at the trace's end. */
  private boolean nextBlock() throws IOException {
    begin();
    if (atBlock) {
      return true;
    }
    if (ended) {
      return false;
    }
    blockOffset = offset;
    readFully(header, 4, "the next block");
    int tag = CompactBlockDecoder.u32(header, 0);
    if (tag == CompactLayout.INDEX_TAG) {
      readIndex();
      ended = true;
      return false;
    }
    if (tag != CompactLayout.BLOCK_TAG) {
      throw flaw("neither a block nor the index begins here");
    }
    readRest(header, 4, header.length, "the header of a block");
    checkCrc(
        header,
        CompactLayout.blockCrcAt(columns),
        CompactLayout.blockCrcAt(columns),
        "the header of the block",
        blockOffset);
    checkHeader();
    atBlock = true;
    return true;
  }

  /** What a header says is bounded before anything is allocated for it. */
  private void checkHeader() throws TraceException {
    int inBlock = CompactBlockDecoder.u32(header, CompactLayout.REFERENCES_AT);
    int origins = CompactBlockDecoder.u32(header, CompactLayout.ORIGINS_AT);
    boolean good =
        inBlock > 0
            && inBlock <= CompactLayout.MAX_BLOCK
            && origins > 0
            && origins <= Math.min(inBlock, CompactLayout.MAX_ORIGINS);
    long stored = (long) origins * CompactLayout.ORIGIN_BYTES;
    for (CompactLayout.Column column : CompactLayout.Column.values()) {
      if (column.ordinal() == columns) {
        break;
      }
      int at = 4 * column.ordinal();
      int raw = CompactBlockDecoder.u32(header, CompactLayout.RAW_BYTES_AT + at);
      int kept = CompactBlockDecoder.u32(header, CompactLayout.storedBytesAt(columns) + at);
      good &= raw >= 0 && raw <= column.mostBytes(inBlock) && kept >= 0 && kept <= raw;
      stored += kept;
    }
    good &= stored == CompactBlockDecoder.u32(header, CompactLayout.PAYLOAD_BYTES_AT);
    if (!good) {
      throw flaw("the header of the block has sizes that the format does not allow");
    }
  }

  private void openBlock() throws IOException {
    int length = CompactBlockDecoder.u32(header, CompactLayout.PAYLOAD_BYTES_AT);
    if (payload.length < length) {
      payload = new byte[length];
    }
    readFully(payload, length, "the block");
    checkCrc(
        header, CompactLayout.payloadCrcAt(columns), payload, length, "the block", blockOffset);
    try {
      decoder.open(header, payload, columns);
    } catch (CompactBlockDecoder.BadBlockException e) {
      throw flaw("the block is none of the format: " + e.getMessage());
    }
    blockDone();
    open = true;
  }

  private void passOverBlock(OriginListener listener) throws IOException {
    long length = CompactBlockDecoder.u32(header, CompactLayout.PAYLOAD_BYTES_AT);
    int origins = CompactBlockDecoder.u32(header, CompactLayout.ORIGINS_AT);
    int originBytes = origins * CompactLayout.ORIGIN_BYTES;
    if (payload.length < originBytes) {
      payload = new byte[originBytes];
    }
    readFully(payload, originBytes, "the block");
    for (int at = 0; at < originBytes; at += CompactLayout.ORIGIN_BYTES) {
      listener.origin(
          (long) CompactLayout.U64.get(payload, at),
          CompactBlockDecoder.u32(payload, at + CompactLayout.ORIGIN_CORE_AT));
    }
    long left = length - originBytes;
    while (left > 0) {
      long n = in.skip(left);
      if (n <= 0) {
        if (in.read() < 0) {
          throw cutOff("the block");
        }
        n = 1;
      }
      left -= n;
      offset += n;
    }
    blockDone();
  }

  private void blockDone() {
    CompactLayout.U64.set(entry, 0, blockOffset);
    CompactLayout.U64.set(entry, 8, references);
    indexCrc.update(entry, 0, entry.length);
    references += CompactBlockDecoder.u32(header, CompactLayout.REFERENCES_AT);
    blocks++;
    atBlock = false;
  }

  /** The index must name the blocks that were read. */
  private void readIndex() throws IOException {
    byte[] bytes = new byte[CompactLayout.INDEX_HEADER_BYTES];
    CompactLayout.U32.set(bytes, 0, CompactLayout.INDEX_TAG);
    readRest(bytes, 4, bytes.length, "the index");
    long named = CompactBlockDecoder.u32(bytes, CompactLayout.INDEX_BLOCKS_AT) & 0xffff_ffffL;
    long total = (long) CompactLayout.U64.get(bytes, CompactLayout.INDEX_REFERENCES_AT);
    if (named != blocks || total != references) {
      throw flaw(
          "the index names "
              + total
              + " references in "
              + named
              + " blocks, and there are "
              + references
              + " in "
              + blocks);
    }
    CRC32C crc = new CRC32C();
    for (long i = 0; i < blocks; i++) {
      readFully(entry, entry.length, "the index");
      crc.update(entry, 0, entry.length);
    }
    byte[] footer = new byte[CompactLayout.FOOTER_BYTES];
    readFully(footer, footer.length, "the index");
    boolean good =
        crc.getValue() == indexCrc.getValue()
            && CompactBlockDecoder.u32(footer, 0) == (int) crc.getValue()
            && (long) CompactLayout.U64.get(footer, 4) == blockOffset;
    for (int i = 0; i < CompactLayout.END_MAGIC.length; i++) {
      good &= footer[12 + i] == CompactLayout.END_MAGIC[i];
    }
    if (!good) {
      throw flaw("the index is not that of the blocks");
    }
    if (blocks == 0) {
      throw new TraceException(name + ": has no reference; was the recording cut short?");
    }
    if (in.read() >= 0) {
      throw new TraceException(
          name
              + ": something follows the end of the trace at byte offset "
              + offset
              + "; traces of format lkt cannot be strung together: use trace convert");
    }
  }

  private void checkCrc(byte[] bytes, int length, int crcAt, String what, long at)
      throws TraceException {
    checkCrc(bytes, crcAt, bytes, length, what, at);
  }

  private void checkCrc(byte[] holder, int crcAt, byte[] bytes, int length, String what, long at)
      throws TraceException {
    int found = CompactLayout.crc(bytes, 0, length);
    int expected = CompactBlockDecoder.u32(holder, crcAt);
    if (expected != found) {
      throw new TraceException(
          name
              + ": "
              + what
              + " at byte offset "
              + at
              + " is damaged: its checksum is "
              + Integer.toHexString(found)
              + " and should be "
              + Integer.toHexString(expected)
              + REMEDY);
    }
  }

  private TraceException flaw(String what) {
    return new TraceException(
        name + ": block " + (blocks + 1) + " at byte offset " + blockOffset + ": " + what + REMEDY);
  }

  private TraceException cutOff(String what) {
    return new TraceException(
        name
            + ": "
            + what
            + " is cut off at byte offset "
            + offset
            + ", after "
            + references
            + " references"
            + REMEDY);
  }

  private void readFully(byte[] bytes, int length, String what) throws IOException {
    readRest(bytes, 0, length, what);
  }

  private void readRest(byte[] bytes, int from, int to, String what) throws IOException {
    int n = from;
    while (n < to) {
      int got = in.read(bytes, n, to - n);
      if (got < 0) {
        throw cutOff(what);
      }
      n += got;
      offset += got;
    }
  }
}
