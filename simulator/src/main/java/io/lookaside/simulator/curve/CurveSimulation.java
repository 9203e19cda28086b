package io.lookaside.simulator.curve;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.simulator.ProgressListener;
import io.lookaside.simulator.StageTimes;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.curve.CurveOptions.Side;
import io.lookaside.tlb.FirstLevel;
import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.CompactedTrace;
import io.lookaside.traces.Compactor;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceException;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import io.lookaside.traces.TraceHasher;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** One pass over a trace for all geometries. */
public final class CurveSimulation {
  /*
   * The pass sees the trace compacted. Of one side, what was left out is on top of its set in every
   * geometry and only counted. With both sides in one structure, references after a record go back
   * and forth between the last pages of the two sides: the first change to the other side is looked
   * up, since other pages may stand above; after that the two pages alternate on top.
   */

  private static final int FETCH_SIDE = Compactor.sideOf(AccessKind.FETCH.ordinal());
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  private final CurveOptions options;
  private final InputStream standardInput;
  private final ProgressListener listener;
  private final StageTimes times;
  private final StackDistances stacks;
  private final int shift;

  /** The first level in front, if any, and what it holds for each page. */
  private final @Nullable FirstLevel front;

  private final long frontTranslation;
  private final boolean compact;

  /** By side: what was looked up last. */
  private final long[] lastKey = new long[2];

  private int side;

  /**
   * A pass that has not begun.
   *
   * @param standardInput read where the trace is {@code -}
   */
  public CurveSimulation(
      CurveOptions options,
      InputStream standardInput,
      ProgressListener listener,
      StageTimes times) {
    this.options = options;
    this.standardInput = standardInput;
    this.listener = listener;
    this.times = times;
    this.stacks = new StackDistances(options.maxSets(), options.maxWays());
    this.shift = options.pageSize().shift();
    MachineConfig behind = options.behind();
    this.front = behind == null ? null : new FirstLevel(behind.tlb(), 0);
    this.compact = front == null || front.repetitionsHit(options.pageSize());
    long rights = Pte.WRITABLE | Pte.USER;
    this.frontTranslation =
        Translation.ofLeaf(Pte.PRESENT | Pte.DIRTY, options.pageSize(), rights, false);
  }

  /**
   * Goes to the end of the trace or of what was asked for.
   *
   * @throws TraceException if the trace is flawed, or ends before anything was looked at
   */
  public CurveResult run() throws IOException {
    return compact ? runCompacted() : runReferenceByReference();
  }

  private CurveResult runCompacted() throws IOException {
    CompactedTrace.Stretch stretch =
        new CompactedTrace.Stretch(options.skip(), 0, options.maxReferences());
    try (CompactedTrace trace =
        CompactedTrace.open(
            options.trace(),
            options.format(),
            standardInput,
            stretch,
            options.cache() ? CompactedTrace.Cache.BESIDE : CompactedTrace.Cache.NONE,
            times)) {
      CompactBatch batch = new CompactBatch();
      long read = options.skip();
      while (trace.read(batch)) {
        take(batch);
        read += batch.references();
        times.book(StageTimes.Stage.REPLAY);
        listener.progress(read, trace.storedBytesRead(), trace.storedBytes());
      }
      times.book(StageTimes.Stage.REPLAY);
      CompactedTrace.Facts facts = trace.facts();
      return result(facts.format(), facts.hash(), facts.skipped(), facts.measured());
    }
  }

  /** For a first level in front in which repetitions may change something. */
  private CurveResult runReferenceByReference() throws IOException {
    try (TraceFile trace = TraceFile.open(options.trace(), options.format(), standardInput)) {
      TraceHasher hasher = new TraceHasher();
      ReferenceBatch batch = new ReferenceBatch();
      long skipped = 0;
      long references = 0;
      int n;
      while (references < options.maxReferences() && (n = trace.read(batch)) > 0) {
        int from = (int) Math.min(n, options.skip() - skipped);
        skipped += from;
        int to = (int) Math.min(n, from + Math.min(n, options.maxReferences() - references));
        hasher.add(batch, 0, to);
        times.book(StageTimes.Stage.DECODE);
        for (int i = from; i < to; i++) {
          lookup(batch.addresses[i], batch.descriptors[i], batch.addressSpace());
        }
        references += to - from;
        times.book(StageTimes.Stage.REPLAY);
        listener.progress(skipped + references, trace.storedBytesRead(), trace.storedBytes());
      }
      return result(trace.format(), hasher.value(), skipped, references);
    }
  }

  private CurveResult result(TraceFormat format, long hash, long skipped, long references)
      throws TraceException {
    if (references == 0) {
      throw new TraceException(
          options.trace()
              + ": nothing to look up: the trace has "
              + skipped
              + " references, all of them skipped; lower --skip");
    }
    int numbers = Integer.numberOfTrailingZeros(options.maxSets()) + 1;
    long[][] misses = new long[numbers][];
    for (int k = 0; k < numbers; k++) {
      misses[k] = stacks.misses(k, options.maxWays());
    }
    return new CurveResult(
        options,
        format,
        hash,
        references,
        stacks.lookups(),
        stacks.coldMisses(),
        new MissCounts(misses, stacks.fullyAssociativeMisses(), stacks.coldMisses()));
  }

  private void take(CompactBatch batch) {
    ReferenceBatch records = batch.records;
    int n = records.count();
    int addressSpace = records.addressSpace();
    boolean bothInOne = front == null && options.side() == Side.ALL;
    long alternating = 0;
    for (int i = 0; i < n; i++) {
      lookup(records.addresses[i], records.descriptors[i], addressSpace);
      int switches = batch.switches[i];
      if (bothInOne && switches != 0) {
        alternate(switches);
        alternating += switches;
      }
    }
    if (front == null) {
      long leftOut = 0;
      for (AccessKind kind : AccessKind.values()) {
        leftOut += isLookedUp(kind.ordinal()) ? batch.leftOut(kind.ordinal()) : 0;
      }
      stacks.repeat(leftOut - alternating);
    }
  }

  private boolean isLookedUp(int kind) {
    return switch (options.side()) {
      case ALL -> true;
      case DATA -> Compactor.sideOf(kind) != FETCH_SIDE;
      case FETCH -> Compactor.sideOf(kind) == FETCH_SIDE;
    };
  }

  /** Looks up the last pages of the two sides in turn, beginning with the other one. */
  private void alternate(int switches) {
    lookupOtherSide();
    int more = switches - 1;
    if ((more & 1) != 0) {
      lookupOtherSide();
      more--;
    }
    stacks.alternate(lastKey[0], lastKey[1], more);
  }

  private void lookupOtherSide() {
    side ^= 1;
    stacks.lookup(lastKey[side]);
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
      long key = StackDistances.key(va, shift, addressSpace);
      side = Compactor.sideOf(kind);
      lastKey[side] = key;
      stacks.lookup(key);
    }
  }
}
