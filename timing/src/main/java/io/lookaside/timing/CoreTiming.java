package io.lookaside.timing;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The time of one core: when its references enter the window, how the steps of their recipes follow
 * each other, what they wait for, and when they retire.
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

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final long BLOCKED = Long.MAX_VALUE;

  /** Before every cycle. */
  private static final long NEVER = -1;

  /** About: a table that never shrinks below this size is not made anew again and again. */
  private static final int MOST_PENDING = 256;

  private static final int REGISTERS = 256;
  private static final int NOBODY = Life.NOBODY;
  private static final long NO_OWNER = -1;

  /** The number of what is no reference of the trace. */
  private static final long NO_REFERENCE = -1;

  private static final Step[] STEPS = Step.values();

  // A hit in an int: its kind, whether it starts an instruction, whether DRAM serves it, and what
  // its access takes, or the bank and how it is found.
  private static final int KIND_MASK = 3;
  private static final int STARTS_INSTRUCTION = 4;
  private static final int FROM_DRAM = 8;
  private static final int HIT_BITS = 4;

  /** Marks the sequence numbers of walks ahead; below are their number, and their place. */
  private static final long AHEAD = 1L << 53;

  private static final int AHEAD_BITS = 20;
  private static final int AHEAD_MASK = (1 << AHEAD_BITS) - 1;

  private static final int LATE_PREFETCHES = TimingMetric.LATE_PREFETCHES.ordinal();
  private static final int MERGED_HITS = TimingMetric.MERGED_HITS.ordinal();
  private static final int TRANSLATION_CYCLES = TimingMetric.TRANSLATION_CYCLES.ordinal();
  private static final int WALKS_STARTED = TimingMetric.WALKS_STARTED.ordinal();
  private static final int WALKS_FINISHED = TimingMetric.WALKS_FINISHED.ordinal();
  private static final int WALK_CYCLES = TimingMetric.WALK_CYCLES.ordinal();
  private static final int READS_ISSUED = TimingMetric.READS_ISSUED.ordinal();
  private static final int READS_ANSWERED = TimingMetric.READS_ANSWERED.ordinal();
  private static final int MISS_REGISTER_WAITS = TimingMetric.MISS_REGISTER_WAITS.ordinal();
  private static final int WALKER_WAITS = TimingMetric.WALKER_WAITS.ordinal();
  private static final int PORT_WAITS = TimingMetric.PORT_WAITS.ordinal();
  private static final int READ = Step.READ.ordinal();
  private static final int BASE = CycleCause.BASE.ordinal();
  private static final int DATA = CycleCause.DATA.ordinal();
  private static final int SHOOTDOWN = CycleCause.SHOOTDOWN.ordinal();
  private static final int IDLE = CycleCause.IDLE.ordinal();
  private static final int SHOOTDOWN_ROUNDS = TimingMetric.SHOOTDOWN_ROUNDS.ordinal();
  private static final int INTERRUPTS_SENT = TimingMetric.INTERRUPTS_SENT.ordinal();
  private static final int INTERRUPTS_ACKNOWLEDGED = TimingMetric.INTERRUPTS_ACKNOWLEDGED.ordinal();
  private static final int INTERRUPTS_TAKEN = TimingMetric.INTERRUPTS_TAKEN.ordinal();
  private static final int THREAD_INTERRUPTS_TAKEN = TimingMetric.THREAD_INTERRUPTS_TAKEN.ordinal();
  private static final int BANK_WAITS = TimingMetric.BANK_WAITS.ordinal();

  private final Scheduler scheduler;
  private final int number;
  private final boolean serial;
  private final boolean dataflow;
  private final CoreConfig config;
  private final InterruptConfig interrupts;
  private final @Nullable TimingObserver observer;

  private final int[] lookupCycles = new int[AccessKind.COUNT];
  private final int stlbCycles;
  private final int structureCacheCycles;

  /** By place: cycles of a read of a table entry. */
  private final int[] readCycles = new int[Served.PLACES];

  /** By kind of access and place: cycles of a data access after its translation. */
  private final int[][] dataCycles = new int[AccessKind.COUNT][Served.PLACES];

  /** Cycles of a fetch from its translation on that the pipeline hides. */
  private final int hiddenFetchCycles;

  private final Ports[] firstLevelPorts = new Ports[AccessKind.COUNT];
  private final Ports stlbPorts;
  private final Tokens[] missRegisters = new Tokens[AccessKind.COUNT];
  private final Tokens walkers;

  // References under way: those from head to tail - 1. The ring grows when it is full: a program
  // with few fetches never needs all of it, and a small one stays in the host's nearest caches.
  private final int mostLives;
  private Life[] lives;
  private int lifeMask;
  private long head;
  private long tail;

  private final Instruction[] instructions;
  private final int instructionMask;

  /** When the last instructions retired, as far as that is known, by their number. */
  private final long[] instructionRetired;

  private long instructionTail;

  /** Walks ahead, at work or idle, and how many there have been. */
  private final List<Life> ahead = new ArrayList<>();

  private final ArrayDeque<Life> idleAhead = new ArrayDeque<>();
  private long walksAhead;

  /** References of the trace that entered. */
  private long references;

  private final DataQueues queues;

  /** The cycle in which the last reference entered. */
  private long entryCycle;

  /** The cycle in which the last instruction entered, and how many did in it. */
  private long instructionCycle;

  private int enteredInCycle;

  /** Before this cycle nothing enters: a fetch or a fault held it up. */
  private long heldUntil;

  /** The slot of a reference that holds up all that comes after it, or {@link #NOBODY}. */
  private int holder = NOBODY;

  /** What {@link #readyCycle} found last. */
  private long ready;

  /** Where it found that nothing may enter: a reference that must be complete before, if known. */
  private @Nullable Life blockedOn;

  private long lastRetired;
  private int retiredInCycle;

  /** References under way whose end is not known. */
  private int open;

  /** The last cycle in which one whose end is known is complete. */
  private long latestComplete;

  /** Whether the trace has no more for this core. */
  private boolean ended;

  // Interrupts that have come and were not taken yet, in order: who sent them, or null for a thread
  // of the kernel, what that asked for, and when they came.
  private @Nullable CoreTiming[] senders = new @Nullable CoreTiming[4];
  private long[] askedFor = new long[4];
  private long[] delivered = new long[4];
  private int firstInterrupt;
  private int waitingInterrupts;

  /** What interrupts of threads that are on their way ask for, in the order in which they come. */
  private final ArrayDeque<Long> worksOfThreads = new ArrayDeque<>();

  /** The slot of the reference that waits for acknowledgements, or {@link #NOBODY}. */
  private int sender = NOBODY;

  /**
   * Before this cycle that reference cannot go on: it sends, or others' interrupts are answered.
   */
  private long senderBusyUntil;

  /** By core: which of that reference's interrupts went there, and when it was sent. */
  private final int[] interruptTo = new int[Scheduler.MAX_CORES];

  private final long[] sentTo = new long[Scheduler.MAX_CORES];

  /** Pages on their way: the reference that fetches them last. */
  private final Long2LongOpenHashMap pending = new Long2LongOpenHashMap(MOST_PENDING);

  /** By register: one more than the number of the instruction that wrote it last, 0 for none. */
  private final long[] producers = new long[REGISTERS];

  // What the trace has next.
  private boolean announced;
  private boolean onlyDataIsNear;
  private int nextKind;
  private boolean nextStartsInstruction;
  private long nextRegisters;

  private final int[] oneHit = new int[1];

  /** The recipe that is being filled. A reference that follows it takes it, and leaves its own. */
  private Recipe filled = new Recipe();

  private final Counters<TimingMetric> counters = new Counters<>(TimingMetric.class);
  private final long[] counts = counters.values();
  private final Counters<CycleCause> causes = new Counters<>(CycleCause.class);
  private final Histogram walkLatencies = new Histogram(3);

  CoreTiming(
      Scheduler scheduler,
      int number,
      Overlap overlap,
      CoreConfig config,
      Latencies latencies,
      MemoryConfig memory,
      InterruptConfig interrupts,
      @Nullable TimingObserver observer) {
    this.interrupts = interrupts;
    this.scheduler = scheduler;
    this.number = number;
    this.serial = overlap == Overlap.SERIAL;
    this.dataflow = overlap == Overlap.DATAFLOW;
    this.config = config;
    this.observer = observer;

    queues = new DataQueues(config);
    int queued = queues.size();
    // Beside loads and stores an instruction has a fetch and its own work.
    mostLives = powerOfTwo(queued + 2 * config.reorderBufferEntries() + 2);
    int slots = serial ? 2 : Math.min(mostLives, powerOfTwo(queued + 2));
    lives = newLives(slots);
    lifeMask = slots - 1;
    instructions = new Instruction[powerOfTwo(config.reorderBufferEntries() + 1)];
    for (int i = 0; i < instructions.length; i++) {
      instructions[i] = new Instruction();
    }
    instructionMask = instructions.length - 1;
    instructionRetired = new long[instructions.length];
    Ports dataPorts = new Ports(config.l1dPorts());
    Tokens dataRegisters = new Tokens(config.l1dMissRegisters(), slots);
    for (AccessKind kind : AccessKind.values()) {
      int i = kind.ordinal();
      boolean fetch = kind == AccessKind.FETCH;
      lookupCycles[i] = fetch ? latencies.l1iCycles() : latencies.l1dCycles();
      firstLevelPorts[i] = fetch ? new Ports(config.l1iPorts()) : dataPorts;
      missRegisters[i] = fetch ? new Tokens(config.l1iMissRegisters(), slots) : dataRegisters;
      int[] cycles = placeCycles(memory, fetch ? memory.l1i() : memory.l1d(), 0);
      int overlapped = memory.parallelLookup() ? lookupCycles[i] : 0;
      for (int place = 0; place < Served.PLACES; place++) {
        dataCycles[i][place] = Math.max(0, cycles[place] - overlapped);
      }
    }
    stlbPorts = new Ports(config.stlbPorts());
    stlbCycles = latencies.stlbCycles();
    structureCacheCycles = latencies.structureCacheCycles();
    walkers = new Tokens(config.walkers(), slots);
    int[] cycles = placeCycles(memory, memory.l1d(), memory.fixedLatencyCycles());
    System.arraycopy(cycles, 0, readCycles, 0, cycles.length);
    int fetched = memory.cached() ? Served.L1 : Served.UNCACHED;
    hiddenFetchCycles = dataCycles[FETCH][fetched];
    pending.defaultReturnValue(NO_OWNER);
  }

  private static int[] placeCycles(MemoryConfig memory, @Nullable CacheConfig first, int uncached) {
    int[] cycles = new int[Served.PLACES];
    CacheConfig l2 = memory.l2();
    CacheConfig llc = memory.llc();
    DramConfig dram = memory.dram();
    cycles[Served.L1] = first == null ? 0 : first.latencyCycles();
    cycles[Served.L2] = l2 == null ? 0 : l2.latencyCycles();
    cycles[Served.LAST_LEVEL] = llc == null ? 0 : llc.latencyCycles();
    cycles[Served.DRAM_ROW_HIT] = dram == null ? 0 : dram.rowHitCycles();
    cycles[Served.DRAM_ROW_MISS] = dram == null ? 0 : dram.rowMissCycles();
    cycles[Served.UNCACHED] = uncached;
    return cycles;
  }

  private static Life[] newLives(int count) {
    Life[] made = new Life[count];
    for (int i = 0; i < count; i++) {
      made[i] = new Life();
    }
    return made;
  }

  /** Makes the ring of references twice as long. */
  private void growLives() {
    Life[] old = lives;
    int oldLength = old.length;
    int length = 2 * oldLength;
    Life[] grown = newLives(length);
    for (long sequence = head; sequence < tail; sequence++) {
      grown[(int) sequence & (length - 1)] = old[(int) sequence & lifeMask];
    }
    IntUnaryOperator newSlot =
        slot ->
            slot < oldLength
                ? (int) old[slot].sequence & (length - 1)
                : slot + length - oldLength; // a walk ahead
    for (Life life : old) {
      life.renumberWaiters(newSlot);
    }
    for (Life life : ahead) {
      life.renumberWaiters(newSlot);
    }
    holder = holder == NOBODY ? NOBODY : newSlot.applyAsInt(holder);
    sender = sender == NOBODY ? NOBODY : newSlot.applyAsInt(sender);
    walkers.renumber(length, newSlot);
    missRegisters[LOAD].renumber(length, newSlot); // stores have the same
    missRegisters[FETCH].renumber(length, newSlot);
    lives = grown;
    lifeMask = length - 1;
  }

  private static int powerOfTwo(int least) {
    return Math.max(2, Integer.highestOneBit(least - 1) << 1);
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
    ended = false;
    nextKind = kind;
    nextStartsInstruction = startsInstruction;
    nextRegisters = registers;
    if (startsInstruction) {
      closeInstruction();
    }
  }

  /**
   * Says that the kernel wants the core for work of its own, as a context switch, before whatever
   * else was announced. It begins when all that is under way is complete.
   *
   * @param notBefore the first cycle in which it can
   */
  public void announceKernelWork(long notBefore) {
    heldUntil = Math.max(heldUntil, notBefore);
    announced = true;
    nextKind = NOBODY;
    nextStartsInstruction = true;
    nextRegisters = 0;
    closeInstruction();
  }

  /** Says that the trace has no more for this core. */
  public void end() {
    announced = false;
    ended = true;
    closeInstruction();
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
      retireComplete();
      long translated = Math.max(heldUntil, lastRetired) + lookupCycles[kind];
      long done = access(served, translated) + dataCycles[kind][Served.place(served)];
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
    long owner = pending.isEmpty() ? NO_OWNER : pending.get(page);
    if (owner != NO_OWNER && isAhead(owner)) {
      acceptHit(page, served, address);
    } else if (fromDram) {
      enterPlain(false, page, served);
    } else {
      enterHit(page, dataCycles(kind, served), owner);
    }
  }

  /**
   * Whether a reference can enter before the next event, as far as that is easily told; {@link
   * #ready} then says when. In a lean window.
   */
  private boolean isReadyAtOnce(int kind, boolean startsInstruction) {
    if (holder != NOBODY || waitingInterrupts > 0 || tail - head >= lives.length) {
      return false;
    }
    long cycle = Math.max(entryCycle, heldUntil);
    if (startsInstruction) {
      if (cycle == instructionCycle && enteredInCycle >= config.issueWidth()) {
        cycle++;
      }
      long leaving = instructionTail - config.reorderBufferEntries();
      if (leaving >= 0) {
        if (head != tail && lives[(int) head & lifeMask].instruction <= leaving) {
          return false;
        }
        cycle = Math.max(cycle, instructionRetired[(int) leaving & instructionMask]);
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
    return !serial && !dataflow && observer == null && !ended && scheduler.singleCore();
  }

  /**
   * Lets a hit that was announced enter a window, without a recipe: what {@link #accept} would do.
   * It takes no port or bank any more once its look-up has begun, so nobody's turn depends on the
   * order in which it is told that its page is there, and it needs no event.
   *
   * @param owner the reference that fetches its page, or {@link #NO_OWNER}
   */
  private void enterHit(long page, int accessing, long owner) {
    Life life = enter();
    int kind = life.kind;
    long cycle = life.start;
    long lookup = bookPort(firstLevelPorts[kind], cycle);
    long lookedUp = lookup + lookupCycles[kind];
    life.lookedUp = lookedUp;
    if (owner == NO_OWNER) {
      counts[TRANSLATION_CYCLES] += lookedUp - cycle;
      life.missEnd = lookedUp;
      life.granted = lookedUp;
      life.walked = lookedUp;
      life.complete = lookedUp + accessing;
      latestComplete = Math.max(latestComplete, life.complete);
      if (kind == FETCH) {
        heldUntil = Math.max(heldUntil, lookup + accessing - hiddenFetchCycles);
      }
      return;
    }
    counts[MERGED_HITS]++;
    open++;
    life.merged = true;
    life.accessing = accessing;
    life.setOwner(0, owner, translationOf(owner, page));
    int slot = slotOf(life.sequence);
    waitFor(owner, life, slot);
    if (kind == FETCH) {
      holder = slot;
    }
  }

  /** Lets the reference that was announced enter, without a recipe. */
  private Life enter() {
    long cycle = ready;
    announced = false;
    if (nextStartsInstruction || instructionTail == 0) {
      startInstruction(cycle);
    }
    entryCycle = cycle;
    scheduler.entered(cycle, cycle);
    Life life = lives[(int) tail & lifeMask];
    life.begin(tail, references, nextKind, nextStartsInstruction, instructionTail - 1);
    life.plain = true;
    references++;
    tail++;
    if (DataQueues.take(nextKind)) {
      queues.enter(nextKind);
    }
    life.start = cycle;
    return life;
  }

  private void waitFor(long owner, Life life, int slot) {
    Life fetching = lifeOf(owner);
    life.nextWaiter = fetching.firstWaiter;
    fetching.firstWaiter = slot;
  }

  /**
   * Lets a reference that is plain, or a hit that DRAM serves, enter a window without following a
   * recipe: what {@link #accept} and {@link #follow} would do.
   *
   * @param missed whether it is a plain reference, and {@link #filled} its recipe
   */
  private void enterPlain(boolean missed, long page, int served) {
    Life life = enter();
    int slot = slotOf(life.sequence);
    int kind = life.kind;
    long cycle = life.start;
    open++;
    life.missed = missed;
    life.page = page;
    life.served = served;
    life.walks = false;
    long owner;
    if (missed) {
      life.walks = filled.walks();
      life.secondLevelExtra = filled.secondLevelExtra();
      life.readsLeft = filled.reads();
      life.readCodes = filled.readCodes();
      owner = pending.put(page, life.sequence);
    } else {
      owner = pending.isEmpty() ? NO_OWNER : pending.get(page);
    }
    life.setOwner(0, owner, owner == NO_OWNER ? 0 : translationOf(owner, page));
    if (owner != NO_OWNER && !life.walks) {
      counts[MERGED_HITS]++;
    }
    if (kind == FETCH) {
      holder = slot;
    }
    life.lookedUp = bookPort(firstLevelPorts[kind], cycle) + lookupCycles[kind];
    life.stage = Life.LOOKED_UP;
    // If no reference that enters later can be looked up before this one, what this one takes then
    // can be taken now, where no event comes before. A fetch that misses lets none enter.
    boolean first = kind == FETCH || onlyDataIsNear || life.lookedUp - cycle <= lookupCycles[FETCH];
    if (first && life.lookedUp < scheduler.firstEvent()) {
      lookedUp(life, slot, life.lookedUp, true);
    } else {
      scheduler.schedule(number, life.sequence, life.lookedUp);
    }
  }

  /** A plain reference goes on. */
  private void goOn(Life life, int slot, long now) {
    switch (life.stage) {
      case Life.LOOKED_UP -> lookedUp(life, slot, now, false);
      case Life.HAS_REGISTER -> askSecondLevel(life, slot, now, false);
      case Life.SECOND_LEVEL_DONE -> secondLevelDone(life, slot, now);
      case Life.HAS_WALKER -> beginWalk(life, now);
      case Life.READS -> read(life, now, now);
      case Life.WALKED -> walked(life, now);
      default -> throw new IllegalStateException("no stage is without a rule");
    }
  }

  /**
   * The look-up of a plain reference in the first level is over, or the page that it waited for is
   * there.
   *
   * @param ahead whether {@code now} is yet to come: then nothing is done that others could notice
   *     before
   */
  private void lookedUp(Life life, int slot, long now, boolean ahead) {
    if (isOnItsWay(life, 0)) {
      waitFor(life.owner(0), life, slot);
      return;
    }
    if (life.missed) {
      life.stage = Life.HAS_REGISTER;
      life.missRegister = missRegisters[life.kind].take(slot);
      if (life.missRegister == Tokens.NONE) {
        counts[MISS_REGISTER_WAITS]++;
        return;
      }
      askSecondLevel(life, slot, now, ahead);
      return;
    }
    life.missEnd = now;
    life.granted = now;
    life.walked = now;
    counts[TRANSLATION_CYCLES] += now - life.start;
    life.translationsDone = 1;
    access(life, now);
  }

  private void askSecondLevel(Life life, int slot, long now, boolean ahead) {
    long end = bookPort(stlbPorts, now) + stlbCycles + life.secondLevelExtra;
    life.missEnd = end;
    life.stage = Life.SECOND_LEVEL_DONE;
    // Not ahead: an assist asks for a walker, and needs no second level.
    if (!ahead && (end == now || scheduler.nothingBefore(end))) {
      secondLevelDone(life, slot, end);
    } else {
      scheduler.schedule(number, life.sequence, end);
    }
  }

  private void secondLevelDone(Life life, int slot, long now) {
    if (!life.walks) {
      life.granted = now;
      life.walked = now;
      arrived(life, now);
      return;
    }
    life.stage = Life.HAS_WALKER;
    life.walkRequested = now;
    life.walker = walkers.take(slot);
    if (life.walker == Tokens.NONE) {
      counts[WALKER_WAITS]++;
      return;
    }
    beginWalk(life, now);
  }

  private void beginWalk(Life life, long now) {
    counts[WALKS_STARTED]++;
    life.granted = now;
    read(life, now, now + structureCacheCycles);
  }

  /**
   * Follows the reads that a walk has left.
   *
   * @param next when the next of them begins
   */
  private void read(Life life, long begun, long next) {
    long now = begun;
    long end = next;
    int left = life.readsLeft;
    long codes = life.readCodes;
    while (left > 0) {
      int served = (int) codes & Recipe.READ_CODE_MASK;
      if (Served.isDram(served)) {
        if (end != now && !scheduler.nothingBefore(end)) {
          life.stage = Life.READS;
          life.readsLeft = left;
          life.readCodes = codes;
          scheduler.schedule(number, life.sequence, end);
          return;
        }
        now = end;
        end = access(served, now);
      }
      counts[READS_ISSUED]++;
      counts[READS_ANSWERED]++;
      end += readCycles[Served.place(served)];
      codes >>>= Recipe.READ_CODE_BITS;
      left--;
    }
    if (end == now || scheduler.nothingBefore(end)) {
      walked(life, end);
    } else {
      life.stage = Life.WALKED;
      scheduler.schedule(number, life.sequence, end);
    }
  }

  private void walked(Life life, long now) {
    life.walked = now;
    long took = now - life.walkRequested;
    walkLatencies.recordValue(took);
    counts[WALK_CYCLES] += took;
    counts[WALKS_FINISHED]++;
    giveWalker(life, now);
    arrived(life, now);
  }

  /** The translation of a plain reference that missed the first level is there. */
  private void arrived(Life life, long now) {
    counts[TRANSLATION_CYCLES] += now - life.start;
    life.translationsDone = 1;
    giveMissRegister(life, now);
    pending.remove(life.page, life.sequence);
    wakeWaiters(life, now);
    access(life, now);
  }

  /** A plain reference is translated and accesses memory, which nothing comes after. */
  private void access(Life life, long now) {
    int served = life.served;
    long done = access(served, now) + dataCycles[life.kind][Served.place(served)];
    life.complete = done;
    latestComplete = Math.max(latestComplete, done);
    open--;
    takeInterrupts();
  }

  /** The page of a hit that {@link #enterHit} let wait is there. */
  private void finishMerged(Life life, long now) {
    long translated = Math.max(now, life.lookedUp);
    counts[TRANSLATION_CYCLES] += translated - life.start;
    life.missEnd = translated;
    life.granted = translated;
    life.walked = translated;
    life.complete = translated + life.accessing;
    latestComplete = Math.max(latestComplete, life.complete);
    open--;
    scheduler.mayEnter(now); // what waited for this one's retirement
  }

  /**
   * Whether all that entered a window before is retired as far as cycles are concerned, so that of
   * hits that enter now, and that DRAM does not serve, all follows from what is known: {@link
   * #acceptHits(int[], int)} takes them.
   */
  public boolean passesHits() {
    if (!pending.isEmpty() || holder != NOBODY || !scheduler.isIdle() || !isLean()) {
      return false;
    }
    retireComplete();
    return head == tail;
  }

  /**
   * A hit as {@link #acceptHits(int[], int)} takes it.
   *
   * @param kind an {@link AccessKind} code
   * @param accessing its {@link #dataCycles}
   */
  public static int hit(int kind, boolean startsInstruction, int accessing) {
    return kind | (startsInstruction ? STARTS_INSTRUCTION : 0) | accessing << HIT_BITS;
  }

  /**
   * A load or store that DRAM serves, as {@link #acceptHits(int[], int)} takes it, where {@link
   * #mostDataUnderWay} is known.
   */
  public static int hitFromDram(int kind, boolean startsInstruction, int served) {
    return hit(kind, startsInstruction, served) | FROM_DRAM;
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
    onlyDataIsNear = noFetchIsNear;
  }

  /** By kind of data: where its half begins in what {@link DataQueues} has in words. */
  private static int halfOf(int kind) {
    return kind * Integer.SIZE;
  }

  /**
   * Lets hits enter, run and retire at once, one after the other: what {@link #accept} and
   * retirement would do. Only where {@link #passesHits}.
   *
   * @param hits what {@link #hit} makes of each
   */
  public void acceptHits(int[] hits, int count) {
    if (count == 0) {
      return;
    }
    // Everything is kept in local variables: this is most of what a window costs.
    int width = config.issueWidth();
    int reorderBuffer = config.reorderBufferEntries();
    long[] instructionRing = instructionRetired;
    long[] dataRing = queues.ring();
    int dataRingShift = queues.ringShift();
    int dataRingMask = (1 << dataRingShift) - 1;
    long queueSizes = queues.sizes();
    long placesBefore = queues.nextPlaces();
    long places = placesBefore;
    int instructionRingMask = instructionRing.length - 1;
    int fetchLookup = lookupCycles[FETCH];
    int dataLookup = lookupCycles[LOAD]; // stores have the same
    Ports fetchPorts = firstLevelPorts[FETCH];
    Ports dataPorts = firstLevelPorts[LOAD];
    int mostFetches = fetchPorts.count();
    long fetchPortCycle = fetchPorts.cycle();
    int fetchesInCycle = fetchPorts.taken();
    int mostData = dataPorts.count();
    long dataPortCycle = dataPorts.cycle();
    int dataInCycle = dataPorts.taken();
    int hidden = hiddenFetchCycles;

    long entry = entryCycle;
    long held = heldUntil;
    long instruction = instructionTail; // the number of the next
    long started = instruction == 0 ? NEVER : instructionCycle;
    int startedInCycle = enteredInCycle;
    long retiring = lastRetired;
    int inRetiringCycle = retiredInCycle;
    long latest = latestComplete;
    long translating = 0;
    long portWaits = 0;
    long accessing = 0;

    for (int i = 0; i < count; i++) {
      int hit = hits[i];
      int kind = hit & KIND_MASK;
      boolean starts = (hit & STARTS_INSTRUCTION) != 0;
      long cycle = Math.max(entry, held);
      if (starts) {
        if (cycle == started && startedInCycle >= width) {
          cycle++;
        }
        // What has not been used of a ring is 0 and makes nobody wait.
        int leaving = (int) (instruction - reorderBuffer) & instructionRingMask;
        cycle = Math.max(cycle, instructionRing[leaving]);
      }
      long lookup;
      long translated;
      if (kind == FETCH) {
        lookup = cycle;
        if (cycle > fetchPortCycle) {
          fetchPortCycle = cycle;
          fetchesInCycle = 1;
        } else {
          if (fetchesInCycle < mostFetches) {
            fetchesInCycle++;
          } else {
            fetchPortCycle++;
            fetchesInCycle = 1;
          }
          lookup = fetchPortCycle;
          portWaits += lookup != cycle ? 1 : 0;
        }
        translated = lookup + fetchLookup;
      } else {
        int leaving = (int) (places >>> halfOf(kind)) - (int) (queueSizes >>> halfOf(kind));
        int place = (kind << dataRingShift) + (leaving & dataRingMask);
        cycle = Math.max(cycle, dataRing[place & (dataRing.length - 1)]);
        lookup = cycle;
        if (cycle > dataPortCycle) {
          dataPortCycle = cycle;
          dataInCycle = 1;
        } else {
          if (dataInCycle < mostData) {
            dataInCycle++;
          } else {
            dataPortCycle++;
            dataInCycle = 1;
          }
          lookup = dataPortCycle;
          portWaits += lookup != cycle ? 1 : 0;
        }
        translated = lookup + dataLookup;
      }
      if (starts || instruction == 0) {
        startedInCycle = cycle == started ? startedInCycle + 1 : 1;
        started = cycle;
        instruction++;
      }
      entry = cycle;
      translating += translated - cycle;
      int payload = hit >>> HIT_BITS;
      long data = payload;
      if ((hit & FROM_DRAM) != 0) {
        data = access(payload, translated) - translated + dataCycles(kind, payload);
      }
      long complete = translated + data;
      latest = Math.max(latest, complete);

      long retired = retiring;
      if (complete > retiring) {
        retired = complete;
        inRetiringCycle = 1;
      } else if (starts) {
        if (inRetiringCycle == width) {
          retired++;
          inRetiringCycle = 1;
        } else {
          inRetiringCycle++;
        }
      }
      accessing += Math.max(0, Math.min(complete, retired) - Math.max(translated, retiring));
      retiring = retired;
      instructionRing[(int) (instruction - 1) & instructionRingMask] = retired;
      if (kind == FETCH) {
        held = Math.max(held, lookup + data - hidden);
      } else {
        int place = (int) (places >>> halfOf(kind)) & dataRingMask;
        dataRing[((kind << dataRingShift) + place) & (dataRing.length - 1)] = retired;
        places += 1L << halfOf(kind);
      }
    }

    queues.passed(placesBefore, places);
    fetchPorts.set(fetchPortCycle, fetchesInCycle);
    dataPorts.set(dataPortCycle, dataInCycle);
    entryCycle = entry;
    heldUntil = held;
    instructionTail = instruction;
    instructionCycle = started;
    enteredInCycle = startedInCycle;
    causes.values()[DATA] += accessing;
    causes.values()[BASE] += retiring - lastRetired - accessing;
    lastRetired = retiring;
    retiredInCycle = inRetiringCycle;
    latestComplete = latest;
    counts[TRANSLATION_CYCLES] += translating;
    counts[PORT_WAITS] += portWaits;
    references += count;
    head += count;
    tail += count;
    announced = false;
    scheduler.entered(entry, entry);
  }

  /** The cycle in which the oldest reference retires, which is complete in a given one. */
  private long retirement(long complete, boolean startsInstruction) {
    long cycle = Math.max(complete, lastRetired);
    if (cycle > lastRetired) {
      retiredInCycle = 1;
    } else if (startsInstruction && !serial) {
      if (retiredInCycle == config.issueWidth()) {
        cycle++;
        retiredInCycle = 1;
      } else {
        retiredInCycle++;
      }
    }
    return cycle;
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
    return serial && observer == null && scheduler.singleCore() && walksAhead == 0;
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
    retireComplete();
    addHits(hits, hits * lookupCycles[kind], accessing);
  }

  private void addHits(long hits, long translating, long accessing) {
    counts[TRANSLATION_CYCLES] += translating;
    causes.values()[BASE] += translating;
    causes.values()[DATA] += accessing;
    references += hits;
    heldUntil = Math.max(heldUntil, lastRetired) + translating + accessing;
    lastRetired = heldUntil;
  }

  /** The number that the next reference has for observers. */
  public long nextReference() {
    return references;
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
    return number;
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
      retireComplete();
      return BLOCKED;
    }
    if (waitingInterrupts > 0 || (nextKind == NOBODY && open > 0)) {
      return BLOCKED;
    }
    if (holder != NOBODY) {
      Life held = lives[holder];
      if (held.complete == Life.UNKNOWN) {
        blockedOn = held;
        return BLOCKED;
      }
      long hidden = held.kind == FETCH && !serial ? hiddenFetchCycles : 0;
      heldUntil = Math.max(heldUntil, held.complete - hidden);
      holder = NOBODY;
    }
    retireComplete();
    long cycle = Math.max(entryCycle, heldUntil);
    if (nextKind == NOBODY) {
      return Math.max(cycle, lastRetired);
    }
    if (serial) {
      return cycle;
    }
    if (nextStartsInstruction) {
      if (cycle == instructionCycle && enteredInCycle >= config.issueWidth()) {
        cycle++;
      }
      long leaving = instructionTail - config.reorderBufferEntries();
      if (leaving >= 0) {
        if (head != tail && lives[(int) head & lifeMask].instruction <= leaving) {
          return blockedOnOldest();
        }
        cycle = Math.max(cycle, instructionRetired[(int) leaving & instructionMask]);
      }
    }
    if (DataQueues.take(nextKind)) {
      if (queues.isFull(nextKind)) {
        return blockedOnOldest();
      }
      cycle = Math.max(cycle, queues.freeFrom(nextKind));
    }
    if (tail - head + ownWork() >= lives.length) {
      if (lives.length == mostLives) {
        return blockedOnOldest();
      }
      growLives();
    }
    return cycle;
  }

  private long blockedOnOldest() {
    blockedOn = lives[(int) head & lifeMask];
    return BLOCKED;
  }

  /**
   * Lets the reference that was announced enter, with the recipe that was filled for it. To be
   * called when {@link Scheduler#nextCore} has named this core.
   */
  public void accept() {
    if (filled.isPlain() && walksAhead == 0 && isLean()) {
      enterPlain(true, filled.page(), filled.simpleServed());
      return;
    }
    long cycle = ready;
    announced = false;
    if (ended) {
      spendIdle(cycle);
    }
    if (nextStartsInstruction || instructionTail == 0) {
      startInstruction(cycle);
    }
    entryCycle = cycle;
    scheduler.entered(cycle, serial ? BLOCKED : cycle);
    int slot = (int) tail & lifeMask;
    Life life = lives[slot];
    boolean first = nextStartsInstruction && ownWork() == 0;
    long reference = nextKind == NOBODY ? NO_REFERENCE : references++;
    life.begin(tail, reference, nextKind, first, instructionTail - 1);
    Recipe idle = life.recipe;
    life.recipe = filled;
    filled = idle;
    tail++;
    open++;
    if (DataQueues.take(nextKind)) {
      queues.enter(nextKind);
    }
    Instruction instruction = instructions[(int) life.instruction & instructionMask];
    instruction.open++;
    boolean alone = life.recipe.isSimple() && observer == null;
    if (alone && (pending.isEmpty() || !pending.containsKey(life.recipe.address(0)))) {
      if (!dataflow || nextKind == FETCH || operandsThereBy(instruction, cycle)) {
        runSimple(life, cycle);
        return;
      }
    }
    claimPages(life);
    life.enter(cycle);
    if (serial || life.recipe.faults() || nextKind == FETCH) {
      holder = slot;
    }
    if (dataflow && nextKind != FETCH && !operandsThereBy(instruction, cycle)) {
      if (instruction.missingOperands > 0) {
        life.waitsForOperands = true;
      } else {
        scheduler.schedule(number, life.sequence, instruction.operandsReady);
      }
    } else {
      follow(slot, cycle);
    }
  }

  private static boolean operandsThereBy(Instruction instruction, long cycle) {
    return instruction.missingOperands == 0 && instruction.operandsReady <= cycle;
  }

  private void runSimple(Life life, long cycle) {
    life.enter(cycle);
    long lookup = bookPort(firstLevelPorts[nextKind], cycle);
    long translated = lookup + lookupCycles[nextKind];
    counts[TRANSLATION_CYCLES] += translated - cycle;
    long done = translated + dataCycles[nextKind][life.recipe.simpleServed()];
    life.spend(CycleCause.BASE, translated);
    life.spend(CycleCause.DATA, done);
    if (serial) {
      heldUntil = done;
    } else if (nextKind == FETCH) {
      heldUntil = Math.max(heldUntil, lookup + (done - translated) - hiddenFetchCycles);
    }
    complete(life, done);
  }

  /** Takes account of who fetches which page, in the order of the references. */
  private void claimPages(Life life) {
    Recipe recipe = life.recipe;
    if (serial && walksAhead == 0 && !recipe.prefetches()) {
      for (int i = 0; i < recipe.translations(); i++) {
        life.setOwner(i, NO_OWNER, 0);
      }
      return;
    }
    Life lastAhead = null;
    for (int i = 0; i < recipe.length(); i++) {
      if (recipe.operation(i) == Step.PREFETCH.ordinal()) {
        Life walk = walkAhead(life, i);
        if (lastAhead == null) {
          life.firstAhead = walk.sequence;
        } else {
          lastAhead.nextAhead = walk.sequence;
        }
        lastAhead = walk;
        pending.put(recipe.address(i), walk.sequence);
      }
      if (recipe.operation(i) != Step.AWAIT.ordinal()) {
        continue;
      }
      int translation = recipe.argument(i);
      long page = recipe.address(i);
      long owner = pending.get(page);
      life.setOwner(translation, owner, owner == NO_OWNER ? 0 : translationOf(owner, page));
      boolean hit =
          i + 1 == recipe.length() || recipe.operation(i + 1) != Step.MISS_REGISTER.ordinal();
      if (!hit) {
        long group = -1L << recipe.argument(i + 1);
        for (long p = page & group; p <= (page | ~group); p++) {
          pending.put(p, life.sequence);
        }
      }
      boolean walks =
          !hit && i + 3 < recipe.length() && recipe.operation(i + 3) == Step.WALKER.ordinal();
      if (owner != NO_OWNER && !walks) {
        counts[MERGED_HITS]++;
      }
    }
  }

  private int translationOf(long owner, long page) {
    if (isAhead(owner)) {
      return 0;
    }
    Life life = lives[(int) owner & lifeMask];
    if (life.plain) {
      return 0;
    }
    Recipe recipe = life.recipe;
    int i = 0;
    while (!fetches(recipe, i, page)) {
      i++;
    }
    return recipe.argument(i);
  }

  /** Whether step {@code i} waits for a page, or for one that is entered together with it. */
  private static boolean fetches(Recipe recipe, int i, long page) {
    return recipe.operation(i) == Step.AWAIT.ordinal()
        && ((recipe.address(i) ^ page) & -1L << spanOf(recipe, i)) == 0;
  }

  /** Of a step that waits for a page, and of its translation: what is entered together with it. */
  private static int spanOf(Recipe recipe, int i) {
    boolean miss =
        i + 1 < recipe.length() && recipe.operation(i + 1) == Step.MISS_REGISTER.ordinal();
    return miss ? recipe.argument(i + 1) : 0;
  }

  /** A reference whose event has come goes on. */
  void resume(long sequence, long cycle) {
    int slot = slotOf(sequence);
    Life life = lifeInSlot(slot);
    if (life.plain) {
      goOn(life, slot, cycle);
    } else {
      follow(slot, cycle);
    }
  }

  private static boolean isAhead(long sequence) {
    return (sequence & AHEAD) != 0;
  }

  private int slotOf(long sequence) {
    return isAhead(sequence)
        ? lives.length + ((int) sequence & AHEAD_MASK)
        : (int) sequence & lifeMask;
  }

  private Life lifeInSlot(int slot) {
    return slot < lives.length ? lives[slot] : ahead.get(slot - lives.length);
  }

  private Life lifeOf(long sequence) {
    return lifeInSlot(slotOf(sequence));
  }

  /** Makes a walk ahead of a step of a reference, to begin when that comes to the step. */
  private Life walkAhead(Life trigger, int step) {
    Life life = idleAhead.poll();
    if (life == null) {
      life = new Life();
      life.sequence = ahead.size();
      ahead.add(life);
    }
    int index = (int) life.sequence & AHEAD_MASK;
    life.recipe.takePrefetch(trigger.recipe, step);
    long newSequence = AHEAD | walksAhead++ << AHEAD_BITS | index;
    life.begin(newSequence, trigger.reference, NOBODY, false, NO_OWNER);
    life.nextAhead = NO_OWNER;
    life.enter(0);
    return life;
  }

  /** The translation of a page is there that was walked for ahead. */
  private void arrivedAhead(Life life, long page, long now) {
    life.translationsDone = 1;
    if (pending.get(page) == life.sequence) {
      pending.remove(page);
    }
    wakeWaiters(life, now);
  }

  private void wakeWaiters(Life life, long now) {
    int waiter = life.firstWaiter;
    life.firstWaiter = NOBODY;
    while (waiter != NOBODY) {
      Life waiting = lives[waiter];
      int next = waiting.nextWaiter;
      if (!waiting.merged) {
        scheduler.schedule(number, waiting.sequence, now);
      } else if (isOnItsWay(waiting, 0)) { // a later page of this reference
        waiting.nextWaiter = life.firstWaiter;
        life.firstWaiter = waiter;
      } else {
        finishMerged(waiting, now);
      }
      waiter = next;
    }
  }

  /** Follows a recipe from {@code now} on, until something must be waited for. */
  private void follow(int slot, long now) {
    Life life = lifeInSlot(slot);
    Recipe recipe = life.recipe;
    // What was waited for before this step, if anything, belongs to it.
    while (true) {
      long begun = life.now;
      int i = life.position;
      int argument = recipe.argument(i);
      long end;
      switch (STEPS[recipe.operation(i)]) {
        case LOOKUP -> {
          life.spend(CycleCause.BASE, now); // operands
          life.translationStart = now;
          end = bookPort(firstLevelPorts[life.kind], now) + lookupCycles[life.kind];
          life.spend(CycleCause.BASE, end);
        }
        case AWAIT -> {
          if (isOnItsWay(life, argument)) {
            Life owner = lifeOf(life.owner(argument));
            if (isAhead(owner.sequence) && owner.firstWaiter == NOBODY) {
              counts[LATE_PREFETCHES]++;
            }
            life.nextWaiter = owner.firstWaiter;
            owner.firstWaiter = slot;
            return;
          }
          life.spend(CycleCause.L1_MISS, now);
          end = now;
        }
        case MISS_REGISTER -> {
          if (life.missRegister == Tokens.NONE) {
            life.missRegister = missRegisters[life.kind].take(slot);
            if (life.missRegister == Tokens.NONE) {
              counts[MISS_REGISTER_WAITS]++;
              return;
            }
          }
          life.spend(CycleCause.L1_MISS, now);
          end = now;
        }
        case SECOND_LEVEL -> {
          end = bookPort(stlbPorts, now) + stlbCycles + argument;
          life.spend(CycleCause.L1_MISS, end);
        }
        case WALKER -> {
          if (life.walker == Tokens.NONE) {
            life.walkRequested = now;
            life.walker = walkers.take(slot);
            if (life.walker == Tokens.NONE) {
              counts[WALKER_WAITS]++;
              return;
            }
          }
          counts[WALKS_STARTED]++;
          life.spend(CycleCause.WALK_QUEUE, now);
          end = now;
        }
        case STRUCTURE_CACHES -> {
          boolean assist = Recipe.cause(argument) == Recipe.Cause.ASSIST;
          end = now + structureCacheCycles + (assist ? config.assistCycles() : 0);
          life.spend(walkCause(argument), end);
          end = readOn(life, end, walkCause(argument));
        }
        case READ -> {
          counts[READS_ISSUED]++;
          counts[READS_ANSWERED]++;
          end = access(argument, now) + readCycles[Served.place(argument)];
          CycleCause cause = walkCauseAt(recipe, i);
          life.spend(cause, end);
          end = readOn(life, end, cause);
        }
        case END_WALK -> {
          end = now;
          if (argument != Recipe.Cause.PREFETCH.ordinal()) {
            walkLatencies.recordValue(now - life.walkRequested);
            counts[WALK_CYCLES] += now - life.walkRequested;
          }
          counts[WALKS_FINISHED]++;
          observe(life, i, begun, now); // while the walker is still known
          giveWalker(life, now);
        }
        case FAULT -> {
          long cost = recipe.address(i);
          end = now + (cost == Recipe.FIXED_COST ? config.faultCycles() : cost);
          life.spend(CycleCause.FAULT, end);
        }
        case TRANSLATED -> {
          end = now;
          counts[TRANSLATION_CYCLES] += now - life.translationStart;
          translated(life, argument, now);
        }
        case DATA -> {
          end = access(argument, now) + dataCycles[life.kind][Served.place(argument)];
          life.spend(CycleCause.DATA, end);
        }
        case SHOOTDOWN -> {
          if (life.unacknowledged == 0) {
            sendInterrupts(life, slot, argument, (int) recipe.address(i), now);
            return;
          }
          counts[INTERRUPTS_ACKNOWLEDGED]++;
          if (--life.unacknowledged > 0) {
            return;
          }
          sender = NOBODY;
          end = Math.max(now, senderBusyUntil);
          life.spend(CycleCause.SHOOTDOWN, end);
        }
        case KERNEL_WORK -> {
          end = now + recipe.address(i);
          life.spend(CycleCause.KERNEL, end);
        }
        case PREFETCH -> {
          end = now;
          life.position += argument; // another's steps
          scheduler.schedule(number, life.firstAhead, now);
          life.firstAhead = lifeOf(life.firstAhead).nextAhead;
        }
        case PREFETCHED -> {
          end = now;
          arrivedAhead(life, recipe.address(i), now);
        }
        case EXECUTE -> {
          life.spend(CycleCause.BASE, now);
          end = now + 1;
          life.spend(CycleCause.BASE, end);
        }
        default -> throw new IllegalStateException("no step is without a rule");
      }
      life.position++;
      if (observer != null && STEPS[recipe.operation(i)] != Step.END_WALK) {
        observe(life, i, begun, end);
      }
      if (life.position == recipe.length()) {
        if (isAhead(life.sequence)) {
          idleAhead.push(life);
        } else {
          complete(life, end); // nothing is left but to let time pass
        }
        return;
      }
      if (end > now) {
        if (!scheduler.nothingBefore(end)) {
          scheduler.schedule(number, life.sequence, end);
          return;
        }
        now = end;
      }
    }
  }

  private void sendInterrupts(Life life, int slot, int count, int first, long now) {
    counts[SHOOTDOWN_ROUNDS]++;
    counts[INTERRUPTS_SENT] += count;
    life.unacknowledged = count;
    sender = slot;
    long cycle = now;
    for (int i = first; i < first + count; i++) {
      int target = life.recipe.target(i);
      interruptTo[target] = i;
      sentTo[target] = cycle;
      cycle += interrupts.sendCycles();
      scheduler.interrupt(number, target, cycle + interrupts.deliverCycles());
    }
    senderBusyUntil = cycle;
    takeInterrupts();
  }

  /** An interrupt of another core has come. */
  void interrupted(CoreTiming from, long cycle) {
    receive(from, 0, cycle);
  }

  /**
   * A thread of the kernel sends an interrupt, not before those that it has sent already.
   *
   * @return the cycle in which it comes
   */
  long expectThread(long work, long sent) {
    worksOfThreads.add(work);
    return sent + interrupts.deliverCycles();
  }

  /** The first interrupt that a thread of the kernel has sent, and that has not come, comes. */
  void interruptedByThread(long cycle) {
    receive(null, worksOfThreads.remove(), cycle);
  }

  private void receive(@Nullable CoreTiming from, long work, long cycle) {
    int size = senders.length;
    if (waitingInterrupts == size) {
      @Nullable CoreTiming[] moreSenders = new @Nullable CoreTiming[2 * size];
      long[] moreWorks = new long[2 * size];
      long[] moreDelivered = new long[2 * size];
      for (int i = 0; i < size; i++) {
        int place = (firstInterrupt + i) % size;
        moreSenders[i] = senders[place];
        moreWorks[i] = askedFor[place];
        moreDelivered[i] = delivered[place];
      }
      senders = moreSenders;
      askedFor = moreWorks;
      delivered = moreDelivered;
      firstInterrupt = 0;
    }
    int place = (firstInterrupt + waitingInterrupts++) % senders.length;
    senders[place] = from;
    askedFor[place] = work;
    delivered[place] = cycle;
    takeInterrupts();
  }

  /**
   * Answers the interrupts that have come, if everything is complete that is under way, but for a
   * reference that itself waits for acknowledgements: no two cores wait for each other.
   */
  private void takeInterrupts() {
    while (waitingInterrupts > 0 && (open == 0 || (open == 1 && sender != NOBODY))) {
      CoreTiming from = senders[firstInterrupt];
      long come = delivered[firstInterrupt];
      long work = from == null ? askedFor[firstInterrupt] : from.workFor(number);
      firstInterrupt = (firstInterrupt + 1) % senders.length;
      waitingInterrupts--;
      long begin;
      long done;
      if (sender != NOBODY) {
        begin = Math.max(Math.max(come, latestComplete), senderBusyUntil);
        done = begin + interrupts.handlerCycles() + work;
        senderBusyUntil = done;
      } else {
        retireComplete();
        begin = Math.max(come, lastRetired);
        done = begin + interrupts.handlerCycles() + work;
        long[] spent = causes.values();
        spent[ended ? IDLE : BASE] += begin - lastRetired;
        spent[SHOOTDOWN] += done - begin;
        lastRetired = done;
        retiredInCycle = 0;
        heldUntil = Math.max(heldUntil, done);
      }
      if (from == null) {
        counts[THREAD_INTERRUPTS_TAKEN]++;
        if (observer != null) {
          long sent = come - interrupts.deliverCycles();
          observer.interrupt(TimingObserver.THREAD, number, sent, begin, done);
        }
        continue;
      }
      counts[INTERRUPTS_TAKEN]++;
      if (observer != null) {
        observer.interrupt(from.number, number, from.sentTo[number], begin, done);
      }
      from.acknowledge(done + interrupts.acknowledgeCycles());
    }
  }

  /** The work that this core asks another one for. */
  private long workFor(int target) {
    return lives[sender].recipe.interruptWork(interruptTo[target]);
  }

  private void acknowledge(long cycle) {
    scheduler.schedule(number, lives[sender].sequence, cycle);
  }

  /** A core that has nothing to run is idle until {@code cycle}. */
  private void spendIdle(long cycle) {
    retireComplete();
    if (cycle > lastRetired) {
      causes.values()[IDLE] += cycle - lastRetired;
      lastRetired = cycle;
      retiredInCycle = 0;
    }
  }

  private void observe(Life life, int i, long from, long to) {
    if (observer != null) {
      Recipe recipe = life.recipe;
      Step step = STEPS[recipe.operation(i)];
      observer.step(
          number,
          life.reference,
          life.kind,
          step,
          recipe.argument(i),
          recipe.address(i),
          life.walker,
          from,
          to);
    }
  }

  /**
   * After a step of a walk: passes over the reads that follow and that no bank serves, since
   * nothing depends on when each begins. An observer sees each.
   *
   * @return when the last of them ends
   */
  private long readOn(Life life, long begin, CycleCause cause) {
    Recipe recipe = life.recipe;
    long end = begin;
    int i = life.position + 1;
    while (observer == null && recipe.operation(i) == READ && !Served.isDram(recipe.argument(i))) {
      counts[READS_ISSUED]++;
      counts[READS_ANSWERED]++;
      end += readCycles[Served.place(recipe.argument(i))];
      i++;
    }
    if (i != life.position + 1) {
      life.spend(cause, end);
      life.position = i - 1;
    }
    return end;
  }

  private static CycleCause walkCause(int argument) {
    return switch (Recipe.cause(argument)) {
      case ASSIST -> CycleCause.ASSIST;
      case RETRY -> CycleCause.FAULT;
      case MISS, PREFETCH -> CycleCause.WALK_MEMORY;
    };
  }

  private static CycleCause walkCauseAt(Recipe recipe, int step) {
    int i = step;
    while (recipe.operation(i) != Step.STRUCTURE_CACHES.ordinal()) {
      i--;
    }
    return walkCause(recipe.argument(i));
  }

  /** In serial no other look-up is under way. */
  private long bookPort(Ports ports, long wanted) {
    if (serial) {
      return wanted;
    }
    long cycle = ports.book(wanted);
    if (cycle != wanted) {
      counts[PORT_WAITS]++;
    }
    return cycle;
  }

  /** The cycle in which memory begins with an access. */
  private long access(int served, long now) {
    if (!Served.isDram(served)) {
      return now;
    }
    long start = scheduler.bookBank(served, now);
    if (start != now) {
      counts[BANK_WAITS]++;
    }
    return start;
  }

  private boolean isOnItsWay(Life life, int translation) {
    long sequence = life.owner(translation);
    if (sequence == NO_OWNER) {
      return false;
    }
    Life owner = lifeOf(sequence);
    return owner.sequence == sequence
        && owner.translationsDone <= life.ownerTranslation(translation);
  }

  private void giveMissRegister(Life life, long now) {
    int token = life.missRegister;
    life.missRegister = Tokens.NONE;
    int slot = missRegisters[life.kind].give(token);
    if (slot != Tokens.NONE) {
      lives[slot].missRegister = token;
      scheduler.schedule(number, lives[slot].sequence, now);
    }
  }

  private void giveWalker(Life life, long now) {
    int token = life.walker;
    life.walker = Tokens.NONE;
    int slot = walkers.give(token);
    if (slot != Tokens.NONE) {
      Life next = lifeInSlot(slot);
      next.walker = token;
      scheduler.schedule(number, next.sequence, now);
    }
  }

  private void translated(Life life, int translation, long now) {
    life.translationsDone = translation + 1;
    if (life.missRegister != Tokens.NONE) {
      giveMissRegister(life, now);
    }
    if (!serial || walksAhead > 0) {
      int await = awaitOf(life.recipe, translation);
      long page = life.recipe.address(await);
      long group = -1L << spanOf(life.recipe, await);
      for (long p = page & group; p <= (page | ~group); p++) {
        if (pending.get(p) == life.sequence) {
          pending.remove(p);
        }
      }
      // Those that wait for a later page of this reference find that out and wait again.
      wakeWaiters(life, now);
    }
  }

  private static int awaitOf(Recipe recipe, int translation) {
    int i = 0;
    while (recipe.operation(i) != Step.AWAIT.ordinal() || recipe.argument(i) != translation) {
      i++;
    }
    return i;
  }

  private void complete(Life life, long cycle) {
    life.complete = cycle;
    latestComplete = Math.max(latestComplete, cycle);
    if (dataflow) {
      Instruction instruction = instructions[(int) life.instruction & instructionMask];
      instruction.latest = Math.max(instruction.latest, cycle);
      instruction.open--;
      if (instruction.open == 0 && instruction.closed) {
        done(instruction);
      }
    }
    open--;
    takeInterrupts();
  }

  private void startInstruction(long cycle) {
    boolean same = cycle == instructionCycle && instructionTail > 0;
    enteredInCycle = same ? enteredInCycle + 1 : 1;
    instructionCycle = cycle;
    instructionRetired[(int) instructionTail & instructionMask] = 0;
    if (!dataflow) {
      instructionTail++;
      return;
    }
    Instruction instruction = instructions[(int) instructionTail & instructionMask];
    instruction.number = instructionTail++;
    instruction.firstSequence = tail;
    instruction.open = 0;
    instruction.closed = false;
    instruction.latest = cycle;
    instruction.done = Instruction.UNKNOWN;
    instruction.firstDependent = NOBODY;
    instruction.missingOperands = 0;
    instruction.operandsReady = cycle;
    if (nextKind != NOBODY) {
      for (int i = 0; i < Registers.SOURCES; i++) {
        waitForOperand(instruction, i, Registers.source(nextRegisters, i));
      }
      for (int i = 0; i < Registers.DESTINATIONS; i++) {
        int register = Registers.destination(nextRegisters, i);
        if (register != Registers.NONE) {
          producers[register] = instruction.number + 1;
        }
      }
      enterOwnWork(instruction, cycle);
    }
  }

  private void waitForOperand(Instruction instruction, int operand, int register) {
    if (register == Registers.NONE || producers[register] == 0) {
      return;
    }
    long producerNumber = producers[register] - 1;
    Instruction producer = instructions[(int) producerNumber & instructionMask];
    if (producer.number != producerNumber || producerNumber == instruction.number) {
      return; // retired long ago
    }
    if (producer.done != Instruction.UNKNOWN) {
      instruction.operandsReady = Math.max(instruction.operandsReady, producer.done);
    } else {
      instruction.missingOperands++;
      instruction.nextDependent[operand] = producer.firstDependent;
      producer.firstDependent =
          ((int) instruction.number & instructionMask) * Instruction.SOURCES + operand;
    }
  }

  /** The instruction's own cycle of work, as a reference that touches nothing. */
  private void enterOwnWork(Instruction instruction, long cycle) {
    int slot = (int) tail & lifeMask;
    Life life = lives[slot];
    life.begin(tail++, references, NOBODY, true, instruction.number);
    open++;
    life.recipe.clear();
    life.recipe.execute();
    life.enter(cycle);
    instruction.open++;
    if (instruction.missingOperands > 0) {
      life.waitsForOperands = true;
    } else {
      long ready = Math.max(cycle, instruction.operandsReady);
      life.spend(CycleCause.BASE, ready + 1);
      complete(life, ready + 1);
    }
  }

  private void closeInstruction() {
    if (!dataflow || instructionTail == 0) {
      return;
    }
    Instruction instruction = instructions[(int) (instructionTail - 1) & instructionMask];
    if (!instruction.closed) {
      instruction.closed = true;
      if (instruction.open == 0) {
        done(instruction);
      }
    }
  }

  /** The results of an instruction are there: whoever waits for them alone can start. */
  private void done(Instruction instruction) {
    instruction.done = instruction.latest;
    int dependent = instruction.firstDependent;
    instruction.firstDependent = NOBODY;
    while (dependent != NOBODY) {
      Instruction waiting = instructions[dependent / Instruction.SOURCES];
      dependent = waiting.nextDependent[dependent % Instruction.SOURCES];
      waiting.operandsReady = Math.max(waiting.operandsReady, instruction.done);
      if (--waiting.missingOperands == 0) {
        start(waiting);
      }
    }
  }

  private void start(Instruction instruction) {
    for (long s = instruction.firstSequence; s < tail; s++) {
      Life life = lives[(int) s & lifeMask];
      if (life.instruction != instruction.number) {
        break;
      }
      if (life.waitsForOperands) {
        life.waitsForOperands = false;
        scheduler.schedule(number, s, Math.max(life.start, instruction.operandsReady));
      }
    }
  }

  private void retireComplete() {
    while (head != tail) {
      Life life = lives[(int) head & lifeMask];
      if (life.complete == Life.UNKNOWN) {
        break;
      }
      long cycle = retirement(life.complete, life.startsInstruction);
      if (cycle > lastRetired) {
        life.attribute(lastRetired, cycle, causes.values());
        lastRetired = cycle;
      }
      instructionRetired[(int) life.instruction & instructionMask] = cycle;
      if (DataQueues.take(life.kind)) {
        queues.retire(life.kind, cycle);
      }
      head++;
    }
  }

  /** The cycle in which the last reference so far retired: the total. */
  public long totalCycles() {
    retireComplete();
    return lastRetired;
  }

  /** What the cycles of the total went to. */
  public Snapshot<CycleCause> attributed() {
    return causes.snapshot();
  }

  public Snapshot<TimingMetric> snapshot() {
    return counters.snapshot();
  }

  /** Cycles from the request of a walk to its end, waiting for a walker included. */
  public Histogram walkLatencies() {
    return walkLatencies;
  }
}
