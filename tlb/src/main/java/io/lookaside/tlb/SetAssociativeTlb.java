package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.AssociativeArray;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One TLB structure: entries of one or several page sizes, tagged by PCID or global, in sets of any
 * number and ways.
 *
 * <p>With several sizes each is indexed by its own page number, and a look-up probes the sizes from
 * the smallest on, first under the PCID and then as global. Sizes of which nothing is resident are
 * not probed: they cannot hit.
 */
public final class SetAssociativeTlb {
  private final TlbStructureConfig config;
  private final AssociativeArray array;
  private final int[] sizeCodes;
  private final int[] shifts;
  private final int[] resident = new int[PageSize.values().length];
  private int residentGlobal;
  private int residentPieces;
  private final Counters<TlbStructureMetric> counters = new Counters<>(TlbStructureMetric.class);
  private final long[] counts = counters.values();

  // The smallest size, and for most structures the only one.
  private final int firstCode;
  private final int firstShift;
  private final boolean severalSizes;

  private static final int HITS = TlbStructureMetric.HITS.ordinal();
  private static final int FILLS = TlbStructureMetric.FILLS.ordinal();
  private static final int EVICTIONS = TlbStructureMetric.EVICTIONS.ordinal();
  private static final int COALESCED_FILLS = TlbStructureMetric.COALESCED_FILLS.ordinal();
  private static final int COALESCED_HITS = TlbStructureMetric.COALESCED_HITS.ordinal();

  /** Binary logarithm of the pages that an entry can cover. */
  private final int span;

  /** What tells them apart in a page number. */
  private final long spanMask;

  private int residentGroups;
  private final @Nullable SizePredictor predictor;
  private int reprobes;

  /**
   * An empty structure.
   *
   * @param seed for random replacement
   */
  public SetAssociativeTlb(TlbStructureConfig config, long seed) {
    this.config = config;
    this.array = new AssociativeArray(config.geometry(), seed);
    this.sizeCodes = config.pageSizes().stream().mapToInt(Enum::ordinal).toArray();
    this.shifts = config.pageSizes().stream().mapToInt(PageSize::shift).toArray();
    this.firstCode = sizeCodes[0];
    this.firstShift = shifts[0];
    this.severalSizes = sizeCodes.length > 1;
    this.span = Integer.numberOfTrailingZeros(config.coalescedPages());
    this.spanMask = (1L << span) - 1;
    SizePredictionConfig prediction = config.sizePrediction();
    this.predictor =
        prediction == null ? null : new SizePredictor(prediction, sizeCodes.length, counters);
  }

  public TlbStructureConfig config() {
    return config;
  }

  public Snapshot<TlbStructureMetric> snapshot() {
    return counters.snapshot();
  }

  /** The counts themselves, for a replay that stands in for this structure. */
  public Counters<TlbStructureMetric> counters() {
    return counters;
  }

  boolean serves(AccessKind kind) {
    return config.accesses().contains(kind);
  }

  /** The translation of {@code va}, or {@link Translation#NONE}; a hit is counted and touched. */
  public long lookup(long va, int pcid) {
    long t = predictor == null ? probeAll(va, pcid) : probeOneByOne(va, pcid, predictor);
    if (t != Translation.NONE) {
      counts[HITS]++;
    }
    return t;
  }

  private long probeAll(long va, int pcid) {
    long t = probe(va, pcid, firstCode, firstShift);
    if (t == Translation.NONE && residentGroups != 0) {
      t = probeGroup(va, pcid);
    }
    if (t == Translation.NONE && severalSizes) {
      t = probeLargerSizes(va, pcid);
    }
    return t;
  }

  /** The entry of a group of pages that {@code va} is in; the translation is that of its page. */
  private long probeGroup(long va, int pcid) {
    long number = VirtualAddress.vpn(va, firstShift + span);
    long tag = TlbEntry.group(number, pcid, span);
    long t = array.lookup(number, tag);
    if (t == AssociativeArray.ABSENT && residentGlobal != 0) {
      t = array.lookup(number, TlbEntry.global(tag));
    }
    if (t == AssociativeArray.ABSENT) {
      return Translation.NONE;
    }
    counts[COALESCED_HITS]++;
    return Translation.moved(t, VirtualAddress.vpn(va, firstShift) & spanMask);
  }

