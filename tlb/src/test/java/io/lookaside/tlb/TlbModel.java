package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A slow and obvious model of LRU TLBs: a set is a list with the most recently used entry first.
 * Shares no code with what it checks but the enums and the configuration records.
 */
final class TlbModel {
  static final long WRITABLE = 1L << 1;
  static final long USER = 1L << 2;
  static final long DIRTY = 1L << 6;
  static final long GLOBAL = 1L << 8;

  private static final List<PageSize> LARGEST_FIRST =
      List.of(PageSize.SIZE_1G, PageSize.SIZE_4M, PageSize.SIZE_2M, PageSize.SIZE_4K);

  private TlbModel() {}

  static long low57(long va) {
    return va & 0x1ff_ffff_ffff_ffffL;
  }

  /** A cached translation: {@code size} is what is cached of a page of size {@code page}. */
  record Entry(
      PageSize size, PageSize page, long base, int pcid, boolean global, long frame, long flags) {
    /** The translation word, by its documented layout. */
    long word() {
      long word = 1 | flags | frame;
      word |= (long) size.ordinal() << 9;
      word |= (long) page.ordinal() << 52;
      if (size != page) {
        word |= 1L << 11;
      }
      if (global) {
        word |= GLOBAL;
      }
      return word;
    }

    boolean contains(long va) {
      return (low57(va) & -size.bytes()) == base;
    }

    boolean pageContains(long va) {
      return (low57(va) & -page.bytes()) == (base & -page.bytes());
    }

    boolean answersTo(int otherPcid) {
      return global || pcid == otherPcid;
    }

    boolean sameSpace(Entry other) {
      return global == other.global && (global || pcid == other.pcid);
    }

    boolean sameIdentity(Entry other) {
      return size == other.size && base == other.base && sameSpace(other);
    }

    boolean sharesAddress(Entry other) {
      return base < other.base + other.size.bytes() && other.base < base + size.bytes();
    }

    /** The page that this is a piece of: a large page's frame is aligned as the page is. */
    Entry whole() {
      long start = base - base % page.bytes();
      return new Entry(page, page, start, pcid, global, frame - (base - start), flags);
    }

    Entry piece(long va, PageSize smaller) {
      if (smaller.bytes() >= size.bytes()) {
        return this;
      }
      long start = low57(va) & -smaller.bytes();
      return new Entry(smaller, page, start, pcid, global, frame + (start - base), flags);
    }
  }

  /** One structure. */
  static final class Structure {
    private final int sets;
    private final int ways;
    private final List<PageSize> sizes = new ArrayList<>();
    private final Set<AccessKind> kinds;
    private final List<List<Entry>> content = new ArrayList<>();
    long hits;
    long fills;
    long evictions;

    Structure(TlbStructureConfig config) {
      ways = config.geometry().ways();
      sets = config.geometry().entries() / ways;
      for (PageSize size : PageSize.values()) {
        if (config.pageSizes().contains(size)) {
          sizes.add(size);
        }
      }
      kinds = EnumSet.copyOf(config.accesses());
      for (int i = 0; i < sets; i++) {
        content.add(new ArrayList<>());
      }
    }

    private List<Entry> setOf(long base, PageSize size) {
      return content.get((int) (base / size.bytes() % sets));
    }

    /** The smallest match first, and of one size the non-global before the global one. */
    private @Nullable Entry find(long va, int pcid) {
      for (PageSize size : sizes) {
        Entry e = find(va, pcid, size);
        if (e != null) {
          return e;
        }
      }
      return null;
    }

    private @Nullable Entry find(long va, int pcid, PageSize size) {
      Entry found = null;
      for (Entry e : setOf(low57(va) & -size.bytes(), size)) {
        if (e.size == size && e.contains(va) && e.answersTo(pcid)) {
          if (found == null || found.global) {
            found = e;
          }
        }
      }
      return found;
    }

    @Nullable Entry lookup(long va, int pcid) {
      Entry e = find(va, pcid);
      if (e != null) {
        hits++;
        List<Entry> set = setOf(e.base, e.size);
        set.remove(e);
        set.add(0, e);
      }
      return e;
    }

    @Nullable PageSize fit(Entry e) {
      PageSize best = null;
      for (PageSize size : sizes) {
        if (size.bytes() <= e.size.bytes()) {
          best = size;
        }
      }
      return best;
    }

    /** Enters what fits and returns the victim, if one had to go. */
    @Nullable Entry insert(long va, Entry e) {
      PageSize size = fit(e);
      if (size == null) {
        return null;
      }
      Entry piece = e.piece(va, size);
      List<Entry> set = setOf(piece.base, size);
      Entry victim = set.size() == ways ? set.remove(ways - 1) : null;
      set.add(0, piece);
      fills++;
      if (victim != null) {
        evictions++;
      }
      return victim;
    }

