package io.lookaside.timing;

import io.lookaside.mmu.stats.Metric;

/** What main memory counts. rowHits + rowMisses = accesses. */
public enum DramMetric implements Metric {
  ACCESSES("accesses", "accesses", "accesses that no cache served"),
  ROW_HITS("rowHits", "accesses", "accesses to the row that their bank had open"),
  ROW_MISSES("rowMisses", "accesses", "accesses to another row"),
  TABLE_ACCESSES("tableAccesses", "accesses", "accesses for page-table entries, part of accesses");

  private final String key;
  private final String unit;
  private final String meaning;

  DramMetric(String key, String unit, String meaning) {
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
