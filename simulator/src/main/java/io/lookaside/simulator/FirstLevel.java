package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.tlb.TlbLevel;
import java.util.Arrays;
import java.util.List;

/**
 * The first TLB level of machines that have the same one and share page tables. Levels evict
 * independently ({@link LruFit}), so what hits here depends on no level behind it: it is found out
 * once, and the machines take what goes on.
 */
final class FirstLevel {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();

  private final long[] misses = new long[AccessKind.COUNT];
  private final ReplayLevel l1i;
  private final ReplayLevel l1d;
  private final PageSets fetches;
  private final PageSets loads;
  private final PageSets stores;
  private final RecentPages recent;
  private final PageWords words;

  /** Whether misses are so many that words are read ahead. */
  private boolean dense;

  /** Nobody reads it: it keeps the compiler from leaving out what is read ahead. */
  @SuppressWarnings("UnusedVariable")
  private long readAhead;

  /** An empty one, of a machine that {@link LruFit} lets share. */
  FirstLevel(Machine machine) {
    List<TlbLevel> levels = machine.tlbs().levels();
    l1i = new ReplayLevel(levels.get(0), 0, misses, FETCH);
    l1d = new ReplayLevel(levels.get(1), l1i.endShift(), misses, LOAD, STORE);
    fetches = l1i.sets(FETCH);
    loads = l1d.sets(LOAD);
    stores = l1d.sets(STORE);
    recent = RecentPages.of(l1i, l1d);
    words = PageWords.ofBits(l1d.endShift());
  }

  /**
   * Takes references.
   *
   * @param from as {@link TouchedPages} left them
   * @param into becomes those that go on, with all counts
   */
  void take(PageReferences from, PageReferences into) {
    into.becomeBehindFirst(from);
    words.growFor(from);
    int count = from.count();
    for (int i = 0; i < count; i += TouchedPages.BLOCK) {
      int n = Math.min(TouchedPages.BLOCK, count - i);
      into.reserve(n);
      if (dense) {
        readAhead += words.touch(from.pages(), i, n);
      }
      int before = into.count();
      take(from, i, i + n, into);
      dense = into.count() - before > n / LruReplay.DENSE;
    }
    l1i.takeTaken(into.firstTaken());
    l1d.takeTaken(into.firstTaken());
    System.arraycopy(misses, 0, into.firstMisses(), 0, misses.length);
    Arrays.fill(misses, 0);
  }

  private void take(PageReferences from, int begin, int end, PageReferences into) {
    int[] pages = from.pages();
    byte[] events = from.events();
    long[] regionVpns = from.regionVpns();
    int[] recentPages = recent.pages();
    int[] masks = recent.masks();
    int[] bases = recent.bases();
    for (int i = begin; i < end; i++) {
      int page = pages[i];
      int event = events[i];
      int kind = PageReferences.kind(event);
      int slot = (page & masks[kind]) + bases[kind];
      if (recentPages[slot] != page || event >>> PageReferences.CHANGE_SHIFT != 0) {
        recentPages[slot] = page;
        PageSets sets = kind == FETCH ? fetches : kind == LOAD ? loads : stores;
        int word = words.get(page);
        int set = sets.setOf(page, regionVpns, page >>> PageNumbers.INDEX_BITS);
        if (!sets.holds(set, page, word)) {
          words.set(page, sets.enter(set, page, word));
          misses[kind]++;
          into.add(page, event);
        } else {
          sets.use(set, word);
          if ((event & PageReferences.SETS_DIRTY) != 0) {
            into.add(page, event | PageReferences.HITS_FIRST);
          }
        }
      }
    }
  }
}
