package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.TranslationCache;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import java.util.Arrays;
import java.util.EnumSet;

/** Guesses which page is needed next, and holds the translations that were fetched for it. */
final class TlbPrefetcher {
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  /** A page belongs to the nearest stream, if that is no further away. */
  private static final long NEAR = 64;

  private final boolean stride;
  private final int streams;
  private final SetAssociativeTlb buffer;

  // By side (data, then fetches) and stream: its last page and distance, and when it was used last.
  private final long[] pages;
  private final long[] distances;
  private final long[] uses;
  private long time;

  private long wanted = TranslationCache.NO_PREFETCH;

  TlbPrefetcher(PrefetchConfig config, String level) {
    stride = config.kind() == PrefetchConfig.Kind.STRIDE;
    streams = config.streams();
    int n = config.bufferEntries();
    buffer =
        new SetAssociativeTlb(
            new TlbStructureConfig(
                level + "-prefetch",
                new Geometry(n, n, ReplacementPolicy.Kind.FIFO),
                EnumSet.allOf(PageSize.class),
                EnumSet.allOf(AccessKind.class)),
            0);
    pages = new long[2 * streams];
    distances = new long[2 * streams];
    uses = new long[2 * streams];
    Arrays.fill(uses, -1);
  }

  SetAssociativeTlb buffer() {
    return buffer;
  }

  /** The page to fetch, once; an address, or {@link TranslationCache#NO_PREFETCH}. */
  long take() {
    long va = wanted;
    wanted = TranslationCache.NO_PREFETCH;
    return va;
  }

  /** A page was missing in the second level, or was found in the buffer. */
  void needed(long va, int kind) {
    long page = va >>> PAGE_SHIFT;
    if (stride) {
      follow(page, kind == AccessKind.FETCH.ordinal() ? streams : 0);
    } else {
      want(page + 1);
    }
  }

  private void want(long page) {
    wanted = page << PAGE_SHIFT;
  }

  private void follow(long page, int first) {
    int nearest = -1;
    int eldest = first;
    for (int i = first; i < first + streams; i++) {
      long away = Math.abs(page - pages[i]);
      if (uses[i] >= 0 && away <= NEAR && (nearest < 0 || away < Math.abs(page - pages[nearest]))) {
        nearest = i;
      }
      eldest = uses[i] < uses[eldest] ? i : eldest;
    }
    wanted = TranslationCache.NO_PREFETCH;
    if (nearest < 0) {
      start(eldest, page);
      return;
    }
    long distance = page - pages[nearest];
    if (distance != 0 && distance == distances[nearest]) {
      want(page + distance);
    }
    distances[nearest] = distance == 0 ? distances[nearest] : distance;
    pages[nearest] = page;
    uses[nearest] = time++;
  }

  private void start(int stream, long page) {
    pages[stream] = page;
    distances[stream] = 0;
    uses[stream] = time++;
  }
}
