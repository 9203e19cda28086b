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
  private static final int KIND_MASK = 3;
  private static final int BAD_KIND = 3;

  /** Bits of which none is set in canonical addresses of the lower half. */
  private static final long NOT_LOWER_HALF = -1L << 47;

  private static final int SIZE = 4;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final Flat64Words source;
  private final String name;
  private long words;
  private @Nullable IOException flaw;

  Flat64Reader(Flat64Words source, String name) {
    this.source = source;
    this.name = name;
  }

  Flat64Reader(InputStream in, String name) {
    this(new Flat64Stream(in), name);
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
    int length = source.fill(batch.words);
    int count = length / WORD_BYTES;
    int good = pack(batch, count);
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
    } else if (length % WORD_BYTES != 0) {
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
    source.close();
  }

  /** Packs references, in their place, up to the first flawed one; returns how many were good. */
  private static int pack(ReferenceBatch batch, int count) {
    long[] words = batch.words;
    long rare = 0;
    for (int i = 0; i < count; i++) {
      rare |= (words[i] & words[i] >>> 1 & 1) | (words[i] & NOT_LOWER_HALF);
    }
    if (rare != 0) {
      return packOneByOne(batch, count);
    }
    for (int i = 0; i < count; i++) {
      long kind = words[i] & KIND_MASK;
      words[i] =
          PackedReference.at(
              words[i] ^ kind, PackedReference.sizeAndKind(SIZE - 1, kind), SIZE - 1);
    }
    return count;
  }

  /** The same where one may be flawed, or not have an address in the lower half. */
  private static int packOneByOne(ReferenceBatch batch, int count) {
    for (int i = 0; i < count; i++) {
      int kind = (int) batch.words[i] & KIND_MASK;
      if (kind == BAD_KIND) {
        return i;
      }
      batch.set(i, batch.words[i] ^ kind, ReferenceBatch.descriptor(kind, SIZE));
    }
    return count;
  }
}
