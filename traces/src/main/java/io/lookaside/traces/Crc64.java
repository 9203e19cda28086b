package io.lookaside.traces;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * CRC-64 as ECMA-182 defines its polynomial and .xz files use it: reflected, from all ones,
 * inverted at the end.
 *
 * <p>Sixteen bytes are looked up at a time, each in a table of its own, so that hardly a look-up
 * waits for another.
 */
final class Crc64 {
  private static final long POLYNOMIAL = 0xc96c_5795_d787_0f42L;
  private static final int BYTES = 16;
  private static final int VALUES = 256;

  /** By distance from the last of sixteen bytes, and by byte. */
  private static final long[] TABLES = new long[BYTES * VALUES];

  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  static {
    for (int b = 0; b < VALUES; b++) {
      long crc = b;
      for (int i = 0; i < Byte.SIZE; i++) {
        crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1));
      }
      TABLES[b] = crc;
    }
    for (int i = VALUES; i < TABLES.length; i++) {
      long crc = TABLES[i - VALUES];
      TABLES[i] = TABLES[(int) (crc & 0xff)] ^ (crc >>> Byte.SIZE);
    }
  }

  private long crc = -1;

  /** Takes bytes. */
  void update(byte[] bytes, int offset, int length) {
    long[] t = TABLES;
    long c = crc;
    int i = offset;
    int end = offset + length;
    for (; i + BYTES <= end; i += BYTES) {
      long first = (long) EIGHT.get(bytes, i) ^ c;
      long second = (long) EIGHT.get(bytes, i + Long.BYTES);
      c =
          t[15 * VALUES + (int) (first & 0xff)]
              ^ t[14 * VALUES + (int) (first >>> 8 & 0xff)]
              ^ t[13 * VALUES + (int) (first >>> 16 & 0xff)]
              ^ t[12 * VALUES + (int) (first >>> 24 & 0xff)]
              ^ t[11 * VALUES + (int) (first >>> 32 & 0xff)]
              ^ t[10 * VALUES + (int) (first >>> 40 & 0xff)]
              ^ t[9 * VALUES + (int) (first >>> 48 & 0xff)]
              ^ t[8 * VALUES + (int) (first >>> 56)]
              ^ t[7 * VALUES + (int) (second & 0xff)]
              ^ t[6 * VALUES + (int) (second >>> 8 & 0xff)]
              ^ t[5 * VALUES + (int) (second >>> 16 & 0xff)]
              ^ t[4 * VALUES + (int) (second >>> 24 & 0xff)]
              ^ t[3 * VALUES + (int) (second >>> 32 & 0xff)]
              ^ t[2 * VALUES + (int) (second >>> 40 & 0xff)]
              ^ t[VALUES + (int) (second >>> 48 & 0xff)]
              ^ t[(int) (second >>> 56)];
    }
    for (; i < end; i++) {
      c = t[(int) ((bytes[i] ^ c) & 0xff)] ^ (c >>> Byte.SIZE);
    }
    crc = c;
  }

  /** The sum of what was taken. */
  long value() {
    return ~crc;
  }
}
