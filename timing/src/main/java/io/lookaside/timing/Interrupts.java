package io.lookaside.timing;

import java.util.ArrayDeque;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The interrupts of one core: those that it sends for a shootdown and whose acknowledgements a
 * reference waits for, and those that come and are answered when nothing else is under way.
 */
final class Interrupts {
  private static final int NOBODY = Life.NOBODY;
  private static final int SHOOTDOWN_ROUNDS = TimingMetric.SHOOTDOWN_ROUNDS.ordinal();
  private static final int INTERRUPTS_SENT = TimingMetric.INTERRUPTS_SENT.ordinal();
  private static final int INTERRUPTS_ACKNOWLEDGED = TimingMetric.INTERRUPTS_ACKNOWLEDGED.ordinal();
  private static final int INTERRUPTS_TAKEN = TimingMetric.INTERRUPTS_TAKEN.ordinal();
  private static final int THREAD_INTERRUPTS_TAKEN = TimingMetric.THREAD_INTERRUPTS_TAKEN.ordinal();

  private final Window window;
  private final int number;
  private final InterruptConfig config;
  private final @Nullable TimingObserver observer;
  private final long[] counts;

  // Interrupts that have come and were not taken yet, in order: who sent them, or null for a thread
  // of the kernel, what that asked for, and when they came.
  private @Nullable Interrupts[] senders = new @Nullable Interrupts[4];
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

  Interrupts(Window window, InterruptConfig config) {
    this.window = window;
    this.config = config;
    number = window.number;
    observer = window.observer;
    counts = window.counters.values();
  }

  /** Says by which slots references are known from now on. */
  void renumber(IntUnaryOperator newSlot) {
    sender = sender == NOBODY ? NOBODY : newSlot.applyAsInt(sender);
  }

  /** Whether interrupts have come that were not taken: nothing enters before that. */
  boolean areWaiting() {
    return waitingInterrupts > 0;
  }

  /** A reference sends interrupts to the cores that its recipe names from {@code first} on. */
  void send(Life life, int slot, int count, int first, long now) {
    counts[SHOOTDOWN_ROUNDS]++;
    counts[INTERRUPTS_SENT] += count;
    life.unacknowledged = count;
    sender = slot;
    long cycle = now;
    for (int i = first; i < first + count; i++) {
      int target = life.recipe.target(i);
      interruptTo[target] = i;
      sentTo[target] = cycle;
      cycle += config.sendCycles();
      window.scheduler.interrupt(number, target, cycle + config.deliverCycles());
    }
    senderBusyUntil = cycle;
    take();
  }

  /**
   * One of the interrupts that a reference has sent is acknowledged.
   *
   * @return whether no other is waited for
   */
  boolean acknowledged(Life life) {
    counts[INTERRUPTS_ACKNOWLEDGED]++;
    if (--life.unacknowledged > 0) {
      return false;
    }
    sender = NOBODY;
    return true;
  }

  /** The cycle in which a reference goes on whose last interrupt is acknowledged. */
  long goesOn(long now) {
    return Math.max(now, senderBusyUntil);
  }

  /** An interrupt of another core has come. */
  void interrupted(Interrupts from, long cycle) {
    receive(from, 0, cycle);
  }

  /**
   * A thread of the kernel sends an interrupt, not before those that it has sent already.
   *
   * @return the cycle in which it comes
   */
  long expectThread(long work, long sent) {
    worksOfThreads.add(work);
    return sent + config.deliverCycles();
  }

  /** The first interrupt that a thread of the kernel has sent, and that has not come, comes. */
  void interruptedByThread(long cycle) {
    receive(null, worksOfThreads.remove(), cycle);
  }

  /**
   * An interrupt comes.
   *
   * @param from who sent it, or null for a thread of the kernel
   * @param work what that asked for
   */
  private void receive(@Nullable Interrupts from, long work, long cycle) {
    int size = senders.length;
    if (waitingInterrupts == size) {
      @Nullable Interrupts[] moreSenders = new @Nullable Interrupts[2 * size];
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
    take();
  }

  /**
   * Answers the interrupts that have come, if everything is complete that is under way, but for a
   * reference that itself waits for acknowledgements: no two cores wait for each other.
   */
  void take() {
    if (waitingInterrupts > 0) {
      takeWaiting();
    }
  }

  private void takeWaiting() {
    while (waitingInterrupts > 0 && (window.open == 0 || (window.open == 1 && sender != NOBODY))) {
      Interrupts from = senders[firstInterrupt];
      long come = delivered[firstInterrupt];
      long work = from == null ? askedFor[firstInterrupt] : from.workFor(number);
      firstInterrupt = (firstInterrupt + 1) % senders.length;
      waitingInterrupts--;
      long begin;
      long done;
      if (sender != NOBODY) {
        begin = Math.max(Math.max(come, window.latestComplete), senderBusyUntil);
        done = begin + config.handlerCycles() + work;
        senderBusyUntil = done;
      } else {
        window.retireComplete();
        begin = Math.max(come, window.lastRetired);
        done = begin + config.handlerCycles() + work;
        window.interrupt(begin, done);
      }
      if (from == null) {
        counts[THREAD_INTERRUPTS_TAKEN]++;
        if (observer != null) {
          long sent = come - config.deliverCycles();
          observer.interrupt(TimingObserver.THREAD, number, sent, begin, done);
        }
        continue;
      }
      counts[INTERRUPTS_TAKEN]++;
      if (observer != null) {
        observer.interrupt(from.number, number, from.sentTo[number], begin, done);
      }
      from.acknowledge(done + config.acknowledgeCycles());
    }
  }

  /** The work that this core asks another one for. */
  private long workFor(int target) {
    return window.lives[sender].recipe.interruptWork(interruptTo[target]);
  }

  private void acknowledge(long cycle) {
    window.schedule(window.lives[sender], cycle);
  }
}
