package io.lookaside.tlb;

/** Is told of every miss of a first level. */
public interface MissObserver {
  /**
   * A look-up has missed the first level and was made in the second.
   *
   * @param secondLevelHit whether it hit there
   */
  void onFirstLevelMiss(boolean secondLevelHit);

  /** A page is about to be walked for ahead of its use. */
  default void onPrefetch(long va) {}
}
