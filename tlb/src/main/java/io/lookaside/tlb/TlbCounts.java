package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import java.util.Arrays;

/**
 * What a level counted up to a moment, or between two: {@link TlbMetric}s by kind of access and by
 * size of page. Immutable.
 *
 * <p>The size is that of the page that the tables map, also where a smaller piece of it is cached.
 * A miss has a size once its page is found, in the second level or by a walk; a miss whose page the
 * tables do not map, so that the access ended in a fault, is {@link #unmappedMisses}.
 */
public final class TlbCounts {
  private final long[] hits;
  private final long[] sizedMisses;
  private final long[] misses;

  /** Takes the arrays over; layouts as in {@link TlbCounters}. */
  TlbCounts(long[] hits, long[] sizedMisses, long[] misses) {
    this.hits = hits;
    this.sizedMisses = sizedMisses;
    this.misses = misses;
  }

  /** Over all kinds of access. */
  public long get(TlbMetric metric) {
    long sum = 0;
    for (AccessKind kind : AccessKind.values()) {
      sum += get(metric, kind);
    }
    return sum;
  }

  /** For one kind of access. */
  public long get(TlbMetric metric, AccessKind kind) {
    return switch (metric) {
      case LOOKUPS -> get(TlbMetric.HITS, kind) + get(TlbMetric.MISSES, kind);
      case HITS -> {
        int from = kind.ordinal() << 2;
        yield Arrays.stream(hits, from, from + 4).sum();
      }
      case MISSES -> misses[kind.ordinal()];
    };
  }

  /** Look-ups for one kind of access that found their page, of this size. */
  public long hits(AccessKind kind, PageSize page) {
    return hits[kind.ordinal() << 2 | page.ordinal()];
  }

  /** Misses for one kind of access whose page, of this size, was then found. */
  public long misses(AccessKind kind, PageSize page) {
    return sizedMisses[kind.ordinal() << 2 | page.ordinal()];
  }

  /** Misses for one kind of access whose page was not mapped, nor was mapped then. */
  public long unmappedMisses(AccessKind kind) {
    int from = kind.ordinal() << 2;
    return misses[kind.ordinal()] - Arrays.stream(sizedMisses, from, from + 4).sum();
  }

  /** What was counted since {@code earlier}: how warm-up is left out. */
  public TlbCounts minus(TlbCounts earlier) {
    return new TlbCounts(
        difference(hits, earlier.hits),
        difference(sizedMisses, earlier.sizedMisses),
        difference(misses, earlier.misses));
  }

  /** The sums of these and other counts, as of the same level of several cores. */
  public TlbCounts plus(TlbCounts other) {
    return new TlbCounts(
        sum(hits, other.hits), sum(sizedMisses, other.sizedMisses), sum(misses, other.misses));
  }

  private static long[] sum(long[] one, long[] other) {
    long[] sum = one.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += other[i];
    }
    return sum;
  }

  private static long[] difference(long[] later, long[] earlier) {
    long[] difference = later.clone();
    for (int i = 0; i < difference.length; i++) {
      difference[i] -= earlier[i];
    }
    return difference;
  }
}
