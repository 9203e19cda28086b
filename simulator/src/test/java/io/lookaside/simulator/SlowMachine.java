package io.lookaside.simulator;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.tlb.PrefetchConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A second statement of the whole machine, as slow and obvious as can be: 4 KiB pages on demand,
 * true LRU, non-inclusive, entries of one page or of groups. It knows no bits and no bytes; page
 * numbers, maps and sets do.
 */
final class SlowMachine {
  /** A cached page, or several from {@code first} on: dirty as cached. */
  private static final class Entry {
    final long first;
    final int pages;
    boolean dirty;

    Entry(long first, int pages, boolean dirty) {
      this.first = first;
      this.pages = pages;
      this.dirty = dirty;
    }
  }

  /** Sets of a structure, each in LRU order, the eldest first. */
  private static final class Cache {
    final int sets;
    final int ways;
    final int groupPages;
    final Map<Long, Map<Long, Entry>> content = new HashMap<>();
    long groupHits;
    long groupFills;

    Cache(Geometry geometry) {
      this(geometry, 1);
    }

    Cache(Geometry geometry, int groupPages) {
      sets = geometry.sets();
      ways = geometry.ways();
      this.groupPages = groupPages;
    }

    /** The key of a group, which no page number is, since those are not negative. */
    private static long key(long group) {
      return -1 - group;
    }

    private Map<Long, Entry> set(long number) {
      return content.computeIfAbsent(
          number % sets, k -> new LinkedHashMap<>(16, 0.75f, true)); // in order of access
    }

    @Nullable Entry use(long number) {
      Entry alone = set(number).get(number);
      if (alone != null || groupPages == 1) {
        return alone;
      }
      long group = number / groupPages;
      Entry e = set(group).get(key(group));
      groupHits += e == null ? 0 : 1;
      return e;
    }

    @Nullable Entry peek(long number) {
      for (Map<Long, Entry> set : content.values()) {
        for (Entry e : set.values()) { // not get, which counts as a use
          if (number >= e.first && number < e.first + e.pages) {
            return e;
          }
        }
      }
      return null;
    }

    void enter(long number, boolean dirty) {
      put(set(number), number, new Entry(number, 1, dirty));
    }

    /** Enters a page as one of {@code pages} that are alike. */
    void enter(long number, boolean dirty, int pages) {
      if (groupPages == 1 || pages < groupPages) {
        enter(number, dirty);
        return;
      }
      long group = number / groupPages;
      long first = group * groupPages;
      for (long page = first; page < first + groupPages; page++) {
        set(page).remove(page);
      }
      put(set(group), key(group), new Entry(first, groupPages, dirty));
      groupFills++;
    }

    private void put(Map<Long, Entry> set, long key, Entry e) {
      if (set.size() == ways) {
        set.remove(set.keySet().iterator().next());
      }
      set.put(key, e);
    }

    void drop(long number) {
      set(number).remove(number);
      long group = number / groupPages;
      set(group).remove(key(group));
    }

    /** A store has made a page dirty: a group stays one only if all its pages are dirty. */
    void becomeDirty(long number, int pages) {
      Entry e = peek(number);
      if (e == null) {
        return;
      }
      if (e.pages <= pages) {
        e.dirty = true;
      } else {
        drop(number);
        enter(number, true);
      }
    }
  }

  /** Guesses of the next page, and the pages that were walked for on their account. */
  private static final class Ahead {
    final boolean stride;
    final int streams;
    final int room;
    final List<Entry> buffer = new ArrayList<>();

    /** By side: last pages with their distances, the one used last at the end. */
    final List<List<long[]>> rows = List.of(new ArrayList<>(), new ArrayList<>());

    Ahead(PrefetchConfig config) {
      stride = config.kind() == PrefetchConfig.Kind.STRIDE;
      streams = config.streams();
      room = config.bufferEntries();
    }

    boolean holds(long page) {
      return buffer.stream().anyMatch(e -> e.first == page);
    }