  private long probeOneByOne(long va, int pcid, SizePredictor sizes) {
    int expected = sizes.expected(va);
    int probes = 0;
    for (int i = -1; i < sizeCodes.length; i++) {
      if (i == expected) {
        continue; // was the first
      }
      int index = i < 0 ? expected : i;
      probes++;
      long t = probe(va, pcid, sizeCodes[index], shifts[index]);
      if (t == Translation.NONE && index == 0 && residentGroups != 0) {
        t = probeGroup(va, pcid);
      }
      if (t != Translation.NONE) {
        sizes.found(va, index, probes);
        reprobes = probes - 1;
        return t;
      }
    }
    sizes.missed();
    reprobes = probes - 1;
    return Translation.NONE;
  }

  /** Cycles of the last look-up beyond those of its level. */
  int extraCycles() {
    return predictor == null ? 0 : reprobes * predictor.reprobeCycles();
  }

  private long probeLargerSizes(long va, int pcid) {
    long t = Translation.NONE;
    for (int i = 1; i < sizeCodes.length && t == Translation.NONE; i++) {
      if (resident[sizeCodes[i]] != 0) {
        t = probe(va, pcid, sizeCodes[i], shifts[i]);
      }
    }
    return t;
  }

  private long probe(long va, int pcid, int code, int shift) {
    long vpn = VirtualAddress.vpn(va, shift);
    long tag = TlbEntry.tag(vpn, pcid, code);
    long t = array.lookup(vpn, tag);
    if (t == AssociativeArray.ABSENT && residentGlobal != 0) {
      t = array.lookup(vpn, TlbEntry.global(tag));
    }
    return t;
  }

  /** Whether {@link #lookup} would find the address; changes nothing. */
  boolean contains(long va, int pcid) {
    for (int i = 0; i < sizeCodes.length; i++) {
      long vpn = VirtualAddress.vpn(va, shifts[i]);
      if (find(array.setOf(vpn), TlbEntry.tag(vpn, pcid, sizeCodes[i])) >= 0) {
        return true;
      }
    }
    if (residentGroups == 0) {
      return false;
    }
    long number = VirtualAddress.vpn(va, firstShift + span);
    return find(array.setOf(number), TlbEntry.group(number, pcid, span)) >= 0;
  }

  /** The way of an entry under its own PCID or as global, or -1. */
  private int find(int set, long tag) {
    int way = array.find(set, tag);
    return way < 0 && residentGlobal != 0 ? array.find(set, TlbEntry.global(tag)) : way;
  }

  /**
   * Enters a translation that {@link #lookup} did not find, as the largest piece that this
   * structure holds; without effect if its sizes are all larger than the page.
   *
   * @return whether it was entered
   */
  public boolean insert(long va, int pcid, long translation) {
    if (span != 0 && Translation.span(translation) >= span) {
      insertGroup(va, pcid, translation);
      return true;
    }
    int code = firstCode;
    int shift = firstShift;
    long piece = Translation.alone(translation);
    if (Translation.pieceSizeCode(translation) != code) {
      int i = sizeIndexUpTo(Translation.pieceSizeCode(translation));
      if (i < 0) {
        return false;
      }
      code = sizeCodes[i];
      shift = shifts[i];
      piece = Translation.piece(translation, va, PageSize.ofCode(code));
      if (predictor != null) {
        predictor.learn(va, i);
      }
    } else if (predictor != null) {
      predictor.learn(va, 0);
    }
    long vpn = VirtualAddress.vpn(va, shift);
    enter(vpn, tagFor(vpn, pcid, code, piece), piece);
    return true;
  }

  /** Enters one entry for a whole group, in the place of those of its pages. */
  private void insertGroup(long va, int pcid, long translation) {
    long vpn = VirtualAddress.vpn(va, firstShift);
    long within = vpn & spanMask;
    boolean global = Translation.isGlobal(translation);
    for (long page = vpn - within; page <= vpn - within + spanMask; page++) {
      long tag = TlbEntry.tag(page, pcid, firstCode);
      removeTag(array.setOf(page), global ? TlbEntry.global(tag) : tag);
    }
    if (predictor != null) {
      predictor.learn(va, 0);
    }
    long number = vpn >>> span;
    long tag = TlbEntry.group(number, pcid, span);
    long first = Translation.moved(Translation.withSpan(translation, span), -within);
    enter(number, global ? TlbEntry.global(tag) : tag, first);
    counts[COALESCED_FILLS]++;
  }

