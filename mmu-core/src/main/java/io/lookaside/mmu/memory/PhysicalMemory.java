package io.lookaside.mmu.memory;

import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Physical RAM: 2^52 bytes, all zero at first, held as {@code byte[]} chunks that are allocated
 * when they are first written. Words are 64 bits, little-endian and aligned.
 */
public final class PhysicalMemory implements TableMemory {
  /** Bits of a physical address, the most that the architecture allows. */
  public static final int ADDRESS_BITS = 52;

  /** Bytes in a chunk, the unit of allocation. */
  public static final int CHUNK_BYTES = 1 << 16;

  /** The default limit on written memory, 4 GiB: page tables for 2 TiB of 4 KiB pages. */
  public static final long DEFAULT_LIMIT_BYTES = 4L << 30;

  private static final int CHUNK_SHIFT = 16;
  private static final int OFFSET_MASK = CHUNK_BYTES - 1;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Stands for every chunk that was never written; never written itself. */
  private static final byte[] ZERO = new byte[CHUNK_BYTES];

  /** Chunks below this number (64 GiB) are found by an array, those above by a hash table. */
  private static final int MAX_DIRECT_CHUNKS = 1 << 20;

  private final long limitBytes;
  private long writtenBytes;
  private byte[][] direct = new byte[0][];
  private @Nullable Long2ObjectOpenHashMap<byte[]> sparse;

  /** Empty RAM with the default limit. */
  public PhysicalMemory() {
    this(DEFAULT_LIMIT_BYTES);
  }

  /**
   * Empty RAM.
   *
   * @param limitBytes the most host memory that chunks may take
   */
  public PhysicalMemory(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /**
   * The word at {@code pa}.
   *
   * @param pa physical address, 8-byte aligned, below 2^52
   * @throws IllegalArgumentException if it is not
   */
  @Override
  public long read(long pa) {
    long chunk = pa >>> CHUNK_SHIFT;
    byte[][] table = direct;
    if (chunk >= table.length || (pa & 7) != 0) {
      return readSparse(pa);
    }
    return (long) WORD.get(table[(int) chunk], (int) pa & OFFSET_MASK);
  }

  /**
   * Writes the word at {@code pa}.
   *
   * @param pa physical address, 8-byte aligned, below 2^52
   * @throws IllegalArgumentException if it is not
   * @throws PhysicalMemoryLimitException if the write would need a chunk beyond the limit
   */
  @Override
  public void write(long pa, long value) {
    long chunk = pa >>> CHUNK_SHIFT;
    byte[][] table = direct;
    byte[] bytes;
    if (chunk < table.length && (bytes = table[(int) chunk]) != ZERO && (pa & 7) == 0) {
      WORD.set(bytes, (int) pa & OFFSET_MASK, value);
    } else {
      WORD.set(writableChunk(pa), (int) pa & OFFSET_MASK, value);
    }
  }

  /**
   * Makes a range zero. Costs no host memory, and gives back that of chunks which lie wholly in it.
   *
   * @param pa physical address, 8-byte aligned, below 2^52
   * @param bytes a multiple of 8
   */
  public void zero(long pa, long bytes) {
    long end = pa + bytes;
    for (long from = pa; from < end; ) {
      long to = Math.min(end, (from | OFFSET_MASK) + 1);
      byte[] chunk = writtenChunk(from);
      if (chunk != null) {
        if (to - from == CHUNK_BYTES) {
          release(from);
        } else {
          int offset = (int) from & OFFSET_MASK;
          Arrays.fill(chunk, offset, offset + (int) (to - from), (byte) 0);
        }
      }
      from = to;
    }
  }

  /**
   * Copies a range to another that does not overlap. What was never written costs no host memory.
   *
   * @param from physical address, 8-byte aligned, below 2^52
   * @param to physical address, 8-byte aligned, below 2^52
   * @param bytes a multiple of 8
   */
  public void copy(long from, long to, long bytes) {
    long done = 0;
    while (done < bytes) {
      long source = from + done;
      long target = to + done;
      long left = CHUNK_BYTES - Math.max(source & OFFSET_MASK, target & OFFSET_MASK);
      int n = (int) Math.min(bytes - done, left);
      byte[] written = writtenChunk(source);
      if (written == null) {
        zero(target, n);
      } else {
        System.arraycopy(
            written,
            (int) source & OFFSET_MASK,
            writableChunk(target),
            (int) target & OFFSET_MASK,
            n);
      }
      done += n;
    }
  }

  private byte @Nullable [] writtenChunk(long pa) {
    check(pa);
    long chunk = pa >>> CHUNK_SHIFT;
    if (chunk >= MAX_DIRECT_CHUNKS) {
      return sparse == null ? null : sparse.get(chunk);
    }
    byte[] bytes = chunk < direct.length ? direct[(int) chunk] : ZERO;
    return bytes == ZERO ? null : bytes;
  }

  private void release(long pa) {
    long chunk = pa >>> CHUNK_SHIFT;
    if (chunk < MAX_DIRECT_CHUNKS) {
      direct[(int) chunk] = ZERO;
    } else if (sparse != null) {
      sparse.remove(chunk);
    }
    writtenBytes -= CHUNK_BYTES;
  }

  /** Host memory that the chunks take, in bytes. */
  public long writtenBytes() {
    return writtenBytes;
  }

  private long readSparse(long pa) {
    check(pa);
    byte[] bytes = sparse == null ? null : sparse.get(pa >>> CHUNK_SHIFT);
    return bytes == null ? 0 : (long) WORD.get(bytes, (int) pa & OFFSET_MASK);
  }

  private byte[] writableChunk(long pa) {
    check(pa);
    long chunk = pa >>> CHUNK_SHIFT;
    if (chunk >= MAX_DIRECT_CHUNKS) {
      if (sparse == null) {
        sparse = new Long2ObjectOpenHashMap<>();
      }
      byte[] bytes = sparse.get(chunk);
      if (bytes == null) {
        bytes = allocate();
        sparse.put(chunk, bytes);
      }
      return bytes;
    }
    int index = (int) chunk;
    if (index >= direct.length) {
      int length = Math.min(MAX_DIRECT_CHUNKS, Math.max(index + 1, 2 * direct.length));
      byte[][] larger = Arrays.copyOf(direct, length);
      Arrays.fill(larger, direct.length, length, ZERO);
      direct = larger;
    }
    if (direct[index] == ZERO) {
      direct[index] = allocate();
    }
    return direct[index];
  }

  private byte[] allocate() {
    if (writtenBytes + CHUNK_BYTES > limitBytes) {
      throw new PhysicalMemoryLimitException(limitBytes);
    }
    writtenBytes += CHUNK_BYTES;
    return new byte[CHUNK_BYTES];
  }

  private static void check(long pa) {
    if ((pa & 7) != 0 || pa >>> ADDRESS_BITS != 0) {
      throw new IllegalArgumentException(
          "physical address 0x"
              + Long.toHexString(pa)
              + " is not that of an aligned 64-bit word below 2^"
              + ADDRESS_BITS);
    }
  }
}
