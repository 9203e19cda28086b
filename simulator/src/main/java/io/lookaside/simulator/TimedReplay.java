package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.FirstTouchKernel;
import io.lookaside.os.Kernel;
import io.lookaside.timing.CacheMetric;
import io.lookaside.timing.CoreTiming;
import io.lookaside.timing.Dram;
import io.lookaside.timing.DramMetric;
import io.lookaside.timing.InterruptConfig;
import io.lookaside.timing.MemoryHierarchy;
import io.lookaside.timing.Overlap;
import io.lookaside.timing.Recipe;
import io.lookaside.timing.Scheduler;
import io.lookaside.timing.Served;
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
  /*
   * As in Replay, a page that its set of the first level used last is remembered, by kind of access
   * and class of its number, together with the distance to its physical address: what repeats it
   * hits, and changes no state but that of the caches. Where time is no more than a sum, such hits
   * are only counted, and what their accesses take is added up, until something else happens.
   */

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();
  private static final long NO_PAGE = -1;

  /** At most 64 classes are told apart. */
  private static final int CLASS_BITS = 6;

  /** What turns the slot of a load into that of a store of the same page, and back. */
  private static final int OTHER_DATA_KIND = 1 << CLASS_BITS;

  /** References in one pass of the loop: a short one is compiled early, see {@link Replay}. */
  private static final int CHUNK = 256;

  /** Counts of the three kinds are packed into a long; a pass has far less than 2^21 references. */
  private static final int COUNT_BITS = 21;

  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

  private static final int PROCESS_SHIFT = 46;
  private static final int SIZE_SHIFT = 60;

  /** A pass in which this many references need more than a look at what is remembered is dense. */
  private static final int DENSE = CHUNK / 8;

  private final Mmu mmu;

  /** {@code null} where the memory is an image. */
  private final @Nullable HostReadAhead readAhead;

  /** References of the pass under way that needed more than a look at what is remembered. */
  private int elsewhere;

  private final TlbHierarchy tlbs;
  private final Kernel kernel;
  private final TranslationRecorder recorder;
  private final @Nullable MissProfile profile;

  /** Of the translation under way, in its reference. */
  private int translationNumber;

  private final MemoryHierarchy memory;
  private final boolean cached;
  private final Scheduler scheduler;
  private final CoreTiming timing;
  private final Counters<ReferenceMetric> counters = new Counters<>(ReferenceMetric.class);
  private long physicalAddressSum;
  private boolean sawFetch;

  /**
   * For references of the batch before this one it is known that no fetch comes as long as they are
   * under way.
   */
  private int onlyDataUntil;

  /** Whether the batch holds only loads and stores that hits may pass, see {@link #runData}. */
  private boolean dataOnly;

  /** Whether the reference under way finds nothing else under way, and is worth holding back. */
  private boolean mayHoldBack;

  /** Whether the last reference is not handed over to the clock yet. */
  private boolean heldBack;

  // Of the repetitions that were gathered last: the sum of their physical addresses, and how many
  // are stores.
  private long gatheredSum;

  private int gatheredStores;

  private boolean clockRuns;
  private long process;

  /** Whether the process was killed in the last reference. */
  private boolean ended;

  // By kind and class, with places for the code 3 that no reference has.
  private final long[] pages = new long[(AccessKind.COUNT + 1) << CLASS_BITS];
  private final long[] distances = new long[(AccessKind.COUNT + 1) << CLASS_BITS];

  /** What {@link Recipe#endTranslation} is told of the page. */
  private final long[] keys = new long[(AccessKind.COUNT + 1) << CLASS_BITS];

  /** By kind: the bits of a page number that are its class. */
  private final int[] classMask = new int[AccessKind.COUNT + 1];

  private final boolean loadsAndStoresShare;

  /** Whether only 4 KiB pages have been met, and all that is said of classes holds for them. */
  private boolean only4K;

  // By kind, of the pages that are remembered: sizes of the page and of the piece that is cached.
  private final PageSize[] pageSizes = new PageSize[AccessKind.COUNT];
  private final PageSize[] pieceSizes = new PageSize[AccessKind.COUNT];

  /** Hits that are handed over to the clock together, and perhaps a reference before them. */
  private final int[] passing = new int[CHUNK + 1];

  /** By kind: repetitions that the TLBs have not counted yet. */
  private final long[] repetitions = new long[AccessKind.COUNT];

  /** By cache: what it had counted when the clock began to run. */
  private final Map<String, Snapshot<CacheMetric>> cachesAtStart = new LinkedHashMap<>();

  private @Nullable Snapshot<DramMetric> dramAtStart;
  private final Overlap overlap;
  private final int contextSwitchCycles;
  private final Shootdowns shootdowns;

  /** Whether somebody else, who runs several cores, announces references and asks the scheduler. */
  private final boolean scheduled;

  /**
   * A replay on the only core of a machine, whose clock stands still.
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
    this(
        machine,
        recorder,
        config,
        overlap,
        observer,
        MemoryHierarchy.alone(config.memory(), seed),
        new Scheduler(config.memory().dram()),
        new Shootdowns(),
        false);
  }

  /**
   * A replay on one of several cores, whose clock stands still.
   *
   * @param memory the core's caches, and what it shares with the others
   * @param scheduler the clock of all cores
   * @param shootdowns the interrupts that the kernel sends
   */
  static TimedReplay ofCore(
      Machine machine,
      TranslationRecorder recorder,
      TimingConfig config,
      Overlap overlap,
      @Nullable TimingObserver observer,
      MemoryHierarchy memory,
      Scheduler scheduler,
      Shootdowns shootdowns) {
    return new TimedReplay(
        machine, recorder, config, overlap, observer, memory, scheduler, shootdowns, true);
  }

  private TimedReplay(
      Machine machine,
      TranslationRecorder recorder,
      TimingConfig config,
      Overlap overlap,
      @Nullable TimingObserver observer,
      MemoryHierarchy memory,
      Scheduler scheduler,
      Shootdowns shootdowns,
      boolean scheduled) {
    this.shootdowns = shootdowns;
    this.scheduled = scheduled;
    this.contextSwitchCycles = config.contextSwitchCycles();
    this.mmu = machine.mmu();
    this.tlbs = machine.tlbs();
    this.kernel = machine.kernel();
    this.recorder = recorder;
    this.profile = recorder.profile();
    this.overlap = overlap;
    this.memory = memory;
    this.readAhead = machine.hasImage() ? null : new HostReadAhead(machine, memory, CHUNK);
    this.cached = config.memory().cached();
    this.scheduler = scheduler;
    InterruptConfig interrupts = config.interrupts();
    this.timing =
        scheduler.addCore(
            overlap,
            config.core(),
            machine.config().latencies(),
            config.memory(),
            interrupts == null ? InterruptConfig.NONE : interrupts,
            observer);
    this.loadsAndStoresShare = tlbs.loadsAndStoresShare();
    boolean fillsInterfere = tlbs.fillsInterfere();
    this.only4K = true;
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      int classes = fillsInterfere ? 0 : tlbs.repetitionClasses(kind, PageSize.SIZE_4K);
      only4K &= classes != 0;
      classMask[kind] = Math.max(1, Math.min(classes, 1 << CLASS_BITS)) - 1;
    }
    Arrays.fill(pages, NO_PAGE);
    Arrays.fill(pageSizes, PageSize.SIZE_4K);
    Arrays.fill(pieceSizes, PageSize.SIZE_4K);
  }

  /** Whether the registers of instructions are needed. */
  boolean needsRegisters() {
    return overlap == Overlap.DATAFLOW;
  }

  /** Lets time begin: references before this only warm up. */
  void startClock() {
    clockRuns = true;
    shootdowns.forgetThreads();
    memory.caches().forEach((name, cache) -> cachesAtStart.put(name, cache.snapshot()));
    Dram dram = memory.dram();
    dramAtStart = dram == null ? null : dram.snapshot();
  }

  /** The core's time. */
  CoreTiming timing() {
    return timing;
  }

  /** Cycles that the kernel takes to let another process run. */
  int contextSwitchCycles() {
    return contextSwitchCycles;
  }

  /**
   * Says what a reference will be, for {@link #perform}; to be asked of it once the scheduler has
   * named this core. The address must be canonical.
   */
  void announce(ReferenceBatch batch, int i) {
    int kind = ReferenceBatch.kind(batch.descriptor(i));
    timing.announce(kind, kind == FETCH || !sawFetch, registersOf(batch, i, kind));
  }

  /** Carries out the reference that was announced. */
  void perform(ReferenceBatch batch, int i) {
    onlyDataUntil = i; // what comes next nobody knows
    dataOnly = false;
    runInOrder(batch, i, i + 1, i + 1);
  }

  /** Lets the time pass that the kernel took to let another process run. */
  void contextSwitch() {
    if (clockRuns && contextSwitchCycles > 0) {
      if (!scheduled) {
        timing.announceKernelWork(0);
        scheduler.nextCore();
      }
      timing.recipe().kernelWork(contextSwitchCycles);
      timing.accept();
    }
  }

  /** Lets the time pass that a kernel thread took on the core, with the interrupts that it sent. */
  void kernelThread(long cycles) {
    Recipe recipe = timing.recipe();
    recipe.kernelWork(cycles);
    shootdowns.tell(recipe, timing.number());
    sendOfThreads();
    timing.accept();
  }

  /** Sends the interrupts of threads of the kernel that ran while the core called it. */
  void sendOfThreads() {
    if (clockRuns) {
      shootdowns.send(scheduler, timing.entryCycle());
    } else {
      shootdowns.forgetThreads();
    }
  }

  /** Says that translations of the core have been dropped. */
  void forget() {
    Arrays.fill(pages, NO_PAGE);
  }

  /** Works off what is still under way, and says what the clock shows. */
  TimingResult result() {
    return result(true);
  }

  /**
   * Works off what is still under way, and says what the clock shows.
   *
   * @param shared whether also of what all cores share
   */
  TimingResult result(boolean shared) {
    countRepetitions();
    timing.end();
    scheduler.nextCore();
    Map<String, Snapshot<CacheMetric>> caches = new LinkedHashMap<>();
    (shared ? memory.caches() : memory.privateCaches())
        .forEach(
            (name, cache) ->
                caches.put(
                    name, cache.snapshot().minus(Objects.requireNonNull(cachesAtStart.get(name)))));
    Dram dram = shared ? memory.dram() : null;
    return new TimingResult(
        overlap,
        timing.totalCycles(),
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
    sawFetch = false; // another trace may have none
    if (readAhead != null) {
      readAhead.forget();
    }
    Arrays.fill(pages, NO_PAGE);
  }

  @Override
  public int run(ReferenceBatch batch, int from, int to) {
    boolean onlyCounts = !clockRuns || (timing.countsHitsOnly() && !tlbs.prefetches());
    int next = from;
    boolean onlyData = !onlyCounts && onlyData(batch, from, to);
    onlyDataUntil = onlyData ? to - timing.mostDataUnderWay() : from;
    dataOnly = onlyData && !cached && !sawFetch;
    while (next < to) {
      int end = Math.min(to, next + CHUNK);
      if (elsewhere >= DENSE && readAhead != null) {
        readAhead.read(batch, next, end);
      }
      elsewhere = 0;
      next = onlyCounts ? runCounting(batch, next, end) : runInOrder(batch, next, end, to);
      if (next < end) {
        break;
      }
    }
    countRepetitions();
    return next;
  }

  /**
   * Whether all that enters from these references are loads and stores, one for each: no fetch, no
   * address that is refused before it is translated, and no kernel that can kill the process.
   */
  private boolean onlyData(ReferenceBatch batch, int from, int to) {
    if (!(kernel instanceof FirstTouchKernel)) {
      return false;
    }
    long addresses = 0;
    int descriptors = 0;
    for (int i = from; i < to; i++) {
      addresses |= batch.address(i) + ReferenceBatch.MAX_SIZE; // past its end
      descriptors |= batch.descriptor(i);
    }
    boolean fetches = (descriptors & FETCH) != 0; // a bit that no other kind has
    long highest = (Long.highestOneBit(addresses) << 1) - 1;
    return !fetches && addresses >= 0 && mmu.context().format().mode().isLinear(highest);
  }

  /** Where time is a sum, or stands still. */
  private int runCounting(ReferenceBatch batch, int from, int to) {
    long[] pageOf = pages;
    long[] distanceOf = distances;
    int[] masks = classMask;
    boolean caches = cached;
    long sum = 0;
    long all = 0;
    long hits = 0;
    long took = 0;
    int next = to;
    for (int i = from; i < to; i++) {
      long va = batch.address(i);
      int descriptor = batch.descriptor(i);
      int kind = descriptor & 3;
      long one = 1L << (kind * COUNT_BITS);
      all += one;
      long number = va >>> PAGE_SHIFT;
      int slot = (kind << CLASS_BITS) | ((int) number & masks[kind]);
      long page = pageOf[slot];
      long last = va + (descriptor >>> 2);
      if (((number ^ page) | ((last >>> PAGE_SHIFT) ^ page)) == 0) {
        long pa = va + distanceOf[slot];
        sum += pa;
        hits += one;
        if (caches) {
          int served = memory.access(pa, kind == FETCH);
          if (!clockRuns || !Served.isDram(served)) {
            took += timing.dataCycles(kind, served);
          } else {
            hits -= one;
            repetitions[kind]++;
            tell(hits, took);
            hits = 0;
            took = 0;
            timing.acceptHit(kind, false, 0, keys[slot], served, pa);
          }
        }
      } else {
        tell(hits, took);
        hits = 0;
        took = 0;
        at(i);
        reference(va, last, kind, kind == FETCH || !sawFetch, registersOf(batch, i, kind));
        if (ended) {
          next = i + 1;
          break;
        }
      }
    }
    ended = false;
    tell(hits, took);
    physicalAddressSum += sum;
    countReferences(all);
    sawFetch |= unpack(all, FETCH) != 0;
    return next;
  }

  /**
   * Runs references where time is more than a sum.
   *
   * @param end up to which references are known: some from {@code to} on may be run too
   * @return the first reference that was not run
   */
  private int runInOrder(ReferenceBatch batch, int from, int to, int end) {
    long all = 0;
    int next = to;
    for (int i = from; i < to; i++) {
      mayHoldBack = false;
      if (!scheduled && timing.passesHits()) {
        mayHoldBack = dataOnly && only4K && profile == null;
        i = dataOnly ? runData(batch, i, end) : runHits(batch, i, to);
        if (i >= to) {
          next = i;
          break;
        }
      }
      timing.foretell(i < onlyDataUntil);
      long va = batch.address(i);
      int descriptor = batch.descriptor(i);
      int kind = ReferenceBatch.kind(descriptor);
      all += 1L << (kind * COUNT_BITS);
      boolean startsInstruction = kind == FETCH || !sawFetch;
      sawFetch |= kind == FETCH;
      long registers = registersOf(batch, i, kind);
      long number = va >>> PAGE_SHIFT;
      int slot = slot(kind, number);
      long page = pages[slot];
      long last = va + ReferenceBatch.size(descriptor) - 1;
      if (number == page && last >>> PAGE_SHIFT == page) {
        long pa = va + distances[slot];
        physicalAddressSum += pa;
        repetitions[kind]++;
        int served = memory.access(pa, kind == FETCH);
        acceptHit(kind, startsInstruction, registers, keys[slot], served, pa);
      } else {
        at(i);
        reference(va, last, kind, startsInstruction, registers);
        if (ended) {
          next = i + 1;
          break;
        }
        if (heldBack) {
          heldBack = false;
          i = runAfter(batch, i, kind, end) - 1;
          next = Math.max(next, i + 1);
        }
      }
    }
    ended = false;
    countReferences(all);
    return next;
  }

  /**
   * Hands over a reference that was held back, together with repetitions that come after it where
   * that can be.
   *
   * @return the first reference that was not run
   */
  private int runAfter(ReferenceBatch batch, int position, int kind, int end) {
    passing[0] = CoreTiming.data(kind, true);
    long fetched = timing.fetchesItsPage() ? batch.address(position) >>> PAGE_SHIFT : NO_PAGE;
    int next = runOfRepetitions(batch, position + 1, end, 1, fetched);
    if (timing.acceptWithData(passing, next - position)) {
      countData(position + 1, next);
      return next;
    }
    if (next < end && storesTo(batch, next, fetched)) {
      return runWithStore(batch, position, next, end, fetched);
    }
    timing.accept();
    return position + 1;
  }

  private static boolean storesTo(ReferenceBatch batch, int i, long page) {
    long va = batch.address(i);
    int descriptor = batch.descriptor(i);
    return ReferenceBatch.kind(descriptor) == STORE
        && va >>> PAGE_SHIFT == page
        && (va + ReferenceBatch.size(descriptor) - 1) >>> PAGE_SHIFT == page;
  }

  /**
   * The same with a store to the page that the reference fetches, which came after the repetitions
   * that were gathered, and most likely needs an assist.
   */
  private int runWithStore(ReferenceBatch batch, int position, int store, int end, long fetched) {
    countData(position + 1, store);
    timing.holdBack();
    long va = batch.address(store);
    elsewhere++;
    recorder.clear();
    translationNumber = 0;
    long t = mmu.translate(va, STORE);
    Recipe recipe = timing.recipe();
    translated(va, STORE, t, recipe);
    countReferences(1L << (STORE * COUNT_BITS));
    if (timing.holdsAssist()) {
      int place = store - position;
      passing[place] = CoreTiming.data(STORE, true);
      int next = runOfRepetitions(batch, store + 1, end, place + 1, fetched);
      if (timing.acceptWithData(passing, next - position, place)) {
        countData(store + 1, next);
        return next;
      }
    }
    timing.acceptHeld();
    for (int i = position + 1; i < store; i++) {
      timing.foretell(i < onlyDataUntil);
      int kind = ReferenceBatch.kind(batch.descriptor(i));
      long page = pageKey(batch.address(i), PageSize.SIZE_4K);
      timing.acceptHit(kind, true, 0, page, Served.UNCACHED, 0);
    }
    timing.foretell(store < onlyDataUntil);
    timing.announce(STORE, true, 0);
    scheduler.nextCore();
    timing.accept();
    return store + 1;
  }

  /**
   * Runs repetitions that enter a window while nothing is under way there, where each is a load or
   * store that starts an instruction and the machine has no data caches.
   *
   * @return the first reference that was not run
   */
  private int runData(ReferenceBatch batch, int from, int end) {
    int next = runOfRepetitions(batch, from, end, 0, NO_PAGE);
    if (timing.acceptData(passing, 0, next - from)) {
      countData(from, next);
      return next;
    }
    return runHits(batch, from, Math.min(end, from + CHUNK));
  }

  /**
   * Puts loads and stores into {@link #passing} from a place on, up to the first that is no
   * repetition.
   *
   * @param fetched a page that hits wait for, or {@link #NO_PAGE}
   * @return the first reference that is not there
   */
  private int runOfRepetitions(
      ReferenceBatch batch, int from, int end, int firstPlace, long fetched) {
    int[] toPass = passing;
    int to = Math.min(end, from + toPass.length - firstPlace);
    int away = firstPlace - from;
    long sum = 0;
    int allStores = 0;
    int i = from;
    while (i < to) {
      // One page after the other: what is remembered of it is looked at once.
      long page = batch.address(i) >>> PAGE_SHIFT;
      long begin = page << PAGE_SHIFT;
      int loadSlot = slot(LOAD, page);
      int storeSlot = slot(STORE, page);
      int unknown = (pages[loadSlot] != page ? 1 : 0) | (pages[storeSlot] != page ? 2 : 0);
      int waits = CoreTiming.data(LOAD, page == fetched);
      int start = i;
      int stores = 0;
      long offsets = 0;
      for (; i < to; i++) {
        long offset = batch.address(i) - begin;
        int descriptor = batch.descriptor(i);
        int kind = descriptor & 3;
        if (((offset | (offset + (descriptor >>> 2))) >>> PAGE_SHIFT) + (unknown >>> kind & 1)
            != 0) {
          break;
        }
        offsets += offset;
        stores += kind;
        toPass[i + away] = waits | kind;
      }
      int count = i - start;
      sum += count * begin + offsets;
      sum += (count - stores) * distances[loadSlot] + stores * distances[storeSlot];
      allStores += stores;
      if (count == 0) {
        break;
      }
    }
    gatheredSum = sum;
    gatheredStores = allStores;
    return i;
  }

  /** Takes account of the repetitions that were gathered last. */
  private void countData(int from, int to) {
    physicalAddressSum += gatheredSum;
    long stores = gatheredStores;
    long loads = to - from - stores;
    repetitions[LOAD] += loads;
    repetitions[STORE] += stores;
    countReferences(loads << (LOAD * COUNT_BITS) | stores << (STORE * COUNT_BITS));
  }

  /**
   * Runs repetitions that enter a window while nothing is under way there, up to the first
   * reference that is something else, or that DRAM serves so that something is under way then.
   *
   * @return the first reference that was not run
   */
  private int runHits(ReferenceBatch batch, int from, int to) {
    long[] pageOf = pages;
    long[] distanceOf = distances;
    int[] masks = classMask;
    int[] toPass = passing;
    boolean caches = cached;
    boolean fetches = sawFetch;
    long sum = 0;
    long all = 0;
    int count = 0;
    int i = from;
    for (; i < to; i++) {
      long va = batch.address(i);
      int descriptor = batch.descriptor(i);
      int kind = descriptor & 3;
      long number = va >>> PAGE_SHIFT;
      int slot = (kind << CLASS_BITS) | ((int) number & masks[kind]);
      long page = pageOf[slot];
      long last = va + (descriptor >>> 2);
      if (((number ^ page) | ((last >>> PAGE_SHIFT) ^ page)) != 0) {
        break;
      }
      long pa = va + distanceOf[slot];
      sum += pa;
      all += 1L << (kind * COUNT_BITS);
      boolean starts = kind == FETCH || !fetches;
      fetches |= kind == FETCH;
      int accessing = 0;
      if (caches) {
        int served = memory.access(pa, kind == FETCH);
        if (Served.isDram(served) && i < onlyDataUntil) {
          toPass[count++] = CoreTiming.hitFromDram(kind, starts, served);
          continue;
        }
        if (Served.isDram(served)) {
          timing.acceptHits(toPass, count);
          count = 0;
          timing.foretell(false);
          timing.acceptHit(kind, starts, registersOf(batch, i, kind), keys[slot], served, pa);
          if (timing.passesHits()) {
            continue;
          }
          i++;
          break;
        }
        accessing = timing.dataCycles(kind, served);
      }
      toPass[count++] = CoreTiming.hit(kind, starts, accessing);
    }
    timing.acceptHits(toPass, count);
    sawFetch = fetches;
    physicalAddressSum += sum;
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      repetitions[kind] += unpack(all, kind);
    }
    countReferences(all);
    return i;
  }

  private void acceptHit(
      int kind, boolean startsInstruction, long registers, long page, int served, long pa) {
    if (scheduled) {
      timing.acceptHit(page, served, pa);
    } else {
      timing.acceptHit(kind, startsInstruction, registers, page, served, pa);
    }
  }

  private void at(int position) {
    if (profile != null) {
      profile.at(position);
    }
  }

  private static long registersOf(ReferenceBatch batch, int i, int kind) {
    return kind == FETCH && batch.hasRegisters() ? batch.registers[i] : 0;
  }

  /** Takes account of repetitions, packed by kind, whose accesses took so many cycles. */
  private void tell(long packed, long took) {
    if (packed == 0) {
      return;
    }
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      long n = unpack(packed, kind);
      if (n != 0) {
        repetitions[kind] += n;
        if (clockRuns) {
          timing.acceptHits(kind, n, 0);
        }
      }
    }
    if (clockRuns && took != 0) {
      timing.acceptHits(LOAD, 0, took);
    }
  }

  private static long unpack(long packed, int kind) {
    return (packed >>> (kind * COUNT_BITS)) & COUNT_MASK;
  }

  private void countReferences(long packed) {
    long loads = unpack(packed, LOAD);
    long stores = unpack(packed, STORE);
    long fetches = unpack(packed, FETCH);
    counters.add(ReferenceMetric.REFERENCES, loads + stores + fetches);
    counters.add(ReferenceMetric.LOADS, loads);
    counters.add(ReferenceMetric.STORES, stores);
    counters.add(ReferenceMetric.FETCHES, fetches);
  }

  private void reference(long va, long last, int kind, boolean startsInstruction, long registers) {
    // The processor checks the whole operand before it translates any of it.
    PagingMode mode = mmu.context().format().mode();
    if (!mode.isLinear(va) || !mode.isLinear(last)) {
      counters.add(ReferenceMetric.GENERAL_PROTECTION, 1);
      return;
    }
    elsewhere++;
    recorder.clear();
    translationNumber = 0;
    long t = mmu.translate(va, kind);
    boolean onePage = va >>> PAGE_SHIFT == last >>> PAGE_SHIFT;
    if (onePage && Translation.isValid(t) && recorder.firstLevelSufficed()) {
      hit(va, kind, t, startsInstruction, registers);
      return;
    }
    if (clockRuns && !scheduled) {
      timing.announce(kind, startsInstruction, registers);
      scheduler.nextCore();
    }
    Recipe recipe = timing.recipe();
    translated(va, kind, t, recipe);
    long next = va & ~VirtualAddress.OFFSET_4K;
    for (long pages = (last >>> PAGE_SHIFT) - (va >>> PAGE_SHIFT); pages > 0; pages--) {
      next += 1L << PAGE_SHIFT;
      counters.add(ReferenceMetric.PAGE_CROSSINGS, 1);
      recorder.clear();
      translated(next, kind, mmu.translate(next, kind), recipe);
    }
    if (clockRuns) {
      heldBack = mayHoldBack && timing.canBeFollowed();
      if (!heldBack) {
        timing.accept();
      }
    }
  }

  /** One translation that the first level gave and that needed no walk. */
  private void hit(long va, int kind, long t, boolean startsInstruction, long registers) {
    long pa = Translation.physicalAddress(t, va);
    physicalAddressSum += pa;
    int served = memory.access(pa, kind == FETCH);
    if (clockRuns) {
      acceptHit(kind, startsInstruction, registers, pageKey(va, t), served, pa);
    }
    remember(va, kind, t);
  }

  /**
   * Writes down what the MMU did for a translation; the page fault that it ended in is answered.
   */
  private void translated(long va, int kind, long outcome, Recipe recipe) {
    long t = outcome;
    recipe.translation();
    if (recorder.firstLevelMissed()) {
      recipe.secondLevel(
          tlbs.secondLevelExtraCycles(kind),
          Translation.isValid(t) ? tlbs.coveredSpan(kind, t) : 0);
    }
    if (recorder.walked()) {
      tell(recipe, recorder.secondLevelMissed() ? Recipe.Cause.MISS : Recipe.Cause.ASSIST);
    }
    if (!Translation.isValid(t)) {
      t = handleFault(va, kind, t, recipe);
    }
    recipe.endTranslation(pageKey(va, t));
    if (profile != null) {
      if (clockRuns) {
        profile.translated(va, t, timing.number(), timing.nextReference(), translationNumber++);
      } else {
        profile.forget();
      }
    }
    if (recorder.walkedAhead()) {
      tellAhead(recipe);
    }
    if (Translation.isValid(t)) {
      long pa = Translation.physicalAddress(t, va);
      physicalAddressSum += pa;
      recipe.data(memory.access(pa, kind == FETCH), pa);
      remember(va, kind, t);
    }
  }

  private void tell(Recipe recipe, Recipe.Cause cause) {
    recipe.walk(cause, recorder.firstLevel());
    for (int i = 0; i < recorder.reads(); i++) {
      long address = recorder.address(i);
      recipe.read(memory.readTable(address), address);
    }
    recipe.endWalk();
  }

  private void tellAhead(Recipe recipe) {
    recipe.prefetch(
        pageKey(recorder.aheadVa(), recorder.aheadOutcome()), recorder.aheadFirstLevel());
    for (int i = recorder.reads(); i < recorder.allReads(); i++) {
      long address = recorder.address(i);
      recipe.read(memory.readTable(address), address);
    }
    recipe.endPrefetch();
  }

  private long handleFault(long va, int kind, long fault, Recipe recipe) {
    Arrays.fill(pages, NO_PAGE);
    counters.add(ReferenceMetric.PAGE_FAULTS, 1);
    if (!kernel.handlePageFault(va, Translation.errorCode(fault))) {
      ended = kernel.hasEnded();
      return fault;
    }
    recipe.fault(kernel.lastFaultCycles());
    shootdowns.tell(recipe, timing.number());
    sendOfThreads();
    recorder.clear();
    long t = mmu.retry(va, kind);
    tell(recipe, Recipe.Cause.RETRY);
    if (!Translation.isValid(t)) {
      counters.add(ReferenceMetric.PAGE_FAULTS, 1);
    }
    return t;
  }

  /** Keeps the page where a repetition of it changes nothing; see {@link Replay}. */
  private void remember(long va, int kind, long t) {
    if (!only4K || Translation.pageSizeCode(t) != 0) {
      rememberAmongLargePages(va, kind, t);
      return;
    }
    long page = va >>> PAGE_SHIFT;
    int slot = slot(kind, page);
    put(slot, va, t);
    if (kind != FETCH && loadsAndStoresShare) {
      int other = slot ^ OTHER_DATA_KIND;
      put(other, va, t);
      if (!mmu.serves(t, LOAD + STORE - kind)) {
        pages[other] = NO_PAGE;
      }
    }
  }

  /** Remembers this page alone, where pages of several sizes occur or repetitions are delicate. */
  private void rememberAmongLargePages(long va, int kind, long t) {
    only4K = false;
    countRepetitions();
    Arrays.fill(pages, NO_PAGE);
    if (tlbs.repetitionClasses(kind, Translation.pieceSize(t)) != 0) {
      put(slot(kind, va >>> PAGE_SHIFT), va, t);
      pageSizes[kind] = Translation.pageSize(t);
      pieceSizes[kind] = Translation.pieceSize(t);
    }
  }

  private void put(int slot, long va, long t) {
    pages[slot] = va >>> PAGE_SHIFT;
    distances[slot] = Translation.physicalAddress(t, va) - va;
    keys[slot] = pageKey(va, t);
  }

  private int slot(int kind, long page) {
    return (kind << CLASS_BITS) | ((int) page & classMask[kind]);
  }

  private void countRepetitions() {
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      if (repetitions[kind] != 0) {
        tlbs.countRepeatedHits(kind, pageSizes[kind], pieceSizes[kind], repetitions[kind]);
        repetitions[kind] = 0;
      }
    }
  }

  private long pageKey(long va, long translation) {
    return pageKey(
        va,
        Translation.isValid(translation) ? Translation.pieceSize(translation) : PageSize.SIZE_4K);
  }

  private long pageKey(long va, PageSize size) {
    return VirtualAddress.vpn(va, size.shift())
        | process << PROCESS_SHIFT
        | (long) size.ordinal() << SIZE_SHIFT;
  }
}