  private void enter(long number, long tag, long piece) {
    array.insert(number, tag, piece);
    counts[FILLS]++;
    long evicted = array.evictedTag();
    if (evicted != AssociativeArray.INVALID) {
      counts[EVICTIONS]++;
      account(evicted, array.evictedValue(), -1);
    }
    account(tag, piece, 1);
  }

  /** The tag that the last {@link #insert} evicted, or {@link AssociativeArray#INVALID}. */
  long evictedTag() {
    return array.evictedTag();
  }

  /** The translation that the last {@link #insert} evicted. */
  long evictedTranslation() {
    return array.evictedValue();
  }

  /**
   * Replaces the translation of an entry for {@code va} where there is one; the order of
   * replacement stays. An entry that the new translation no longer covers is dropped.
   */
  public void update(long va, int pcid, long translation) {
    if (residentGroups != 0) {
      updateGroup(va, pcid, translation);
    }
    for (int i = 0; i < sizeCodes.length; i++) {
      int code = sizeCodes[i];
      if (severalSizes && resident[code] == 0) {
        continue;
      }
      long vpn = VirtualAddress.vpn(va, shifts[i]);
      int set = array.setOf(vpn);
      int way = find(set, TlbEntry.tag(vpn, pcid, code));
      if (way < 0) {
        continue;
      }
      long old = array.value(set, way);
      long piece = Translation.piece(Translation.alone(translation), va, PageSize.ofCode(code));
      boolean sameIdentity =
          Translation.pieceSize(piece).ordinal() == code
              && Translation.isGlobal(piece) == Translation.isGlobal(old);
      if (sameIdentity) {
        residentPieces += (Translation.isPiece(piece) ? 1 : 0) - (Translation.isPiece(old) ? 1 : 0);
        array.setValue(set, way, piece);
      } else {
        remove(set, way);
      }
    }
  }

  /** A group whose pages are no longer alike gives way to an entry for the page of {@code va}. */
  private void updateGroup(long va, int pcid, long translation) {
    long number = VirtualAddress.vpn(va, firstShift + span);
    int set = array.setOf(number);
    int way = find(set, TlbEntry.group(number, pcid, span));
    if (way < 0) {
      return;
    }
    boolean alike = Translation.isAlike(translation, array.value(set, way));
    if (alike && Translation.span(translation) >= span) {
      long within = VirtualAddress.vpn(va, firstShift) & spanMask;
      long whole = Translation.withSpan(translation, span);
      array.setValue(set, way, Translation.moved(whole, -within));
    } else {
      remove(set, way);
      if (alike) {
        insert(va, pcid, Translation.alone(translation));
      }
    }
  }

  /**
   * Drops the entries of the page of {@code va}, of {@code pcid} and global ones: those that cover
   * the address, and all pieces of a large page that does.
   */
  public void invalidatePage(long va, int pcid) {
    invalidatePage(va, pcid, true);
  }

  /** As {@link #invalidatePage}, but leaves global entries alone. */
  public void invalidateNonGlobalPage(long va, int pcid) {
    invalidatePage(va, pcid, false);
  }

  private void invalidatePage(long va, int pcid, boolean globalToo) {
    if (residentGroups != 0) {
      long number = VirtualAddress.vpn(va, firstShift + span);
      int set = array.setOf(number);
      long tag = TlbEntry.group(number, pcid, span);
      removeTag(set, tag);
      if (globalToo) {
        removeTag(set, TlbEntry.global(tag));
      }
    }
    for (int i = 0; i < sizeCodes.length; i++) {
      int code = sizeCodes[i];
      if (severalSizes && resident[code] == 0) {
        continue;
      }
      long vpn = VirtualAddress.vpn(va, shifts[i]);
      int set = array.setOf(vpn);
      long tag = TlbEntry.tag(vpn, pcid, code);
      removeTag(set, tag);
      if (globalToo) {
        removeTag(set, TlbEntry.global(tag));
      }
    }
    if (residentPieces != 0) {
      removePieces(va, pcid, globalToo);
    }
  }

  /** Drops all entries of a PCID that are not global. */
  public void invalidatePcid(int pcid) {
    removeIf((tag, t) -> !TlbEntry.isGlobal(tag) && TlbEntry.pcid(tag) == pcid);
  }

  /** Drops all entries of a PCID, and all that are global. */
  public void invalidatePcidAndGlobal(int pcid) {
    removeIf((tag, t) -> TlbEntry.belongsTo(tag, pcid));
  }

