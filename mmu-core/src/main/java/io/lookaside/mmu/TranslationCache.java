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
   * Puts the translation that a dirty assist found in the place of the clean one that a store had
   * hit. If both are alike in size and globality, wherever a store would find it, without any
   * change of replacement order and without filling where it is absent; else the old entry is of no
   * use any more.
   *
   * @param clean what {@link #lookup} gave for the store
   */
  void update(long va, int pcid, long clean, long translation);

  /** What {@link #takePrefetch} returns if there is none: not the address of a page. */
  long NO_PREFETCH = 1;

  /** Whether it asks for translations ahead of their use. */
  default boolean prefetches() {
    return false;
  }

  /**
   * The address of a page whose translation is wanted ahead, after the accesses so far; it is asked
   * for once. {@link #NO_PREFETCH} if there is none.
   */
  default long takePrefetch(int pcid, int kind) {
    return NO_PREFETCH;
  }

  /** Enters a translation that was wanted ahead. */
  default void fillAhead(long va, int pcid, int kind, long translation) {
    throw new IllegalStateException("nothing was wanted ahead");
  }

  /**
   * Drops what is cached for the page of {@code va}: entries of {@code pcid}, and global ones of
   * any PCID. All pieces of a large page count as its entries.
   */
  void invalidatePage(long va, int pcid);

  /** Drops what is cached for the page of {@code va} under {@code pcid} and is not global. */
  void invalidateNonGlobalPage(long va, int pcid);

  /** Drops all entries of a PCID that are not global. */
  void invalidatePcid(int pcid);

  /**
   * Drops all entries of a PCID, and global ones: those that were filled under it, or more where an
   * implementation does not know under which PCID a global entry was filled.
   */
  void invalidatePcidAndGlobal(int pcid);

  /** Drops all entries that are not global. */
  void invalidateNonGlobal();

  /** Drops everything, global entries too. */
  void invalidateAll();

  /**
   * Into how many classes the page numbers fall, by their low bits, so that pages of different
   * classes never meet in one set of the first level. An access that repeats the page of the last
   * one of its class then surely hits and changes no state there, because its entry is the one that
   * its set used last.
   *
   * @param pieceSize size of the translation that the last access yielded
   * @return a power of two; or 0 where a repetition does change something, or the page is not held
   */
  int repetitionClasses(int kind, PageSize pieceSize);

  /** Whether one structure of the first level holds the 4 KiB pages of both loads and stores. */
  boolean loadsAndStoresShare();

  /**
   * Counts {@code hits} further first-level hits, each a repetition as {@link #repetitionClasses}
   * describes.
   *
   * @param page size of the page that the tables map
   * @param piece size of what is cached of it
   */
  void countRepeatedHits(int kind, PageSize page, PageSize piece, long hits);

  /**
   * Whether a fill for one kind of access can drop the first-level entry of another kind, or one in
   * another set. If not, a repetition stays one whatever the other side and the other sets do.
   */
  boolean fillsInterfere();
}
