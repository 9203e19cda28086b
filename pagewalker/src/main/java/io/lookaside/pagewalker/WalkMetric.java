package io.lookaside.pagewalker;

import io.lookaside.mmu.stats.Metric;
import java.util.List;

/**
 * What the page walker counts. Every walk, retry and assist looks the structure caches up once: the
 * five counts of where it started sum to walks + retries + dirtyAssists.
 */
public enum WalkMetric implements Metric {
  WALKS("walks", "walks", "walks caused by a second-level TLB miss"),
  RETRIES("retries", "walks", "walks repeated after the operating system answered a page fault"),
  DIRTY_ASSISTS("dirtyAssists", "walks", "walks of a store through a cached entry with D = 0"),
  MEMORY_READS("memoryReads", "reads", "paging-structure entries read from memory by all walks"),
  ACCESSED_BITS_SET("accessedBitsSet", "entries", "entries whose A a walk changed from 0 to 1"),
  DIRTY_BITS_SET("dirtyBitsSet", "entries", "leaf entries whose D a walk changed from 0 to 1"),
  PML5E_HITS("pml5eHits", "walks", "walks that started from the PML5E cache"),
  PML4E_HITS("pml4eHits", "walks", "walks that started from the PML4E cache"),
  PDPTE_HITS("pdpteHits", "walks", "walks that started from the PDPTE cache"),
  PDE_HITS("pdeHits", "walks", "walks that started from the PDE cache"),
  ROOT_STARTS("noneHits", "walks", "walks that no structure cache shortened"),
  // In the order of the number of reads.
  LENGTH_0("reads0", "walks", "walks, of all three kinds, that read no entry"),
  LENGTH_1("reads1", "walks", "walks that read one entry"),
  LENGTH_2("reads2", "walks", "walks that read two entries"),
  LENGTH_3("reads3", "walks", "walks that read three entries"),
  LENGTH_4("reads4", "walks", "walks that read four entries"),
  LENGTH_5("reads5", "walks", "walks that read five entries"),
  PREFETCH_WALKS(
      "prefetchWalks", "walks", "walks for a page that is wanted ahead, in no other count"),
  PREFETCH_READS("prefetchReads", "reads", "entries that these read, in no other count");

  /** How many entries walks read: counts that sum to walks + retries + dirtyAssists. */
  public static final List<WalkMetric> LENGTHS =
      List.of(LENGTH_0, LENGTH_1, LENGTH_2, LENGTH_3, LENGTH_4, LENGTH_5);

  private final String key;
  private final String unit;
  private final String meaning;

  WalkMetric(String key, String unit, String meaning) {
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
