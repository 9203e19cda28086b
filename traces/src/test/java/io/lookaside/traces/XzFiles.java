package io.lookaside.traces;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.tukaani.xz.FilterOptions;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Files in .xz, by the library or by hand. */
final class XzFiles {
  /** 2^16 bytes of dictionary, as LZMA2 writes it. */
  static final int SMALL_DICTIONARY = 8;

  private XzFiles() {}

  static LZMA2Options small() throws IOException {
    LZMA2Options options = new LZMA2Options(1);
    options.setDictSize(1 << 16);
    return options;
  }

  static byte[] text(int length) {
    Random random = new Random(length);
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      text.append(" L ").append(Integer.toHexString(random.nextInt(5_000))).append(",8\n");
    }
    return Arrays.copyOf(text.toString().getBytes(StandardCharsets.US_ASCII), length);
  }

  /** A stream of blocks that each hold a part of the bytes. */
  static byte[] xz(byte[] bytes, int check, int blocks, FilterOptions... filters)
      throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (XZOutputStream out = new XZOutputStream(stored, filters, check)) {
      for (int i = 0; i < blocks; i++) {
        int from = (int) ((long) bytes.length * i / blocks);
        int to = (int) ((long) bytes.length * (i + 1) / blocks);
        out.write(bytes, from, to - from);
        out.endBlock();
      }
    }
    return stored.toByteArray();
  }

  static byte[] number(long value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    long left = value;
    while (left >= 0x80) {
      bytes.write((int) ((left & 0x7f) | 0x80));
      left >>>= 7;
    }
    bytes.write((int) left);
    return bytes.toByteArray();
  }

  static byte[] crc32(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return u32((int) crc.getValue());
  }

  static byte[] u32(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  static byte[] padded(byte[] bytes) {
    return Arrays.copyOf(bytes, (bytes.length + 3) / 4 * 4);
  }

  /** What an index says of a block. */
  record Told(long unpaddedSize, long uncompressedSize) {}

  /** A block without a check whose bytes are stored as they are, at most 64 KiB. */
  static byte[] plainBlock(byte[] bytes, int dictionary) {
    byte[] header = new byte[] {2, 0, 0x21, 1, (byte) dictionary, 0, 0, 0};
    int last = bytes.length - 1;
    byte[] chunk = {1, (byte) (last >> 8), (byte) last};
    return Samples.concat(header, crc32(header), padded(Samples.concat(chunk, bytes, new byte[1])));
  }

  /** What is true of such a block. */
  static Told toldOf(byte[] bytes) {
    return new Told(12 + 3 + bytes.length + 1, bytes.length);
  }

  /** A stream without checks of such blocks, with an index that says what it is told to. */
  static byte[] plainStream(List<byte[]> blocks, long count, List<Told> told) {
    List<byte[]> fields = new ArrayList<>(List.of(new byte[1], number(count)));
    for (Told t : told) {
      fields.add(number(t.unpaddedSize()));
      fields.add(number(t.uncompressedSize()));
    }
    byte[] index = padded(Samples.concat(fields.toArray(byte[][]::new)));
    byte[] flags = {0, 0};
    byte[] backward = Samples.concat(u32(index.length / 4), flags);
    return Samples.concat(
        new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z', 0},
        flags,
        crc32(flags),
        Samples.concat(blocks.toArray(byte[][]::new)),
        index,
        crc32(index),
        crc32(backward),
        backward,
        new byte[] {'Y', 'Z'});
  }
}
