package io.lookaside.simulator;

import io.lookaside.mmu.stats.Metric;

/** What is counted where processes take turns on a core. */
public enum ProcessMetric implements Metric {
  CONTEXT_SWITCHES(
      "contextSwitches", "switches", "times that another process was let run, by a MOV to CR3");

  private final String key;
  private final String unit;
  private final String meaning;

  ProcessMetric(String key, String unit, String meaning) {
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
