package io.lookaside.tlb;

import io.lookaside.mmu.stats.Metric;

/** What a single structure of a level counts. */
public enum TlbStructureMetric implements Metric {
  HITS("hits", "lookups", "lookups of the level that this structure answered"),
  FILLS("fills", "entries", "entries written, by a walk, a hit further out or an eviction"),
  EVICTIONS("evictions", "entries", "valid entries that made room for a fill");

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
