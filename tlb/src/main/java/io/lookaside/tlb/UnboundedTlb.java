package io.lookaside.tlb;

import io.lookaside.mmu.TranslationCache;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;

/**
 * A translation cache that holds everything until it is told to drop it: whole pages, shared by all
 * kinds of access. Software that forgets an invalidation meets every stale translation here.
 *
 * <p>Of several translations that match, that of the smallest page is found, and of one size the
 * one that is not global.
 */
public final class UnboundedTlb implements TranslationCache {
  private static final int SIZES = PageSize.values().length;

  /** By {@link TlbEntry} tags; absent: 0, which is {@link Translation#NONE}. */
  private final Long2LongOpenHashMap translations = new Long2LongOpenHashMap();

  /** Under which PCID each global entry was filled. */
  private final Long2IntOpenHashMap filledUnder = new Long2IntOpenHashMap();

  private static long tag(long va, int pcid, int sizeCode) {
    return TlbEntry.tag(VirtualAddress.vpn(va, PageSize.shiftOfCode(sizeCode)), pcid, sizeCode);
  }

  @Override
  public long lookup(long va, int pcid, int kind) {
    long t = Translation.NONE;
    for (int size = 0; size < SIZES && t == Translation.NONE; size++) {
      long tag = tag(va, pcid, size);
      t = translations.get(tag);
      if (t == Translation.NONE) {
        t = translations.get(TlbEntry.global(tag));
      }
    }
    return t;
  }

  @Override
  public void fill(long va, int pcid, int kind, long translation) {
    long tag = tag(va, pcid, Translation.pieceSizeCode(translation));
    if (Translation.isGlobal(translation)) {
      tag = TlbEntry.global(tag);
      filledUnder.put(tag, pcid);
    }
    translations.put(tag, translation);
  }

  @Override
  public void update(long va, int pcid, long clean, long translation) {
    long tag = tag(va, pcid, Translation.pieceSizeCode(clean));
    remove(Translation.isGlobal(clean) ? TlbEntry.global(tag) : tag);
    fill(va, pcid, 0, translation);
  }

  @Override
  public void invalidatePage(long va, int pcid) {
    for (int size = 0; size < SIZES; size++) {
      long tag = tag(va, pcid, size);
      remove(tag);
      remove(TlbEntry.global(tag));
    }
  }

  @Override
  public void invalidateNonGlobalPage(long va, int pcid) {
    for (int size = 0; size < SIZES; size++) {
      remove(tag(va, pcid, size));
    }
  }

  @Override
  public void invalidatePcid(int pcid) {
    translations.keySet().removeIf((long tag) -> !TlbEntry.isGlobal(tag) && isOf(tag, pcid));
  }

  @Override
  public void invalidatePcidAndGlobal(int pcid) {
    translations.keySet().removeIf((long tag) -> isOf(tag, pcid));
  }

  @Override
  public void invalidateNonGlobal() {
    translations.keySet().removeIf((long tag) -> !TlbEntry.isGlobal(tag));
  }

  @Override
  public void invalidateAll() {
    translations.clear();
    filledUnder.clear();
  }

  @Override
  public int repetitionClasses(int kind, PageSize pieceSize) {
    return 0; // nothing is known of repetitions, and so nothing is counted for them
  }

  @Override
  public boolean loadsAndStoresShare() {
    return true;
  }

  @Override
  public void countRepeatedHits(int kind, PageSize page, PageSize piece, long hits) {
    throw new UnsupportedOperationException("this cache has no counts");
  }

  @Override
  public boolean fillsInterfere() {
    return false;
  }

  private boolean isOf(long tag, int pcid) {
    return (TlbEntry.isGlobal(tag) ? filledUnder.get(tag) : TlbEntry.pcid(tag)) == pcid;
  }

  private void remove(long tag) {
    translations.remove(tag);
  }
}