    /** Enters a victim of another structure, of which there may be a copy already. */
    void insertAnew(Entry victim) {
      PageSize size = fit(victim);
      if (size != null) {
        dropIdentity(victim.piece(victim.base, size));
        insert(victim.base, victim);
      }
    }

    void update(long va, int pcid, Entry page) {
      for (PageSize size : sizes) {
        Entry old = find(va, pcid, size);
        if (old == null) {
          continue;
        }
        List<Entry> set = setOf(old.base, size);
        Entry piece = page.piece(va, size);
        if (piece.size == size && piece.global == old.global) {
          Entry renewed =
              new Entry(
                  size, piece.page, piece.base, old.pcid, old.global, piece.frame, piece.flags);
          set.set(set.indexOf(old), renewed);
        } else {
          set.remove(old);
        }
      }
    }

    void invalidatePage(long va, int pcid) {
      for (List<Entry> set : content) {
        set.removeIf(e -> e.answersTo(pcid) && e.pageContains(va));
      }
    }

    void invalidatePcid(int pcid) {
      for (List<Entry> set : content) {
        set.removeIf(e -> !e.global && e.pcid == pcid);
      }
    }

    void invalidateAll() {
      content.forEach(List::clear);
    }

    void dropIdentity(Entry entry) {
      for (List<Entry> set : content) {
        set.removeIf(e -> e.sameIdentity(entry));
      }
    }

    void dropSharing(Entry entry) {
      for (List<Entry> set : content) {
        set.removeIf(e -> e.sameSpace(entry) && e.sharesAddress(entry));
      }
    }
  }

  /** One level. */
  static final class Level {
    final List<Structure> structures = new ArrayList<>();
    long lookups;
    long hits;
    long misses;
    private final Map<String, Long> cells = new HashMap<>();

    Level(TlbLevelConfig config) {
      for (TlbStructureConfig c : config.structures()) {
        structures.add(new Structure(c));
      }
    }

    @Nullable Entry lookup(long va, int pcid, AccessKind kind) {
      lookups++;
      for (Structure s : structures) {
        if (s.kinds.contains(kind)) {
          Entry e = s.lookup(va, pcid);
          if (e != null) {
            hits++;
            count("hit " + kind + " " + e.page);
            return e;
          }
        }
      }
      misses++;
      return null;
    }

    void count(String cell) {
      cells.merge(cell, 1L, Long::sum);
    }

    long cell(String cell) {
      return cells.getOrDefault(cell, 0L);
    }

    /** Of those that hold the largest fitting size, the one that the page's number chooses. */
    @Nullable Structure holder(long va, Entry e, AccessKind kind) {
      List<Structure> best = new ArrayList<>();
      long bestBytes = 0;
      for (Structure s : structures) {
        PageSize size = s.fit(e);
        if (!s.kinds.contains(kind) || size == null || size.bytes() < bestBytes) {
          continue;
        }
        if (size.bytes() > bestBytes) {
          best.clear();
          bestBytes = size.bytes();
        }
        best.add(s);
      }
      if (best.isEmpty()) {
        return null;
      }
      int ones = 0;
      for (long above = low57(va) / bestBytes / best.get(0).sets; above != 0; above /= 2) {
        ones += (int) (above % 2);
      }
      return best.get(ones % best.size());
    }
  }

  /** The three levels. */
  static final class Hierarchy {
    final Level l1i;
    final Level l1d;
    final Level stlb;
    private final TlbConfig.Inclusion inclusion;
    private final boolean reloadWholePages;

    Hierarchy(TlbConfig config) {
      l1i = new Level(config.l1i());
      l1d = new Level(config.l1d());
      stlb = new Level(config.stlb());
      inclusion = config.inclusion();
      reloadWholePages = config.reloadWholePages();
    }

    List<Level> levels() {
      return List.of(l1i, l1d, stlb);
    }

    private Level first(AccessKind kind) {
      return kind == AccessKind.FETCH ? l1i : l1d;
    }

    /** The translation word, or 0. */
    long lookup(long va, int pcid, AccessKind kind) {
      Entry e = first(kind).lookup(va, pcid, kind);
      if (e != null) {
        return e.word();
      }
      e = stlb.lookup(va, pcid, kind);
      if (e == null) {
        return 0;
      }
      first(kind).count("miss " + kind + " " + e.page);
      if (reloadWholePages) {
        e = e.whole();
      }
      if (inclusion != TlbConfig.Inclusion.EXCLUSIVE) {
        intoFirst(va, kind, e);
      } else if (first(kind).holder(va, e, kind) != null) {
        for (Structure s : stlb.structures) {
          s.dropIdentity(e);
        }
        intoFirst(va, kind, e);
      }
      return e.word();
    }

