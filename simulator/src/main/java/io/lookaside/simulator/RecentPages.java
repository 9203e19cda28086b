package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import java.util.Arrays;

/**
 * The page that each set of the first level, or each few of them, used last, by number: a reference
 * to it changes nothing. A record, as {@link WayOrder} is.
 *
 * @param pages -1 where there is none
 * @param masks by kind of access, with a place for the code 3 that none has: which bits of a page
 *     say where it is
 * @param bases by kind: where its pages begin
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record RecentPages(int[] pages, int[] masks, int[] bases) {
  /** What no page has for a number. */
  private static final int NONE = -1;

  private static final int MAX_CLASSES = 64;
  private static final int KIND_CODES = 1 << 2;

  /** Of no page yet. */
  static RecentPages of(ReplayLevel l1i, ReplayLevel l1d) {
    int load = AccessKind.LOAD.ordinal();
    int store = AccessKind.STORE.ordinal();
    int fetch = AccessKind.FETCH.ordinal();
    int[] masks = new int[KIND_CODES];
    masks[load] = mask(l1d.sets(load));
    masks[store] = mask(l1d.sets(store));
    masks[fetch] = mask(l1i.sets(fetch));
    int[] bases = new int[KIND_CODES];
    bases[fetch] = fetch * MAX_CLASSES;
    bases[store] = l1d.share(load, store) ? 0 : store * MAX_CLASSES;
    RecentPages none = new RecentPages(new int[KIND_CODES * MAX_CLASSES], masks, bases);
    none.clear();
    return none;
  }

  private static int mask(PageSets sets) {
    return Math.min(MAX_CLASSES, sets.classes()) - 1;
  }

  /** Remembers none. */
  void clear() {
    Arrays.fill(pages, NONE);
  }
}
