package io.lookaside.timing;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.stats.Snapshot;
import java.util.function.IntUnaryOperator;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The time of one core, for whoever runs a trace: when its references may enter the window, and how
 * they do. What is under way is in a {@link Window}, where references also retire; how they go on
 * is up to {@link RecipeFollower}, {@link PlainReferences}, {@link PassingHits} and {@link
 * PassingData}; what they wait for, to {@link CoreUnits}, {@link PagesUnderWay}, {@link
 * Instructions} and {@link Interrupts}.
 */
public final class CoreTiming {
  /*
   * What is in the window. An instruction takes an entry of the reorder buffer from the cycle in
   * which it enters to that in which its last reference retires, and a load or store an entry of its
   * queue from entering to retiring. References retire in order, each in the cycle in which it is
   * complete or later; an entry that is given up in a cycle can be taken in the same cycle.
   *
   * Instructions enter in order, at most issueWidth in a cycle. Fetches are pipelined: one that the
   * first-level TLB answers and a cache serves holds up what comes after it only by what it takes
   * beyond a hit in the first-level cache; any other until it is complete, less a hit in that cache. A
   * page fault holds up all that comes after it until it is over.
   *
   * Most references hit in the first-level TLB, need no bank of main memory and meet no page that is
   * still on its way. Their end is known when they enter, so they need no event.
   */

  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final long BLOCKED = Window.BLOCKED;
  private static final int NOBODY = Life.NOBODY;
  private static final long NO_OWNER = Window.NO_OWNER;

  /** The number of what is no reference of the trace. */
  private static final long NO_REFERENCE = -1;

  private static final int TRANSLATION_CYCLES = TimingMetric.TRANSLATION_CYCLES.ordinal();
  private static final int BASE = CycleCause.BASE.ordinal();
  private static final int DATA = CycleCause.DATA.ordinal();

  private final Scheduler scheduler;
  private final boolean serial;
  private final boolean dataflow;

  /** Whether it is a window without dataflow, and nobody observes it. */
  private final boolean unobservedWindow;

  private final @Nullable TimingObserver observer;
  private final int[] lookupCycles;
  private final int[][] dataCycles;
  private final int hiddenFetchCycles;

  private final Window window;
  private final DataQueues queues;
  private final CoreUnits units;
  private final Interrupts interrupts;
  private final Instructions instructions;
  private final PagesUnderWay pages;
  private final PlainReferences plain;
  private final RecipeFollower follower;
  private final PassingHits passing;
  private final PassingData passingData;

  /** What {@link #readyCycle} found last. */
  private long ready;

  /** Where it found that nothing may enter: a reference that must be complete before, if known. */
  private @Nullable Life blockedOn;

  // What the trace has next.
  private boolean announced;
  private int nextKind;
  private boolean nextStartsInstruction;
  private long nextRegisters;

  private final int[] oneHit = new int[1];

  /** The recipe that is being filled. A reference that follows it takes it, and leaves its own. */
  private Recipe filled = new Recipe();

  /** One that is put aside, or is not used. */
  private Recipe held = new Recipe();

  private final long[] counts;

  CoreTiming(
      Scheduler scheduler,
      int number,
      Overlap overlap,
      CoreConfig config,
      Latencies latencies,
      MemoryConfig memory,
      InterruptConfig interruptConfig,
      @Nullable TimingObserver observer) {
    this.scheduler = scheduler;
    this.observer = observer;
    window = new Window(scheduler, number, overlap, config, observer);
    serial = window.serial;
    dataflow = window.dataflow;
    unobservedWindow = overlap == Overlap.WINDOW && observer == null;
    queues = window.queues;
    counts = window.counters.values();
    StepCycles cycles = new StepCycles(latencies, memory);
    lookupCycles = cycles.lookup;
    dataCycles = cycles.data;
    hiddenFetchCycles = cycles.hiddenFetch;
    units = new CoreUnits(window, cycles);
    interrupts = new Interrupts(window, interruptConfig);
    instructions = new Instructions(window, interrupts);
    pages = new PagesUnderWay(window);
    plain = new PlainReferences(window, units, pages, interrupts);
    follower = new RecipeFollower(window, units, pages, interrupts, instructions);
    passing = new PassingHits(window, units);
    passingData = new PassingData(window, units);
  }

