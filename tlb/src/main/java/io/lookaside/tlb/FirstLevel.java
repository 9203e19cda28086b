package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import java.util.EnumSet;

/**
 * The first level of a hierarchy alone, for whoever puts something else behind it: L1I and L1D,
 * filled on every miss. That is what they do in a hierarchy that is {@link
 * TlbConfig.Inclusion#NON_INCLUSIVE}, whatever its second level.
 */
public final class FirstLevel {
  private final TlbLevel[] byKind;

  /**
   * Cold TLBs.
   *
   * @param seed for random replacement; the same one gives the same victims as in {@link
   *     TlbHierarchy}
   */
  public FirstLevel(TlbConfig config, long seed) {
    TlbLevel l1d = new TlbLevel(config.l1d(), EnumSet.of(AccessKind.LOAD, AccessKind.STORE), seed);
    TlbLevel l1i = new TlbLevel(config.l1i(), EnumSet.of(AccessKind.FETCH), seed);
    byKind = new TlbLevel[] {l1d, l1d, l1i};
  }

  /**
   * Looks up, and on a miss enters {@code translation} where the level holds pages of its size.
   *
   * @param kind an {@link AccessKind} code
   * @return whether it was there
   */
  public boolean access(long va, int pcid, int kind, long translation) {
    TlbLevel level = byKind[kind];
    if (level.lookup(va, pcid, kind) != Translation.NONE) {
      return true;
    }
    SetAssociativeTlb holder = level.holder(va, Translation.pieceSizeCode(translation), kind);
    if (holder != null) {
      holder.insert(va, pcid, translation);
    }
    return false;
  }

  /**
   * Whether a further access of a kind to a page that was accessed last surely hits, changing
   * nothing.
   */
  public boolean repetitionsHit(PageSize size) {
    boolean all = true;
    for (AccessKind kind : AccessKind.values()) {
      all &= byKind[kind.ordinal()].repetitionClasses(kind.ordinal(), size) != 0;
    }
    return all;
  }
}