    /** The page that is expected after this one, or a negative number. */
    long next(long page, int kind) {
      if (!stride) {
        return page + 1;
      }
      List<long[]> side = rows.get(kind / 2);
      long[] near = null;
      for (long[] row : side) {
        long away = Math.abs(page - row[0]);
        if (away <= 64 && (near == null || away < Math.abs(page - near[0]))) {
          near = row;
        }
      }
      if (near == null) {
        if (side.size() == streams) {
          side.remove(0);
        }
        side.add(new long[] {page, 0});
        return -1;
      }
      long distance = page - near[0];
      boolean again = distance != 0 && distance == near[1];
      near[0] = page;
      near[1] = distance == 0 ? near[1] : distance;
      side.remove(near);
      side.add(near);
      return again ? page + distance : -1;
    }
  }

  private @Nullable Ahead ahead;

  /** Lets pages be walked for ahead of their use. */
  void prefetch(PrefetchConfig config) {
    ahead = new Ahead(config);
  }

  final Map<String, Long> counts = new TreeMap<>();
  long sum;

  private final Cache l1i;
  private final Cache l1d;
  private final Cache stlb;

  /** Caches of PML4Es, PDPTEs and PDEs by the number of their address bits; null for none. */
  private final @Nullable Cache[] upper = new @Nullable Cache[3];

  private final Map<Long, Long> frames = new HashMap<>();
  private final Set<Long> dirtyLeaves = new HashSet<>();
  private final Set<String> accessed = new HashSet<>();
  private final Set<String> present = new HashSet<>();
  private long nextFrame = 0x100000;

  SlowMachine(Geometry l1i, Geometry l1d, Geometry stlb, WalkerConfig walker) {
    this(l1i, l1d, stlb, walker, 1, 1);
  }

  /** A machine where an entry can cover so many pages in L1D, and in the second level. */
  SlowMachine(
      Geometry l1i, Geometry l1d, Geometry stlb, WalkerConfig walker, int l1dPages, int stlbPages) {
    this.l1i = new Cache(l1i);
    this.l1d = new Cache(l1d, l1dPages);
    this.stlb = new Cache(stlb, stlbPages);
    upper[0] = walker.pml4eCache() == null ? null : new Cache(walker.pml4eCache());
    upper[1] = walker.pdpteCache() == null ? null : new Cache(walker.pdpteCache());
    upper[2] = walker.pdeCache() == null ? null : new Cache(walker.pdeCache());
    for (String key :
        ("l1iHits l1iMisses l1dHits l1dMisses stlbHits stlbMisses walks retries assists reads aSet"
                + " dSet useful useless aheadWalks aheadReads start0 start1 start2 start3 faults gp"
                + " crossings")
            .split(" ", -1)) {
      counts.put(key, 0L);
    }
  }

  void access(long va, int kind, int size) {
    long last = va + size - 1;
    if (!canonical(va) || !canonical(last)) {
      count("gp");
      return;
    }
    translate(va, kind);
    for (long page = va & ~0xfffL; page != (last & ~0xfffL); ) {
      page += 0x1000;
      count("crossings");
      translate(page, kind);
    }
  }

  private static boolean canonical(long va) {
    return va >= -(1L << 47) && va < 1L << 47;
  }

  private void translate(long va, int kind) {
    long page = (va & 0x1ff_ffff_ffff_ffffL) >> 12;
    boolean store = kind == 1;
    Cache first = kind == 2 ? l1i : l1d;
    String name = kind == 2 ? "l1i" : "l1d";
    Entry entry = first.use(page);
    if (entry != null) {
      count(name + "Hits");
    } else {
      count(name + "Misses");
      Entry second = stlb.use(page);
      boolean dirty;
      int pages;
      long next = -1;
      if (second == null && ahead != null) {
        next = ahead.next(page, kind);
        if (ahead.holds(page)) {
          Entry found =
              ahead.buffer.stream().filter(e -> e.first == page).findFirst().orElseThrow();
          ahead.buffer.remove(found);
          count("useful");
          stlb.enter(page, found.dirty);
          second = found;
        }
      }
      if (second != null) {
        count("stlbHits");
        dirty = second.dirty;
        pages = second.pages;
      } else {
        count("stlbMisses");
        count("walks");
        if (!walk(page, store)) {
          count("faults");
          for (Cache c : new Cache[] {l1i, l1d, stlb}) {
            c.drop(page);
          }
          if (ahead != null) {
            ahead.buffer.removeIf(e -> e.first == page);
          }
          for (int level = 0; level < 3; level++) {
            Cache cache = upper[level];
            if (cache != null) {
              cache.drop(page >> (9 * (3 - level)));
            }
          }
          map(page);
          count("retries");
          walk(page, store);
        }
        dirty = dirtyLeaves.contains(page);
        pages = alike(page);
        stlb.enter(page, dirty, pages);
      }
      first.enter(page, dirty, pages);
      entry = first.peek(page);
      wanted = next;
    }
    if (store && entry != null && !entry.dirty) {
      count("assists");
      walk(page, true);
      l1d.becomeDirty(page, alike(page));
      stlb.becomeDirty(page, alike(page));
    }
    sum += (frames.getOrDefault(page, 0L) << 12) + (va & 0xfff);
    if (ahead != null && wanted >= 0) {
      walkAhead(wanted, first, ahead);
    }
    wanted = -1;
  }