  /** Makes the ring of references twice as long. */
  private void growLives() {
    IntUnaryOperator newSlot = window.grow();
    units.renumber(window.lives.length, newSlot);
    interrupts.renumber(newSlot);
  }

  /**
   * Says what the trace has next for this core.
   *
   * @param kind an {@link AccessKind} code
   * @param startsInstruction whether it is the first reference of an instruction
   * @param registers what the instruction reads and writes, see {@link Registers}; only looked at
   *     in {@link Overlap#DATAFLOW} and where an instruction starts
   */
  public void announce(int kind, boolean startsInstruction, long registers) {
    announced = true;
    window.ended = false;
    nextKind = kind;
    nextStartsInstruction = startsInstruction;
    nextRegisters = registers;
    if (startsInstruction) {
      instructions.closeLast();
    }
  }

  /**
   * Says that the kernel wants the core for work of its own, as a context switch, before whatever
   * else was announced. It begins when all that is under way is complete.
   *
   * @param notBefore the first cycle in which it can
   */
  public void announceKernelWork(long notBefore) {
    window.heldUntil = Math.max(window.heldUntil, notBefore);
    announced = true;
    nextKind = NOBODY;
    nextStartsInstruction = true;
    nextRegisters = 0;
    instructions.closeLast();
  }

  /** Says that the trace has no more for this core. */
  public void end() {
    announced = false;
    window.ended = true;
    instructions.closeLast();
  }

  /**
   * Lets a reference enter that is one translation which the first level answered. Does what {@link
   * #announce}, a short {@link #recipe} and {@link #accept} would do, for machines of one core.
   *
   * @param page as in {@link Recipe#endTranslation}
   * @param served where its data are, as in {@link Recipe#data}
   */
  public void acceptHit(
      int kind, boolean startsInstruction, long registers, long page, int served, long address) {
    if (isLean()) {
      acceptLeanHit(kind, startsInstruction, page, served, address);
      return;
    }
    if (countsHitsOnly()) {
      // Nothing else is under way, so what comes next starts where the one before has ended.
      window.retireComplete();
      long translated = Math.max(window.heldUntil, window.lastRetired) + lookupCycles[kind];
      long done = units.access(served, translated) + dataCycles[kind][Served.place(served)];
      addHits(1, lookupCycles[kind], done - translated);
      return;
    }
    announce(kind, startsInstruction, registers);
    scheduler.nextCore();
    acceptHit(page, served, address);
  }

  private void acceptLeanHit(
      int kind, boolean startsInstruction, long page, int served, long address) {
    boolean fromDram = Served.isDram(served);
    if (!fromDram && passesHits()) {
      oneHit[0] = hit(kind, startsInstruction, dataCycles(kind, served));
      acceptHits(oneHit, 1);
      return;
    }
    nextKind = kind;
    nextStartsInstruction = startsInstruction;
    if (!isReadyAtOnce(kind, startsInstruction)) {
      announce(kind, startsInstruction, 0);
      scheduler.nextCore();
    }
    long owner = pages.owner(page);
    if (owner != NO_OWNER && Window.isAhead(owner)) {
      acceptHit(page, served, address);
    } else if (fromDram) {
      plain.enterHitFromDram(enter(), page, served);
    } else {
      plain.enterHit(enter(), page, dataCycles(kind, served), owner);
    }
  }

  /**
   * Whether a reference can enter before the next event, as far as that is easily told; {@link
   * #ready} then says when. In a lean window.
   */
  private boolean isReadyAtOnce(int kind, boolean startsInstruction) {
    if (window.holder != NOBODY
        || interrupts.areWaiting()
        || window.tail - window.head >= window.lives.length) {
      return false;
    }
    long cycle = Math.max(window.entryCycle, window.heldUntil);
    if (startsInstruction) {
      cycle = window.nextInstruction(cycle);
      if (cycle == BLOCKED) {
        return false;
      }
    }
    if (DataQueues.take(kind)) {
      if (queues.isFull(kind)) {
        return false;
      }
      cycle = Math.max(cycle, queues.freeFrom(kind));
    }
    ready = cycle;
    return cycle < scheduler.firstEvent();
  }

  /** Whether references need no recipe of their own: in the window of the only core. */
  private boolean isLean() {
    return unobservedWindow && !window.ended && scheduler.singleCore();
  }

