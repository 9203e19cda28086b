package io.lookaside.timing;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The clock of a machine: the cores, the events that wait for their cycle, and the banks of main
 * memory that all cores share.
 *
 * <p>Whoever runs a trace asks {@link #nextCore} whose turn it is, lets that core's next reference
 * change the state of TLBs, caches and tables, writes down what happened as a {@link Recipe}, and
 * hands it over with {@link CoreTiming#accept}. Events are worked off in order of their cycles, and
 * a reference enters only when no event of an earlier cycle is left; so everything that can be used
 * up is booked at cycles that never decrease, and a later reference that is ready can overtake an
 * earlier one that waits.
 */
public final class Scheduler {
  /** The most cores of a machine. */
  public static final int MAX_CORES = 1 << 8;

  // The number of an event: its core, whether a reference goes on (or an interrupt comes), and
  // which
  // reference, or whose interrupt. So of the events of a cycle those of the first core come first,
  // its
  // interrupts before its references, and of these the oldest.
  private static final int CORE_SHIFT = 55;
  private static final int RESUME_SHIFT = 54;
  private static final long RESUME = 1L << RESUME_SHIFT;
  private static final long WHICH = RESUME - 1;

  /** Stands for a thread of the kernel, after all cores. */
  private static final int THREAD = MAX_CORES;

  private final EventQueue events = new EventQueue();
  private final List<CoreTiming> cores = new ArrayList<>();
  private final long[] bankFree;
  private final int burstCycles;
  private final int openingCycles;

  /** Up to this cycle nothing but an event can happen. */
  private long horizon;

  /** The clock of cores without cores yet. */
  public Scheduler(@Nullable DramConfig dram) {
    bankFree = new long[dram == null ? 1 : dram.banks()];
    burstCycles = dram == null ? 0 : dram.burstCycles();
    openingCycles = dram == null ? 0 : dram.rowMissCycles() - dram.rowHitCycles();
  }

  /** Adds a core; its number is the number of those before it. */
  public CoreTiming addCore(
      Overlap overlap,
      CoreConfig config,
      Latencies latencies,
      MemoryConfig memory,
      @Nullable TimingObserver observer) {
    return addCore(overlap, config, latencies, memory, InterruptConfig.NONE, observer);
  }

  /** Adds a core that can be interrupted by others. */
  public CoreTiming addCore(
      Overlap overlap,
      CoreConfig config,
      Latencies latencies,
      MemoryConfig memory,
      InterruptConfig interrupts,
      @Nullable TimingObserver observer) {
    if (cores.size() == MAX_CORES) {
      throw new IllegalArgumentException("a machine has at most " + MAX_CORES + " cores");
    }
    CoreTiming core =
        new CoreTiming(
            this, cores.size(), overlap, config, latencies, memory, interrupts, observer);
    cores.add(core);
    return core;
  }

  /**
   * The core whose next reference enters next, or {@code null} when all have announced their end
   * and nothing is under way any more. Each core must have been told with {@link
   * CoreTiming#announce} or {@link CoreTiming#end} what comes.
   */
  public @Nullable CoreTiming nextCore() {
    if (cores.size() == 1) {
      return nextOfOne(cores.get(0));
    }
    while (true) {
      CoreTiming first = null;
      long cycle = Long.MAX_VALUE;
      for (int i = 0; i < cores.size(); i++) {
        CoreTiming core = cores.get(i);
        long ready = core.readyCycle();
        if (ready < cycle) {
          cycle = ready;
          first = core;
        }
      }
      if (events.firstCycle() > cycle || events.isEmpty()) {
        return first;
      }
      horizon = cycle;
      workOffFirst();
    }
  }

  /** The same for a machine of one core. */
  private @Nullable CoreTiming nextOfOne(CoreTiming core) {
    while (true) {
      // Once known, the cycle of the next entry only changes when an interrupt comes.
      long cycle = core.readyCycle();
      boolean interrupted = false;
      horizon = cycle;
      while (!interrupted && events.firstCycle() <= cycle) {
        if (events.isEmpty()) {
          return null;
        }
        interrupted = !resumeFirst(core);
        if (cycle == Long.MAX_VALUE) {
          if (!core.staysBlocked()) {
            break;
          }
          horizon = cycle;
        }
      }
      if (!interrupted && cycle < events.firstCycle()) {
        return core;
      }
    }
  }

  /** Works the first event off; returns whether it was a reference that went on. */
  private boolean resumeFirst(CoreTiming core) {
    long cycle = events.firstCycle();
    long number = events.removeFirst();
    if ((number & RESUME) != 0) {
      core.resume(number & WHICH, cycle);
      return true;
    }
    core.interruptedByThread(cycle); // there is nobody else
    return false;
  }

  private void workOffFirst() {
    long cycle = events.firstCycle();
    long number = events.removeFirst();
    CoreTiming core = cores.get((int) (number >>> CORE_SHIFT));
    if ((number & RESUME) != 0) {
      core.resume(number & WHICH, cycle);
    } else if ((number & WHICH) == THREAD) {
      core.interruptedByThread(cycle);
    } else {
      core.interrupted(cores.get((int) (number & WHICH)), cycle);
    }
  }

  /** Lets a reference of a core go on in a later cycle. */
  void schedule(int core, long sequence, long cycle) {
    events.add(cycle, (long) core << CORE_SHIFT | RESUME | sequence);
  }

  /** Lets an interrupt of one core come to another in a later cycle. */
  void interrupt(int from, int to, long cycle) {
    events.add(cycle, (long) to << CORE_SHIFT | from);
  }

  /**
   * Lets a thread of the kernel, which has a processor of its own, interrupt a core.
   *
   * @param work cycles that the core has to work, beside its handler
   * @param sent the cycle in which the interrupt is sent: that of {@link CoreTiming#entryCycle} of
   *     the core that {@link #nextCore} has named
   */
  public void interruptFromThread(int to, long work, long sent) {
    CoreTiming core = cores.get(to);
    events.add(core.expectThread(work, sent), (long) to << CORE_SHIFT | THREAD);
  }

  /** Whether a step that ends in {@code cycle} can be followed by the next without a detour. */
  boolean nothingBefore(long cycle) {
    return cycle <= horizon && cycle < events.firstCycle();
  }

  /** The cycle of the first event that waits, or {@link Long#MAX_VALUE}. */
  long firstEvent() {
    return events.firstCycle();
  }

  /**
   * Says that a reference has entered.
   *
   * @param cycle the cycle in which it did
   * @param next the first cycle in which its core can let another one enter, as far as is known
   */
  void entered(long cycle, long next) {
    horizon = cores.size() == 1 ? next : cycle;
  }

  /** Says that a reference may enter from {@code cycle} on that could not before. */
  void mayEnter(long cycle) {
    horizon = Math.min(horizon, cycle);
  }

  /** Whether no event waits for its cycle. */
  boolean isIdle() {
    return events.isEmpty();
  }

  /** Whether there is no other core. */
  boolean singleCore() {
    return cores.size() == 1;
  }

  /** The cycle in which a bank begins with an access that is there in {@code wanted}. */
  long bookBank(int served, long wanted) {
    int bank = Served.bank(served);
    long start = Math.max(wanted, bankFree[bank]);
    boolean opens = Served.place(served) == Served.DRAM_ROW_MISS;
    bankFree[bank] = start + burstCycles + (opens ? openingCycles : 0);
    return start;
  }
}
