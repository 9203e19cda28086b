package io.lookaside.mmu.stats;

/**
 * A counter, declared once as a constant of an enum. Storage, warm-up, reports and CSV loop over
 * the enum.
 */
public interface Metric {
  /** Name in results, in lowerCamelCase. */
  String key();

  /** What one count is, for example {@code lookups} or {@code walks}. */
  String unit();

  /** When it counts, in words. */
  String meaning();
}
