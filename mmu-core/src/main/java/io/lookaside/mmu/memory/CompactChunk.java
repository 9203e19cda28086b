package io.lookaside.mmu.memory;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A chunk of compact memory: the words that are not zero, in no order, and whole the pages that
 * have more than eight of them.
 */
final class CompactChunk {
  private static final int PAGE_SHIFT = 12;
  private static final int PAGE_WORDS = 1 << (PAGE_SHIFT - 3);
  private static final int PAGES = PhysicalMemory.CHUNK_BYTES >>> PAGE_SHIFT;
  private static final int WORD_MASK = PhysicalMemory.CHUNK_BYTES / 8 - 1;
  private static final int MAX_FEW = 8;

  /** The most host memory that writing a word can take: the lists doubled, or a page made whole. */
  static final long MOST_FOR_A_WORD = 8192;

  private short[] places = new short[8];
  private long[] values = new long[8];
  private int count;
  private long @Nullable [] @Nullable [] pages;
  private int wholePages;

  /** About what it takes of the host. */
  long bytes() {
    long bytes = 72 + 10L * places.length + (pages == null ? 0 : 80);
    return bytes + wholePages * (16L + 8 * PAGE_WORDS);
  }

  boolean isEmpty() {
    return count == 0 && wholePages == 0;
  }

  /** The number within the chunk of the word at an address. */
  private static int word(long pa) {
    return (int) (pa >>> 3) & WORD_MASK;
  }

  private long @Nullable [] whole(int word) {
    return pages == null ? null : pages[word / PAGE_WORDS];
  }

  private int find(int word) {
    short place = (short) word;
    for (int i = 0; i < count; i++) {
      if (places[i] == place) {
        return i;
      }
    }
    return -1;
  }

  long read(long pa) {
    int word = word(pa);
    long[] whole = whole(word);
    if (whole != null) {
      return whole[word % PAGE_WORDS];
    }
    int i = find(word);
    return i < 0 ? 0 : values[i];
  }

  void write(long pa, long value) {
    int word = word(pa);
    long[] whole = whole(word);
    if (whole != null) {
      whole[word % PAGE_WORDS] = value;
      return;
    }
    int i = find(word);
    if (i >= 0) {
      if (value == 0) {
        remove(i);
      } else {
        values[i] = value;
      }
    } else if (value != 0) {
      add(word, value);
    }
  }

  private void add(int word, long value) {
    int page = word / PAGE_WORDS;
    int there = 0;
    for (int i = 0; i < count; i++) {
      there += places[i] / PAGE_WORDS == page ? 1 : 0;
    }
    if (there == MAX_FEW) {
      makeWhole(page)[word % PAGE_WORDS] = value;
      return;
    }
    if (count == places.length) {
      places = Arrays.copyOf(places, 2 * count);
      values = Arrays.copyOf(values, 2 * count);
    }
    places[count] = (short) word;
    values[count] = value;
    count++;
  }

  private long[] makeWhole(int page) {
    long[] words = new long[PAGE_WORDS];
    for (int i = count - 1; i >= 0; i--) {
      if (places[i] / PAGE_WORDS == page) {
        words[places[i] % PAGE_WORDS] = values[i];
        remove(i);
      }
    }
    if (pages == null) {
      pages = new long[PAGES][];
    }
    pages[page] = words;
    wholePages++;
    return words;
  }

  private void remove(int i) {
    count--;
    places[i] = places[count];
    values[i] = values[count];
  }

  /** Makes a range zero, given the offsets of its first and its last byte. */
  void zero(int first, int last) {
    int from = first >>> 3;
    int to = last >>> 3;
    for (int i = count - 1; i >= 0; i--) {
      if (places[i] >= from && places[i] <= to) {
        remove(i);
      }
    }
    for (int page = from / PAGE_WORDS; pages != null && page <= to / PAGE_WORDS; page++) {
      long[] words = pages[page];
      if (words == null) {
        continue;
      }
      int low = Math.max(from - page * PAGE_WORDS, 0);
      int high = Math.min(to - page * PAGE_WORDS, PAGE_WORDS - 1);
      if (low == 0 && high == PAGE_WORDS - 1) {
        pages[page] = null;
        wholePages--;
      } else {
        Arrays.fill(words, low, high + 1, 0);
      }
    }
  }

  /** Visits the words of a range that are not zero, with their offsets from its start. */
  void visit(int from, int bytes, PhysicalMemory.WordVisitor visitor) {
    int first = from >>> 3;
    int after = first + (bytes >>> 3);
    for (int i = 0; i < count; i++) {
      if (places[i] >= first && places[i] < after) {
        visitor.visit((places[i] - first) << 3, values[i]);
      }
    }
    for (int page = first / PAGE_WORDS; pages != null && page * PAGE_WORDS < after; page++) {
      long[] words = pages[page];
      if (words == null) {
        continue;
      }
      int low = Math.max(first - page * PAGE_WORDS, 0);
      int high = Math.min(after - page * PAGE_WORDS, PAGE_WORDS);
      for (int i = low; i < high; i++) {
        if (words[i] != 0) {
          visitor.visit((page * PAGE_WORDS + i - first) << 3, words[i]);
        }
      }
    }
  }
}
