package io.lookaside.simulator.curve;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A seeded random trace with runs on a page, sides that alternate, crossings and bad addresses. */
final class PageStream {
  /** A reference; kind is 'I', 'L' or 'S'. */
  record Reference(char kind, long va, int size) {
    boolean isFetch() {
      return kind == 'I';
    }
  }

  private PageStream() {}

  /** {@code pages} is about how many pages there are in each of four regions. */
  static List<Reference> random(long seed, int count, int pages) {
    Random random = new Random(seed);
    long[] regions = {
      0x400000, 0x7f12_3450_0000L, 0x7fff_ffff_f000L - 4096L * pages, 0xffff_8000_0000_0000L
    };
    long code = regions[0];
    long data = regions[1];
    long stack = regions[2];
    List<Reference> references = new ArrayList<>();
    while (references.size() < count) {
      switch (random.nextInt(12)) {
        case 0 -> code = regions[0] + 4096L * random.nextInt(pages);
        case 1 -> data = regions[1 + random.nextInt(3)] + random.nextInt(4096 * pages);
        case 2 -> data = code; // data and code on one page
        case 3 -> data += 1 << 21;
        case 4 -> stack = regions[2] + 4096L * random.nextInt(1 + pages / 8);
        default -> {
          // A loop: a fetch, a load, perhaps a store to the stack.
          int times = 1 + random.nextInt(6);
          char kind = random.nextBoolean() ? 'L' : 'S';
          boolean pushes = random.nextInt(3) == 0;
          for (int i = 0; i < times; i++) {
            references.add(new Reference('I', code + random.nextInt(4000), 4));
            if (random.nextInt(4) != 0) {
              references.add(new Reference(kind, data + random.nextInt(64), 8));
            }
            if (pushes) {
              references.add(new Reference('S', stack + 8L * random.nextInt(8), 8));
            }
          }
        }
      }
      if (random.nextInt(40) == 0) {
        references.add(
            new Reference('L', (data | 0xfff) - random.nextInt(8), 1 + random.nextInt(9000)));
      }
      if (random.nextInt(200) == 0) {
        references.add(new Reference('S', 0x1234_5678_9abc_d000L, 8));
        references.add(new Reference('L', 0x7fff_ffff_fffcL, 8)); // leaves the lower half
      }
    }
    return references;
  }

  /** The trace as valgrind's lackey writes it. */
  static byte[] lackey(List<Reference> references) {
    StringBuilder text = new StringBuilder();
    for (Reference r : references) {
      text.append(r.isFetch() ? "I  " : " " + r.kind() + " ");
      text.append(Long.toHexString(r.va())).append(',').append(r.size()).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** The page numbers that a side looks up, one for each 4 KiB page of each good reference. */
  static List<Long> pages(List<Reference> references, CurveOptions.Side side, int shift) {
    List<Long> pages = new ArrayList<>();
    for (Reference r : references) {
      boolean wanted =
          switch (side) {
            case ALL -> true;
            case DATA -> !r.isFetch();
            case FETCH -> r.isFetch();
          };
      long last = r.va() + r.size() - 1;
      if (wanted && r.va() << 16 >> 16 == r.va() && last << 16 >> 16 == last) {
        for (long page = r.va() >> 12; page <= last >> 12; page++) {
          pages.add((page << 12 & 0xffff_ffff_ffffL) >>> shift);
        }
      }
    }
    return pages;
  }

  /** Misses of an LRU structure, the slow and obvious way. */
  static long misses(List<Long> pages, int sets, int ways) {
    Lru structure = new Lru(sets, ways);
    return pages.stream().filter(page -> !structure.hits(page)).count();
  }

  /** The page numbers that miss a first level of two LRU structures of one geometry. */
  static List<Long> firstLevelMisses(
      List<Reference> references, CurveOptions.Side side, int shift, int sets, int ways) {
    Lru instructions = new Lru(sets, ways);
    Lru data = new Lru(sets, ways);
    List<Long> missed = new ArrayList<>();
    for (Reference r : references) {
      for (Long page : pages(List.of(r), side, shift)) {
        if (!(r.isFetch() ? instructions : data).hits(page)) {
          missed.add(page);
        }
      }
    }
    return missed;
  }

  /** An LRU structure, the slow and obvious way. */
  private static final class Lru {
    private final List<List<Long>> newestFirst = new ArrayList<>();
    private final int ways;

    Lru(int sets, int ways) {
      this.ways = ways;
      for (int i = 0; i < sets; i++) {
        newestFirst.add(new ArrayList<>());
      }
    }

    boolean hits(Long page) {
      List<Long> set = newestFirst.get((int) (page % newestFirst.size()));
      boolean hit = set.remove(page);
      if (!hit && set.size() == ways) {
        set.remove(ways - 1);
      }
      set.add(0, page);
      return hit;
    }
  }
}
