package io.lookaside.tlb;

import io.lookaside.mmu.AccessKind;

/**
 * The running counts of a level, by kind of access and by the size of the page that the tables map.
 * An access counts once, in one cell; everything else is a sum.
 */
final class TlbCounters {
  /** By kind and, in the two low bits, size. */
  private final long[] hits = new long[AccessKind.COUNT << 2];

  private final long[] sizedMisses = new long[AccessKind.COUNT << 2];

  /** By kind: a miss happens before the size of its page is known. */
  private final long[] misses = new long[AccessKind.COUNT];

  void hit(int kind, int pageSizeCode) {
    hits[kind << 2 | pageSizeCode]++;
  }

  void hits(int kind, int pageSizeCode, long count) {
    hits[kind << 2 | pageSizeCode] += count;
  }

  /** Misses whose page was found then. */
  void misses(int kind, int pageSizeCode, long count) {
    misses[kind] += count;
    sizedMisses[kind << 2 | pageSizeCode] += count;
  }

  void miss(int kind) {
    misses[kind]++;
  }

  void sizeOfMiss(int kind, int pageSizeCode) {
    sizedMisses[kind << 2 | pageSizeCode]++;
  }

  TlbCounts snapshot() {
    return new TlbCounts(hits.clone(), sizedMisses.clone(), misses.clone());
  }
}
