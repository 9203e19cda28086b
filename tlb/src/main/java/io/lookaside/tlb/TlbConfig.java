package io.lookaside.tlb;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The TLBs of one core.
 *
 * @param l1i first level for instruction fetches
 * @param l1d first level for loads and stores
 * @param stlb second level, looked up exactly once per first-level miss
 * @param inclusion what the second level holds of what the first levels hold
 * @param reloadWholePages whether a hit in a second-level piece of a large page brings the whole
 *     page into the first level, as far as that has entries of its size, and not the piece
 * @param prefetch how translations are fetched ahead of their use, or {@code null} if they are not
 */
public record TlbConfig(
    TlbLevelConfig l1i,
    TlbLevelConfig l1d,
    TlbLevelConfig stlb,
    Inclusion inclusion,
    boolean reloadWholePages,
    @Nullable PrefetchConfig prefetch) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException for whole pages with exclusive levels: a piece that moves
   *     cannot become more than it is; for entries of several pages with levels that move or evict
   *     each other's entries; and for a first level that predicts page sizes
   */
  public TlbConfig {
    if (inclusion != Inclusion.NON_INCLUSIVE
        && (l1i.coalesces() || l1d.coalesces() || stlb.coalesces())) {
      throw new IllegalArgumentException("coalescedPages needs inclusion: non-inclusive");
    }
    if (l1i.predictsSizes() || l1d.predictsSizes()) {
      throw new IllegalArgumentException("sizePrediction is for the second level");
    }
    if (reloadWholePages && inclusion == Inclusion.EXCLUSIVE) {
      throw new IllegalArgumentException("reloadWholePages does not go with exclusive levels");
    }
  }

  /** The most pages of 4 KiB that an entry of any structure can cover; 1 if all cover one. */
  public int coalescedPages() {
    int most = 1;
    for (TlbLevelConfig level : List.of(l1i, l1d, stlb)) {
      for (TlbStructureConfig s : level.structures()) {
        most = Math.max(most, s.coalescedPages());
      }
    }
    return most;
  }

  /** TLBs whose pieces stay pieces. */
  public TlbConfig(
      TlbLevelConfig l1i, TlbLevelConfig l1d, TlbLevelConfig stlb, Inclusion inclusion) {
    this(l1i, l1d, stlb, inclusion, false);
  }

  /** TLBs without prefetch. */
  public TlbConfig(
      TlbLevelConfig l1i,
      TlbLevelConfig l1d,
      TlbLevelConfig stlb,
      Inclusion inclusion,
      boolean reloadWholePages) {
    this(l1i, l1d, stlb, inclusion, reloadWholePages, null);
  }

  /** What fills what. */
  public enum Inclusion {
    /** A walk fills both levels; an eviction from the second leaves the first alone. */
    NON_INCLUSIVE("non-inclusive"),
    /** A walk fills both levels; an eviction from the second is one from the first as well. */
    INCLUSIVE("inclusive"),
    /**
     * A walk fills the first level alone; what the first evicts enters the second; a hit in the
     * second moves the entry to the first.
     */
    EXCLUSIVE("exclusive");

    private final String label;

    Inclusion(String label) {
      this.label = label;
    }

    /** The name in machine files. */
    public String label() {
      return label;
    }
  }
}
