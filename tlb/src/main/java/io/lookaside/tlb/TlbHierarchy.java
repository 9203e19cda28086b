package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.TranslationCache;
import io.lookaside.mmu.assoc.AssociativeArray;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The TLBs of one core: L1I and L1D in front of a second level.
 *
 * <p>A first-level miss looks the second level up, exactly once. What fills what is the {@link
 * TlbConfig.Inclusion} of the configuration. A page larger than any size that a level holds enters
 * it as a piece; one smaller than all of them does not enter.
 */
public final class TlbHierarchy implements TranslationCache {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();

  private final TlbConfig config;
  private final @Nullable MissObserver observer;
  private final TlbLevel l1i;
  private final TlbLevel l1d;
  private final TlbLevel stlb;
  private final TlbLevel[] l1ByKind;
  private final List<TlbLevel> levels;

  /** Those of all levels. */
  private final List<SetAssociativeTlb> structures;

  private static final int NO_ACCESS = -1;

  /**
   * The last access that missed everywhere, until a fill tells the size of its page: its address,
   * and its PCID with its kind. A fill may also follow a hit, when software has changed the tables.
   */
  private long unresolvedVa;

  private int unresolvedAccess = NO_ACCESS;

  private final boolean inclusive;
  private final boolean exclusive;
  private final boolean reloadWholePages;
  private final @Nullable TlbPrefetcher prefetcher;

  /**
   * Cold TLBs.
   *
   * @param seed for random replacement
   */
  public TlbHierarchy(TlbConfig config, long seed) {
    this(config, seed, null);
  }

  /**
   * Cold TLBs that tell of their misses.
   *
   * @param seed for random replacement
   */
  public TlbHierarchy(TlbConfig config, long seed, @Nullable MissObserver observer) {
    this.config = config;
    this.observer = observer;
    l1i = new TlbLevel(config.l1i(), EnumSet.of(AccessKind.FETCH), seed);
    l1d = new TlbLevel(config.l1d(), EnumSet.of(AccessKind.LOAD, AccessKind.STORE), seed);
    PrefetchConfig prefetch = config.prefetch();
    prefetcher = prefetch == null ? null : new TlbPrefetcher(prefetch, config.stlb().name());
    stlb =
        new TlbLevel(
            config.stlb(),
            EnumSet.allOf(AccessKind.class),
            seed,
            prefetcher == null ? null : prefetcher.buffer());
    l1ByKind = new TlbLevel[] {l1d, l1d, l1i};
    levels = List.of(l1i, l1d, stlb);
    structures = levels.stream().flatMap(level -> level.structures().stream()).toList();
    inclusive = config.inclusion() == TlbConfig.Inclusion.INCLUSIVE;
    exclusive = config.inclusion() == TlbConfig.Inclusion.EXCLUSIVE;
    reloadWholePages = config.reloadWholePages();
  }

  public TlbConfig config() {
    return config;
  }

  /**
   * Binary logarithm of the pages that an entry covers, in some structure, once a translation has
   * been entered for a kind of access.
   */
  public int coveredSpan(int kind, long translation) {
    int span = Translation.span(translation);
    return span == 0
        ? 0
        : Math.max(l1ByKind[kind].coveredSpan(kind, span), stlb.coveredSpan(kind, span));
  }

  /** Cycles that the last look-up of the second level took beyond its latency. */
  public int secondLevelExtraCycles(int kind) {
    return stlb.extraCycles(kind);
  }

  /** L1I, L1D and the second level, in this order. */
  public List<TlbLevel> levels() {
    return levels;
  }

  @Override
  public long lookup(long va, int pcid, int kind) {
    TlbLevel first = l1ByKind[kind];
    long t = first.lookup(va, pcid, kind);
    if (t == Translation.NONE) {
      t = stlb.lookup(va, pcid, kind);
      if (observer != null) {
        observer.onFirstLevelMiss(t != Translation.NONE);
      }
      boolean ahead = prefetcher != null && isNeeded(va, kind, t, prefetcher);
      if (t != Translation.NONE) {
        first.sizeOfMiss(kind, Translation.pageSizeCode(t));
        unresolvedAccess = NO_ACCESS;
        if (ahead) {
          stlb.lastAsked(kind).invalidateCopy(va, pcid, t);
          fill(va, pcid, kind, t);
          return t;
        }
        if (reloadWholePages) {
          t = Translation.whole(t);
        }
        fillFromSecond(va, pcid, kind, t);
      } else {
        unresolvedVa = va;
        unresolvedAccess = pcid << 2 | kind;
      }
    }
    return t;
  }

  /** Tells the prefetcher; returns whether the translation was found in its buffer. */
  private boolean isNeeded(long va, int kind, long t, TlbPrefetcher ahead) {
    boolean inBuffer = t != Translation.NONE && stlb.lastAsked(kind) == ahead.buffer();
    if (t == Translation.NONE || inBuffer) {
      ahead.needed(va, kind);
    }
    return inBuffer;
  }

  @Override
  public boolean prefetches() {
    return prefetcher != null;
  }

  /** Nothing is fetched that a TLB or the buffer has already. */
  @Override
  public long takePrefetch(int pcid, int kind) {
    long va = Objects.requireNonNull(prefetcher).take();
    boolean here =
        va == NO_PREFETCH
            || l1ByKind[kind].contains(va, pcid, kind)
            || stlb.contains(va, pcid, kind);
    if (here) {
      return NO_PREFETCH;
    }
    if (observer != null) {
      observer.onPrefetch(va);
    }
    return va;
  }

