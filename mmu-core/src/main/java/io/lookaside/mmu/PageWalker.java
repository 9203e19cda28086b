package io.lookaside.mmu;

/** The port to the page walker. */
public interface PageWalker {
  /** Why a walk is made; each is counted on its own. */
  enum Cause {
    /** A translation-cache miss. */
    MISS,
    /** The repetition after the operating system answered a page fault. */
    RETRY,
    /** A store through a cached translation whose D is clear. */
    DIRTY_ASSIST,
    /** A translation that nobody has asked for yet. */
    PREFETCH
  }

  /**
   * Walks the tables for one access, sets accessed and dirty bits in memory as the access earns
   * them, and fills the paging-structure caches.
   *
   * @param va an address that the context translates
   * @param kind an {@link AccessKind} code
   * @return a valid translation that permits the access, or a page fault
   */
  long walk(long va, int kind, PagingContext context, Cause cause);

  /** The aligned 64-bit word of physical memory at {@code pa}: what loads a PDPTE register. */
  long readWord(long pa);

  /**
   * Drops the structure-cache entries of {@code pcid} that a walk for {@code va} could use.
   *
   * @param format the paging structures in force
   */
  void invalidateAddress(long va, int pcid, PagingFormat format);

  /** Drops all structure-cache entries of a PCID. */
  void invalidatePcid(int pcid);

  /** Drops all structure-cache entries. */
  void invalidateAll();
}
