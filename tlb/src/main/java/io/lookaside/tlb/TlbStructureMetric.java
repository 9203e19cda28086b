package io.lookaside.tlb;

import io.lookaside.mmu.stats.Metric;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** What a single structure of a level counts. */
public enum TlbStructureMetric implements Metric {
  HITS("hits", "lookups", "lookups of the level that this structure answered"),
  FILLS("fills", "entries", "entries written, by a walk, a hit further out or an eviction"),
  EVICTIONS("evictions", "entries", "valid entries that made room for a fill"),
  COALESCED_FILLS("coalescedFills", "entries", "fills with an entry that covers several pages"),
  COALESCED_HITS("coalescedHits", "lookups", "hits in an entry that covers several pages"),
  SIZE_PREDICTED("sizePredicted", "lookups", "hits of the page size that was looked up first"),
  SIZE_MISPREDICTED("sizeMispredicted", "lookups", "hits of another page size than the first"),
  REPROBES("reprobes", "probes", "probes of a further page size, in hits and misses");

  /** Those of structures whose entries can cover several pages. */
  public static final Set<TlbStructureMetric> OF_COALESCING =
      Collections.unmodifiableSet(EnumSet.of(COALESCED_FILLS, COALESCED_HITS));

  /** Those of structures that predict page sizes. */
  public static final Set<TlbStructureMetric> OF_SIZE_PREDICTION =
      Collections.unmodifiableSet(EnumSet.of(SIZE_PREDICTED, SIZE_MISPREDICTED, REPROBES));

  private final String key;
  private final String unit;
  private final String meaning;

  TlbStructureMetric(String key, String unit, String meaning) {
    this.key = key;
    this.unit = unit;
    this.meaning = meaning;
  }

  @Override
  public String key() {
    return key;
  }

  @Override
  public String unit() {
    return unit;
  }

  @Override
  public String meaning() {
    return meaning;
  }
}
