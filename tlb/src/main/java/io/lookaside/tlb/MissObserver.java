package io.lookaside.tlb;

/** Is told of every miss of a first level. */
public interface MissObserver {
  /**
   * A look-up has missed the first level and was made in the second.
   *
   * @param secondLevelHit whether it hit there
   */
  void onFirstLevelMiss(boolean secondLevelHit);
}
