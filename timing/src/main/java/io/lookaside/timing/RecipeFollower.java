package io.lookaside.timing;

import io.lookaside.mmu.AccessKind;
import org.jspecify.annotations.Nullable;

/**
 * Follows the recipes of a core's references step by step: what each step takes, what it waits for,
 * and to which cause its cycles go.
 */
final class RecipeFollower {
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int NOBODY = Life.NOBODY;
  private static final Step[] STEPS = Step.values();
  private static final int READ = Step.READ.ordinal();
  private static final int LATE_PREFETCHES = TimingMetric.LATE_PREFETCHES.ordinal();
  private static final int TRANSLATION_CYCLES = TimingMetric.TRANSLATION_CYCLES.ordinal();
  private static final int WALKS_STARTED = TimingMetric.WALKS_STARTED.ordinal();
  private static final int WALKS_FINISHED = TimingMetric.WALKS_FINISHED.ordinal();
  private static final int READS_ISSUED = TimingMetric.READS_ISSUED.ordinal();
  private static final int READS_ANSWERED = TimingMetric.READS_ANSWERED.ordinal();

  private final Window window;
  private final CoreUnits units;
  private final PagesUnderWay pages;
  private final Interrupts interrupts;
  private final Instructions instructions;
  private final Scheduler scheduler;
  private final boolean serial;
  private final @Nullable TimingObserver observer;
  private final int[] lookupCycles;
  private final int stlbCycles;
  private final int structureCacheCycles;
  private final int[] readCycles;
  private final int[][] dataCycles;
  private final int hiddenFetchCycles;
  private final long[] counts;

  RecipeFollower(
      Window window,
      CoreUnits units,
      PagesUnderWay pages,
      Interrupts interrupts,
      Instructions instructions) {
    this.window = window;
    this.units = units;
    this.pages = pages;
    this.interrupts = interrupts;
    this.instructions = instructions;
    scheduler = window.scheduler;
    serial = window.serial;
    observer = window.observer;
    lookupCycles = units.cycles.lookup;
    stlbCycles = units.cycles.secondLevel;
    structureCacheCycles = units.cycles.structureCaches;
    readCycles = units.cycles.read;
    dataCycles = units.cycles.data;
    hiddenFetchCycles = units.cycles.hiddenFetch;
    counts = window.counters.values();
  }

  /** Follows at once the recipe of one translation that the first level answered. */
  void runSimple(Life life, long cycle) {
    life.enter(cycle);
    long lookup = units.bookFirstLevel(life.kind, cycle);
    long translated = lookup + lookupCycles[life.kind];
    counts[TRANSLATION_CYCLES] += translated - cycle;
    long done = translated + dataCycles[life.kind][life.recipe.simpleServed()];
    life.spend(CycleCause.BASE, translated);
    life.spend(CycleCause.DATA, done);
    if (serial) {
      window.heldUntil = done;
    } else if (life.kind == FETCH) {
      window.heldUntil =
          Math.max(window.heldUntil, lookup + (done - translated) - hiddenFetchCycles);
    }
    instructions.complete(life, done);
  }

  /** Follows a recipe from {@code now} on, until something must be waited for. */
  void follow(int slot, long now) {
    Life life = window.lifeInSlot(slot);
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
          end = units.bookFirstLevel(life.kind, now) + lookupCycles[life.kind];
          life.spend(CycleCause.BASE, end);
        }
        case AWAIT -> {
          if (pages.isOnItsWay(life, argument)) {
            Life owner = window.lifeOf(life.owner(argument));
            if (Window.isAhead(owner.sequence) && owner.firstWaiter == NOBODY) {
              counts[LATE_PREFETCHES]++;
            }
            pages.waitFor(owner.sequence, life, slot);
            return;
          }
          life.spend(CycleCause.L1_MISS, now);
          end = now;
        }
        case MISS_REGISTER -> {
          if (life.missRegister == Tokens.NONE && !units.takeMissRegister(life, slot)) {
            return;
          }
          life.spend(CycleCause.L1_MISS, now);
          end = now;
        }
        case SECOND_LEVEL -> {
          end = units.bookSecondLevel(now) + stlbCycles + argument;
          life.spend(CycleCause.L1_MISS, end);
        }
        case WALKER -> {
          if (life.walker == Tokens.NONE && !units.takeWalker(life, slot, now)) {
            return;
          }
          counts[WALKS_STARTED]++;
          life.spend(CycleCause.WALK_QUEUE, now);
          end = now;
        }
        case STRUCTURE_CACHES -> {
          boolean assist = Recipe.cause(argument) == Recipe.Cause.ASSIST;
          end = now + structureCacheCycles + (assist ? window.config.assistCycles() : 0);
          life.spend(walkCause(argument), end);
          end = readOn(life, end, walkCause(argument));
        }
        case READ -> {
          counts[READS_ISSUED]++;
          counts[READS_ANSWERED]++;
          end = units.access(argument, now) + readCycles[Served.place(argument)];
          CycleCause cause = walkCauseAt(recipe, i);
          life.spend(cause, end);
          end = readOn(life, end, cause);
        }
        case END_WALK -> {
          end = now;
          if (argument != Recipe.Cause.PREFETCH.ordinal()) {
            units.measureWalk(now - life.walkRequested);
          }
          counts[WALKS_FINISHED]++;
          observe(life, i, begun, now); // while the walker is still known
          units.giveWalker(life, now);
        }
        case FAULT -> {
          long cost = recipe.address(i);
          end = now + (cost == Recipe.FIXED_COST ? window.config.faultCycles() : cost);
          life.spend(CycleCause.FAULT, end);
        }
        case TRANSLATED -> {
          end = now;
          counts[TRANSLATION_CYCLES] += now - life.translationStart;
          translated(life, argument, now);
        }
        case DATA -> {
          end = units.access(argument, now) + dataCycles[life.kind][Served.place(argument)];
          life.spend(CycleCause.DATA, end);
        }
        case SHOOTDOWN -> {
          if (life.unacknowledged == 0) {
            interrupts.send(life, slot, argument, (int) recipe.address(i), now);
            return;
          }
          if (!interrupts.acknowledged(life)) {
            return;
          }
          end = interrupts.goesOn(now);
          life.spend(CycleCause.SHOOTDOWN, end);
        }
        case KERNEL_WORK -> {
          end = now + recipe.address(i);
          life.spend(CycleCause.KERNEL, end);
        }
        case PREFETCH -> {
          end = now;
          life.position += argument; // another's steps
          scheduler.schedule(window.number, life.firstAhead, now);
          life.firstAhead = window.lifeOf(life.firstAhead).nextAhead;
        }
        case PREFETCHED -> {
          end = now;
          pages.arrivedAhead(life, recipe.address(i), now);
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
        if (Window.isAhead(life.sequence)) {
          window.endWalkAhead(life);
        } else {
          instructions.complete(life, end); // nothing is left but to let time pass
        }
        return;
      }
      if (end > now) {
        if (!scheduler.nothingBefore(end)) {
          window.schedule(life, end);
          return;
        }
        now = end;
      }
    }
  }

  private void translated(Life life, int translation, long now) {
    life.translationsDone = translation + 1;
    if (life.missRegister != Tokens.NONE) {
      units.giveMissRegister(life, now);
    }
    pages.arrived(life, translation, now);
  }

  private void observe(Life life, int i, long from, long to) {
    if (observer != null) {
      Recipe recipe = life.recipe;
      Step step = STEPS[recipe.operation(i)];
      observer.step(
          window.number,
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
}
