package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
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
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();

  /** The bit of a word that tells its side: that of fetches. */
  private static final int SIDE_SHIFT = PackedReference.KIND_SHIFT + 1;

  /**
   * By kind, as {@link PackedReference#page} says; for loads and stores forgotten when the other
   * kind goes elsewhere.
   */
  private final long[] lastPage = new long[AccessKind.COUNT + 1];

  /** By side: the record of the last page. */
  private final int[] lastRecord = new int[2];

  /** The side of the last reference that touched a page. */
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
    int i = from;
    while ((i = leaveOut(in.words, i, to, out)) < to) {
      keep(out, in.address(i), in.descriptor(i));
      i++;
    }
  }

  /** Leaves out references up to one that has to be kept; returns its place, or {@code to}. */
  private int leaveOut(long[] words, int from, int to, CompactBatch out) {
    long[] known = lastPage;
    long counted = 0;
    long pages = 0;
    long offsets = 0;
    long changes = 0;
    long before = (long) side << SIDE_SHIFT;
    int i = from;
    for (; i < to; i++) {
      long word = words[i];
      if (!PackedReference.isOn(word, known[PackedReference.kind(word) & (known.length - 1)])) {
        break;
      }
      counted += word & PackedReference.COUNTED;
      pages += PackedReference.vpn(word);
      offsets += PackedReference.offset(word);
      changes += (word ^ before) & 1L << SIDE_SHIFT;
      before = word;
    }
    if (i > from) {
      side = sideOf(PackedReference.kind(before));
      out.leftOutAddressSum += (pages << PAGE_SHIFT) + offsets;
      long stores = PackedReference.stores(counted);
      long fetches = PackedReference.fetches(counted);
      long data = i - from - fetches;
      out.leftOut[LOAD] += data - stores;
      out.leftOut[STORE] += stores;
      out.leftOut[FETCH] += fetches;
      out.repeats[lastRecord[sideOf(LOAD)]] += (int) data;
      out.repeats[lastRecord[sideOf(FETCH)]] += (int) fetches;
      out.switches[out.records.count() - 1] += (int) (changes >>> SIDE_SHIFT);
    }
    return i;
  }

  /** Keeps a reference. */
  private void keep(CompactBatch out, long va, int descriptor) {
    int record = out.records.count();
    out.reserve(record + 1);
    out.records.add(va, descriptor);
    out.repeats[record] = 0;
    out.switches[record] = 0;
    long last = va + (descriptor >>> 2);
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      return;
    }
    int kind = ReferenceBatch.kind(descriptor);
    lastPage[kind] = PackedReference.page(last, kind);
    if (kind != FETCH) {
      int other = LOAD + STORE - kind;
      if (lastPage[other] != PackedReference.page(last, other)) {
        lastPage[other] = PackedReference.NO_PAGE;
      }
    }
    side = sideOf(kind);
    lastRecord[side] = record;
  }
}
