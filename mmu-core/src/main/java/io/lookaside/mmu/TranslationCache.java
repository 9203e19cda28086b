package io.lookaside.mmu;

import io.lookaside.mmu.format.PageSize;

/**
 * The port to the TLBs. Translations pass as {@link io.lookaside.mmu.format.Translation} words,
 * kinds as {@link AccessKind} codes.
 */
public interface TranslationCache {
  /**
   * Looks an address up, once per level until one hits, and counts that. A hit in a later level
   * fills the earlier ones.
   *
   * @return the translation, or {@link io.lookaside.mmu.format.Translation#NONE}
   */
  long lookup(long va, int pcid, int kind);

  /** Enters the translation that a walk found after a miss of the same access. */
  void fill(long va, int pcid, int kind, long translation);

  /**
   * Replaces the translation of a page wherever a store would find it, without any change of
   * replacement order and without filling where it is absent: what a dirty assist does.
   */
  void update(long va, int pcid, long translation);

  /**
   * Drops what is cached for the page of {@code va}: entries of {@code pcid}, and global ones of
   * any PCID. All pieces of a large page count as its entries.
   */
  void invalidatePage(long va, int pcid);

  /** Drops all entries of a PCID that are not global. */
  void invalidatePcid(int pcid);

  /** Drops everything, global entries too. */
  void invalidateAll();

  /**
   * Counts {@code hits} further first-level hits of {@code kind} in an entry of the given size,
   * each a repetition of the access of that kind just made, which changes no state (see {@link
   * io.lookaside.mmu.assoc.ReplacementPolicy#touch}).
   */
  void countRepeatedHits(int kind, PageSize pieceSize, long hits);

  /**
   * Whether what data accesses do can drop entries of the instruction side and the other way round,
   * other than by an invalidation. If not, a repetition on one side stays one whatever the other
   * does.
   */
  boolean sidesInterfere();
}
