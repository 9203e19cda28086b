package io.lookaside.pagewalker;

import io.lookaside.mmu.assoc.Geometry;
import org.jspecify.annotations.Nullable;

/**
 * A page walker.
 *
 * @param structureCacheLatencyCycles cycles of the look-up in the structure caches that starts
 *     every walk, 0 or more
 * @param pml5eCache shape of the PML5E cache of 5-level paging, or {@code null} for none
 * @param pml4eCache shape of the PML4E cache, or {@code null} for none
 * @param pdpteCache shape of the PDPTE cache, or {@code null} for none
 * @param pdeCache shape of the PDE cache, or {@code null} for none
 * @param tableUpdates when accessed bits are written
 */
public record WalkerConfig(
    int structureCacheLatencyCycles,
    @Nullable Geometry pml5eCache,
    @Nullable Geometry pml4eCache,
    @Nullable Geometry pdpteCache,
    @Nullable Geometry pdeCache,
    TableUpdates tableUpdates) {
  /** A walker without structure caches that writes nothing: for tables that are only looked at. */
  public static final WalkerConfig READ_ONLY =
      new WalkerConfig(0, null, null, null, null, TableUpdates.NEVER);

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if the latency is negative
   */
  public WalkerConfig {
    if (structureCacheLatencyCycles < 0) {
      throw new IllegalArgumentException("structureCacheLatencyCycles must be 0 or more");
    }
  }
}
