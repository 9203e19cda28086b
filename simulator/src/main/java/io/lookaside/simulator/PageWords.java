package io.lookaside.simulator;

import it.unimi.dsi.fastutil.HashCommon;
import java.util.Arrays;

/**
 * A word for each page, by its number, at first 0. It takes 2 bytes where 16 bits are enough: half
 * the size leaves more of the host's cache to page tables.
 */
abstract class PageWords {
  /** Only the lower bits are what was set, as many as were asked for. */
  abstract int get(int page);

  abstract void set(int page, int word);

  /** Reads the words of some pages, so that the host has them in its cache; returns anything. */
  abstract int touch(int[] pages, int from, int n);

  /** For how many pages there is room. */
  abstract int room();

  /**
   * Makes room.
   *
   * @param pages for at least so many
   * @param more a number above it that leaves room to grow
   */
  abstract void grow(int pages, int more);

  /** Makes room for the pages of all regions that references tell of. */
  final void growFor(PageReferences references) {
    int pages = references.regions() << PageNumbers.INDEX_BITS;
    if (pages > room()) {
      grow(pages, references.regionVpns().length << PageNumbers.INDEX_BITS);
    }
  }

  /** Words of so many bits, 32 at most, for no pages. */
  static PageWords ofBits(int bits) {
    return bits <= Short.SIZE ? new Short16() : new Int32();
  }

  /** As many as a power of two, so that a mask, which changes nothing, spares tests of bounds. */
  private static final class Short16 extends PageWords {
    private short[] words = new short[1];

    @Override
    int get(int page) {
      return words[page & (words.length - 1)];
    }

    @Override
    void set(int page, int word) {
      words[page & (words.length - 1)] = (short) word;
    }

    @Override
    int touch(int[] pages, int from, int n) {
      short[] w = words;
      int read = 0;
      for (int i = from; i < from + n; i++) {
        read += w[pages[i] & (w.length - 1)];
      }
      return read;
    }

    @Override
    void grow(int pages, int more) {
      words = Arrays.copyOf(words, HashCommon.nextPowerOfTwo(pages));
    }

    @Override
    int room() {
      return words.length;
    }
  }

  private static final class Int32 extends PageWords {
    private int[] words = new int[1];

    @Override
    int get(int page) {
      return words[page];
    }

    @Override
    void set(int page, int word) {
      words[page] = word;
    }

    @Override
    int touch(int[] pages, int from, int n) {
      int[] w = words;
      int read = 0;
      for (int i = from; i < from + n; i++) {
        read += w[pages[i]];
      }
      return read;
    }

    @Override
    void grow(int pages, int more) {
      words = Arrays.copyOf(words, more);
    }

    @Override
    int room() {
      return words.length;
    }
  }
}