  /** Lets the reference that was announced enter, without a recipe. */
  private Life enter() {
    long cycle = ready;
    announced = false;
    if (nextStartsInstruction || window.instructionTail == 0) {
      instructions.start(cycle, nextKind, nextRegisters);
    }
    scheduler.entered(cycle, cycle);
    return window.enterPlain(cycle, nextKind, nextStartsInstruction);
  }

  /**
   * Whether all that entered a window before is retired as far as cycles are concerned, so that of
   * hits that enter now, and that DRAM does not serve, all follows from what is known: {@link
   * #acceptHits(int[], int)} takes them.
   */
  public boolean passesHits() {
    if (!pages.isEmpty() || window.holder != NOBODY || !scheduler.isIdle() || !isLean()) {
      return false;
    }
    window.retireComplete();
    return window.head == window.tail;
  }

  /**
   * A hit as {@link #acceptHits(int[], int)} takes it.
   *
   * @param kind an {@link AccessKind} code
   * @param accessing its {@link #dataCycles}
   */
  public static int hit(int kind, boolean startsInstruction, int accessing) {
    return PassingHits.code(kind, startsInstruction, accessing);
  }

  /**
   * A load or store that DRAM serves, as {@link #acceptHits(int[], int)} takes it, where {@link
   * #mostDataUnderWay} is known.
   */
  public static int hitFromDram(int kind, boolean startsInstruction, int served) {
    return PassingHits.codeFromDram(kind, startsInstruction, served);
  }

  /** The most loads and stores that can be under way. */
  public int mostDataUnderWay() {
    return queues.size();
  }

  /**
   * Says whether among the next references, as many as {@link #mostDataUnderWay}, is none that
   * fetches: then all references under way, and those that will be together with them, are looked
   * up in the order in which they enter.
   */
  public void foretell(boolean noFetchIsNear) {
    plain.foretell(noFetchIsNear);
  }

  /**
   * Lets hits enter, run and retire at once, one after the other: what {@link #accept} and
   * retirement would do. Only where {@link #passesHits}.
   *
   * @param hits what {@link #hit} makes of each
   */
  public void acceptHits(int[] hits, int count) {
    if (count > 0) {
      passing.pass(hits, count);
      announced = false;
    }
  }

  /**
   * A load or store as {@link #acceptData} takes it.
   *
   * @param kind an {@link AccessKind} code
   * @param waits whether it is in the page that the first of them fetches
   */
  public static int data(int kind, boolean waits) {
    return PassingData.code(kind, waits);
  }

  /**
   * As {@link #acceptHits(int[], int)}, of loads and stores that each start an instruction, on a
   * machine without data caches.
   *
   * @param data what {@link #data} makes of each
   * @return false where nothing was done, and they must be handed over in another way
   */
  public boolean acceptData(int[] data, int from, int to) {
    if (!passingData.canPass(to - from)) {
      return false;
    }
    if (from < to) {
      passingData.pass(data, from, to);
      announced = false;
    }
    return true;
  }

  /**
   * Whether the recipe that was filled is that of a load or store which can be handed over together
   * with hits that come after it, with {@link #acceptWithData}. To be called instead of {@link
   * #accept}, for machines without data caches.
   */
  public boolean canBeFollowed() {
    return (filled.isPlain() || filled.isAssist()) && window.walksAhead == 0 && passesHits();
  }

  /** Whether hits in the page of that reference wait for it. */
  public boolean fetchesItsPage() {
    return !filled.isAssist();
  }

  /**
   * Lets the reference that was announced enter, with the recipe that was filled for it, and then
   * hits: what {@link #accept} and {@link #acceptData} would do. Only where {@link #canBeFollowed}.
   *
   * @param data what {@link #data} makes of all, the reference first
   * @return false where nothing was done, since something that comes later might meet its walk
   */
  public boolean acceptWithData(int[] data, int count) {
    return passWithData(filled, data, count, 0, null);
  }

  /**
   * Puts the recipe of that reference aside, for which {@link #acceptWithData} was false, to look
   * whether a store to its page comes soon that needs an assist. {@link #recipe} is then the
   * store's.
   */
  public void holdBack() {
    Recipe idle = held;
    held = filled;
    filled = idle;
  }

  /** Whether the recipe that was filled for the store since is that of an assist. */
  public boolean holdsAssist() {
    return filled.isAssist();
  }

  /**
   * As {@link #acceptWithData(int[], int)}, with a store in a place after the first for which
   * {@link #holdsAssist}.
   */
  public boolean acceptWithData(int[] data, int count, int assist) {
    return passWithData(held, data, count, assist, filled);
  }

