package io.lookaside.timing;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rules of docs/model/timing.md, cycle by cycle and as plainly as can be: in every cycle first
 * all references under way do what they can, the oldest first, then those that are complete retire
 * in order, then new ones enter. Shares nothing with the scheduler but the stories and the
 * configuration.
 */
final class SlowTiming {
  private final Overlap overlap;
  private final CoreConfig core;
  private final Latencies latencies;
  private final SlowMemory memory;
  private final List<Story> stories;

  private final List<Run> running = new ArrayList<>();
  private final Map<Integer, Integer> portsUsed = new HashMap<>();
  private final int[] freeRegisters;
  private int freeWalkers;
  private final List<Deque<Run>> registerQueues = List.of(new ArrayDeque<>(), new ArrayDeque<>());
  private final List<Deque<Run>> portQueues =
      List.of(new ArrayDeque<>(), new ArrayDeque<>(), new ArrayDeque<>());
  private final Deque<Run> walkerQueue = new ArrayDeque<>();
  private final List<Long> instructionDone = new ArrayList<>();
  private final Map<Integer, Integer> lastWriter = new HashMap<>();

  long translationCycles;
  long mergedHits;
  long total;

  /** One thing that a reference does; returns the cycle in which it is over, or -1 to wait. */
  private interface Action {
    long attempt(Run run, long now);
  }

  private static final class Run {
    final Story story;
    final int age;
    final int instruction;
    final List<Action> script = new ArrayList<>();
    int at;
    long freeAt;
    boolean done;
    long doneAt;
    long translationStart;
    long lookedUpAt = -1;
    boolean hasRegister;
    boolean ahead;
    final List<@Nullable Run> owners = new ArrayList<>();
    final List<Integer> ownerPassages = new ArrayList<>();
    int passagesDone;
    List<Integer> operands = List.of();

    Run(Story story, int age, int instruction) {
      this.story = story;
      this.age = age;
      this.instruction = instruction;
    }
  }

  SlowTiming(
      Overlap overlap,
      CoreConfig core,
      Latencies latencies,
      MemoryConfig memory,
      List<Story> stories) {
    this.overlap = overlap;
    this.core = core;
    this.latencies = latencies;
    this.memory = new SlowMemory(latencies, memory);
    this.stories = stories;
    this.freeRegisters = new int[] {core.l1dMissRegisters(), core.l1iMissRegisters()};
    this.freeWalkers = core.walkers();
  }

  long run() {
    int next = 0;
    int retiredUpTo = 0;
    List<Run> all = new ArrayList<>();
    int instructions = 0;
    @Nullable Run held = null;
    long heldUntil = 0;
    for (long now = 0; ; now++) {
      portsUsed.clear();
      progress(now);
      int retiredNow = 0;
      while (retiredUpTo < all.size()) {
        Run r = all.get(retiredUpTo);
        if (!r.done || r.doneAt > now) {
          break;
        }
        boolean first = retiredUpTo == 0 || all.get(retiredUpTo - 1).instruction != r.instruction;
        if (overlap != Overlap.SERIAL && first) {
          if (retiredNow == core.issueWidth()) {
            break;
          }
          retiredNow++;
        } else if (retiredNow == 0) {
          retiredNow = 1; // the rest of an instruction that began to retire before
        }
        total = now;
        retiredUpTo++;
      }
      int entered = 0;
      while (next < stories.size()) {
        Story story = stories.get(next);
        if (held != null) {
          if (isPlainFetch(held)) {
            if (held.lookedUpAt < 0) {
              break;
            }
            int beyond =
                memory.dataCycles(held.story.passages().get(0).served(), 2) - memory.hiddenFetch();
            heldUntil = Math.max(heldUntil, held.lookedUpAt + beyond);
          } else {
            if (!held.done) {
              break;
            }
            boolean fetch = held.story.kind() == 2 && overlap != Overlap.SERIAL;
            heldUntil = Math.max(heldUntil, held.doneAt - (fetch ? memory.hiddenFetch() : 0));
          }
          held = null;
        }
        if (now < heldUntil) {
          break;
        }
        if (overlap != Overlap.SERIAL && !roomFor(story, all, retiredUpTo, instructions, entered)) {
          break;
        }
        boolean starts = story.startsInstruction() || instructions == 0;
        if (starts) {
          instructions++;
          entered++;
          instructionDone.add(-1L);
        }
        List<Integer> operands = List.of();
        if (overlap == Overlap.DATAFLOW && starts) {
          operands = operands(story.registers(), instructions - 1);
          Run own = new Run(new Story(-1, true, 0, List.of()), all.size(), instructions - 1);
          own.operands = operands;
          own.script.add((r, t) -> t + 1);
          all.add(own);
          running.add(own);
        } else if (overlap == Overlap.DATAFLOW) {
          operands = all.get(all.size() - 1).operands;
        }
        Run run = begin(story, all.size(), instructions - 1);
        boolean waits = overlap == Overlap.DATAFLOW && story.kind() != 2;
        all.add(run);
        run.operands = operands;
        if (!waits) {
          run.script.add(0, (r, t) -> t);
        } else {
          run.script.add(0, (r, t) -> operandsThere(r, t) ? t : -1);
        }
        if (overlap == Overlap.DATAFLOW && starts) {
          Run own = all.get(all.size() - 2);
          own.script.add(0, (r, t) -> operandsThere(r, t) ? t : -1);
        }
        running.add(run);
        boolean faults = story.passages().stream().anyMatch(p -> p.retryReads() != null);
        if (overlap == Overlap.SERIAL || faults || story.kind() == 2) {
          held = run;
        }
        next++;
        progress(now);
      }
      if (next == stories.size() && retiredUpTo == all.size()) {
        return total;
      }
    }
  }

