package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbStructureConfig;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which machines an {@link LruReplay} can stand in for. */
final class LruFit {
  private LruFit() {}

  /** Whether an {@link LruReplay} counts what a machine's parts would. */
  static boolean fits(MachineConfig config, PageSize pageSize) {
    TlbConfig tlb = config.tlb();
    WalkerConfig walker = config.walker();
    return pageSize == PageSize.SIZE_4K
        && tlb.inclusion() == TlbConfig.Inclusion.NON_INCLUSIVE
        && tlb.coalescedPages() == 1
        && tlb.prefetch() == null
        && !tlb.stlb().predictsSizes()
        && walker.tableUpdates() == TableUpdates.AS_WALKED
        && !config.features().overFlush()
        && fits(tlb.l1i(), List.of(AccessKind.FETCH))
        && fits(tlb.l1d(), List.of(AccessKind.LOAD, AccessKind.STORE))
        && fits(tlb.stlb(), List.of(AccessKind.values()))
        && fits(walker.pml4eCache())
        && fits(walker.pdpteCache())
        && fits(walker.pdeCache())
        && fieldBits(tlb) < Integer.SIZE;
  }

  /** The bits of a page's word that say where it is. */
  private static int fieldBits(TlbConfig tlb) {
    return Stream.of(tlb.l1i(), tlb.l1d(), tlb.stlb())
        .flatMap(level -> level.structures().stream())
        .filter(s -> s.pageSizes().contains(PageSize.SIZE_4K))
        .mapToInt(s -> PageSets.wayBits(s.geometry()))
        .sum();
  }

  private static boolean fits(TlbLevelConfig level, List<AccessKind> kinds) {
    for (AccessKind kind : kinds) {
      List<TlbStructureConfig> holders =
          level.structures().stream().filter(s -> holds(s, kind)).toList();
      if (holders.size() != 1 || !fits(holders.get(0).geometry())) {
        return false;
      }
    }
    return true;
  }

  private static boolean fits(@Nullable Geometry geometry) {
    return geometry == null || geometry.replacement() == ReplacementPolicy.Kind.LRU;
  }

  /** Whether a structure holds the pages that a kind of access goes to. */
  static boolean holds(TlbStructureConfig s, AccessKind kind) {
    return s.accesses().contains(kind) && s.pageSizes().contains(PageSize.SIZE_4K);
  }
}
