package io.lookaside.os.linux;

import io.lookaside.mmu.memory.PhysicalMemory;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Pages on a device, by number. A page of zeros or with a single word that is not zero takes 10
 * bytes of the host, any other what its words that are not zero take and 100 bytes.
 */
final class PageStore {
  private static final int CHUNK_SHIFT = 10;
  private static final int CHUNK_PAGES = 1 << CHUNK_SHIFT;

  private static final short ABSENT = -3;
  private static final short MANY = -2;
  private static final short ZERO = -1;

  private static final class Chunk {
    final short[] place = new short[CHUNK_PAGES];
    final long[] word = new long[CHUNK_PAGES];

    Chunk() {
      Arrays.fill(place, ABSENT);
    }
  }

  private @Nullable Chunk[] chunks = new Chunk[0];

  /** For pages with more than one word: place and value of each, one after the other. */
  private final Int2ObjectOpenHashMap<long[]> many = new Int2ObjectOpenHashMap<>();

  private long stored;
  private long manyBytes;

  /** Pages that were stored and not removed. */
  long pages() {
    return stored;
  }

  /** About what the store takes of the host, in bytes. */
  long hostBytes() {
    long bytes = manyBytes;
    for (Chunk chunk : chunks) {
      bytes += chunk == null ? 0 : 10L * CHUNK_PAGES;
    }
    return bytes;
  }

  boolean contains(int page) {
    Chunk chunk = page >>> CHUNK_SHIFT < chunks.length ? chunks[page >>> CHUNK_SHIFT] : null;
    return chunk != null && chunk.place[page & (CHUNK_PAGES - 1)] != ABSENT;
  }

  private Chunk chunk(int page) {
    int index = page >>> CHUNK_SHIFT;
    if (index >= chunks.length) {
      chunks = Arrays.copyOf(chunks, Math.max(index + 1, 2 * chunks.length));
    }
    Chunk chunk = chunks[index];
    if (chunk == null) {
      chunk = new Chunk();
      chunks[index] = chunk;
    }
    return chunk;
  }

  /** Stores the content of a frame. */
  void save(int page, PhysicalMemory memory, int pfn) {
    LongArrayList words = new LongArrayList();
    memory.visitWords(
        PhysicalPages.address(pfn),
        (int) PhysicalPages.PAGE_BYTES,
        (offset, value) -> {
          words.add(offset);
          words.add(value);
        });
    remove(page);
    Chunk chunk = chunk(page);
    int at = page & (CHUNK_PAGES - 1);
    stored++;
    if (words.isEmpty()) {
      chunk.place[at] = ZERO;
    } else if (words.size() == 2) {
      chunk.place[at] = (short) (words.getLong(0) >>> 3);
      chunk.word[at] = words.getLong(1);
    } else {
      chunk.place[at] = MANY;
      many.put(page, words.toLongArray());
      manyBytes += 100 + 8L * words.size();
    }
  }

  /** Writes a page's content to a frame. */
  void load(int page, PhysicalMemory memory, int pfn) {
    long pa = PhysicalPages.address(pfn);
    memory.zero(pa, PhysicalPages.PAGE_BYTES);
    Chunk chunk = chunk(page);
    int at = page & (CHUNK_PAGES - 1);
    short place = chunk.place[at];
    if (place == ABSENT) {
      throw new IllegalStateException("page " + page + " was never written to the device");
    }
    if (place >= 0) {
      memory.write(pa + ((long) place << 3), chunk.word[at]);
    } else if (place == MANY) {
      long[] words = many.get(page);
      for (int i = 0; i < words.length; i += 2) {
        memory.write(pa + words[i], words[i + 1]);
      }
    }
  }

  /** Removes all pages from a number on. */
  void removeFrom(long page) {
    for (long at = page; at < (long) chunks.length << CHUNK_SHIFT; at++) {
      remove((int) at);
    }
  }

  void remove(int page) {
    if (!contains(page)) {
      return;
    }
    Chunk chunk = chunk(page);
    int at = page & (CHUNK_PAGES - 1);
    if (chunk.place[at] == MANY) {
      manyBytes -= 100 + 8L * many.remove(page).length;
    }
    chunk.place[at] = ABSENT;
    stored--;
  }
}
