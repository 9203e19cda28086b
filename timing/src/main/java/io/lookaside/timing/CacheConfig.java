package io.lookaside.timing;

import io.lookaside.mmu.assoc.Geometry;

/**
 * One data or instruction cache with lines of {@link MemoryHierarchy#LINE_BYTES} bytes.
 *
 * @param geometry entries are lines
 * @param latencyCycles cycles from the start of an access to its data, when it is served here; all
 *     levels above are included
 */
public record CacheConfig(Geometry geometry, int latencyCycles) {
  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if the latency is negative
   */
  public CacheConfig {
    if (latencyCycles < 0) {
      throw new IllegalArgumentException("latencyCycles must be 0 or more");
    }
  }
}
