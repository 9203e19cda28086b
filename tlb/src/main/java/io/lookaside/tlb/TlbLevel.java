package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One level of TLBs: structures that are looked up in parallel and counted as one. */
public final class TlbLevel {
  private final TlbLevelConfig config;
  private final List<SetAssociativeTlb> structures;
  private final SetAssociativeTlb[][] byKind = new SetAssociativeTlb[AccessKind.COUNT][];
  private final Counters<TlbMetric> counters = new Counters<>(TlbMetric.class);

  TlbLevel(TlbLevelConfig config, long seed) {
    this.config = config;
    List<SetAssociativeTlb> list = new ArrayList<>();
    for (TlbStructureConfig c : config.structures()) {
      // A stream of its own for each structure, fixed by its name.
      list.add(new SetAssociativeTlb(c, seed ^ (long) c.name().hashCode() << 32));
    }
    structures = List.copyOf(list);
    for (AccessKind kind : AccessKind.values()) {
      byKind[kind.ordinal()] =
          structures.stream().filter(s -> s.serves(kind)).toArray(SetAssociativeTlb[]::new);
    }
  }

  public TlbLevelConfig config() {
    return config;
  }

  /** The structures in the order of the configuration. */
  public List<SetAssociativeTlb> structures() {
    return structures;
  }

  public Snapshot<TlbMetric> snapshot() {
    return counters.snapshot();
  }

  long lookup(long va, int pcid, int kind) {
    counters.increment(TlbMetric.LOOKUPS);
    for (SetAssociativeTlb s : byKind[kind]) {
      long t = s.lookup(va, pcid);
      if (t != Translation.NONE) {
        counters.increment(TlbMetric.HITS);
        return t;
      }
    }
    counters.increment(TlbMetric.MISSES);
    return Translation.NONE;
  }

  /**
   * The structure that would hold a translation for a kind of access: the one with the largest size
   * that is not larger than the page; {@code null} if there is none.
   */
  @Nullable SetAssociativeTlb holder(long translation, int kind) {
    SetAssociativeTlb best = null;
    int bestSize = -1;
    int page = Translation.pieceSize(translation).ordinal();
    for (SetAssociativeTlb s : byKind[kind]) {
      int size = s.largestSizeUpTo(page);
      if (size > bestSize) {
        best = s;
        bestSize = size;
      }
    }
    return best;
  }

  void update(long va, int pcid, int kind, long translation) {
    for (SetAssociativeTlb s : byKind[kind]) {
      s.update(va, pcid, translation);
    }
  }

  void countRepeatedHits(int kind, PageSize size, long hits) {
    counters.add(TlbMetric.LOOKUPS, hits);
    counters.add(TlbMetric.HITS, hits);
    for (SetAssociativeTlb s : byKind[kind]) {
      if (s.config().pageSizes().contains(size)) {
        s.countHits(hits);
      }
    }
  }
}
