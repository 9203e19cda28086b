package io.lookaside.simulator;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.pagewalker.WalkerConfig;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A second statement of the whole machine, as slow and obvious as can be: 4 KiB pages on demand,
 * true LRU, non-inclusive. It knows no bits and no bytes; page numbers, maps and sets do.
 */
final class SlowMachine {
  /** A cached page: dirty as cached. */
  private static final class Entry {
    boolean dirty;

    Entry(boolean dirty) {
      this.dirty = dirty;
    }
  }

  /** Sets of a structure, each in LRU order, the eldest first. */
  private static final class Cache {
    final int sets;
    final int ways;
    final Map<Long, Map<Long, Entry>> content = new HashMap<>();

    Cache(Geometry geometry) {
      sets = geometry.sets();
      ways = geometry.ways();
    }

    private Map<Long, Entry> set(long number) {
      return content.computeIfAbsent(
          number % sets, k -> new LinkedHashMap<>(16, 0.75f, true)); // in order of access
    }

    @Nullable Entry use(long number) {
      return set(number).get(number);
    }

    @Nullable Entry peek(long number) {
      for (Map.Entry<Long, Entry> e : set(number).entrySet()) {
        if (e.getKey() == number) {
          return e.getValue();
        }
      }
      return null;
    }

    void enter(long number, boolean dirty) {
      Map<Long, Entry> set = set(number);
      if (set.size() == ways) {
        set.remove(set.keySet().iterator().next());
      }
      set.put(number, new Entry(dirty));
    }

    void drop(long number) {
      set(number).remove(number);
    }
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
    this.l1i = new Cache(l1i);
    this.l1d = new Cache(l1d);
    this.stlb = new Cache(stlb);
    upper[0] = walker.pml4eCache() == null ? null : new Cache(walker.pml4eCache());
    upper[1] = walker.pdpteCache() == null ? null : new Cache(walker.pdpteCache());
    upper[2] = walker.pdeCache() == null ? null : new Cache(walker.pdeCache());
    for (String key :
        ("l1iHits l1iMisses l1dHits l1dMisses stlbHits stlbMisses walks retries assists reads aSet"
                + " dSet start0 start1 start2 start3 faults gp crossings")
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
      if (second != null) {
        count("stlbHits");
        dirty = second.dirty;
      } else {
        count("stlbMisses");
        count("walks");
        if (!walk(page, store)) {
          count("faults");
          for (Cache c : new Cache[] {l1i, l1d, stlb}) {
            c.drop(page);
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
        stlb.enter(page, dirty);
      }
      first.enter(page, dirty);
      entry = first.use(page);
    }
    if (store && entry != null && !entry.dirty) {
      count("assists");
      walk(page, true);
      entry.dirty = true;
      Entry second = stlb.peek(page);
      if (second != null) {
        second.dirty = true;
      }
    }
    sum += (frames.getOrDefault(page, 0L) << 12) + (va & 0xfff);
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
