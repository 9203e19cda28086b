package io.lookaside.simulator;

import io.lookaside.mmu.stats.Metric;

/** What the replay itself counts: references = fetches + loads + stores. */
public enum ReferenceMetric implements Metric {
  REFERENCES("references", "references", "accesses of the program that were replayed"),
  FETCHES("fetches", "references", "instruction fetches"),
  LOADS("loads", "references", "data reads"),
  STORES("stores", "references", "data writes"),
  PAGE_CROSSINGS(
      "pageCrossings",
      "crossings",
      "4 KiB boundaries that references crossed, each one more lookup"),
  PAGE_FAULTS("pageFaults", "faults", "page faults, answered by the operating system or not"),
  GENERAL_PROTECTION(
      "generalProtection",
      "faults",
      "references to an address that is not canonical; they look nothing up");

  private final String key;
  private final String unit;
  private final String meaning;

  ReferenceMetric(String key, String unit, String meaning) {
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
