package io.lookaside.timing;

import io.lookaside.mmu.stats.Metric;

/** What a cache counts. hits + misses = lookups. */
public enum CacheMetric implements Metric {
  LOOKUPS("lookups", "look-ups", "look-ups of any kind, one for each access that gets this far"),
  HITS("hits", "look-ups", "look-ups that found their line"),
  MISSES("misses", "look-ups", "look-ups that did not"),
  TABLE_LOOKUPS("tableLookups", "look-ups", "look-ups for page-table entries, part of lookups"),
  TABLE_HITS("tableHits", "look-ups", "look-ups for page-table entries that found their line");

  private final String key;
  private final String unit;
  private final String meaning;

  CacheMetric(String key, String unit, String meaning) {
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
