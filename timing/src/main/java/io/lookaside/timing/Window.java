package io.lookaside.timing;

import io.lookaside.mmu.stats.Counters;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What is under way on one core: the references in a ring, with a slot each, the walks ahead, and
 * the edges between which they are, where references enter and where they retire. Where references
 * do not overlap it holds one of them.
 */
final class Window {
  static final int NOBODY = Life.NOBODY;

  /** No cycle: something must happen before that is not known yet. */
  static final long BLOCKED = Long.MAX_VALUE;

  /** Where a page is not on its way: no sequence number. */
  static final long NO_OWNER = -1;

  /** Marks the sequence numbers of walks ahead; below are their number, and their place. */
  private static final long AHEAD = 1L << 53;

  private static final int AHEAD_BITS = 20;
  private static final int AHEAD_MASK = (1 << AHEAD_BITS) - 1;

  private static final int BASE = CycleCause.BASE.ordinal();
  private static final int IDLE = CycleCause.IDLE.ordinal();
  private static final int SHOOTDOWN = CycleCause.SHOOTDOWN.ordinal();

  final Scheduler scheduler;

  /** The core's. */
  final int number;

  final boolean serial;
  final boolean dataflow;
  final CoreConfig config;
  final @Nullable TimingObserver observer;

  // References under way: those from head to tail - 1. The ring grows when it is full: a program
  // with few fetches never needs all of it, and a small one stays in the host's nearest caches.
  final int mostLives;
  Life[] lives;
  int lifeMask;
  long head;
  long tail;

  /** Walks ahead, at work or idle, and how many there have been. */
  private final List<Life> ahead = new ArrayList<>();

  private final ArrayDeque<Life> idleAhead = new ArrayDeque<>();
  long walksAhead;

  /** References of the trace that entered. */
  long references;

  final DataQueues queues;

  /** When the last instructions retired, as far as that is known, by their number. */
  final long[] instructionRetired;

  final int instructionMask;

  /** The number of the next instruction. */
  long instructionTail;

  /** The cycle in which the last reference entered. */
  long entryCycle;

  /** The cycle in which the last instruction entered, and how many did in it. */
  long instructionCycle;

  int enteredInCycle;

  /** Before this cycle nothing enters: a fetch or a fault held it up. */
  long heldUntil;

  /** The slot of a reference that holds up all that comes after it, or {@link #NOBODY}. */
  int holder = NOBODY;

  /** The cycle of the last retirement, and how many instructions retired in it. */
  long lastRetired;

  int retiredInCycle;

  /** References under way whose end is not known. */
  int open;

  /** The last cycle in which one whose end is known is complete. */
  long latestComplete;

  /** Whether the trace has no more for this core. */
  boolean ended;

  /** What happened, by {@link TimingMetric}. */
  final Counters<TimingMetric> counters = new Counters<>(TimingMetric.class);

  /** What the cycles until {@link #lastRetired} went to. */
  final Counters<CycleCause> causes = new Counters<>(CycleCause.class);

  /** Nothing under way, at cycle 0. */
  Window(
      Scheduler scheduler,
      int number,
      Overlap overlap,
      CoreConfig config,
      @Nullable TimingObserver observer) {
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
    instructionRetired = new long[powerOfTwo(config.reorderBufferEntries() + 1)];
    instructionMask = instructionRetired.length - 1;
  }

  private static Life[] newLives(int count) {
    Life[] made = new Life[count];
    for (int i = 0; i < count; i++) {
      made[i] = new Life();
    }
    return made;
  }

  private static int powerOfTwo(int least) {
    return Math.max(2, Integer.highestOneBit(least - 1) << 1);
  }

  /**
   * Makes the ring of references twice as long.
   *
   * @return by which slots references are known from now on
   */
  IntUnaryOperator grow() {
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
    lives = grown;
    lifeMask = length - 1;
    return newSlot;
  }

  /** Whether a sequence number is that of a walk ahead. */
  static boolean isAhead(long sequence) {
    return (sequence & AHEAD) != 0;
  }

  /** The slot of a reference or a walk ahead: those of the latter are after the ring. */
  int slotOf(long sequence) {
    return isAhead(sequence)
        ? lives.length + ((int) sequence & AHEAD_MASK)
        : (int) sequence & lifeMask;
  }

  Life lifeInSlot(int slot) {
    return slot < lives.length ? lives[slot] : ahead.get(slot - lives.length);
  }

  Life lifeOf(long sequence) {
    return lifeInSlot(slotOf(sequence));
  }

  /** Makes a walk ahead of a step of a reference, to begin when that comes to the step. */
  Life walkAhead(Life trigger, int step) {
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

  /** A walk ahead has ended, and its place can be used again. */
  void endWalkAhead(Life life) {
    idleAhead.push(life);
  }

  /** Lets a reference go on in a later cycle. */
  void schedule(Life life, long cycle) {
    scheduler.schedule(number, life.sequence, cycle);
  }

  /**
   * The first cycle from {@code cycle} on in which an instruction can enter, or {@link #BLOCKED}
   * while the oldest reference is in its way.
   */
  long nextInstruction(long cycle) {
    boolean full = cycle == instructionCycle && enteredInCycle >= config.issueWidth();
    long next = full ? cycle + 1 : cycle;
    long leaving = instructionTail - config.reorderBufferEntries();
    if (leaving < 0) {
      return next;
    }
    if (head != tail && lives[(int) head & lifeMask].instruction <= leaving) {
      return BLOCKED;
    }
    return Math.max(next, instructionRetired[(int) leaving & instructionMask]);
  }

  /** Lets a reference of the last instruction enter that has no recipe. */
  Life enterPlain(long cycle, int kind, boolean startsInstruction) {
    entryCycle = cycle;
    Life life = lives[(int) tail & lifeMask];
    life.begin(tail, references, kind, startsInstruction, instructionTail - 1);
    life.plain = true;
    references++;
    tail++;
    if (DataQueues.take(kind)) {
      queues.enter(kind);
    }
    life.start = cycle;
    return life;
  }

  /** A reference is complete, or will be in {@code cycle}, and nothing more is open about it. */
  void complete(Life life, long cycle) {
    life.complete = cycle;
    latestComplete = Math.max(latestComplete, cycle);
    open--;
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

  /** Lets all retire that are complete, in order, up to the first one whose end is not known. */
  void retireComplete() {
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

  /** A core that has nothing to run is idle until {@code cycle}. */
  void spendIdle(long cycle) {
    retireComplete();
    if (cycle > lastRetired) {
      causes.values()[IDLE] += cycle - lastRetired;
      lastRetired = cycle;
      retiredInCycle = 0;
    }
  }

  /** Whatever comes, the core does something else from {@code begin} to {@code done} - 1. */
  void interrupt(long begin, long done) {
    long[] spent = causes.values();
    spent[ended ? IDLE : BASE] += begin - lastRetired;
    spent[SHOOTDOWN] += done - begin;
    lastRetired = done;
    retiredInCycle = 0;
    heldUntil = Math.max(heldUntil, done);
  }
}