  private boolean passWithData(
      Recipe recipe, int[] data, int count, int assist, @Nullable Recipe assisted) {
    if (!passingData.canPass(count)
        || !passingData.outlast(recipe, ready, data, count, assist, assisted)) {
      return false;
    }
    passingData.passAfter(recipe, ready, data, count, assist, assisted);
    announced = false;
    return true;
  }

  /** Lets the reference enter whose recipe was put aside, as {@link #accept}. */
  public void acceptHeld() {
    Recipe store = filled;
    filled = held;
    accept();
    held = filled;
    filled = store;
  }

  /**
   * Lets the reference that was announced enter, as one translation which the first level answered.
   * Does what a short {@link #recipe} and {@link #accept} would do.
   *
   * @param page as in {@link Recipe#endTranslation}
   * @param served where its data are, as in {@link Recipe#data}
   */
  public void acceptHit(long page, int served, long address) {
    Recipe recipe = recipe();
    recipe.translation();
    recipe.endTranslation(page);
    recipe.data(served, address);
    accept();
  }

  /**
   * Whether time is no more than a sum: of hits that DRAM does not serve it is enough to say how
   * many there were and what their accesses took, with {@link #acceptHits}.
   */
  public boolean countsHitsOnly() {
    return serial && observer == null && scheduler.singleCore() && window.walksAhead == 0;
  }

  /** Cycles of a data access that a cache serves, after its translation. */
  public int dataCycles(int kind, int served) {
    return dataCycles[kind][Served.place(served)];
  }

  /**
   * Lets several references of a kind enter that each are one translation which the first level
   * answered, and whose data are not in DRAM. Only where {@link #countsHitsOnly}.
   *
   * @param accessing the sum of their {@link #dataCycles}
   */
  public void acceptHits(int kind, long hits, long accessing) {
    window.retireComplete();
    addHits(hits, hits * lookupCycles[kind], accessing);
  }

  private void addHits(long hits, long translating, long accessing) {
    counts[TRANSLATION_CYCLES] += translating;
    window.causes.values()[BASE] += translating;
    window.causes.values()[DATA] += accessing;
    window.references += hits;
    window.heldUntil = Math.max(window.heldUntil, window.lastRetired) + translating + accessing;
    window.lastRetired = window.heldUntil;
  }

  /** The number that the next reference has for observers. */
  public long nextReference() {
    return window.references;
  }

  /** The recipe to fill for the reference that was announced, empty. */
  public Recipe recipe() {
    filled.clear();
    return filled;
  }

  /** How many references of its own an instruction puts before the one that was announced. */
  private int ownWork() {
    return dataflow && nextStartsInstruction && nextKind != NOBODY ? 1 : 0;
  }

  /** Its number among the cores of the machine. */
  public int number() {
    return window.number;
  }

  /** Whether what {@link #readyCycle} waited for has not happened yet. */
  boolean staysBlocked() {
    Life life = blockedOn;
    return life != null && life.complete == Life.UNKNOWN;
  }

  /** The cycle in which {@link Scheduler#nextCore} said that what was announced can enter. */
  public long entryCycle() {
    return ready;
  }

  /** The first cycle in which what was announced may enter; {@link #BLOCKED} while unknown. */
  long readyCycle() {
    ready = findReadyCycle();
    return ready;
  }

  private long findReadyCycle() {
    blockedOn = null;
    if (!announced) {
      window.retireComplete();
      return BLOCKED;
    }
    if (interrupts.areWaiting() || (nextKind == NOBODY && window.open > 0)) {
      return BLOCKED;
    }
    if (window.holder != NOBODY && !isHolderComplete()) {
      return BLOCKED;
    }
    window.retireComplete();
    long cycle = Math.max(window.entryCycle, window.heldUntil);
    if (nextKind == NOBODY) {
      return Math.max(cycle, window.lastRetired);
    }
    if (serial) {
      return cycle;
    }
    if (nextStartsInstruction) {
      cycle = window.nextInstruction(cycle);
      if (cycle == BLOCKED) {
        return blockedOnOldest();
      }
    }
    if (DataQueues.take(nextKind)) {
      if (queues.isFull(nextKind)) {
        return blockedOnOldest();
      }
      cycle = Math.max(cycle, queues.freeFrom(nextKind));
    }
    if (window.tail - window.head + ownWork() >= window.lives.length) {
      if (window.lives.length == window.mostLives) {
        return blockedOnOldest();
      }
      growLives();
    }
    return cycle;
  }