  private long wanted = -1;

  private void walkAhead(long page, Cache first, Ahead buffer) {
    boolean linear = page < 1L << 35 || (page >= (1L << 45) - (1L << 35) && page < 1L << 45);
    if (!linear || first.peek(page) != null || stlb.peek(page) != null || buffer.holds(page)) {
      return;
    }
    Map<String, Long> before = new TreeMap<>(counts);
    boolean there = walk(page, false);
    long reads = counts.getOrDefault("reads", 0L) - before.getOrDefault("reads", 0L);
    long used = counts.getOrDefault("aSet", 0L);
    counts.putAll(before);
    counts.put("aSet", used);
    counts.merge("aheadReads", reads, Long::sum);
    count("aheadWalks");
    if (there) {
      if (buffer.buffer.size() == buffer.room) {
        buffer.buffer.remove(0);
        count("useless");
      }
      buffer.buffer.add(new Entry(page, 1, dirtyLeaves.contains(page)));
    }
  }

  /** How many pages around this one, at most 8, are used and mapped alike to frames in a row. */
  private int alike(long page) {
    int pages = 1;
    while (pages < 8 && areAlike(page, page - page % (2L * pages), 2 * pages)) {
      pages *= 2;
    }
    return pages;
  }

  private boolean areAlike(long page, long first, int pages) {
    long frame = frames.getOrDefault(first, -1L);
    boolean alike = frame % pages == 0;
    for (long p = first; p < first + pages; p++) {
      alike &= frames.getOrDefault(p, -2L) == frame + (p - first);
      alike &= accessed.contains("3:" + p);
      alike &= dirtyLeaves.contains(p) == dirtyLeaves.contains(page);
    }
    return alike;
  }

  /** Hits and fills of entries that cover groups: of L1D, then of the second level. */
  List<Long> groups() {
    return List.of(l1d.groupHits, l1d.groupFills, stlb.groupHits, stlb.groupFills);
  }

  /** Level 0 is the PML4E, 3 the PTE. Returns false if an entry is not there. */
  private boolean walk(long page, boolean store) {
    int level = 0;
    for (int i = 2; i >= 0; i--) {
      Cache cache = upper[i];
      if (cache != null && cache.use(page >> (9 * (3 - i))) != null) {
        level = i + 1;
        break;
      }
    }
    count("start" + level);
    for (; level < 4; level++) {
      long number = page >> (9 * (3 - level));
      String entry = level + ":" + number;
      count("reads");
      if (!present.contains(entry)) {
        return false;
      }
      if (accessed.add(entry)) {
        count("aSet");
      }
      if (level < 3) {
        Cache cache = upper[level];
        if (cache != null) {
          cache.enter(number, false);
        }
      }
    }
    if (store && dirtyLeaves.add(page)) {
      count("dSet");
    }
    return true;
  }

  private void map(long page) {
    for (int level = 0; level < 4; level++) {
      present.add(level + ":" + (page >> (9 * (3 - level))));
    }
    frames.put(page, nextFrame++);
  }

  private void count(String key) {
    counts.merge(key, 1L, Long::sum);
  }
}
