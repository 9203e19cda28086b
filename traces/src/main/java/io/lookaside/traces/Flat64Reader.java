package io.lookaside.traces;

import io.lookaside.mmu.format.VirtualAddress;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Reads flat64: headerless little-endian 64-bit words, bits 1:0 the kind (0 load, 1 store, 2
 * fetch), the other bits those of the virtual address, which is rounded down to 4 bytes; size 4.
 */
final class Flat64Reader implements TraceCursor {
  private static final int WORD_BYTES = 8;
  private static final int BAD_KIND = 3;
  private static final int SIZE = 4;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final InputStream in;
  private final String name;
  private final byte[] buffer = new byte[ReferenceBatch.CAPACITY * WORD_BYTES];
  private long words;
  private @Nullable IOException flaw;

  Flat64Reader(InputStream in, String name) {
    this.in = in;
    this.name = name;
  }

  static boolean matches(byte[] head, int length) {
    int words = length / WORD_BYTES;
    for (int i = 0; i < words; i++) {
      long word = (long) WORD.get(head, i * WORD_BYTES);
      if ((word & 3) == BAD_KIND || !VirtualAddress.isCanonical(word)) {
        return false;
      }
    }
    return words > 0;
  }

  @Override
  public int read(ReferenceBatch batch) throws IOException {
    batch.clear();
    if (flaw != null) {
      throw flaw;
    }
    int length = fill();
    int count = length / WORD_BYTES;
    int good = decode(batch, count);
    batch.setCount(good);
    if (good < count) {
      long at = words + good;
      flaw =
          new TraceException(
              name
                  + ": record "
                  + (at + 1)
                  + " at byte offset "
                  + at * WORD_BYTES
                  + " has kind 3; flat64 has 0 (load), 1 (store) and 2 (fetch)."
                  + " If this is another format, name it with --format");
    } else if (flaw == null && length % WORD_BYTES != 0) {
      long at = words + count;
      flaw =
          new TraceException(
              name
                  + ": record "
                  + (at + 1)
                  + " at byte offset "
                  + at * WORD_BYTES
                  + " is cut off after "
                  + length % WORD_BYTES
                  + " of 8 bytes; copy or record the trace again, or stop before it with"
                  + " --max-refs");
    }
    words += good;
    if (good == 0 && flaw != null) {
      throw flaw;
    }
    return good;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** Decodes words until the first flawed one; returns how many were good. */
  private int decode(ReferenceBatch batch, int count) {
    long[] addresses = batch.addresses;
    int[] descriptors = batch.descriptors;
    byte[] bytes = buffer;
    int sizeBits = ReferenceBatch.descriptor(0, SIZE);
    for (int i = 0; i < count; i++) {
      long word = (long) WORD.get(bytes, i * WORD_BYTES);
      int kind = (int) word & 3;
      if (kind == BAD_KIND) {
        return i;
      }
      addresses[i] = word & ~3L;
      descriptors[i] = sizeBits | kind;
    }
    return count;
  }

  private int fill() throws IOException {
    int n = 0;
    while (n < buffer.length) {
      int got;
      try {
        got = in.read(buffer, n, buffer.length - n);
      } catch (IOException e) {
        flaw = e; // reported after the words before it
        break;
      }
      if (got < 0) {
        break;
      }
      n += got;
    }
    return n;
  }
}
