package io.lookaside.traces;

import java.util.Arrays;

/** Bytes that are appended to, in little-endian order; its array is reused. */
final class ByteSink {
  private byte[] bytes = new byte[1 << 12];
  private int length;

  void clear() {
    length = 0;
  }

  byte[] array() {
    return bytes;
  }

  int length() {
    return length;
  }

  void u8(int value) {
    reserve(1);
    bytes[length++] = (byte) value;
  }

  void u16(int value) {
    reserve(2);
    CompactLayout.U16.set(bytes, length, (short) value);
    length += 2;
  }

  void u32(int value) {
    reserve(4);
    CompactLayout.U32.set(bytes, length, value);
    length += 4;
  }

  void u64(long value) {
    reserve(8);
    CompactLayout.U64.set(bytes, length, value);
    length += 8;
  }

  /** LEB128: seven bits a byte, the lowest first, bit 7 set in all but the last. */
  void varint(long value) {
    reserve(10);
    long v = value;
    while ((v & ~0x7fL) != 0) {
      bytes[length++] = (byte) (v | 0x80);
      v >>>= 7;
    }
    bytes[length++] = (byte) v;
  }

  /** The characters of a text of ASCII. */
  void ascii(String text) {
    reserve(text.length());
    for (int i = 0; i < text.length(); i++) {
      bytes[length++] = (byte) text.charAt(i);
    }
  }

  /** The hexadecimal digits of a number, {@code minDigits} of them at least. */
  void hex(long value, int minDigits) {
    int significant = (Long.SIZE - Long.numberOfLeadingZeros(value) + 3) / 4;
    int digits = Math.max(minDigits, significant);
    reserve(digits);
    for (int i = digits - 1; i >= 0; i--) {
      bytes[length++] = (byte) Character.forDigit((int) (value >>> (4 * i)) & 0xf, 16);
    }
  }

  /** The decimal digits of an unsigned number. */
  void decimal(long value) {
    long rest = value;
    if (value < 0) {
      rest = Long.divideUnsigned(value, 10);
      decimal(rest);
      u8('0' + (int) (value - rest * 10));
      return;
    }
    int digits = 1;
    for (long q = rest / 10; q != 0; q /= 10) {
      digits++;
    }
    int at = claim(digits);
    for (int i = digits - 1; i >= 0; i--) {
      bytes[at + i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
  }

  void bytes(byte[] from, int offset, int count) {
    reserve(count);
    System.arraycopy(from, offset, bytes, length, count);
    length += count;
  }

  /** Makes room for {@code count} bytes and counts them in; they are written by the caller. */
  int claim(int count) {
    reserve(count);
    int at = length;
    length += count;
    return at;
  }

  /** Gives back the last bytes. */
  void truncate(int newLength) {
    length = newLength;
  }

  private void reserve(int count) {
    if (length + count > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + count));
    }
  }
}
