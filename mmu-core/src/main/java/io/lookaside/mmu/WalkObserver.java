package io.lookaside.mmu;

/** Is told what a page walk does, step by step. */
public interface WalkObserver {
  /**
   * A walk begins.
   *
   * @param level the number of the level that it reads first; {@link PagingFormat#top} unless a
   *     structure cache shortened it
   * @param pointer a word like an entry: the address of the table to read, and the rights so far;
   *     without P if a PDPTE register says that there is none
   */
  void onStart(long va, int level, long pointer);

  /**
   * An entry has been read.
   *
   * @param level the number of its level
   * @param address its physical address
   * @param entry what stood there, before A or D is set
   */
  void onEntry(int level, long address, long entry);

  /**
   * The walk ends.
   *
   * @param outcome a {@link io.lookaside.mmu.format.Translation} word: valid, or a page fault
   */
  void onEnd(long outcome);
}