  /** Whether a fetch hits in the first-level TLB and is served by a cache, if there are any. */
  private boolean isPlainFetch(Run run) {
    if (overlap == Overlap.SERIAL || run.story.kind() != 2 || run.story.passages().size() > 1) {
      return false;
    }
    Story.Passage p = run.story.passages().get(0);
    return p.firstLevelHit()
        && p.assistReads() == null
        && !SlowMemory.isDram(p.served())
        && run.owners.get(0) == null;
  }

  private boolean operandsThere(Run run, long now) {
    for (int instruction : run.operands) {
      long done = instructionDoneAt(instruction);
      if (done < 0 || done > now) {
        return false;
      }
    }
    return true;
  }

  private final List<Run> everyone = new ArrayList<>();

  private long instructionDoneAt(int instruction) {
    if (instructionDone.get(instruction) >= 0) {
      return instructionDone.get(instruction);
    }
    long latest = 0;
    for (Run r : everyone) {
      if (r.instruction == instruction) {
        if (!r.done) {
          return -1;
        }
        latest = Math.max(latest, r.doneAt);
      }
    }
    return latest;
  }

  private List<Integer> operands(long registers, int instruction) {
    List<Integer> producers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int register = (int) (registers >>> (16 + 8 * i)) & 0xff;
      Integer writer = register == 0 ? null : lastWriter.get(register);
      if (writer != null) {
        producers.add(writer);
      }
    }
    for (int i = 0; i < 2; i++) {
      int register = (int) (registers >>> (8 * i)) & 0xff;
      if (register != 0) {
        lastWriter.put(register, instruction);
      }
    }
    return producers;
  }

  private boolean roomFor(
      Story story, List<Run> all, int retired, int instructions, int enteredNow) {
    if (story.startsInstruction() || instructions == 0) {
      if (enteredNow == core.issueWidth()) {
        return false;
      }
      int oldest = retired == all.size() ? instructions : all.get(retired).instruction;
      if (instructions - oldest == core.reorderBufferEntries()) {
        return false;
      }
    }
    long same =
        all.subList(retired, all.size()).stream()
            .filter(r -> r.story.kind() == story.kind())
            .count();
    int most =
        story.kind() == 0
            ? core.loadQueueEntries()
            : story.kind() == 1 ? core.storeQueueEntries() : Integer.MAX_VALUE;
    return same < most;
  }

  /** All references do what they can in this cycle. */
  private void progress(long now) {
    boolean changed = true;
    while (changed) {
      changed = false;
      running.sort(Comparator.comparingInt(r -> r.age));
      for (Run r : List.copyOf(running)) {
        if (!r.ahead && !everyone.contains(r)) {
          everyone.add(r);
        }
        while (!r.done && r.freeAt <= now) {
          if (r.at == r.script.size()) {
            r.done = true;
            r.doneAt = r.freeAt;
            running.remove(r);
            changed = true;
            break;
          }
          long end = r.script.get(r.at).attempt(r, now);
          if (end < 0) {
            break;
          }
          r.at++;
          r.freeAt = end;
          changed = true;
        }
        // A reference that needs only time has an end that is known.
        if (!r.done && r.at == r.script.size()) {
          r.done = true;
          r.doneAt = r.freeAt;
          running.remove(r);
          changed = true;
        }
      }
      if (everyone.size() > 4000) {
        settleOld();
      }
    }
  }

  private void settleOld() {
    for (int i = 0; i < instructionDone.size(); i++) {
      if (instructionDone.get(i) < 0) {
        int instruction = i;
        boolean complete =
            everyone.stream().filter(r -> r.instruction == instruction).allMatch(r -> r.done)
                && i < instructionDone.size() - 1;
        if (complete) {
          instructionDone.set(i, instructionDoneAt(i));
        }
      }
    }
    everyone.removeIf(r -> r.done && instructionDone.get(r.instruction) >= 0);
  }

  private final Map<Long, Run> lastMisser = new HashMap<>();
  private final Map<Long, Integer> lastMisserPassage = new HashMap<>();

  private Run begin(Story story, int age, int instruction) {
    Run run = new Run(story, age, instruction);
    int side = story.kind() == 2 ? 1 : 0;
    for (int i = 0; i < story.passages().size(); i++) {
      Story.Passage p = story.passages().get(i);
      int index = i;
      Run owner = lastMisser.get(p.page());
      int ownerPassage = lastMisserPassage.getOrDefault(p.page(), 0);
      if (owner != null && owner.passagesDone > ownerPassage) {
        owner = null;
      }
      run.owners.add(owner);
      run.ownerPassages.add(ownerPassage);
      if (owner != null && p.reads() == null) {
        mergedHits++;
      }
      if (!p.firstLevelHit()) {
        for (int other = 0; other < p.pages(); other++) {
          long page = p.page() / p.pages() * p.pages() + other;
          lastMisser.put(page, run);
          lastMisserPassage.put(page, i);
        }
      }
      Run walkAhead = p.ahead() == null ? null : walkAhead(p.ahead());
      int lookup = memory.lookupCycles(story.kind());
      boolean[] begun = new boolean[1];
      run.script.add(
          (r, t) -> {
            if (!begun[0]) {
              begun[0] = true;
              r.translationStart = t;
            }
            if (!port(r, side, side == 1 ? core.l1iPorts() : core.l1dPorts())) {
              return -1;
            }
            r.lookedUpAt = t;
            return t + lookup;
          });
      run.script.add(
          (r, t) -> {
            Run o = r.owners.get(index);
            return o != null && o.passagesDone <= r.ownerPassages.get(index) ? -1 : t;
          });
      if (!p.firstLevelHit()) {
        run.script.add((r, t) -> takeRegister(r, side) ? t : -1);
        run.script.add(
            (r, t) ->
                port(r, 2, core.stlbPorts()) ? t + latencies.stlbCycles() + p.extraCycles() : -1);
      }
      walk(run, p.reads(), 0);
      if (p.retryReads() != null) {
        run.script.add((r, t) -> t + core.faultCycles());
        walk(run, p.retryReads(), 0);
      }
      walk(run, p.assistReads(), core.assistCycles());
      run.script.add(
          (r, t) -> {
            translationCycles += t - r.translationStart;
            if (walkAhead != null) {
              walkAhead.freeAt = t;
              running.add(walkAhead);
            }
            r.passagesDone = index + 1;
            if (r.hasRegister) {
              r.hasRegister = false;
              freeRegisters[side]++;
            }
            return t;
          });
      run.script.add((r, t) -> memory.access(p.served(), story.kind(), t));
    }
    return run;
  }

  private int walksAhead;

  /** A walk that begins later, holds nothing up, and comes last where several come in a cycle. */
  private Run walkAhead(Story.Ahead ahead) {
    Run run = new Run(new Story(-1, false, 0, List.of()), 1_000_000_000 + walksAhead++, -1);
    run.ahead = true;
    walk(run, ahead.reads(), 0);
    run.script.add(
        (r, t) -> {
          r.passagesDone = 1;
          return t;
        });
    lastMisser.put(ahead.page(), run);
    lastMisserPassage.put(ahead.page(), 0);
    return run;
  }

  private void walk(Run run, @Nullable List<Integer> reads, int extra) {
    if (reads == null) {
      return;
    }
    run.script.add((r, t) -> takeWalker(r) ? t : -1);
    run.script.add((r, t) -> t + latencies.structureCacheCycles() + extra);
    for (int served : reads) {
      run.script.add((r, t) -> memory.read(served, t));
    }
    run.script.add(
        (r, t) -> {
          freeWalkers++;
          return t;
        });
  }

  /** First come, first served; those that come in the same cycle by age. */
  private boolean port(Run run, int which, int ports) {
    if (overlap == Overlap.SERIAL) {
      return true; // no other look-up is under way
    }
    Deque<Run> queue = portQueues.get(which);
    if (!queue.contains(run)) {
      queue.add(run);
    }
    int used = portsUsed.getOrDefault(which, 0);
    if (used == ports || queue.peek() != run) {
      return false;
    }
    queue.remove();
    portsUsed.put(which, used + 1);
    return true;
  }

  private boolean takeRegister(Run run, int side) {
    Deque<Run> queue = registerQueues.get(side);
    if (!queue.contains(run)) {
      queue.add(run);
    }
    if (freeRegisters[side] == 0 || queue.peek() != run) {
      return false;
    }
    queue.remove();
    freeRegisters[side]--;
    run.hasRegister = true;
    return true;
  }

  private boolean takeWalker(Run run) {
    if (!walkerQueue.contains(run)) {
      walkerQueue.add(run);
    }
    if (freeWalkers == 0 || walkerQueue.peek() != run) {
      return false;
    }
    walkerQueue.remove();
    freeWalkers--;
    return true;
  }
}