  /** Drops all entries that are not global. */
  public void invalidateNonGlobal() {
    removeIf((tag, t) -> !TlbEntry.isGlobal(tag));
  }

  /** Drops all entries. */
  public void invalidateAll() {
    array.clear();
    Arrays.fill(resident, 0);
    residentGlobal = 0;
    residentPieces = 0;
    residentGroups = 0;
  }

  /** Drops the entry of {@code translation} itself, where it is here. */
  void invalidateCopy(long va, int pcid, long translation) {
    int i = sizeIndexUpTo(Translation.pieceSizeCode(translation));
    if (i >= 0) {
      long vpn = VirtualAddress.vpn(va, shifts[i]);
      removeTag(array.setOf(vpn), tagFor(vpn, pcid, sizeCodes[i], translation));
    }
  }

  /** Drops every entry that shares an address with the entry of {@code tag} and its PCID. */
  void invalidateOverlapping(long tag) {
    int shift = TlbEntry.shift(tag);
    long va = TlbEntry.vpn(tag) << shift;
    boolean global = TlbEntry.isGlobal(tag);
    int pcid = TlbEntry.pcid(tag);
    boolean smaller = false;
    for (int i = 0; i < sizeCodes.length; i++) {
      if (severalSizes && resident[sizeCodes[i]] == 0) {
        continue;
      }
      if (shifts[i] < shift) {
        smaller = true;
      } else {
        long vpn = VirtualAddress.vpn(va, shifts[i]);
        long own = TlbEntry.tag(vpn, pcid, sizeCodes[i]);
        removeTag(array.setOf(vpn), global ? TlbEntry.global(own) : own);
      }
    }
    if (!smaller) {
      return;
    }
    removeIf(
        (other, t) ->
            TlbEntry.isGlobal(other) == global
                && TlbEntry.pcid(other) == pcid
                && TlbEntry.overlaps(other, va, shift));
  }

  void countHits(long hits) {
    counts[HITS] += hits;
  }

  /** The code of the smallest page size held here. */
  int smallestSize() {
    return firstCode;
  }

  /** The code of the largest page size held here that is at most {@code code}, or -1. */
  int largestSizeUpTo(int code) {
    int i = sizeIndexUpTo(code);
    return i < 0 ? -1 : sizeCodes[i];
  }

  private int sizeIndexUpTo(int code) {
    int i = sizeCodes.length - 1;
    while (i >= 0 && sizeCodes[i] > code) {
      i--;
    }
    return i;
  }

  private static long tagFor(long vpn, int pcid, int code, long piece) {
    long tag = TlbEntry.tag(vpn, pcid, code);
    return Translation.isGlobal(piece) ? TlbEntry.global(tag) : tag;
  }

  private void removeTag(int set, long tag) {
    int way = array.find(set, tag);
    if (way >= 0) {
      remove(set, way);
    }
  }

  private void removePieces(long va, int pcid, boolean globalToo) {
    removeIf(
        (tag, t) ->
            TlbEntry.belongsTo(tag, pcid)
                && (globalToo || !TlbEntry.isGlobal(tag))
                && TlbEntry.overlaps(tag, va, Translation.pageSize(t).shift()));
  }

  /** A question about an entry, by its tag and translation. */
  private interface EntryTest {
    boolean test(long tag, long translation);
  }

  private void removeIf(EntryTest test) {
    for (int set = 0; set < array.sets(); set++) {
      for (int way = 0; way < array.ways(); way++) {
        long tag = array.tag(set, way);
        if (tag != AssociativeArray.INVALID && test.test(tag, array.value(set, way))) {
          remove(set, way);
        }
      }
    }
  }

  private void remove(int set, int way) {
    account(array.tag(set, way), array.value(set, way), -1);
    array.remove(set, way);
  }

  /** Keeps the counts of what is resident, as far as this structure can hold different things. */
  private void account(long tag, long translation, int change) {
    if (severalSizes) {
      resident[TlbEntry.sizeCode(tag)] += change;
    }
    if (TlbEntry.isGroup(tag)) {
      residentGroups += change;
    }
    if (Translation.isGlobalOrPiece(translation)) {
      residentGlobal += TlbEntry.isGlobal(tag) ? change : 0;
      residentPieces += Translation.isPiece(translation) ? change : 0;
    }
  }
}
