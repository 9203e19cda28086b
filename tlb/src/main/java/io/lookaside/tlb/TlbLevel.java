package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One level of TLBs: structures that are looked up in parallel and counted as one.
 *
 * <p>Where several of them hold pages of one size for the same kind of access, a page belongs to
 * one of them, which its number chooses: the parity of the bits above those that select the set in
 * the first of them (in general their number, modulo the number of structures). So neighbouring
 * pages fill all of them, and no page is ever in two.
 */
public final class TlbLevel {
  private final TlbLevelConfig config;
  private final List<SetAssociativeTlb> structures;
  private final SetAssociativeTlb[][] byKind = new SetAssociativeTlb[AccessKind.COUNT][];

  /** The structure, where there is one for all accesses; their path then needs no loop. */
  private final @Nullable SetAssociativeTlb only;

  /** By kind and page size: the structures that may hold the page; usually one. */
  private final SetAssociativeTlb[][] holders = new SetAssociativeTlb[AccessKind.COUNT << 2][];

  private final TlbCounters counters = new TlbCounters();

  /** How many structures of its kind the last look-up has asked. */
  private int lookedUp = 1;

  TlbLevel(TlbLevelConfig config, Set<AccessKind> kinds, long seed) {
    this(config, kinds, seed, null);
  }

  /**
   * A level with a further structure that is looked up last and that no page belongs to.
   *
   * @param buffer the structure, or {@code null}
   */
  TlbLevel(
      TlbLevelConfig config, Set<AccessKind> kinds, long seed, @Nullable SetAssociativeTlb buffer) {
    this.config = config;
    List<SetAssociativeTlb> list = new ArrayList<>();
    for (TlbStructureConfig c : config.structures()) {
      // A stream of its own for each structure, fixed by its name.
      list.add(new SetAssociativeTlb(c, seed ^ (long) c.name().hashCode() << 32));
    }
    List<SetAssociativeTlb> homes = List.copyOf(list);
    if (buffer != null) {
      list.add(buffer);
    }
    structures = List.copyOf(list);
    boolean alone =
        structures.size() == 1 && structures.get(0).config().accesses().containsAll(kinds);
    only = alone ? structures.get(0) : null;
    for (AccessKind kind : AccessKind.values()) {
      byKind[kind.ordinal()] =
          structures.stream().filter(s -> s.serves(kind)).toArray(SetAssociativeTlb[]::new);
      for (PageSize page : PageSize.values()) {
        holders[kind.ordinal() << 2 | page.ordinal()] = holders(homes, kind, page);
      }
    }
  }

  /** Those with the largest size that is not larger than the page. */
  private static SetAssociativeTlb[] holders(
      List<SetAssociativeTlb> homes, AccessKind kind, PageSize page) {
    int largest =
        homes.stream()
            .filter(s -> s.serves(kind))
            .mapToInt(s -> s.largestSizeUpTo(page.ordinal()))
            .max()
            .orElse(-1);
    return homes.stream()
        .filter(s -> s.serves(kind))
        .filter(s -> largest >= 0 && s.largestSizeUpTo(page.ordinal()) == largest)
        .toArray(SetAssociativeTlb[]::new);
  }

  public TlbLevelConfig config() {
    return config;
  }

  /** The structures in the order of the configuration. */
  public List<SetAssociativeTlb> structures() {
    return structures;
  }

  /** The counts so far, by kind of access and page size. */
  public TlbCounts snapshot() {
    return counters.snapshot();
  }

  /**
   * Counts what a replay that stands in for this level has found: look-ups of one kind and size.
   */
  public void count(AccessKind kind, PageSize page, long hits, long misses) {
    counters.hits(kind.ordinal(), page.ordinal(), hits);
    counters.misses(kind.ordinal(), page.ordinal(), misses);
  }

