package io.lookaside.simulator;

import io.lookaside.mmu.stats.Metric;

/** What is attributed to instructions, pages and regions. */
public enum MissMetric implements Metric {
  MISSES("misses", "lookups", "first-level misses"),
  WALKS("walks", "walks", "second-level misses, each a page walk"),
  ALL_WALKS("allWalks", "walks", "walks, retries and dirty assists"),
  MEMORY_READS("memoryReads", "reads", "paging-structure entries that these read");

  private final String key;
  private final String unit;
  private final String meaning;

  MissMetric(String key, String unit, String meaning) {
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
