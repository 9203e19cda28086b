package io.lookaside.timing;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The rules of docs/model/timing.md for several cores in {@link Overlap#SERIAL}, cycle by cycle: in
 * every cycle first interrupts come and what is under way goes on, core by core; then every core
 * that has nothing under way answers interrupts or else begins what comes next. Shares nothing with
 * the scheduler but stories and configuration.
 */
final class SlowCores {
  /** An interrupt of another core, and the work that it asks for. */
  record Interrupt(int target, int work) {}

  /**
   * What a core does: a reference, or the kernel's work of so many cycles.
   *
   * @param rounds the interrupts that are sent after each fault of the reference, or after the work
   * @param ofThreads the interrupts that threads of the kernel send in the cycle in which it begins
   */
  record Item(
      @Nullable Story story, int work, List<List<Interrupt>> rounds, List<Interrupt> ofThreads) {
    void tell(Recipe recipe) {
      if (story == null) {
        recipe.kernelWork(work);
        tellRounds(recipe);
      } else {
        story.tell(recipe, this::tellRounds);
      }
    }

    private void tellRounds(Recipe recipe) {
      for (List<Interrupt> round : rounds) {
        round.forEach(i -> recipe.interrupt(i.target(), i.work()));
        recipe.awaitAcknowledgements();
      }
    }
  }

  /** A step of an item: when it is over, if it begins in {@code now}. */
  private interface Action {
    long end(long now);
  }

  private static final int THREAD = -1;

  private record Arrival(int sender, int work) {}

  private final class Core {
    final int number;
    final List<Item> items;
    int next;
    final Deque<Action> script = new ArrayDeque<>();
    long freeAt;
    boolean busy;

    /** Acknowledgements that have not come, or 0 when none are waited for. */
    int missing;

    long waitingSince;
    long answersUntil;
    final Deque<Arrival> waiting = new ArrayDeque<>();

    /** By cycle: interrupts that come, by sender. */
    final TreeMap<Long, TreeMap<Integer, Integer>> coming = new TreeMap<>();

    /** By cycle: what the interrupts of threads that come ask for. */
    final Map<Long, List<Integer>> comingOfThreads = new HashMap<>();

    final Map<Long, Integer> acknowledgements = new HashMap<>();

    long total;
    long translationCycles;
    long shootdownCycles;
    long taken;
    long takenOfThreads;
    long translationStart;

    Core(int number, List<Item> items) {
      this.number = number;
      this.items = items;
    }

    /** Interrupts come, then answers, then what is under way goes on. */
    void goOn(long now) {
      TreeMap<Integer, Integer> come = coming.remove(now);
      if (come != null) {
        come.forEach((sender, work) -> waiting.add(new Arrival(sender, work)));
      }
      List<Integer> ofThreads = comingOfThreads.remove(now);
      if (ofThreads != null) {
        ofThreads.forEach(work -> waiting.add(new Arrival(THREAD, work)));
      }
      if (missing > 0) {
        while (!waiting.isEmpty()) {
          answersUntil = answer(Math.max(now, answersUntil), false);
        }
        missing -= acknowledgements.getOrDefault(now, 0);
        if (missing > 0) {
          return;
        }
        freeAt = Math.max(now, answersUntil);
        shootdownCycles += freeAt - waitingSince;
      }
      while (busy && freeAt <= now && missing == 0) {
        Action action = script.poll();
        if (action == null) {
          busy = false;
          total = freeAt;
          return;
        }
        freeAt = action.end(now);
      }
    }

    /** Answers the first interrupt from {@code begin} on; returns when that is over. */
    private long answer(long begin, boolean alone) {
      Arrival first = waiting.remove();
      long done = begin + interrupts.handlerCycles() + first.work();
      if (first.sender() == THREAD) {
        takenOfThreads++;
      } else {
        Core sender = cores.get(first.sender());
        sender.acknowledgements.merge(done + interrupts.acknowledgeCycles(), 1, Integer::sum);
        taken++;
      }
      if (alone) {
        shootdownCycles += done - begin;
      }
      return done;
    }

    /**
     * With nothing under way, interrupts are answered or else the next item begins; so again if
     * that took no time.
     */
    void begin(long now) {
      while (!busy && freeAt <= now && beginOne(now)) {
        // That took no time.
      }
    }

    private boolean beginOne(long now) {
      if (!waiting.isEmpty()) {
        freeAt = answer(now, true);
        total = freeAt;
      } else if (next < items.size()) {
        Item item = items.get(next++);
        for (Interrupt i : item.ofThreads()) {
          cores
              .get(i.target())
              .comingOfThreads
              .computeIfAbsent(now + interrupts.deliverCycles(), c -> new ArrayList<>())
              .add(i.work());
        }
        write(item);
        busy = true;
        freeAt = now;
        goOn(now);
      } else {
        return false;
      }
      return true;
    }

    boolean isOver(long now) {
      return !busy
          && freeAt <= now
          && next == items.size()
          && waiting.isEmpty()
          && coming.isEmpty()
          && comingOfThreads.isEmpty();
    }

    private void write(Item item) {
      Story story = item.story();
      if (story == null) {
        script.add(now -> now + item.work());
        item.rounds().forEach(round -> script.add(now -> send(round, now)));
        return;
      }
      int lookup = memory.lookupCycles(story.kind());
      for (Story.Passage p : story.passages()) {
        script.add(
            now -> {
              translationStart = now;
              return now + lookup;
            });
        if (!p.firstLevelHit()) {
          script.add(now -> now + latencies.stlbCycles() + p.extraCycles());
        }
        walk(p.reads(), 0);
        if (p.retryReads() != null) {
          script.add(now -> now + core.faultCycles());
          item.rounds().forEach(round -> script.add(now -> send(round, now)));
          walk(p.retryReads(), 0);
        }
        walk(p.assistReads(), core.assistCycles());
        script.add(
            now -> {
              translationCycles += now - translationStart;
              return now;
            });
        script.add(now -> memory.access(p.served(), story.kind(), now));
      }
    }

    private void walk(@Nullable List<Integer> reads, int extra) {
      if (reads != null) {
        script.add(now -> now + latencies.structureCacheCycles() + extra);
        reads.forEach(served -> script.add(now -> memory.read(served, now)));
      }
    }

    private long send(List<Interrupt> round, long now) {
      long cycle = now;
      for (Interrupt i : round) {
        cycle += interrupts.sendCycles();
        cores
            .get(i.target())
            .coming
            .computeIfAbsent(cycle + interrupts.deliverCycles(), c -> new TreeMap<>())
            .put(number, i.work());
      }
      missing = round.size();
      waitingSince = now;
      answersUntil = cycle;
      return now;
    }
  }

  private final CoreConfig core;
  private final Latencies latencies;
  private final SlowMemory memory;
  private final InterruptConfig interrupts;
  private final List<Core> cores = new ArrayList<>();

  SlowCores(
      CoreConfig core,
      Latencies latencies,
      MemoryConfig memory,
      InterruptConfig interrupts,
      List<List<Item>> items) {
    this.core = core;
    this.latencies = latencies;
    this.memory = new SlowMemory(latencies, memory);
    this.interrupts = interrupts;
    for (List<Item> each : items) {
      cores.add(new Core(cores.size(), each));
    }
  }

  void run() {
    for (long now = 0; ; now++) {
      long cycle = now;
      cores.forEach(c -> c.goOn(cycle));
      cores.forEach(c -> c.begin(cycle));
      if (cores.stream().allMatch(c -> c.isOver(cycle))) {
        return;
      }
    }
  }

  long total(int number) {
    return cores.get(number).total;
  }

  long translationCycles(int number) {
    return cores.get(number).translationCycles;
  }

  long shootdownCycles(int number) {
    return cores.get(number).shootdownCycles;
  }

  long takenOfThreads(int number) {
    return cores.get(number).takenOfThreads;
  }

  long taken(int number) {
    return cores.get(number).taken;
  }
}
