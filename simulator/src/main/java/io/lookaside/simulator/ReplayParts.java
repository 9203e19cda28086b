package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.LruArray;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.tlb.TlbLevel;
import io.lookaside.traces.PackedReference;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link LruReplay} works on and never exchanges: a record, since the fields of one are
 * constants to the compiler where it is itself.
 *
 * @param l1i first level of fetches
 * @param l1d first level of loads and stores
 * @param second second level
 * @param fetches first-level sets, by kind of access; so are the next five
 * @param loadsAndStoresShare whether the first level keeps pages for both in one structure
 * @param dataShares whether both levels do
 * @param slotSteps by kind: the distance of slots whose pages share a set of the first level
 * @param lastPages by slot, which is low bits of the page number and a kind (with places for the
 *     code 3 that no reference has): a page that its set of the first level used last, and that
 *     serves such an access as it is, as {@link PackedReference#page} says; or {@link
 *     PackedReference#NO_PAGE}
 * @param lastFrames by slot: its frame
 * @param recentPages the same by number
 * @param words by page: {@link PageReferences#DIRTY}, and above it where it is in each structure
 * @param upperCaches the caches of PML4 and PDPT entries; {@code null} where there is none
 * @param pdeCache the cache of PD entries, by the numbers of regions
 * @param regionWords by region: where its page table is in {@code pdeCache}, and its gigabyte
 * @param touched the page tables of the machine, where no other machine shares them
 * @param block what they say of a block of references
 * @param firstMisses by kind, since the last flush; so are the next
 * @param starts walks to pages that are there, by the level at which they start
 * @param vainStarts the others
 * @param vainReads the others by what they read
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ReplayParts(
    Machine machine,
    ReplayLevel l1i,
    ReplayLevel l1d,
    ReplayLevel second,
    PageSets fetches,
    PageSets loads,
    PageSets stores,
    PageSets secondFetches,
    PageSets secondLoads,
    PageSets secondStores,
    boolean loadsAndStoresShare,
    boolean dataShares,
    int[] slotSteps,
    long[] lastPages,
    long[] lastFrames,
    RecentPages recentPages,
    PageWords words,
    @Nullable LruArray[] upperCaches,
    @Nullable PageSets pdeCache,
    RegionWords regionWords,
    TouchedPages touched,
    PageReferences block,
    long[] firstMisses,
    long[] secondMisses,
    long[] starts,
    long[] vainStarts,
    long[] vainReads) {
  /**
   * Pages fall into classes by low bits of their numbers: as many as a kind's first level has sets,
   * and no more than this, which the lower half of a word tells.
   */
  private static final int MAX_CLASSES = 16;

  private static final int KIND_CODES = 1 << PackedReference.KIND_BITS;
  private static final int LEVELS = 4;

  /** Those of a machine that fits. */
  static ReplayParts of(Machine machine) {
    List<TlbLevel> levels = machine.tlbs().levels();
    int load = AccessKind.LOAD.ordinal();
    int store = AccessKind.STORE.ordinal();
    int fetch = AccessKind.FETCH.ordinal();
    long[] firstMisses = new long[KIND_CODES];
    long[] secondMisses = new long[KIND_CODES];
    ReplayLevel l1i = new ReplayLevel(levels.get(0), 1, firstMisses, fetch);
    ReplayLevel l1d = new ReplayLevel(levels.get(1), l1i.endShift(), firstMisses, load, store);
    ReplayLevel second =
        new ReplayLevel(levels.get(2), l1d.endShift(), secondMisses, load, store, fetch);
    int[] slotSteps = new int[KIND_CODES];
    slotSteps[load] = classes(l1d.sets(load)) << PackedReference.KIND_BITS;
    slotSteps[store] = classes(l1d.sets(store)) << PackedReference.KIND_BITS;
    slotSteps[fetch] = classes(l1i.sets(fetch)) << PackedReference.KIND_BITS;
    int slots = Math.max(slotSteps[load], Math.max(slotSteps[store], slotSteps[fetch]));
    PageWords words = PageWords.ofBits(second.endShift());
    WalkerConfig walker = machine.config().walker();
    return new ReplayParts(
        machine,
        l1i,
        l1d,
        second,
        l1i.sets(fetch),
        l1d.sets(load),
        l1d.sets(store),
        second.sets(fetch),
        second.sets(load),
        second.sets(store),
        l1d.share(load, store),
        l1d.share(load, store) && second.share(load, store),
        slotSteps,
        new long[slots],
        new long[slots],
        RecentPages.of(l1i, l1d),
        words,
        new @Nullable LruArray[] {cache(walker.pml4eCache()), cache(walker.pdpteCache())},
        walker.pdeCache() == null ? null : PageSets.of(walker.pdeCache(), 0),
        new RegionWords(),
        new TouchedPages(machine.memory(), machine.kernel()),
        new PageReferences(TouchedPages.BLOCK),
        firstMisses,
        secondMisses,
        new long[LEVELS],
        new long[LEVELS],
        new long[LEVELS + 1]);
  }

  private static int classes(PageSets sets) {
    return Math.min(MAX_CLASSES, sets.classes());
  }

  private static @Nullable LruArray cache(@Nullable Geometry geometry) {
    return geometry == null ? null : LruArray.of(geometry);
  }
}
