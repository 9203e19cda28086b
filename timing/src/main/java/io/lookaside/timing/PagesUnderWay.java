package io.lookaside.timing;

import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;

/**
 * The pages whose translations are on their way to a core's TLBs, who fetches them, and who waits.
 */
final class PagesUnderWay {
  private static final int NOBODY = Life.NOBODY;
  private static final long NO_OWNER = Window.NO_OWNER;

  /** About: a table that never shrinks below this size is not made anew again and again. */
  private static final int MOST_PENDING = 256;

  private static final int MERGED_HITS = TimingMetric.MERGED_HITS.ordinal();
  private static final int TRANSLATION_CYCLES = TimingMetric.TRANSLATION_CYCLES.ordinal();

  private final Window window;
  private final boolean serial;
  private final long[] counts;

  /** By page: the reference that fetches it last. */
  private final Long2LongOpenHashMap pending = new Long2LongOpenHashMap(MOST_PENDING);

  PagesUnderWay(Window window) {
    this.window = window;
    serial = window.serial;
    counts = window.counters.values();
    pending.defaultReturnValue(NO_OWNER);
  }

  boolean isEmpty() {
    return pending.isEmpty();
  }

  /** The reference that fetches a page, or {@link Window#NO_OWNER}. */
  long owner(long page) {
    return pending.isEmpty() ? NO_OWNER : pending.get(page);
  }

  /** A plain reference fetches a page from now on; returns who did before. */
  long fetch(long page, Life life) {
    return pending.put(page, life.sequence);
  }

  /** Says who fetches the page of a plain reference. */
  void setOwner(Life life, long page, long owner) {
    life.setOwner(0, owner, owner == NO_OWNER ? 0 : translationOf(owner, page));
  }

  /** The page of a plain reference is there. */
  void arrived(Life life, long now) {
    pending.remove(life.page, life.sequence);
    wakeWaiters(life, now);
  }

  /** Takes account of who fetches which page, in the order of the references. */
  void claim(Life life) {
    Recipe recipe = life.recipe;
    if (serial && window.walksAhead == 0 && !recipe.prefetches()) {
      for (int i = 0; i < recipe.translations(); i++) {
        life.setOwner(i, NO_OWNER, 0);
      }
      return;
    }
    Life lastAhead = null;
    for (int i = 0; i < recipe.length(); i++) {
      if (recipe.operation(i) == Step.PREFETCH.ordinal()) {
        Life walk = window.walkAhead(life, i);
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
    if (Window.isAhead(owner)) {
      return 0;
    }
    Life life = window.lives[(int) owner & window.lifeMask];
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

  /** Whether a translation waits for a page that an older reference fetches. */
  boolean isOnItsWay(Life life, int translation) {
    long sequence = life.owner(translation);
    if (sequence == NO_OWNER) {
      return false;
    }
    Life owner = window.lifeOf(sequence);
    return owner.sequence == sequence
        && owner.translationsDone <= life.ownerTranslation(translation);
  }

  /** Lets a reference wait until a page of another one is there. */
  void waitFor(long owner, Life life, int slot) {
    Life fetching = window.lifeOf(owner);
    life.nextWaiter = fetching.firstWaiter;
    fetching.firstWaiter = slot;
  }

  /** The translation of a page is there that was walked for ahead. */
  void arrivedAhead(Life life, long page, long now) {
    life.translationsDone = 1;
    if (pending.get(page) == life.sequence) {
      pending.remove(page);
    }
    wakeWaiters(life, now);
  }

  /** A translation of a reference is there, and so are the pages that are entered with it. */
  void arrived(Life life, int translation, long now) {
    if (!serial || window.walksAhead > 0) {
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

  private void wakeWaiters(Life life, long now) {
    int waiter = life.firstWaiter;
    life.firstWaiter = NOBODY;
    while (waiter != NOBODY) {
      Life waiting = window.lives[waiter];
      int next = waiting.nextWaiter;
      if (!waiting.merged) {
        window.schedule(waiting, now);
      } else if (isOnItsWay(waiting, 0)) { // a later page of this reference
        waiting.nextWaiter = life.firstWaiter;
        life.firstWaiter = waiter;
      } else {
        finishMerged(waiting, now);
      }
      waiter = next;
    }
  }

  /** The page of a hit that was let wait is there. */
  private void finishMerged(Life life, long now) {
    long translated = Math.max(now, life.lookedUp);
    counts[TRANSLATION_CYCLES] += translated - life.start;
    life.missEnd = translated;
    life.granted = translated;
    life.walked = translated;
    window.complete(life, translated + life.accessing);
    window.scheduler.mayEnter(now); // what waited for this one's retirement
  }
}
