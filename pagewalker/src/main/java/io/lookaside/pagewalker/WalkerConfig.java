package io.lookaside.pagewalker;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/**
 * A page walker.
 *
 * @param structureCacheLatencyCycles cycles of the look-up in the structure caches that starts
 *     every walk, 0 or more
 * @param pml4eCache shape of the PML4E cache, or {@code null} for none
 * @param pdpteCache shape of the PDPTE cache, or {@code null} for none
 * @param pdeCache shape of the PDE cache, or {@code null} for none
 * @param physicalAddressBits MAXPHYADDR, 32 to 52: higher bits of an entry are reserved
 */
public record WalkerConfig(
    int structureCacheLatencyCycles,
    @Nullable Geometry pml4eCache,
    @Nullable Geometry pdpteCache,
    @Nullable Geometry pdeCache,
    int physicalAddressBits) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public WalkerConfig {
    if (structureCacheLatencyCycles < 0) {
      throw new IllegalArgumentException("structureCacheLatencyCycles must be 0 or more");
    }
    if (physicalAddressBits < 32 || physicalAddressBits > PhysicalMemory.ADDRESS_BITS) {
      throw new IllegalArgumentException("physicalAddressBits must be 32 to 52");
    }
  }
}
