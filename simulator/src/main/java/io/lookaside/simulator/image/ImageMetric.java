package io.lookaside.simulator.image;

import io.lookaside.mmu.stats.Metric;

/** Why accesses of a trace have no translation in an image. */
public enum ImageMetric implements Metric {
  NOT_PRESENT("notPresent", "faults", "page faults: an entry with P = 0"),
  RESERVED("reservedBits", "faults", "page faults: an entry with a reserved bit set"),
  RIGHTS("rights", "faults", "page faults: mapped, but the access is not permitted"),
  MISSING(
      "missingTables",
      "accesses",
      "the image lacks a page of the tables, so that nobody knows; no page faults");

  private final String key;
  private final String unit;
  private final String meaning;

  ImageMetric(String key, String unit, String meaning) {
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
