package io.lookaside.simulator.curve;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.curve.CurveOptions.Side;
import io.lookaside.tlb.FirstLevel;
import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.Compactor;
import io.lookaside.traces.PackedReference;
import io.lookaside.traces.ReferenceBatch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The state of one pass for all geometries, and its counts so far. */
public final class CurvePass {
  /*
   * The pass sees the trace compacted. Of one side, what was left out is on top of its set in every
   * geometry and only counted. With both sides in one structure, references after a record go back
   * and forth between the last pages of the two sides, and the two pages alternate on top.
   */

  private static final int FETCH_SIDE = Compactor.sideOf(AccessKind.FETCH.ordinal());
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  /** So many records are numbered before the first of them is looked up. */
  private static final int CHUNK = 64;

  /** Stands for the number of a record that takes more than one look-up, or none. */
  private static final int UNUSUAL = -1;

  private final Side wanted;
  private final int maxSets;
  private final int maxWays;
  private final StackDistances stacks;
  private final PageNumbers numbers = new PageNumbers();
  private final int shift;

  /** The first level in front, if any, and what it holds for each page. */
  private final @Nullable FirstLevel front;

  private final long frontTranslation;
  private final boolean compact;

  /** By side: what was looked up last. */
  private final int[] lastPage = new int[2];

  private final int[] lastLeaf = new int[2];
  private int side;

  private final int[] pages = new int[CHUNK];
  private final int[] leaves = new int[CHUNK];

  /** Nobody reads it: it keeps the compiler from leaving out what is read ahead. */
  @SuppressWarnings("UnusedVariable")
  private long readAhead;

  /** A pass that has not begun. */
  public CurvePass(CurveOptions options) {
    this.wanted = options.side();
    this.maxSets = options.maxSets();
    this.maxWays = options.maxWays();
    this.stacks = StackDistances.of(maxSets, maxWays);
    this.shift = options.pageSize().shift();
    MachineConfig behind = options.behind();
    this.front = behind == null ? null : new FirstLevel(behind.tlb(), 0);
    this.compact = front == null || front.repetitionsHit(options.pageSize());
    long rights = Pte.WRITABLE | Pte.USER;
    this.frontTranslation =
        Translation.ofLeaf(Pte.PRESENT | Pte.DIRTY, options.pageSize(), rights, false);
  }

  /**
   * Whether what a compacted trace leaves out changes nothing. If not, a first level in front must
   * see every reference.
   */
  boolean takesCompacted() {
    return compact;
  }

  /** Takes the next batch of a trace. */
  public void take(CompactBatch batch) {
    ReferenceBatch records = batch.records;
    int n = records.count();
    for (int from = 0; from < n; from += CHUNK) {
      int to = Math.min(n, from + CHUNK);
      number(records, from, to);
      lookUp(batch, from, to);
    }
    if (front == null) {
      long leftOut = 0;
      for (AccessKind kind : AccessKind.values()) {
        leftOut += isLookedUp(kind.ordinal()) ? batch.leftOut(kind.ordinal()) : 0;
      }
      stacks.lookedUp(leftOut);
    }
  }

  /** Takes references as they are. */
  void take(ReferenceBatch batch, int from, int to) {
    for (int i = from; i < to; i++) {
      lookup(batch.address(i), batch.descriptor(i), batch.addressSpace());
    }
  }

  /** Numbers the pages of records, apart from looking them up: these need not wait for another. */
  private void number(ReferenceBatch records, int from, int to) {
    if (front != null) {
      Arrays.fill(pages, UNUSUAL);
      return;
    }
    int addressSpace = records.addressSpace();
    for (int i = from; i < to; i++) {
      long word = records.words[i];
      if ((word & PackedReference.APART) != 0 || !isLookedUp(PackedReference.kind(word))) {
        pages[i - from] = UNUSUAL;
      } else {
        long page = VirtualAddress.vpn(PackedReference.address(word), shift);
        pages[i - from] = numbers.of(page, addressSpace);
        leaves[i - from] = stacks.leafOf(page);
      }
    }
    stacks.reserve(numbers.end());
    long read = 0;
    for (int i = 0; i < to - from; i++) {
      read += pages[i] == UNUSUAL ? 0 : stacks.readAhead(pages[i]);
    }
    readAhead += read;
  }

  /** Looks up records, and the pages between which the references after them alternate. */
  private void lookUp(CompactBatch batch, int from, int to) {
    ReferenceBatch records = batch.records;
    boolean bothInOne = front == null && wanted == Side.ALL;
    for (int i = from; i < to; i++) {
      int page = pages[i - from];
      if (page == UNUSUAL) {
        lookup(records.address(i), records.descriptor(i), records.addressSpace());
      } else {
        lookupPage(page, leaves[i - from], PackedReference.kind(records.words[i]));
      }
      int switches = batch.switches[i];
      if (bothInOne && switches != 0) {
        alternate(switches);
      }
    }
  }

  private boolean isLookedUp(int kind) {
    return switch (wanted) {
      case ALL -> true;
      case DATA -> Compactor.sideOf(kind) != FETCH_SIDE;
      case FETCH -> Compactor.sideOf(kind) == FETCH_SIDE;
    };
  }

  /** Looks up the last pages of the two sides in turn, beginning with the other one. */
  private void alternate(int switches) {
    int other = side ^ 1;
    if (lastPage[side] != lastPage[other]) {
      stacks.alternate(lastLeaf[side], lastPage[other], lastLeaf[other], switches);
    }
    side ^= switches & 1;
  }

  /** Looks up each 4 KiB page of a reference, as a run does. */
  private void lookup(long va, int descriptor, int addressSpace) {
    int kind = ReferenceBatch.kind(descriptor);
    if (!isLookedUp(kind)) {
      return;
    }
    long last = va + (descriptor >>> 2);
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      return; // a general-protection fault looks nothing up
    }
    lookupPage(va, kind, addressSpace);
    long more = ((last >>> PAGE_SHIFT) - (va >>> PAGE_SHIFT)) & (~0L >>> PAGE_SHIFT);
    long next = va & ~VirtualAddress.OFFSET_4K;
    for (long i = 0; i < more; i++) {
      next += 1L << PAGE_SHIFT;
      lookupPage(next, kind, addressSpace);
    }
  }

  private void lookupPage(long va, int kind, int addressSpace) {
    if (front == null || !front.access(va, addressSpace, kind, frontTranslation)) {
      long page = VirtualAddress.vpn(va, shift);
      int number = numbers.of(page, addressSpace);
      stacks.reserve(numbers.end());
      lookupPage(number, stacks.leafOf(page), kind);
    }
  }

  private void lookupPage(int page, int leaf, int kind) {
    side = Compactor.sideOf(kind);
    lastPage[side] = page;
    lastLeaf[side] = leaf;
    stacks.lookup(page, leaf);
    stacks.lookedUp(1);
  }

  /** All look-ups so far. */
  public long lookups() {
    return stacks.lookups();
  }

  /** The pages looked up so far. */
  public long distinctPages() {
    return stacks.coldMisses();
  }

  /** The misses so far. */
  public MissCounts misses() {
    long[][] misses = new long[Integer.numberOfTrailingZeros(maxSets) + 1][];
    for (int k = 0; k < misses.length; k++) {
      misses[k] = stacks.misses(k, maxWays);
    }
    return new MissCounts(misses, stacks.fullyAssociativeMisses(), stacks.coldMisses());
  }
}
