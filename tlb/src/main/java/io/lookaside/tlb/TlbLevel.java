package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One level of TLBs: structures that are looked up in parallel and counted as one. */
public final class TlbLevel {
  private final TlbLevelConfig config;
  private final List<SetAssociativeTlb> structures;
  private final SetAssociativeTlb[][] byKind = new SetAssociativeTlb[AccessKind.COUNT][];

  /** The structure, where there is one for all accesses; their path then needs no loop. */
  private final @Nullable SetAssociativeTlb only;

  private final Counters<TlbMetric> counters = new Counters<>(TlbMetric.class);
  private final long[] counts = counters.values();

  private static final int LOOKUPS = TlbMetric.LOOKUPS.ordinal();
  private static final int HITS = TlbMetric.HITS.ordinal();
  private static final int MISSES = TlbMetric.MISSES.ordinal();

  TlbLevel(TlbLevelConfig config, Set<AccessKind> kinds, long seed) {
    this.config = config;
    List<SetAssociativeTlb> list = new ArrayList<>();
    for (TlbStructureConfig c : config.structures()) {
      // A stream of its own for each structure, fixed by its name.
      list.add(new SetAssociativeTlb(c, seed ^ (long) c.name().hashCode() << 32));
    }
    structures = List.copyOf(list);
    boolean alone =
        structures.size() == 1 && structures.get(0).config().accesses().containsAll(kinds);
    only = alone ? structures.get(0) : null;
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
    SetAssociativeTlb single = only;
    long t = single != null ? single.lookup(va, pcid) : lookupSeveral(va, pcid, kind);
    counts[LOOKUPS]++;
    counts[t != Translation.NONE ? HITS : MISSES]++;
    return t;
  }

  private long lookupSeveral(long va, int pcid, int kind) {
    long t = Translation.NONE;
    for (SetAssociativeTlb s : byKind[kind]) {
      t = s.lookup(va, pcid);
      if (t != Translation.NONE) {
        break;
      }
    }
    return t;
  }

  /**
   * The structure that would hold a page for a kind of access: the one with the largest size that
   * is not larger than the page; {@code null} if there is none.
   *
   * @param page the {@link PageSize} code of the page
   */
  @Nullable SetAssociativeTlb holder(int page, int kind) {
    SetAssociativeTlb single = only;
    if (single != null) {
      return single.smallestSize() <= page ? single : null;
    }
    SetAssociativeTlb best = null;
    int bestSize = -1;
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

  int repetitionClasses(int kind, PageSize size) {
    SetAssociativeTlb s = holder(size.ordinal(), kind);
    if (s == null || !s.config().geometry().replacement().fillCountsAsHit()) {
      return 0;
    }
    // The largest power of two that divides the number of sets: equal sets, equal low bits.
    return Integer.lowestOneBit(s.config().geometry().sets());
  }

  void countRepeatedHits(int kind, PageSize size, long hits) {
    counts[LOOKUPS] += hits;
    counts[HITS] += hits;
    SetAssociativeTlb s = holder(size.ordinal(), kind);
    if (s != null) {
      s.countHits(hits);
    }
  }
}
