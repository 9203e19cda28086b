package io.lookaside.mmu.memory;

import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongArrayList;
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
  private static final int PAGE = 4096;
  private static final int OFFSET_MASK = CHUNK_BYTES - 1;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Stands for every chunk that was never written; never written itself. */
  private static final byte[] ZERO = new byte[CHUNK_BYTES];

  /** Stands for every written chunk of compact memory, which is in {@link #compacted}. */
  private static final byte[] COMPACT = new byte[0];

  /** Chunks below this number (64 GiB) are found by an array, those above by a hash table. */
  private static final int MAX_DIRECT_CHUNKS = 1 << 20;

  private final long limitBytes;
  private final boolean compact;
  private long writtenBytes;
  private byte[][] direct = new byte[0][];
  private @Nullable Long2ObjectOpenHashMap<byte[]> sparse;

  /** The chunks that {@link #COMPACT} stands for; as long as {@link #direct}. */
  private @Nullable CompactChunk[] compacted = new CompactChunk[0];

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
    this(limitBytes, false);
  }

  private PhysicalMemory(long limitBytes, boolean compact) {
    this.limitBytes = limitBytes;
    this.compact = compact;
  }

  /** {@link #compact(long)} with the default limit. */
  public static PhysicalMemory compact() {
    return compact(DEFAULT_LIMIT_BYTES);
  }

  /**
   * Empty RAM, for machines of which much memory is used but little is written: below 64 GiB a
   * chunk with up to 64 words that are not zero, four for each page of 4 KiB, is held as those
   * words, in 10 to 20 bytes each.
   *
   * @param limitBytes the most host memory that chunks may take
   */
  public static PhysicalMemory compact(long limitBytes) {
    return new PhysicalMemory(limitBytes, true);
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
    byte[] bytes = table[(int) chunk];
    return bytes == COMPACT ? chunkOf(pa).read(pa) : (long) WORD.get(bytes, (int) pa & OFFSET_MASK);
  }

  /**
   * Reads many words: in a loop of nothing else most of the host's cache misses are under way at
   * once.
   *
   * @param pas physical addresses, as {@link #read} takes them; each becomes the word there
   * @param n how many of them, from the first on
   */
  public void readAll(long[] pas, int n) {
    for (int i = 0; i < n; i++) {
      pas[i] = read(pas[i]);
    }
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
    if (chunk < table.length
        && (bytes = table[(int) chunk]) != ZERO
        && bytes != COMPACT
        && (pa & 7) == 0) {
      WORD.set(bytes, (int) pa & OFFSET_MASK, value);
    } else if (!compact || !writeCompact(pa, value)) {
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
      if (chunk == COMPACT) {
        zeroCompact(from, to);
      } else if (chunk != null) {
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
      } else if (written == COMPACT) {
        n = (int) Math.min(n, PAGE - Math.max(source & (PAGE - 1), target & (PAGE - 1)));
        copyCompact(source, target, n);
      } else if (compact) {
        for (int i = 0; i < n; i += 8) {
          write(target + i, (long) WORD.get(written, ((int) source & OFFSET_MASK) + i));
        }
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

  /** Receives words of memory. */
  public interface WordVisitor {
    /**
     * A word that is not zero.
     *
     * @param offset its distance in bytes from where the visit began
     */
    void visit(int offset, long value);
  }

  /**
   * Visits the words of a page that are not zero. What was never written takes no time.
   *
   * @param pa physical address, a multiple of {@code bytes}
   * @param bytes a power of two, at most {@link #CHUNK_BYTES}
   */
  public void visitWords(long pa, int bytes, WordVisitor visitor) {
    byte[] chunk = writtenChunk(pa);
    if (chunk == null) {
      return;
    }
    int from = (int) pa & OFFSET_MASK;
    if (chunk == COMPACT) {
      chunkOf(pa).visit(from, bytes, visitor);
      return;
    }
    for (int offset = 0; offset < bytes; offset += 8) {
      long value = (long) WORD.get(chunk, from + offset);
      if (value != 0) {
        visitor.visit(offset, value);
      }
    }
  }

  // Compact chunks.

  private CompactChunk chunkOf(long pa) {
    CompactChunk chunk = compacted[(int) (pa >>> CHUNK_SHIFT)];
    if (chunk == null) {
      throw new IllegalStateException("a compact chunk is gone");
    }
    return chunk;
  }

  /** Writes a word to compact memory; {@code false} above where that ends. */
  private boolean writeCompact(long pa, long value) {
    check(pa);
    if (pa >>> CHUNK_SHIFT >= MAX_DIRECT_CHUNKS) {
      return false;
    }
    int index = (int) (pa >>> CHUNK_SHIFT);
    if (index >= direct.length) {
      grow(index);
    }
    CompactChunk chunk = compacted[index];
    long before = 0;
    if (chunk == null) {
      if (value == 0) {
        return true;
      }
      take(CompactChunk.MOST_FOR_A_WORD);
      writtenBytes -= CompactChunk.MOST_FOR_A_WORD;
      chunk = new CompactChunk();
      compacted[index] = chunk;
      direct[index] = COMPACT;
    } else {
      before = chunk.bytes();
      take(CompactChunk.MOST_FOR_A_WORD);
      writtenBytes -= CompactChunk.MOST_FOR_A_WORD;
    }
    chunk.write(pa, value);
    writtenBytes += chunk.bytes() - before;
    return true;
  }

  private void zeroCompact(long from, long to) {
    CompactChunk chunk = chunkOf(from);
    long before = chunk.bytes();
    chunk.zero((int) from & OFFSET_MASK, (int) (to - 1) & OFFSET_MASK);
    if (chunk.isEmpty()) {
      int index = (int) (from >>> CHUNK_SHIFT);
      compacted[index] = null;
      direct[index] = ZERO;
      writtenBytes -= before;
    } else {
      writtenBytes += chunk.bytes() - before;
    }
  }

  /** Copies what lies within one page to within another. */
  private void copyCompact(long source, long target, int bytes) {
    LongArrayList words = new LongArrayList();
    chunkOf(source)
        .visit(
            (int) source & OFFSET_MASK,
            bytes,
            (offset, value) -> {
              words.add(offset);
              words.add(value);
            });
    zero(target, bytes);
    for (int i = 0; i < words.size(); i += 2) {
      write(target + words.getLong(i), words.getLong(i + 1));
    }
  }

  private void take(long bytes) {
    if (writtenBytes + bytes > limitBytes) {
      throw new PhysicalMemoryLimitException(limitBytes);
    }
    writtenBytes += bytes;
  }

  private void grow(int index) {
    int length = Math.min(MAX_DIRECT_CHUNKS, Math.max(index + 1, 2 * direct.length));
    byte[][] larger = Arrays.copyOf(direct, length);
    Arrays.fill(larger, direct.length, length, ZERO);
    direct = larger;
    if (compact) {
      compacted = Arrays.copyOf(compacted, length);
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
      grow(index);
    }
    if (direct[index] == ZERO) {
      direct[index] = allocate();
    }
    return direct[index];
  }

  private byte[] allocate() {
    take(CHUNK_BYTES);
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
