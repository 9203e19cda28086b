package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.tlb.SetAssociativeTlb;
import io.lookaside.tlb.TlbLevel;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What an {@link LruReplay} keeps the 4 KiB pages of a TLB level in, for each kind of access. */
final class ReplayLevel {
  private static final AccessKind[] KINDS = AccessKind.values();

  private final TlbLevel level;
  private final int[] kinds;
  private final @Nullable PageSets[] sets = new PageSets[AccessKind.COUNT];
  private final SetAssociativeTlb[] structures = new SetAssociativeTlb[AccessKind.COUNT];

  /** By kind: counted by the replay. */
  private final long[] misses;

  private final int endShift;

  /**
   * Empty.
   *
   * @param firstShift where in a page's word the fields of this level begin
   * @param misses by kind, as the replay counts them
   * @param kinds those that the level serves
   */
  ReplayLevel(TlbLevel level, int firstShift, long[] misses, int... kinds) {
    this.level = level;
    this.kinds = kinds;
    this.misses = misses;
    int shift = firstShift;
    for (int kind : kinds) {
      SetAssociativeTlb holder = holder(KINDS[kind]);
      int same = Arrays.asList(structures).indexOf(holder);
      structures[kind] = holder;
      if (same >= 0) {
        sets[kind] = sets[same];
      } else {
        Geometry geometry = holder.config().geometry();
        sets[kind] = PageSets.of(geometry, shift);
        shift += PageSets.wayBits(geometry);
      }
    }
    endShift = shift;
  }

  private SetAssociativeTlb holder(AccessKind kind) {
    return level.structures().stream()
        .filter(s -> LruFit.holds(s.config(), kind))
        .findFirst()
        .orElseThrow();
  }

  /** Where in a page's word the fields of the next level begin. */
  int endShift() {
    return endShift;
  }

  /** The sets of a kind that the level serves; those of several kinds may be the same. */
  PageSets sets(int kind) {
    PageSets s = sets[kind];
    if (s == null) {
      throw new IllegalArgumentException("not of this level: kind " + kind);
    }
    return s;
  }

  /** Whether two kinds that the level serves have the same sets. */
  boolean share(int kind, int other) {
    return structures[kind].equals(structures[other]);
  }

  /**
   * Works out how many more ways hold something than when this was called last. To be called before
   * the misses since then are cleared: without one all ways hold what they held.
   *
   * @param into gets it by kind; where several have the same sets, for one of them
   */
  void takeTaken(long[] into) {
    for (int kind : kinds) {
      into[kind] = misses[kind] == 0 ? 0 : sets(kind).takeTaken();
    }
  }

  /**
   * Adds to the level's own counters.
   *
   * @param lookups by kind: this many, with the misses among them that the replay counted
   * @param taken by kind: see {@link #takeTaken}
   */
  void flush(long[] lookups, long[] taken) {
    for (int kind : kinds) {
      if (lookups[kind] != 0) {
        long hits = lookups[kind] - misses[kind];
        level.count(KINDS[kind], PageSize.SIZE_4K, hits, misses[kind]);
        Counters<TlbStructureMetric> own = structures[kind].counters();
        own.add(TlbStructureMetric.HITS, hits);
        own.add(TlbStructureMetric.FILLS, misses[kind]);
        // What was put into a way that was not free.
        own.add(TlbStructureMetric.EVICTIONS, misses[kind] - taken[kind]);
      }
    }
  }
}
