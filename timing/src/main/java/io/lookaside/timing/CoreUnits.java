package io.lookaside.timing;

import io.lookaside.mmu.AccessKind;
import java.util.function.IntUnaryOperator;
import org.HdrHistogram.Histogram;

/**
 * What the references of a core share and wait for: ports of the TLBs, miss registers and walkers;
 * and on its behalf the banks of memory. Counts the waits.
 */
final class CoreUnits {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int MISS_REGISTER_WAITS = TimingMetric.MISS_REGISTER_WAITS.ordinal();
  private static final int WALKER_WAITS = TimingMetric.WALKER_WAITS.ordinal();
  private static final int PORT_WAITS = TimingMetric.PORT_WAITS.ordinal();
  private static final int BANK_WAITS = TimingMetric.BANK_WAITS.ordinal();
  private static final int WALK_CYCLES = TimingMetric.WALK_CYCLES.ordinal();

  /** What the steps take when nobody is in the way. */
  final StepCycles cycles;

  private final Window window;
  private final Scheduler scheduler;
  private final boolean serial;
  private final Ports[] firstLevelPorts = new Ports[AccessKind.COUNT];
  private final Ports stlbPorts;
  private final Tokens[] missRegisters = new Tokens[AccessKind.COUNT];
  private final Tokens walkers;
  private final Histogram walkLatencies = new Histogram(3);
  private final long[] counts;

  /** All of them free. */
  CoreUnits(Window window, StepCycles cycles) {
    this.window = window;
    this.cycles = cycles;
    scheduler = window.scheduler;
    serial = window.serial;
    counts = window.counters.values();
    CoreConfig config = window.config;
    int slots = window.lives.length;
    Ports dataPorts = new Ports(config.l1dPorts());
    Tokens dataRegisters = new Tokens(config.l1dMissRegisters(), slots);
    for (AccessKind kind : AccessKind.values()) {
      int i = kind.ordinal();
      boolean fetch = kind == AccessKind.FETCH;
      firstLevelPorts[i] = fetch ? new Ports(config.l1iPorts()) : dataPorts;
      missRegisters[i] = fetch ? new Tokens(config.l1iMissRegisters(), slots) : dataRegisters;
    }
    stlbPorts = new Ports(config.stlbPorts());
    walkers = new Tokens(config.walkers(), slots);
  }

  /** Gives those that wait other slots, as {@link Tokens#renumber} does. */
  void renumber(int slots, IntUnaryOperator newSlot) {
    walkers.renumber(slots, newSlot);
    missRegisters[LOAD].renumber(slots, newSlot); // stores have the same
    missRegisters[FETCH].renumber(slots, newSlot);
  }

  /** The ports that fetches share, or loads and stores. */
  Ports firstLevelPorts(int kind) {
    return firstLevelPorts[kind];
  }

  /** The cycle in which a look-up in the first level begins. */
  long bookFirstLevel(int kind, long wanted) {
    return bookPort(firstLevelPorts[kind], wanted);
  }

  /** The cycle in which a look-up in the second level begins. */
  long bookSecondLevel(long wanted) {
    return bookPort(stlbPorts, wanted);
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
  long access(int served, long now) {
    if (!Served.isDram(served)) {
      return now;
    }
    long start = scheduler.bookBank(served, now);
    if (start != now) {
      counts[BANK_WAITS]++;
    }
    return start;
  }

  /** Takes a miss register; or returns false, and the reference goes on when it is given one. */
  boolean takeMissRegister(Life life, int slot) {
    life.missRegister = missRegisters[life.kind].take(slot);
    if (life.missRegister == Tokens.NONE) {
      counts[MISS_REGISTER_WAITS]++;
      return false;
    }
    return true;
  }

  /** Takes a walker; or returns false, and the reference goes on when it is given one. */
  boolean takeWalker(Life life, int slot, long now) {
    life.walkRequested = now;
    life.walker = walkers.take(slot);
    if (life.walker == Tokens.NONE) {
      counts[WALKER_WAITS]++;
      return false;
    }
    return true;
  }

  /** Takes account of what a walk that ends took, waiting included. */
  void measureWalk(long took) {
    walkLatencies.recordValue(took);
    counts[WALK_CYCLES] += took;
  }

  void giveMissRegister(Life life, long now) {
    int token = life.missRegister;
    life.missRegister = Tokens.NONE;
    int slot = missRegisters[life.kind].give(token);
    if (slot != Tokens.NONE) {
      Life next = window.lives[slot];
      next.missRegister = token;
      window.schedule(next, now);
    }
  }

  void giveWalker(Life life, long now) {
    int token = life.walker;
    life.walker = Tokens.NONE;
    int slot = walkers.give(token);
    if (slot != Tokens.NONE) {
      Life next = window.lifeInSlot(slot);
      next.walker = token;
      window.schedule(next, now);
    }
  }

  /** Cycles from the request of a walk to its end, waiting for a walker included. */
  Histogram walkLatencies() {
    return walkLatencies;
  }
}
