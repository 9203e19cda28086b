package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.Kernel;
import io.lookaside.timing.CacheMetric;
import io.lookaside.timing.CoreTiming;
import io.lookaside.timing.Dram;
import io.lookaside.timing.DramMetric;
import io.lookaside.timing.MemoryHierarchy;
import io.lookaside.timing.Overlap;
import io.lookaside.timing.Recipe;
import io.lookaside.timing.Scheduler;
import io.lookaside.timing.TimingConfig;
import io.lookaside.timing.TimingObserver;
import io.lookaside.tlb.TlbHierarchy;
import io.lookaside.traces.ReferenceBatch;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Replays references on a machine and on its clock: each changes the state of TLBs, tables and
 * caches in program order and leaves a recipe, which the scheduler then places in time.
 *
 * <p>Counts what {@link Replay} counts, to the last one.
 */
final class TimedReplay implements ReplayEngine {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();
  private static final long NO_PAGE = -1;
  private static final ReferenceMetric[] BY_KIND = {
    ReferenceMetric.LOADS, ReferenceMetric.STORES, ReferenceMetric.FETCHES
  };
  private static final int PROCESS_SHIFT = 46;
  private static final int SIZE_SHIFT = 60;

  private final Mmu mmu;
  private final TlbHierarchy tlbs;
  private final Kernel kernel;
  private final TranslationRecorder recorder;
  private final MemoryHierarchy memory;
  private final Scheduler scheduler;
  private final CoreTiming timing;
  private final Counters<ReferenceMetric> counters = new Counters<>(ReferenceMetric.class);
  private long physicalAddressSum;
  private boolean sawFetch;
  private boolean clockRuns;
  private long process;

  // By kind: the page that its first-level structure used last, if a further use changes nothing.
  private final long[] lastPage = new long[AccessKind.COUNT];
  private final long[] lastTranslation = new long[AccessKind.COUNT];
  private final long[] repetitions = new long[AccessKind.COUNT];
  private final boolean loadsAndStoresShare;
  private final boolean fillsInterfere;

  /** By cache: what it had counted when the clock began to run. */
  private final Map<String, Snapshot<CacheMetric>> cachesAtStart = new LinkedHashMap<>();

  private @Nullable Snapshot<DramMetric> dramAtStart;
  private final Overlap overlap;

  /**
   * A replay whose clock stands still.
   *
   * @param machine a machine that {@code recorder} watches
   * @param observer is told every step, or {@code null}
   * @param seed for random replacement in caches
   */
  TimedReplay(
      Machine machine,
      TranslationRecorder recorder,
      TimingConfig config,
      Overlap overlap,
      @Nullable TimingObserver observer,
      long seed) {
    this.mmu = machine.mmu();
    this.tlbs = machine.tlbs();
    this.kernel = machine.kernel();
    this.recorder = recorder;
    this.overlap = overlap;
    this.memory = MemoryHierarchy.alone(config.memory(), seed);
    this.scheduler = new Scheduler(config.memory().dram());
    this.timing =
        scheduler.addCore(
            overlap, config.core(), machine.config().latencies(), config.memory(), observer);
    this.loadsAndStoresShare = tlbs.loadsAndStoresShare();
    this.fillsInterfere = tlbs.fillsInterfere();
    Arrays.fill(lastPage, NO_PAGE);
  }

  /** Whether the registers of instructions are needed. */
  boolean needsRegisters() {
    return overlap == Overlap.DATAFLOW;
  }

  /** Lets time begin: references before this only warm up. */
  void startClock() {
    clockRuns = true;
    memory.caches().forEach((name, cache) -> cachesAtStart.put(name, cache.snapshot()));
    Dram dram = memory.dram();
    dramAtStart = dram == null ? null : dram.snapshot();
  }

  /** Works off what is still under way, and says what the clock shows. */
  TimingResult result() {
    timing.end();
    scheduler.nextCore();
    Map<String, Snapshot<CacheMetric>> caches = new LinkedHashMap<>();
    memory
        .caches()
        .forEach(
            (name, cache) ->
                caches.put(
                    name, cache.snapshot().minus(Objects.requireNonNull(cachesAtStart.get(name)))));
    Dram dram = memory.dram();
    return new TimingResult(
        overlap,
        timing.totalCycles(),
        timing.attributed(),
        timing.snapshot(),
        timing.walkLatencies(),
        caches,
        dram == null ? null : dram.snapshot().minus(Objects.requireNonNull(dramAtStart)));
  }

  @Override
  public Snapshot<ReferenceMetric> snapshot() {
    return counters.snapshot();
  }

  @Override
  public long physicalAddressSum() {
    return physicalAddressSum;
  }

  @Override
  public void addressSpaceChanged() {
    process = mmu.registers().pcid();
    Arrays.fill(lastPage, NO_PAGE);
  }

  @Override
  public void run(ReferenceBatch batch, int from, int to) {
    for (int i = from; i < to; i++) {
      long va = batch.addresses[i];
      int descriptor = batch.descriptors[i];
      int kind = ReferenceBatch.kind(descriptor);
      long last = va + ReferenceBatch.size(descriptor) - 1;
      counters.add(ReferenceMetric.REFERENCES, 1);
      counters.add(BY_KIND[kind], 1);
      boolean startsInstruction = kind == FETCH || !sawFetch;
      sawFetch |= kind == FETCH;
      long registers = kind == FETCH && batch.hasRegisters() ? batch.registers[i] : 0;
      long page = va >>> PAGE_SHIFT;
      if (page == lastPage[kind] && page == last >>> PAGE_SHIFT) {
        repeat(va, kind, startsInstruction, registers);
      } else {
        reference(va, last, kind, startsInstruction, registers);
      }
    }
    countRepetitions();
  }

