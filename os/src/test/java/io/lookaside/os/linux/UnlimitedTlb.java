package io.lookaside.os.linux;

import io.lookaside.mmu.TranslationCache;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import java.util.HashMap;
import java.util.Map;

/** A TLB that never evicts: a flush that the kernel owes and does not make always shows. */
final class UnlimitedTlb implements TranslationCache {
  private record Key(int pcid, PageSize size, long number) {}

  private static final int GLOBAL = -1;

  private final Map<Key, Long> entries = new HashMap<>();

  private static Key key(int pcid, PageSize size, long va) {
    return new Key(pcid, size, va >>> size.shift());
  }

  @Override
  public long lookup(long va, int pcid, int kind) {
    for (PageSize size : PageSize.values()) {
      for (int id : new int[] {pcid, GLOBAL}) {
        Long found = entries.get(key(id, size, va));
        if (found != null) {
          return found;
        }
      }
    }
    return Translation.NONE;
  }

  @Override
  public void fill(long va, int pcid, int kind, long translation) {
    int id = Translation.isGlobal(translation) ? GLOBAL : pcid;
    entries.put(key(id, Translation.pieceSize(translation), va), translation);
  }

  @Override
  public void update(long va, int pcid, long clean, long translation) {
    fill(va, pcid, 0, translation);
  }

  @Override
  public void invalidatePage(long va, int pcid) {
    for (PageSize size : PageSize.values()) {
      entries.remove(key(pcid, size, va));
      entries.remove(key(GLOBAL, size, va));
    }
  }

  @Override
  public void invalidateNonGlobalPage(long va, int pcid) {
    for (PageSize size : PageSize.values()) {
      entries.remove(key(pcid, size, va));
    }
  }

  @Override
  public void invalidatePcidAndGlobal(int pcid) {
    entries.keySet().removeIf(k -> k.pcid == pcid || k.pcid == GLOBAL);
  }

  @Override
  public void invalidateNonGlobal() {
    entries.keySet().removeIf(k -> k.pcid != GLOBAL);
  }

  @Override
  public void invalidatePcid(int pcid) {
    entries.keySet().removeIf(k -> k.pcid == pcid);
  }

  @Override
  public void invalidateAll() {
    entries.clear();
  }

  @Override
  public int repetitionClasses(int kind, PageSize pieceSize) {
    return 0;
  }

  @Override
  public boolean loadsAndStoresShare() {
    return true;
  }

  @Override
  public void countRepeatedHits(int kind, PageSize page, PageSize piece, long hits) {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean fillsInterfere() {
    return true;
  }
}
