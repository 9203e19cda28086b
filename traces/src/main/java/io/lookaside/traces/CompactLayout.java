package io.lookaside.traces;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** The numbers of the compact format, lkt, that its writer and its reader share. */
final class CompactLayout {
  static final VarHandle U16 =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle U32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle U64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** The first eight bytes; a copy that translates line ends or drops bit 7 destroys them. */
  static final byte[] MAGIC = {(byte) 0x89, 'L', 'K', 'T', '\r', '\n', 0x1a, '\n'};

  /** The last eight bytes. */
  static final byte[] END_MAGIC = {'L', 'K', 'T', ' ', 'e', 'n', 'd', '\n'};

  /** The version that is written. */
  static final int VERSION = 2;

  /** The version before phrases. */
  static final int WITHOUT_PHRASES = 1;

  // The header of the file.
  static final int VERSION_AT = 8;
  static final int FLAGS_AT = 10;
  static final int HEADER_CRC_AT = 12;
  static final int HEADER_BYTES = 16;

  /** A flag of the file: each instruction that was executed has exactly one fetch. */
  static final int FETCHES_ARE_INSTRUCTIONS = 1;

  // The header of a block.
  static final int BLOCK_TAG = 0x4b4c424c; // "LBLK"
  static final int REFERENCES_AT = 4;
  static final int ORIGINS_AT = 8;
  static final int PAYLOAD_BYTES_AT = 12;
  static final int RAW_BYTES_AT = 16;

  // What follows depends on how many columns a version has.

  static int storedBytesAt(int columns) {
    return RAW_BYTES_AT + 4 * columns;
  }

  static int payloadCrcAt(int columns) {
    return storedBytesAt(columns) + 4 * columns;
  }

  static int blockCrcAt(int columns) {
    return payloadCrcAt(columns) + 4;
  }

  static int blockHeaderBytes(int columns) {
    return blockCrcAt(columns) + 4;
  }

  // An origin in a block.
  static final int ORIGIN_BYTES = 16;
  static final int ORIGIN_CORE_AT = 8;
  static final int ORIGIN_FLAGS_AT = 12;

  /** A flag of an origin: the references have instruction addresses. */
  static final int INSTRUCTION_ADDRESSES = 1;

  // The index.
  static final int INDEX_TAG = 0x5844494c; // "LIDX"
  static final int INDEX_BLOCKS_AT = 4;
  static final int INDEX_REFERENCES_AT = 8;
  static final int INDEX_HEADER_BYTES = 16;
  static final int INDEX_ENTRY_BYTES = 16;
  static final int FOOTER_BYTES = 20;

  /** The most references in a block. */
  static final int MAX_BLOCK = 1 << 20;

  /** The most references in a segment or phrase, which a reader copies as one. */
  static final int MAX_SEGMENT = 256;

  /** The most references of an instruction; one that makes more is continued by another. */
  static final int MAX_SHAPE = 16;

  /** The most references in all phrases of a block. */
  static final int MAX_PHRASES = 1 << 17;

  /** The most segments and phrases that tokens can name. */
  static final int MAX_SEGMENTS = 1 << 16;

  static final int MAX_ORIGINS = 1 << 16;

  /** Codes of data addresses from here on stand for literals. */
  static final int LITERAL_FROM_SLOT = 254;

  static final int LITERAL_FROM_PREVIOUS = 255;

  /** The columns of a block in their order. */
  enum Column {
    RUN_ORIGINS(2),
    RUN_TOKENS(4),
    SHAPES(5),
    INSTRUCTION_SHAPES(5),
    INSTRUCTION_GAPS(10),
    SEGMENT_STARTS(5),
    SEGMENT_LENGTHS(5),
    TOKENS(2),
    DELTAS(11),
    CODES(1),
    LITERALS_LOW(4),
    LITERALS_HIGH(4),
    PHRASES(4);

    /** How many columns a block has in a version. */
    static int count(int version) {
      return version == WITHOUT_PHRASES ? PHRASES.ordinal() : PHRASES.ordinal() + 1;
    }

    private final int mostBytesPerReference;

    Column(int mostBytesPerReference) {
      this.mostBytesPerReference = mostBytesPerReference;
    }

    /** The most bytes that the column can have, uncompressed, in a block of so many references. */
    long mostBytes(int references) {
      return (long) mostBytesPerReference * references;
    }
  }

  private CompactLayout() {}

  /** The CRC-32C of bytes. */
  static int crc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  /** Maps numbers of small magnitude to small unsigned ones. */
  static long zigzag(long value) {
    return value << 1 ^ value >> 63;
  }

  static long unzigzag(long coded) {
    return coded >>> 1 ^ -(coded & 1);
  }
}
