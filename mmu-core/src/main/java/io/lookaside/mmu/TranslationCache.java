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
   * Whether an access that repeats the page of the last one of its kind, with nothing of the same
   * side between them, surely hits the first level and changes no state there: the page is held,
   * and its structure's policy takes a touch of the entry used last for nothing new.
   *
   * @param pieceSize size of the translation that the last access yielded
   */
  boolean repetitionChangesNothing(int kind, PageSize pieceSize);

  /**
   * Counts {@code hits} further first-level hits, each a repetition as {@link
   * #repetitionChangesNothing} describes.
   */
  void countRepeatedHits(int kind, PageSize pieceSize, long hits);

  /**
   * Whether a fill for one kind of access can drop the first-level entry of another kind, be it for
   * the same page. If not, a repetition of one kind stays one whatever the others do, except that
   * loads and stores may share a structure.
   */
  boolean fillsInterfere();
}