  /** Whether nothing is held up any more by the reference that held up all after it. */
  private boolean isHolderComplete() {
    Life held = window.lives[window.holder];
    if (held.complete == Life.UNKNOWN) {
      blockedOn = held;
      return false;
    }
    long hidden = held.kind == FETCH && !serial ? hiddenFetchCycles : 0;
    window.heldUntil = Math.max(window.heldUntil, held.complete - hidden);
    window.holder = NOBODY;
    return true;
  }

  private long blockedOnOldest() {
    blockedOn = window.lives[(int) window.head & window.lifeMask];
    return BLOCKED;
  }

  /**
   * Lets the reference that was announced enter, with the recipe that was filled for it. To be
   * called when {@link Scheduler#nextCore} has named this core.
   */
  public void accept() {
    if (filled.isPlain() && window.walksAhead == 0 && isLean()) {
      plain.enterMiss(enter(), filled);
    } else {
      acceptRecipe();
    }
  }

  private void acceptRecipe() {
    long cycle = ready;
    announced = false;
    if (window.ended) {
      window.spendIdle(cycle);
    }
    if (nextStartsInstruction || window.instructionTail == 0) {
      instructions.start(cycle, nextKind, nextRegisters);
    }
    window.entryCycle = cycle;
    scheduler.entered(cycle, serial ? BLOCKED : cycle);
    int slot = (int) window.tail & window.lifeMask;
    Life life = window.lives[slot];
    boolean first = nextStartsInstruction && ownWork() == 0;
    long reference = nextKind == NOBODY ? NO_REFERENCE : window.references++;
    life.begin(window.tail, reference, nextKind, first, window.instructionTail - 1);
    Recipe idle = life.recipe;
    life.recipe = filled;
    filled = idle;
    window.tail++;
    window.open++;
    if (DataQueues.take(nextKind)) {
      queues.enter(nextKind);
    }
    Instruction instruction = instructions.of(life);
    instruction.open++;
    boolean alone = life.recipe.isSimple() && observer == null;
    if (alone && pages.owner(life.recipe.address(0)) == NO_OWNER) {
      if (!dataflow || nextKind == FETCH || operandsThereBy(instruction, cycle)) {
        follower.runSimple(life, cycle);
        return;
      }
    }
    pages.claim(life);
    life.enter(cycle);
    if (serial || life.recipe.faults() || nextKind == FETCH) {
      window.holder = slot;
    }
    if (dataflow && nextKind != FETCH && !operandsThereBy(instruction, cycle)) {
      if (instruction.missingOperands > 0) {
        life.waitsForOperands = true;
      } else {
        window.schedule(life, instruction.operandsReady);
      }
    } else {
      follower.follow(slot, cycle);
    }
  }

  private static boolean operandsThereBy(Instruction instruction, long cycle) {
    return instruction.missingOperands == 0 && instruction.operandsReady <= cycle;
  }

  /** A reference whose event has come goes on. */
  void resume(long sequence, long cycle) {
    int slot = window.slotOf(sequence);
    Life life = window.lifeInSlot(slot);
    if (life.plain) {
      plain.goOn(life, slot, cycle);
    } else {
      follower.follow(slot, cycle);
    }
  }

  /** An interrupt of another core has come. */
  void interrupted(CoreTiming from, long cycle) {
    interrupts.interrupted(from.interrupts, cycle);
  }

  /** As {@link Interrupts#expectThread}. */
  long expectThread(long work, long sent) {
    return interrupts.expectThread(work, sent);
  }

  /** As {@link Interrupts#interruptedByThread}. */
  void interruptedByThread(long cycle) {
    interrupts.interruptedByThread(cycle);
  }

  /** The cycle in which the last reference so far retired: the total. */
  public long totalCycles() {
    window.retireComplete();
    return window.lastRetired;
  }

  /** What the cycles of the total went to. */
  public Snapshot<CycleCause> attributed() {
    return window.causes.snapshot();
  }

  public Snapshot<TimingMetric> snapshot() {
    return window.counters.snapshot();
  }

  /** Cycles from the request of a walk to its end, waiting for a walker included. */
  public Histogram walkLatencies() {
    return units.walkLatencies();
  }
}
