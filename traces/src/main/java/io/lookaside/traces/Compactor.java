package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.VirtualAddress;
import java.util.Arrays;

/**
 * Reduces references to those that can change the state of a machine.
 *
 * <p>A fetch is left out if the fetch before it ended on its page. A load or store is left out if
 * the last data reference ended on its page, and so did the last one of its kind. So every first
 * touch of a page is kept, and the first store to it after loads, which may have to set D; what is
 * left out would have hit the entry that its set used last. A reference that touches two pages or
 * is not canonical is always kept. Each batch begins anew, remembering no page, and so stands
 * alone.
 */
public final class Compactor {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();

  /** Counts of the three kinds are packed into a long; one call adds at most 4,096 references. */
  private static final int COUNT_BITS = 21;

  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

  /** By kind; read, since a shift by a variable costs more. */
  private static final long[] ONE_OF_KIND = {1, 1L << COUNT_BITS, 1L << (2 * COUNT_BITS)};

  /**
   * By kind, as {@link PackedReference#page} says; for loads and stores forgotten when the other
   * kind goes elsewhere.
   */
  private final long[] lastPage = new long[AccessKind.COUNT + 1];

  /** By side: the record of the last page. */
  private final int[] lastRecord = new int[2];

  private int side;

  /** The side of a kind: 0 data, 1 fetch. */
  public static int sideOf(int kind) {
    return kind >>> 1;
  }

  /** Empties {@code out} for references of the address space and core of {@code in}. */
  public void begin(ReferenceBatch in, CompactBatch out) {
    out.records.clear();
    out.records.setOrigin(in.addressSpaceId(), in.core());
    out.records.setAddressSpace(in.addressSpace());
    Arrays.fill(out.leftOut, 0);
    out.leftOutAddressSum = 0;
    Arrays.fill(lastPage, PackedReference.NO_PAGE);
    Arrays.fill(lastRecord, 0); // to which none is added before the side has one
  }

  /** Whether {@code n} references of {@code in} can be added, whatever they are. */
  public static boolean fits(ReferenceBatch in, int n, CompactBatch out) {
    return out.records.count() + n <= ReferenceBatch.CAPACITY
        && out.records.addressSpaceId() == in.addressSpaceId()
        && out.records.core() == in.core();
  }

  /** Adds references {@code from} to {@code to} - 1, which fit. */
  public void add(ReferenceBatch in, int from, int to, CompactBatch out) {
    long[] words = in.words;
    long[] known = lastPage;
    long counts = 0;
    long sum = 0;
    int changes = 0;
    int here = side;
    for (int i = from; i < to; i++) {
      long word = words[i];
      int kind = PackedReference.kind(word);
      if (PackedReference.isOn(word, known[kind])) {
        int there = sideOf(kind);
        changes += there ^ here;
        here = there;
        counts += ONE_OF_KIND[kind];
        sum += PackedReference.address(word);
      } else {
        flush(out, counts, changes);
        counts = 0;
        changes = 0;
        here = keep(out, in.address(i), in.descriptor(i), here);
      }
    }
    flush(out, counts, changes);
    side = here;
    out.leftOutAddressSum += sum;
  }

  /** Books what was left out since the last record. */
  private void flush(CompactBatch out, long counts, int changes) {
    if (counts != 0) {
      long loads = (counts >>> (LOAD * COUNT_BITS)) & COUNT_MASK;
      long stores = (counts >>> (STORE * COUNT_BITS)) & COUNT_MASK;
      long fetches = (counts >>> (FETCH * COUNT_BITS)) & COUNT_MASK;
      out.leftOut[LOAD] += loads;
      out.leftOut[STORE] += stores;
      out.leftOut[FETCH] += fetches;
      out.repeats[lastRecord[sideOf(LOAD)]] += (int) (loads + stores);
      out.repeats[lastRecord[sideOf(FETCH)]] += (int) fetches;
      out.switches[out.records.count() - 1] += changes;
    }
  }

  /** Keeps a reference; returns the side of the last one that touched a page. */
  private int keep(CompactBatch out, long va, int descriptor, int here) {
    int record = out.records.count();
    out.reserve(record + 1);
    out.records.add(va, descriptor);
    out.repeats[record] = 0;
    out.switches[record] = 0;
    long last = va + (descriptor >>> 2);
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      return here;
    }
    int kind = ReferenceBatch.kind(descriptor);
    lastPage[kind] = PackedReference.page(last, kind);
    if (kind != FETCH) {
      int other = LOAD + STORE - kind;
      if (lastPage[other] != PackedReference.page(last, other)) {
        lastPage[other] = PackedReference.NO_PAGE;
      }
    }
    lastRecord[sideOf(kind)] = record;
    return sideOf(kind);
  }
}
