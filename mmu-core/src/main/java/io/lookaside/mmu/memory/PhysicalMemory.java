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

  /**
   * Stands for every chunk of compact memory of which few words are not zero; those are in {@link
   * #few}. Never written itself.
   */
  private static final byte[] FEW = new byte[0];

  /** A chunk of compact memory with more words than this that are not zero is held whole. */
  private static final int MAX_FEW = 64;

  /** Chunks below this number (64 GiB) are found by an array, those above by a hash table. */
  private static final int MAX_DIRECT_CHUNKS = 1 << 20;

  private final long limitBytes;
  private final boolean compact;
  private long writtenBytes;
  private byte[][] direct = new byte[0][];
  private @Nullable Long2ObjectOpenHashMap<byte[]> sparse;

  /** The words of the chunks that {@link #FEW} stands for; as long as {@link #direct}. */
  private @Nullable FewWords[] few = new FewWords[0];

  /** The words of a chunk that are not zero, in no order. */
  private static final class FewWords {
    short[] places = new short[8];
    long[] values = new long[8];
    int count;

    int find(long pa) {
      short place = (short) ((pa & OFFSET_MASK) >>> 3);
      for (int i = 0; i < count; i++) {
        if (places[i] == place) {
          return i;
        }
      }
      return -1;
    }

    void add(long pa, long value) {
      if (count == places.length) {
        places = Arrays.copyOf(places, 2 * count);
        values = Arrays.copyOf(values, 2 * count);
      }
      places[count] = (short) ((pa & OFFSET_MASK) >>> 3);
      values[count] = value;
      count++;
    }

    void remove(int i) {
      count--;
      places[i] = places[count];
      values[i] = values[count];
    }

    /** The address within its chunk of a word. */
    int offset(int i) {
      return (places[i] & 0xffff) << 3;
    }

    /** About what it takes of the host. */
    long bytes() {
      return 72 + 10L * places.length;
    }
  }

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
    return bytes == FEW ? readFew(pa) : (long) WORD.get(bytes, (int) pa & OFFSET_MASK);
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
        && bytes != FEW
        && (pa & 7) == 0) {
      WORD.set(bytes, (int) pa & OFFSET_MASK, value);
    } else if (!compact || !writeFew(pa, value)) {
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
      if (chunk == FEW) {
        zeroFew(from, to);
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
      } else if (written == FEW) {
        copyFew(source, target, n);
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
    if (chunk == FEW) {
      FewWords words = fewOf(pa);
      for (int i = 0; i < words.count; i++) {
        int offset = words.offset(i) - from;
        if (offset >= 0 && offset < bytes) {
          visitor.visit(offset, words.values[i]);
        }
      }
      return;
    }
    for (int offset = 0; offset < bytes; offset += 8) {
      long value = (long) WORD.get(chunk, from + offset);
      if (value != 0) {
        visitor.visit(offset, value);
      }
    }
  }

  // Chunks of few words.

  private FewWords fewOf(long pa) {
    FewWords words = few[(int) (pa >>> CHUNK_SHIFT)];
    if (words == null) {
      throw new IllegalStateException("a chunk of few words has none");
    }
    return words;
  }

  private long readFew(long pa) {
    FewWords words = fewOf(pa);
    int i = words.find(pa);
    return i < 0 ? 0 : words.values[i];
  }

  /** Writes a word to a chunk of few words; {@code false} if the chunk is to be held whole. */
  private boolean writeFew(long pa, long value) {
    check(pa);
    long chunk = pa >>> CHUNK_SHIFT;
    if (chunk >= MAX_DIRECT_CHUNKS) {
      return false;
    }
    int index = (int) chunk;
    if (index >= direct.length) {
      grow(index);
    }
    FewWords words = few[index];
    if (words == null) {
      if (direct[index] != ZERO) {
        return false; // held whole
      }
      if (value == 0) {
        return true;
      }
      words = new FewWords();
      take(words.bytes());
      few[index] = words;
      direct[index] = FEW;
    }
    int i = words.find(pa);
    if (i >= 0) {
      if (value == 0) {
        words.remove(i);
      } else {
        words.values[i] = value;
      }
      return true;
    }
    if (value == 0) {
      return true;
    }
    if (words.count == MAX_FEW) {
      return false;
    }
    long before = words.bytes();
    words.add(pa, value);
    writtenBytes += words.bytes() - before;
    return true;
  }

  private void zeroFew(long from, long to) {
    FewWords words = fewOf(from);
    long base = from & ~(long) OFFSET_MASK;
    for (int i = words.count - 1; i >= 0; i--) {
      long at = base + words.offset(i);
      if (at >= from && at < to) {
        words.remove(i);
      }
    }
    if (words.count == 0) {
      int index = (int) (from >>> CHUNK_SHIFT);
      few[index] = null;
      direct[index] = ZERO;
      writtenBytes -= words.bytes();
    }
  }

  private void copyFew(long source, long target, int bytes) {
    FewWords words = fewOf(source);
    zero(target, bytes);
    long base = source & ~(long) OFFSET_MASK;
    for (int i = 0; i < words.count; i++) {
      long at = base + words.offset(i);
      if (at >= source && at < source + bytes) {
        write(target + (at - source), words.values[i]);
      }
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
      few = Arrays.copyOf(few, length);
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
    } else if (direct[index] == FEW) {
      FewWords words = fewOf(pa);
      byte[] whole = allocate();
      for (int i = 0; i < words.count; i++) {
        WORD.set(whole, words.offset(i), words.values[i]);
      }
      few[index] = null;
      writtenBytes -= words.bytes();
      direct[index] = whole;
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