  long lookup(long va, int pcid, int kind) {
    SetAssociativeTlb single = only;
    long t = single != null ? single.lookup(va, pcid) : lookupSeveral(va, pcid, kind);
    if (t != Translation.NONE) {
      counters.hit(kind, Translation.pageSizeCode(t));
    } else {
      counters.miss(kind);
    }
    return t;
  }

  /** Tells the size of the page that the last look-up for {@code kind} missed. */
  void sizeOfMiss(int kind, int pageSizeCode) {
    counters.sizeOfMiss(kind, pageSizeCode);
  }

  /** Cycles that the last look-up for a kind took beyond the latency of the level. */
  int extraCycles(int kind) {
    int sum = 0;
    for (int i = 0; i < lookedUp; i++) {
      sum += byKind[kind][i].extraCycles();
    }
    return sum;
  }

  /** Whether a look-up would hit; changes nothing. */
  boolean contains(long va, int pcid, int kind) {
    for (SetAssociativeTlb s : byKind[kind]) {
      if (s.contains(va, pcid)) {
        return true;
      }
    }
    return false;
  }

  /** The structure that the last look-up for a kind has asked last: the one that hit, if any. */
  SetAssociativeTlb lastAsked(int kind) {
    return byKind[kind][lookedUp - 1];
  }

  /** Of the spans of its structures, the largest that is not larger than {@code span}. */
  int coveredSpan(int kind, int span) {
    int most = 0;
    for (SetAssociativeTlb s : byKind[kind]) {
      int own = Integer.numberOfTrailingZeros(s.config().coalescedPages());
      most = own <= span ? Math.max(most, own) : most;
    }
    return most;
  }

  private long lookupSeveral(long va, int pcid, int kind) {
    long t = Translation.NONE;
    SetAssociativeTlb[] all = byKind[kind];
    int i = 0;
    while (i < all.length && t == Translation.NONE) {
      t = all[i++].lookup(va, pcid);
    }
    lookedUp = i;
    return t;
  }

  /**
   * The structure that would hold a page for a kind of access: the one with the largest size that
   * is not larger than the page, and of several the one that the page's number chooses; {@code
   * null} if there is none.
   *
   * @param page the {@link PageSize} code of the page
   */
  @Nullable SetAssociativeTlb holder(long va, int page, int kind) {
    SetAssociativeTlb[] candidates = holders[kind << 2 | page];
    int n = candidates.length;
    if (n == 1) {
      return candidates[0];
    }
    if (n == 0) {
      return null;
    }
    SetAssociativeTlb first = candidates[0];
    int shift = PageSize.ofCode(first.largestSizeUpTo(page)).shift();
    long aboveSet =
        Long.divideUnsigned(VirtualAddress.vpn(va, shift), first.config().geometry().sets());
    return candidates[Long.bitCount(aboveSet) % n];
  }

  void update(long va, int pcid, int kind, long translation) {
    for (SetAssociativeTlb s : byKind[kind]) {
      s.update(va, pcid, translation);
    }
  }

  int repetitionClasses(int kind, PageSize size) {
    SetAssociativeTlb s = onlyHolder(kind, size);
    if (s == null || !s.config().geometry().replacement().fillCountsAsHit()) {
      return 0;
    }
    if (s.config().coalescedPages() > 1) {
      return 0; // whether it would be a hit in a group, nobody would know
    }
    // The largest power of two that divides the number of sets: equal sets, equal low bits.
    return Integer.lowestOneBit(s.config().geometry().sets());
  }

  void countRepeatedHits(int kind, PageSize page, PageSize piece, long hits) {
    counters.hits(kind, page.ordinal(), hits);
    SetAssociativeTlb s = onlyHolder(kind, piece);
    if (s != null) {
      s.countHits(hits);
    }
  }

  /** The structure for all pages of a size, or {@code null} if there is none or several. */
  @Nullable SetAssociativeTlb onlyHolder(int kind, PageSize size) {
    SetAssociativeTlb[] candidates = holders[kind << 2 | size.ordinal()];
    return candidates.length == 1 ? candidates[0] : null;
  }
}