  @Override
  public void fillAhead(long va, int pcid, int kind, long translation) {
    SetAssociativeTlb buffer = Objects.requireNonNull(prefetcher).buffer();
    buffer.insert(va, pcid, Translation.alone(translation));
  }

  @Override
  public void fill(long va, int pcid, int kind, long translation) {
    if (va == unresolvedVa && (pcid << 2 | kind) == unresolvedAccess) {
      l1ByKind[kind].sizeOfMiss(kind, Translation.pageSizeCode(translation));
      stlb.sizeOfMiss(kind, Translation.pageSizeCode(translation));
      unresolvedAccess = NO_ACCESS;
    }
    if (!exclusive) {
      fillSecond(va, pcid, kind, translation);
    }
    fillFirst(va, pcid, kind, translation);
  }

  @Override
  public void update(long va, int pcid, long clean, long translation) {
    if (!Translation.isAlike(translation, clean)) {
      // Software has put another page there and not said so: what is cached is of no use any more.
      invalidatePage(va, pcid);
      fill(va, pcid, STORE, translation);
      return;
    }
    l1d.update(va, pcid, STORE, translation);
    stlb.update(va, pcid, STORE, translation);
  }

  @Override
  public void invalidatePage(long va, int pcid) {
    for (SetAssociativeTlb s : structures) {
      s.invalidatePage(va, pcid);
    }
  }

  @Override
  public void invalidateNonGlobalPage(long va, int pcid) {
    for (SetAssociativeTlb s : structures) {
      s.invalidateNonGlobalPage(va, pcid);
    }
  }

  @Override
  public void invalidateNonGlobal() {
    for (SetAssociativeTlb s : structures) {
      s.invalidateNonGlobal();
    }
  }

  /** An entry does not know under which PCID it was filled if it is global: all global ones go. */
  @Override
  public void invalidatePcidAndGlobal(int pcid) {
    for (SetAssociativeTlb s : structures) {
      s.invalidatePcidAndGlobal(pcid);
    }
  }

  @Override
  public void invalidatePcid(int pcid) {
    for (SetAssociativeTlb s : structures) {
      s.invalidatePcid(pcid);
    }
  }

  @Override
  public void invalidateAll() {
    for (SetAssociativeTlb s : structures) {
      s.invalidateAll();
    }
  }

  @Override
  public int repetitionClasses(int kind, PageSize pieceSize) {
    return l1ByKind[kind].repetitionClasses(kind, pieceSize);
  }

  @Override
  public boolean loadsAndStoresShare() {
    SetAssociativeTlb ofLoads = l1d.onlyHolder(LOAD, PageSize.SIZE_4K);
    return ofLoads != null && ofLoads == l1d.onlyHolder(STORE, PageSize.SIZE_4K);
  }

  @Override
  public void countRepeatedHits(int kind, PageSize page, PageSize piece, long hits) {
    l1ByKind[kind].countRepeatedHits(kind, page, piece, hits);
  }

  @Override
  public boolean fillsInterfere() {
    return inclusive;
  }

  private void fillFromSecond(long va, int pcid, int kind, long translation) {
    if (!exclusive) {
      fillFirst(va, pcid, kind, translation);
    } else if (l1ByKind[kind].holder(va, Translation.pieceSizeCode(translation), kind) != null) {
      SetAssociativeTlb from = stlb.holder(va, Translation.pieceSizeCode(translation), kind);
      if (from != null) {
        from.invalidateCopy(va, pcid, translation);
      }
      fillFirst(va, pcid, kind, translation);
    }
  }

  private void fillFirst(long va, int pcid, int kind, long translation) {
    SetAssociativeTlb s = l1ByKind[kind].holder(va, Translation.pieceSizeCode(translation), kind);
    if (s == null) {
      if (exclusive) {
        fillSecond(va, pcid, kind, translation);
      }
      return;
    }
    s.insert(va, pcid, translation);
    long evicted = s.evictedTag();
    if (exclusive && evicted != AssociativeArray.INVALID) {
      long evictedVa = TlbEntry.vpn(evicted) << TlbEntry.shift(evicted);
      long evictedTranslation = s.evictedTranslation();
      SetAssociativeTlb to =
          stlb.holder(evictedVa, Translation.pieceSizeCode(evictedTranslation), kind);
      if (to != null) {
        // The other first level may have evicted its copy of the same page before.
        to.invalidateCopy(evictedVa, TlbEntry.pcid(evicted), evictedTranslation);
        to.insert(evictedVa, TlbEntry.pcid(evicted), evictedTranslation);
      }
    }
  }

  private void fillSecond(long va, int pcid, int kind, long translation) {
    SetAssociativeTlb s = stlb.holder(va, Translation.pieceSizeCode(translation), kind);
    if (s == null) {
      return;
    }
    s.insert(va, pcid, translation);
    long evicted = s.evictedTag();
    if (inclusive && evicted != AssociativeArray.INVALID) {
      for (SetAssociativeTlb first : l1i.structures()) {
        first.invalidateOverlapping(evicted);
      }
      for (SetAssociativeTlb first : l1d.structures()) {
        first.invalidateOverlapping(evicted);
      }
    }
  }
}
