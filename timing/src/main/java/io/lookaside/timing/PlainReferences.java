package io.lookaside.timing;

import io.lookaside.mmu.AccessKind;

/**
 * What references do that need no recipe of their own: hits, and misses of one translation and an
 * access. They go through the same steps in the same cycles as with a {@link RecipeFollower}, in
 * the window of a core that is alone and that nobody observes.
 */
final class PlainReferences {
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final long NO_OWNER = Window.NO_OWNER;
  private static final int MERGED_HITS = TimingMetric.MERGED_HITS.ordinal();
  private static final int TRANSLATION_CYCLES = TimingMetric.TRANSLATION_CYCLES.ordinal();
  private static final int WALKS_STARTED = TimingMetric.WALKS_STARTED.ordinal();
  private static final int WALKS_FINISHED = TimingMetric.WALKS_FINISHED.ordinal();
  private static final int READS_ISSUED = TimingMetric.READS_ISSUED.ordinal();
  private static final int READS_ANSWERED = TimingMetric.READS_ANSWERED.ordinal();

  private final Window window;
  private final CoreUnits units;
  private final PagesUnderWay pages;
  private final Interrupts interrupts;
  private final Scheduler scheduler;
  private final int[] lookupCycles;
  private final int stlbCycles;
  private final int structureCacheCycles;
  private final int[] readCycles;
  private final int[][] dataCycles;
  private final int hiddenFetchCycles;
  private final long[] counts;

  /** Whether no fetch is near, see {@link #foretell}. */
  private boolean onlyDataIsNear;

  PlainReferences(Window window, CoreUnits units, PagesUnderWay pages, Interrupts interrupts) {
    this.window = window;
    this.units = units;
    this.pages = pages;
    this.interrupts = interrupts;
    scheduler = window.scheduler;
    lookupCycles = units.cycles.lookup;
    stlbCycles = units.cycles.secondLevel;
    structureCacheCycles = units.cycles.structureCaches;
    readCycles = units.cycles.read;
    dataCycles = units.cycles.data;
    hiddenFetchCycles = units.cycles.hiddenFetch;
    counts = window.counters.values();
  }

  /** As {@link CoreTiming#foretell}. */
  void foretell(boolean noFetchIsNear) {
    onlyDataIsNear = noFetchIsNear;
  }

  /**
   * Lets a hit go its way that no bank serves. It takes no port or bank any more once its look-up
   * has begun, so nobody's turn depends on the order in which it is told that its page is there,
   * and it needs no event.
   *
   * @param owner the reference that fetches its page, or {@link Window#NO_OWNER}
   */
  void enterHit(Life life, long page, int accessing, long owner) {
    int kind = life.kind;
    long cycle = life.start;
    long lookup = units.bookFirstLevel(kind, cycle);
    long lookedUp = lookup + lookupCycles[kind];
    life.lookedUp = lookedUp;
    if (owner == NO_OWNER) {
      counts[TRANSLATION_CYCLES] += lookedUp - cycle;
      life.missEnd = lookedUp;
      life.granted = lookedUp;
      life.walked = lookedUp;
      life.complete = lookedUp + accessing;
      window.latestComplete = Math.max(window.latestComplete, life.complete);
      if (kind == FETCH) {
        window.heldUntil = Math.max(window.heldUntil, lookup + accessing - hiddenFetchCycles);
      }
      return;
    }
    counts[MERGED_HITS]++;
    window.open++;
    life.merged = true;
    life.accessing = accessing;
    pages.setOwner(life, page, owner);
    int slot = window.slotOf(life.sequence);
    pages.waitFor(owner, life, slot);
    if (kind == FETCH) {
      window.holder = slot;
    }
  }

  /**
   * Lets a reference with a plain recipe, see {@link Recipe#isPlain}, go its way without following
   * that.
   */
  void enterMiss(Life life, Recipe recipe) {
    life.missed = true;
    life.page = recipe.page();
    life.served = recipe.simpleServed();
    life.walks = recipe.walks();
    life.secondLevelExtra = recipe.secondLevelExtra();
    life.readsLeft = recipe.reads();
    life.readCodes = recipe.readCodes();
    enter(life, pages.fetch(life.page, life));
  }

  /** Lets a hit go its way that DRAM serves. */
  void enterHitFromDram(Life life, long page, int served) {
    life.missed = false;
    life.page = page;
    life.served = served;
    life.walks = false;
    enter(life, pages.owner(page));
  }

  private void enter(Life life, long owner) {
    int slot = window.slotOf(life.sequence);
    int kind = life.kind;
    long cycle = life.start;
    window.open++;
    pages.setOwner(life, life.page, owner);
    if (owner != NO_OWNER && !life.walks) {
      counts[MERGED_HITS]++;
    }
    if (kind == FETCH) {
      window.holder = slot;
    }
    life.lookedUp = units.bookFirstLevel(kind, cycle) + lookupCycles[kind];
    life.stage = Life.LOOKED_UP;
    // If no reference that enters later can be looked up before this one, what this one takes then
    // can be taken now, where no event comes before. A fetch that misses lets none enter.
    boolean first = kind == FETCH || onlyDataIsNear || life.lookedUp - cycle <= lookupCycles[FETCH];
    if (first && life.lookedUp < scheduler.firstEvent()) {
      lookedUp(life, slot, life.lookedUp, true);
    } else {
      window.schedule(life, life.lookedUp);
    }
  }

  /** A plain reference goes on. */
  void goOn(Life life, int slot, long now) {
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
    if (pages.isOnItsWay(life, 0)) {
      pages.waitFor(life.owner(0), life, slot);
      return;
    }
    if (life.missed) {
      life.stage = Life.HAS_REGISTER;
      if (!units.takeMissRegister(life, slot)) {
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
    long end = units.bookSecondLevel(now) + stlbCycles + life.secondLevelExtra;
    life.missEnd = end;
    life.stage = Life.SECOND_LEVEL_DONE;
    // Not ahead: an assist asks for a walker, and needs no second level.
    if (!ahead && (end == now || scheduler.nothingBefore(end))) {
      secondLevelDone(life, slot, end);
    } else {
      window.schedule(life, end);
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
    if (!units.takeWalker(life, slot, now)) {
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
          window.schedule(life, end);
          return;
        }
        now = end;
        end = units.access(served, now);
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
      window.schedule(life, end);
    }
  }

  private void walked(Life life, long now) {
    life.walked = now;
    units.measureWalk(now - life.walkRequested);
    counts[WALKS_FINISHED]++;
    units.giveWalker(life, now);
    arrived(life, now);
  }

  /** The translation of a plain reference that missed the first level is there. */
  private void arrived(Life life, long now) {
    counts[TRANSLATION_CYCLES] += now - life.start;
    life.translationsDone = 1;
    units.giveMissRegister(life, now);
    pages.arrived(life, now);
    access(life, now);
  }

  /** A plain reference is translated and accesses memory, which nothing comes after. */
  private void access(Life life, long now) {
    int served = life.served;
    long done = units.access(served, now) + dataCycles[life.kind][Served.place(served)];
    window.complete(life, done);
    interrupts.take();
  }
}
