package io.lookaside.mmu.stale;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.PageWalker;
import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingLevel;
import io.lookaside.mmu.TranslationCache;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A sanitizer for the TLB maintenance of kernels: a translation cache around another, that compares
 * every hit, and every translation that a walk enters, with what a walk from CR3 finds now, and
 * reports the first use of each that is stale.
 *
 * <p>Stale is a translation to another page, or of a page that is mapped no more, or with more
 * rights than the tables give now, with another memory type or key, or global where the tables are
 * so no more. A and D that changed, and rights that were raised, are lawful (SDM Vol. 3A, "Optional
 * Invalidation") and are not reported.
 *
 * <p>A machine without it has no trace of it. With it counts stay what they are, because the walks
 * that compare are made by another walker, which writes nothing; a run takes several times as long.
 */
public final class StaleTranslationDetector implements TranslationCache, WalkObserver {
  /** Uses that are kept in words; those beyond are counted alone. */
  public static final int MAX_USES = 1000;

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final long BOTH = Pte.WRITABLE | Pte.USER; // rights that are ANDed
  private static final long MEMORY_TYPE = Pte.WRITE_THROUGH | Pte.CACHE_DISABLE | Pte.PAT_4K;
  private static final long LAWFUL = Pte.ACCESSED | Pte.DIRTY; // changes of an entry
  private static final int PCID_SHIFT = 46;
  private static final int SIZE_SHIFT = 59;
  private static final long GLOBAL = 1L << 61;

  private final TranslationCache cache;
  private @Nullable Mmu mmu;
  private @Nullable PageWalker walker;

  /** By page: the entries on the way to it when it was entered, each an address and a value. */
  private final Long2ObjectOpenHashMap<long[]> paths = new Long2ObjectOpenHashMap<>();

  private final LongOpenHashSet reported = new LongOpenHashSet();
  private final List<StaleUse> uses = new ArrayList<>();
  private long count;

  // The walk that compares.
  private final long[] path = new long[2 * PagingFormat.MAX_LEVELS];
  private int pathLength;
  private int topLevel;
  private long rights;
  private long fresh;

  /** A detector around a cache; it compares once {@link #watch} has been called. */
  public StaleTranslationDetector(TranslationCache cache) {
    this.cache = cache;
  }

  /**
   * Begins.
   *
   * @param watched the MMU whose translation cache this is
   * @param readOnly a walker over the same memory, without structure caches, that writes nothing
   *     and has this detector as its observer
   */
  public void watch(Mmu watched, PageWalker readOnly) {
    mmu = watched;
    walker = readOnly;
  }

  /** The first uses of stale translations, in their order, at most {@link #MAX_USES}. */
  public List<StaleUse> uses() {
    return List.copyOf(uses);
  }

  /** The number of first uses. */
  public long count() {
    return count;
  }

  @Override
  public long lookup(long va, int pcid, int kind) {
    long t = cache.lookup(va, pcid, kind);
    if (t != Translation.NONE && mmu != null) {
      walkNow(va);
      if (isStale(t, va)) {
        report(va, pcid, t, false);
      }
    }
    return t;
  }

  @Override
  public void fill(long va, int pcid, int kind, long translation) {
    cache.fill(va, pcid, kind, translation);
    entered(va, pcid, translation);
  }

  @Override
  public void update(long va, int pcid, long clean, long translation) {
    cache.update(va, pcid, clean, translation);
    entered(va, pcid, translation);
  }

  @Override
  public boolean prefetches() {
    return cache.prefetches();
  }

  @Override
  public long takePrefetch(int pcid, int kind) {
    return cache.takePrefetch(pcid, kind);
  }

  @Override
  public void fillAhead(long va, int pcid, int kind, long translation) {
    cache.fillAhead(va, pcid, kind, translation);
    entered(va, pcid, translation);
  }

  private void entered(long va, int pcid, long t) {
    if (mmu == null) {
      return;
    }
    walkNow(va);
    if (isStale(t, va)) {
      report(va, pcid, t, true);
      return;
    }
    long key = key(va, pcid, t);
    paths.put(key, Arrays.copyOf(path, pathLength));
    reported.remove(key);
  }

  /** Leaves {@link #path} and {@link #fresh} behind. */
  private void walkNow(long va) {
    pathLength = 0;
    fresh = Translation.NONE;
    Objects.requireNonNull(walker)
        .walk(va, LOAD, Objects.requireNonNull(mmu).context(), PageWalker.Cause.MISS);
  }

  @Override
  public void onStart(long va, int level, long pointer) {
    rights = pointer;
    topLevel = level;
  }

  @Override
  public void onEntry(int number, long address, long entry) {
    path[pathLength++] = address;
    path[pathLength++] = entry;
    var context = Objects.requireNonNull(mmu).context();
    PagingLevel level = context.format().level(number);
    if (!Pte.isPresent(entry) || (entry & level.reserved(entry)) != 0) {
      return;
    }
    rights = (rights & entry & BOTH) | ((rights | entry) & Pte.EXECUTE_DISABLE);
    if (level.isLeaf(entry)) {
      PageSize size = Objects.requireNonNull(level.leafSize());
      fresh = Translation.ofLeaf(entry, size, rights, context.globalPages());
    }
  }

  @Override
  public void onEnd(long outcome) {}

  private boolean isStale(long t, long va) {
    return fresh == Translation.NONE
        || Translation.physicalAddress(t, va) != Translation.physicalAddress(fresh, va)
        || (t & ~fresh & (BOTH | Pte.GLOBAL)) != 0
        || (fresh & ~t & Pte.EXECUTE_DISABLE) != 0
        || ((t ^ fresh) & MEMORY_TYPE) != 0
        || Translation.protectionKey(t) != Translation.protectionKey(fresh);
  }

  private void report(long va, int pcid, long t, boolean fromStructureCache) {
    long key = key(va, pcid, t);
    if (!reported.add(key)) {
      return;
    }
    count++;
    if (uses.size() < MAX_USES) {
      uses.add(new StaleUse(va, pcid, t, fresh, fromStructureCache, change(paths.get(key))));
    }
  }

  /** The first entry on the way that is not what it was. */
  private StaleUse.Change change(long @Nullable [] then) {
    if (then == null) {
      return StaleUse.Change.of(StaleUse.Place.UNKNOWN);
    }
    for (int i = 0; i < Math.min(then.length, pathLength); i += 2) {
      if (then[i] != path[i]) {
        // The addresses part at the first level only if the root did; else an entry did before.
        return StaleUse.Change.of(i == 0 ? StaleUse.Place.ROOT : StaleUse.Place.UNKNOWN);
      }
      if (((then[i + 1] ^ path[i + 1]) & ~LAWFUL) != 0) {
        int number = topLevel - i / 2;
        PagingLevel level = Objects.requireNonNull(mmu).context().format().level(number);
        return new StaleUse.Change(
            StaleUse.Place.ENTRY,
            number,
            level.name(),
            then[i],
            then[i + 1],
            path[i + 1],
            level.isLeaf(then[i + 1]));
      }
    }
    return StaleUse.Change.of(StaleUse.Place.UNKNOWN);
  }

  private static long key(long va, int pcid, long t) {
    PageSize size = Translation.pageSize(t);
    long owner = Translation.isGlobal(t) ? GLOBAL : (long) pcid << PCID_SHIFT;
    return VirtualAddress.vpn(va, size.shift()) | (long) size.ordinal() << SIZE_SHIFT | owner;
  }

  /*
   * What is invalidated may be entered anew and become stale anew; entering it forgets the report.
   * So the invalidations have nothing to do here.
   */

  @Override
  public void invalidatePage(long va, int pcid) {
    cache.invalidatePage(va, pcid);
  }

  @Override
  public void invalidateNonGlobalPage(long va, int pcid) {
    cache.invalidateNonGlobalPage(va, pcid);
  }

  @Override
  public void invalidatePcid(int pcid) {
    cache.invalidatePcid(pcid);
  }

  @Override
  public void invalidatePcidAndGlobal(int pcid) {
    cache.invalidatePcidAndGlobal(pcid);
  }

  @Override
  public void invalidateNonGlobal() {
    cache.invalidateNonGlobal();
  }

  @Override
  public void invalidateAll() {
    cache.invalidateAll();
  }

  /** 0: no hit may be taken for granted, since each is compared. */
  @Override
  public int repetitionClasses(int kind, PageSize pieceSize) {
    return 0;
  }

  @Override
  public boolean loadsAndStoresShare() {
    return cache.loadsAndStoresShare();
  }

  @Override
  public void countRepeatedHits(int kind, PageSize page, PageSize piece, long hits) {
    cache.countRepeatedHits(kind, page, piece, hits);
  }

  @Override
  public boolean fillsInterfere() {
    return cache.fillsInterfere();
  }
}