    /** After a look-up that missed both levels and found no page. */
    void missOfNoPage(AccessKind kind) {
      first(kind).count("unmapped " + kind);
      stlb.count("unmapped " + kind);
    }

    /** After a look-up that missed both levels. */
    void fillAfterMiss(long va, AccessKind kind, Entry page) {
      first(kind).count("miss " + kind + " " + page.page);
      stlb.count("miss " + kind + " " + page.page);
      fill(va, kind, page);
    }

    void fill(long va, AccessKind kind, Entry page) {
      if (inclusion != TlbConfig.Inclusion.EXCLUSIVE) {
        intoSecond(va, kind, page);
      }
      intoFirst(va, kind, page);
    }

    private void intoFirst(long va, AccessKind kind, Entry e) {
      Structure s = first(kind).holder(va, e, kind);
      boolean exclusive = inclusion == TlbConfig.Inclusion.EXCLUSIVE;
      if (s == null) {
        if (exclusive) {
          intoSecond(va, kind, e);
        }
        return;
      }
      Entry victim = s.insert(va, e);
      if (exclusive && victim != null) {
        Structure to = stlb.holder(victim.base, victim, kind);
        if (to != null) {
          to.insertAnew(victim);
        }
      }
    }

    private void intoSecond(long va, AccessKind kind, Entry e) {
      Structure s = stlb.holder(va, e, kind);
      Entry victim = s == null ? null : s.insert(va, e);
      if (inclusion == TlbConfig.Inclusion.INCLUSIVE && victim != null) {
        for (Structure first : l1i.structures) {
          first.dropSharing(victim);
        }
        for (Structure first : l1d.structures) {
          first.dropSharing(victim);
        }
      }
    }

    void update(long va, int pcid, Entry page) {
      for (Level level : List.of(l1d, stlb)) {
        for (Structure s : level.structures) {
          if (s.kinds.contains(AccessKind.STORE)) {
            s.update(va, pcid, page);
          }
        }
      }
    }

    void invalidatePage(long va, int pcid) {
      levels().forEach(l -> l.structures.forEach(s -> s.invalidatePage(va, pcid)));
    }

    void invalidatePcid(int pcid) {
      levels().forEach(l -> l.structures.forEach(s -> s.invalidatePcid(pcid)));
    }

    void invalidateAll() {
      levels().forEach(l -> l.structures.forEach(Structure::invalidateAll));
    }
  }

  /**
   * Page tables made up by a hash: sizes, frames, G and rights depend on the page, the PCID and an
   * epoch. What an earlier epoch left cached is stale, so that sizes and G overlap.
   */
  static Entry page(long va, int pcid, int epoch, boolean dirty) {
    for (PageSize size : LARGEST_FIRST) {
      long base = low57(va) & -size.bytes();
      long key = (base * 31 + pcid) * 31 + epoch;
      long draw = new SplittableRandom(key * 3 + size.ordinal()).nextLong();
      boolean here =
          size == PageSize.SIZE_4K
              || (draw & 0x7fff_ffffL) % (size == PageSize.SIZE_1G ? 6 : 3) == 0;
      if (here) {
        long frame = (draw >>> 3) & 0x000f_ffff_ffff_f000L & -size.bytes();
        // R/W, U/S, PWT, PCD, PAT, key and XD.
        long flags = Long.rotateLeft(draw, 17) & 0xf800_0000_0000_009eL;
        boolean global = (draw >>> 40) % 6 == 0;
        return new Entry(size, size, base, pcid, global, frame, flags | (dirty ? DIRTY : 0));
      }
    }
    throw new AssertionError("4K always fits");
  }

  /** A 4-level address out of {@code 12 * pagesIn2M} pages in three 1 GiB regions. */
  static long address(SplittableRandom random, int pagesIn2M) {
    long[] regions = {0, 5L << 30, 0xffff_ffff_c000_0000L};
    long va = regions[random.nextInt(3)];
    va += ((long) random.nextInt(4) * 37) << 21;
    // Half of the accesses go to an eighth of the pages.
    int pages = random.nextBoolean() ? Math.max(1, pagesIn2M / 8) : pagesIn2M;
    va += (long) random.nextInt(pages) << 12;
    return va + random.nextInt(4096);
  }
}
