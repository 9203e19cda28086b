package io.lookaside.traces;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.commons.codec.digest.XXHash32;

/**
 * A small LZ4 compressor of frames whose blocks refer to the ones before, as those of DynamoRIO do.
 * It is another implementation than the one that reads; its formats are those of lz4's
 * lz4_Frame_format.md and lz4_Block_format.md.
 */
final class Lz4Frames {
  private static final int BLOCK = 1 << 16;
  private static final int LAST_LITERALS = 5;
  private static final int LAST_MATCH = 12;
  private static final int LEAST_MATCH = 4;

  private final byte[] data;
  private final int[] lastAt = new int[1 << 13];
  private final ByteArrayOutputStream block = new ByteArrayOutputStream();

  private Lz4Frames(byte[] data) {
    this.data = data;
  }

  static byte[] compress(byte[] data) {
    return new Lz4Frames(data).frame();
  }

  private byte[] frame() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    // Version 1, blocks that depend on each other, a checksum of the content; 64 KiB at most.
    byte[] descriptor = {0x44, 0x40};
    out.writeBytes(int32(0x184d2204));
    out.writeBytes(descriptor);
    out.write((int) (hash(descriptor) >>> 8));
    for (int from = 0; from < data.length; from += BLOCK) {
      block.reset();
      compress(from, Math.min(from + BLOCK, data.length));
      out.writeBytes(int32(block.size()));
      out.writeBytes(block.toByteArray());
    }
    out.writeBytes(int32(0));
    out.writeBytes(int32((int) hash(data)));
    return out.toByteArray();
  }

  private void compress(int from, int to) {
    int literals = from;
    int i = from;
    while (i + LAST_MATCH <= to) {
      int word = word(i);
      int slot = (word * 0x9e3779b1) >>> 19;
      int earlier = lastAt[slot] - 1;
      lastAt[slot] = i + 1;
      if (earlier >= 0 && i - earlier < 1 << 16 && word(earlier) == word) {
        int length = LEAST_MATCH;
        while (i + length < to - LAST_LITERALS && data[earlier + length] == data[i + length]) {
          length++;
        }
        sequence(literals, i, length - LEAST_MATCH);
        block.write(i - earlier);
        block.write((i - earlier) >>> 8);
        more(length - LEAST_MATCH);
        i += length;
        literals = i;
      } else {
        i++;
      }
    }
    sequence(literals, to, 0);
  }

  private void sequence(int from, int to, int matchLength) {
    block.write((Math.min(to - from, 15) << 4) | Math.min(matchLength, 15));
    more(to - from);
    block.write(data, from, to - from);
  }

  /** The part of a length that does not fit into the token. */
  private void more(int length) {
    if (length >= 15) {
      int left = length - 15;
      while (left >= 255) {
        block.write(255);
        left -= 255;
      }
      block.write(left);
    }
  }

  private int word(int at) {
    return ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
  }

  private static byte[] int32(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  private static long hash(byte[] bytes) {
    XXHash32 hash = new XXHash32();
    hash.update(bytes, 0, bytes.length);
    return hash.getValue();
  }
}
