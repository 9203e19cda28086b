package io.lookaside.tlb;

import io.lookaside.mmu.stats.Metric;

/** What a level of TLBs counts; hits + misses = lookups. */
public enum TlbMetric implements Metric {
  LOOKUPS("lookups", "translations that asked this level"),
  HITS("hits", "lookups that a structure of this level answered"),
  MISSES("misses", "lookups that no structure of this level answered");

  private final String key;
  private final String meaning;

  TlbMetric(String key, String meaning) {
    this.key = key;
    this.meaning = meaning;
  }

  @Override
  public String key() {
    return key;
  }

  @Override
  public String unit() {
    return "lookups";
  }

  @Override
  public String meaning() {
    return meaning;
  }
}