  /** A reference to the page that its first-level structure used last: it hits. */
  private void repeat(long va, int kind, boolean startsInstruction, long registers) {
    long t = lastTranslation[kind];
    long pa = Translation.physicalAddress(t, va);
    physicalAddressSum += pa;
    repetitions[kind]++;
    int served = memory.access(pa, port(kind));
    if (clockRuns) {
      timing.acceptHit(kind, startsInstruction, registers, pageKey(va, t), served, pa);
    }
  }

  private void reference(long va, long last, int kind, boolean startsInstruction, long registers) {
    // The processor checks the whole operand before it translates any of it.
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      counters.add(ReferenceMetric.GENERAL_PROTECTION, 1);
      return;
    }
    if (clockRuns) {
      timing.announce(kind, startsInstruction, registers);
      scheduler.nextCore();
    }
    Recipe recipe = timing.recipe();
    translate(va, kind, recipe);
    long next = va & ~VirtualAddress.OFFSET_4K;
    for (long pages = (last >>> PAGE_SHIFT) - (va >>> PAGE_SHIFT); pages > 0; pages--) {
      next += 1L << PAGE_SHIFT;
      counters.add(ReferenceMetric.PAGE_CROSSINGS, 1);
      translate(next, kind, recipe);
    }
    if (clockRuns) {
      timing.accept();
    }
  }

  private void translate(long va, int kind, Recipe recipe) {
    recorder.clear();
    long t = mmu.translate(va, kind);
    recipe.translation();
    if (recorder.firstLevelMissed()) {
      recipe.secondLevel();
    }
    if (recorder.walked()) {
      tell(recipe, recorder.secondLevelMissed() ? Recipe.Cause.MISS : Recipe.Cause.ASSIST);
    }
    if (!Translation.isValid(t)) {
      t = handleFault(va, kind, t, recipe);
    }
    recipe.endTranslation(pageKey(va, t));
    if (Translation.isValid(t)) {
      long pa = Translation.physicalAddress(t, va);
      physicalAddressSum += pa;
      recipe.data(memory.access(pa, port(kind)), pa);
      remember(va, kind, t);
    }
  }

  private void tell(Recipe recipe, Recipe.Cause cause) {
    recipe.walk(cause);
    for (int i = 0; i < recorder.reads(); i++) {
      long address = recorder.address(i);
      recipe.read(memory.access(address, MemoryHierarchy.Port.TABLE), address);
    }
    recipe.endWalk();
  }

  private long handleFault(long va, int kind, long fault, Recipe recipe) {
    countRepetitions();
    Arrays.fill(lastPage, NO_PAGE);
    counters.add(ReferenceMetric.PAGE_FAULTS, 1);
    if (!kernel.handlePageFault(va, Translation.errorCode(fault))) {
      return fault;
    }
    recipe.fault(kernel.lastFaultCycles());
    recorder.clear();
    long t = mmu.retry(va, kind);
    tell(recipe, Recipe.Cause.RETRY);
    if (!Translation.isValid(t)) {
      counters.add(ReferenceMetric.PAGE_FAULTS, 1);
    }
    return t;
  }

  /** Keeps the page if a repetition of it changes nothing; see {@link Replay}. */
  private void remember(long va, int kind, long t) {
    countRepetitions();
    if (fillsInterfere) {
      Arrays.fill(lastPage, NO_PAGE);
    }
    boolean repeatable = tlbs.repetitionClasses(kind, Translation.pieceSize(t)) != 0;
    long page = va >>> PAGE_SHIFT;
    remember(kind, page, t, repeatable);
    if (kind != FETCH && loadsAndStoresShare) {
      int other = LOAD + STORE - kind;
      remember(other, page, t, repeatable && mmu.serves(t, other));
    } else if (kind != FETCH) {
      // They may share a structure for larger pages.
      lastPage[LOAD + STORE - kind] = NO_PAGE;
    }
  }

  private void remember(int kind, long page, long t, boolean repeatable) {
    lastPage[kind] = repeatable ? page : NO_PAGE;
    lastTranslation[kind] = t;
  }

  private void countRepetitions() {
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      if (repetitions[kind] != 0) {
        long t = lastTranslation[kind];
        PageSize size = Translation.pageSize(t);
        tlbs.countRepeatedHits(kind, size, Translation.pieceSize(t), repetitions[kind]);
        repetitions[kind] = 0;
      }
    }
  }

  private long pageKey(long va, long translation) {
    PageSize size =
        Translation.isValid(translation) ? Translation.pieceSize(translation) : PageSize.SIZE_4K;
    return VirtualAddress.vpn(va, size.shift())
        | process << PROCESS_SHIFT
        | (long) size.ordinal() << SIZE_SHIFT;
  }

  private static MemoryHierarchy.Port port(int kind) {
    return kind == FETCH ? MemoryHierarchy.Port.FETCH : MemoryHierarchy.Port.DATA;
  }
}
