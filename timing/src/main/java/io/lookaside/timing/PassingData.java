package io.lookaside.timing;

import io.lookaside.mmu.AccessKind;
import org.jspecify.annotations.Nullable;

/**
 * The loop in which loads and stores pass the window of a core while nothing else is under way,
 * where each starts an instruction and there are no data caches, so that an access takes no time
 * after its translation. The first may be one that missed the first level, if all that could meet
 * its walk is among those that pass.
 *
 * <p>Does what {@link PassingHits} and {@link PlainReferences} do, without a branch that the host
 * would have to foretell.
 */
final class PassingData {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();

  // A reference in an int: its kind, and whether the page is on its way that it is in.
  private static final int STORE_BIT = 1;
  private static final int WAITS_SHIFT = 1;

  /** The most references that pass at once. */
  private static final int MOST = 1 << 9;

  /**
   * Times are ints, counted from the cycle from which the first reference may enter. What is known
   * before must not be this long after it, nor may a walk take as long; then even the sum of what
   * {@link #MOST} references wait for is an int.
   */
  private static final int FAR = 1 << 19;

  private static final int MERGED_HITS = TimingMetric.MERGED_HITS.ordinal();
  private static final int TRANSLATION_CYCLES = TimingMetric.TRANSLATION_CYCLES.ordinal();
  private static final int PORT_WAITS = TimingMetric.PORT_WAITS.ordinal();
  private static final int WALKS_STARTED = TimingMetric.WALKS_STARTED.ordinal();
  private static final int WALKS_FINISHED = TimingMetric.WALKS_FINISHED.ordinal();
  private static final int READS_ISSUED = TimingMetric.READS_ISSUED.ordinal();
  private static final int READS_ANSWERED = TimingMetric.READS_ANSWERED.ordinal();
  private static final int BASE = CycleCause.BASE.ordinal();
  private static final int L1_MISS = CycleCause.L1_MISS.ordinal();
  private static final int WALK_MEMORY = CycleCause.WALK_MEMORY.ordinal();
  private static final int ASSIST = CycleCause.ASSIST.ordinal();

  private final Window window;
  private final CoreUnits units;
  private final StepCycles cycles;
  private final long[] counts;
  private final long[] causes;
  private final Ports ports;
  private final int lookupCycles;
  private final int width;
  private final int loadQueue;
  private final int storeQueue;
  private final int reorderBuffer;

  // By reference that passes, after the last ones that passed before: when it enters, is looked up,
  // and retires.
  private int[] entries = new int[0];
  private int[] lookups = new int[0];
  private int[] retirements = new int[0];

  /** The place there of the first that passes. */
  private final int first;

  /** The cycle from which times are counted: before it nothing enters. */
  private long start;

  /** When the last one so far retires. */
  private int retired;

  // By load, and then by store: when it retires, from the first on whose entry is taken again. And
  // by kind the place of the first that passes, and of the next.
  private int[] queueRetired = new int[0];
  private final int[] firstPlaces = new int[2];
  private final int[] places = new int[2];

  // Of a first reference that is no hit: when its look-up in the first level is over, when its walk
  // begins, and when its page is there.
  private long lookedUp;
  private long granted;
  private long translated;

  PassingData(Window window, CoreUnits units) {
    this.window = window;
    this.units = units;
    cycles = units.cycles;
    counts = window.counters.values();
    causes = window.causes.values();
    ports = units.firstLevelPorts(LOAD);
    lookupCycles = cycles.lookup[LOAD]; // stores have the same
    CoreConfig config = window.config;
    width = config.issueWidth();
    loadQueue = config.loadQueueEntries();
    storeQueue = config.storeQueueEntries();
    reorderBuffer = config.reorderBufferEntries();
    first = Math.max(width, ports.count());
  }

  /**
   * A load or store in an int.
   *
   * @param kind its code
   * @param waits whether it is in the page that the first reference fetches, or is that itself
   */
  static int code(int kind, boolean waits) {
    return kind | (waits ? 1 << WAITS_SHIFT : 0);
  }

  /**
   * Whether the times of so many references can be found here: none is too far away to be counted
   * in ints, and the reorder buffer is never full.
   */
  boolean canPass(int count) {
    long first = firstEntry();
    long latest = Math.max(window.lastRetired, ports.cycle());
    if (count > MOST || latest - first >= FAR || reorderBuffer <= loadQueue + storeQueue) {
      return false;
    }
    // After more loads and stores than both queues hold, the first of them is known to have
    // retired:
    // one of them has waited for it, or for one after it. So the reorder buffer only matters to
    // those that come before.
    long instruction = window.instructionTail + loadQueue + storeQueue - reorderBuffer;
    return window.instructionRetired[(int) instruction & window.instructionMask] <= first;
  }

  /** Before this cycle nothing enters. */
  private long firstEntry() {
    return Math.max(window.entryCycle, window.heldUntil);
  }

  /**
   * Whether a reference that is no hit can pass with those after it: if its page is there for
   * certain when the last of them enters, all that comes later finds nothing under way.
   *
   * @param recipe of the reference, plain or with an assist
   * @param entry when it enters
   * @param data it first, and then the others
   * @param assist the place of another one that is no hit: a store that finds the page, which the
   *     first fetches, clean; or 0
   * @param assisted its recipe
   */
  boolean outlast(
      Recipe recipe, long entry, int[] data, int count, int assist, @Nullable Recipe assisted) {
    lookedUp = ports.next(entry) + lookupCycles;
    granted = lookedUp;
    if (!recipe.isAssist()) {
      // Its port is free, as are miss register and walker: whoever took one is complete.
      granted += cycles.secondLevel + recipe.secondLevelExtra();
    }
    translated = granted + walkCycles(recipe);
    boolean far = translated - firstEntry() >= FAR;
    if (far || (assisted != null && walkCycles(assisted) >= FAR)) {
      return false;
    }
    if (assisted == null && entry + (count - 1) / width >= translated) {
      return true; // no more enter in a cycle
    }
    // From the last that is no hit on: only so many enter before it retires.
    int stores = 0;
    for (int i = assist; i < count; i++) {
      stores += data[i] & STORE_BIT;
    }
    int left = count - assist;
    return left > reorderBuffer || left - stores > loadQueue || stores > storeQueue;
  }

  /** What a walk takes from the cycle in which it begins, of which no bank serves a read. */
  private long walkCycles(Recipe recipe) {
    if (!recipe.walks()) {
      return 0;
    }
    long took = cycles.structureCaches;
    took += recipe.isAssist() ? window.config.assistCycles() : 0;
    long codes = recipe.readCodes();
    for (int i = 0; i < recipe.reads(); i++) {
      took += cycles.read[Served.place((int) codes & Recipe.READ_CODE_MASK)];
      codes >>>= Recipe.READ_CODE_BITS;
    }
    return took;
  }

  /** Lets hits pass. */
  void pass(int[] data, int from, int to) {
    int end = first + to - from;
    begin(end);
    passEach(data, from, first, end, 0);
    passed(end, start);
  }

  /**
   * Lets a reference pass with those after it, for which {@link #outlast} was true.
   *
   * @param assisted the recipe of the one in the place {@code assist}, where that is not 0
   */
  void passAfter(
      Recipe recipe, long entry, int[] data, int count, int assist, @Nullable Recipe assisted) {
    long retiredBefore = window.lastRetired;
    int end = first + count;
    begin(end);
    int there = (int) (translated - start);
    long latest = translated;
    if (assisted == null) {
      passEach(data, 0, first, end, there);
    } else {
      int at = first + assist;
      passEach(data, 0, first, at + 1, there);
      latest = assist(assisted, at, data[assist] & STORE_BIT, there);
      passEach(data, assist + 1, at + 1, end, there);
    }
    countMerged(data, end, there);
    counts[MERGED_HITS] -= entry < translated ? 1 : 0; // the first waits for no other
    walked(recipe, granted, translated);
    attribute(L1_MISS, lookedUp, granted, retiredBefore);
    attribute(recipe.isAssist() ? ASSIST : WALK_MEMORY, granted, translated, retiredBefore);
    passed(end, latest);
  }

  /**
   * Lets the reference in a place walk for an assist once the page is there that it waits for, and
   * retire after that.
   *
   * @return when it is translated
   */
  private long assist(Recipe recipe, int at, int kind, int there) {
    int asked = lookups[at] + lookupCycles;
    int begins = Math.max(asked, there);
    int ends = begins + (int) walkCycles(recipe);
    long retiredBefore = start + retirements[at - 1];
    retired = Math.max(retirements[at - 1], Math.max(ends, retirements[at - width] + 1));
    retirements[at] = retired;
    queueRetired[places[kind] - 1] = retired;
    counts[TRANSLATION_CYCLES] += ends - begins;
    walked(recipe, start + begins, start + ends);
    // What it waited for the page was over when the first retired, which fetched it.
    attribute(ASSIST, start + begins, start + ends, retiredBefore);
    return start + ends;
  }

  private void walked(Recipe recipe, long from, long to) {
    if (recipe.walks()) {
      units.measureWalk(to - from);
      counts[WALKS_STARTED]++;
      counts[WALKS_FINISHED]++;
      counts[READS_ISSUED] += recipe.reads();
      counts[READS_ANSWERED] += recipe.reads();
    }
  }

  /** Of the cycles from {@code from} to {@code to} - 1 those after the retirement before. */
  private void attribute(int cause, long from, long to, long retiredBefore) {
    long spent = Math.max(0, to - Math.max(from, retiredBefore));
    causes[cause] += spent;
    causes[BASE] -= spent; // where passed puts all of them
  }

  /** Sets out from what passed before, to pass up to the place {@code end} - 1. */
  private void begin(int end) {
    start = firstEntry();
    int queued = Math.max(loadQueue, storeQueue) + end - first;
    if (entries.length < end) {
      entries = new int[2 * end];
      lookups = new int[2 * end];
      retirements = new int[2 * end];
    }
    if (queueRetired.length < 2 * queued) {
      queueRetired = new int[4 * queued];
    }
    putBefore(entries, window.instructionCycle, window.enteredInCycle);
    putBefore(lookups, ports.cycle(), ports.taken());
    putBefore(retirements, window.lastRetired, window.retiredInCycle);
    retired = fromStart(window.lastRetired, start);
    window.queues.copyRetired(LOAD, queueRetired, 0, start);
    window.queues.copyRetired(STORE, queueRetired, queued, start);
    firstPlaces[0] = loadQueue;
    firstPlaces[1] = queued + storeQueue;
    places[0] = firstPlaces[0];
    places[1] = firstPlaces[1];
  }

  /**
   * Puts the last cycle in which something happened before the first that passes, as often as it
   * did, and before it an earlier one.
   */
  private void putBefore(int[] times, long cycle, int count) {
    int last = fromStart(cycle, start);
    for (int i = 1; i <= first; i++) {
      times[first - i] = i <= count ? last : last - 1;
    }
  }

  /** A cycle counted from another, or -1 for any that was before. */
  static int fromStart(long cycle, long start) {
    return (int) Math.max(-1, cycle - start);
  }

  /**
   * Finds when references enter, are looked up and retire: those in {@code data} from a place on,
   * in the places from {@code from} to {@code to} - 1.
   *
   * @param there when the page is there that some of them wait for
   */
  private void passEach(int[] data, int dataFrom, int from, int to, int there) {
    // Everything is kept in local variables: this is most of what a window costs.
    int[] entered = entries;
    int[] lookedUpAt = lookups;
    int[] retiredAt = retirements;
    int[] queue = queueRetired;
    long nextPlaces = (long) places[1] << Integer.SIZE | places[0];
    int issues = width;
    int portCount = ports.count();
    int latency = lookupCycles;
    int loads = loadQueue;
    int moreStores = storeQueue - loadQueue;
    int entry = Math.max(0, entered[from - 1]);
    int last = retired;
    for (int i = from, next = dataFrom; i < to; i++, next++) {
      int code = data[next];
      int kind = code & STORE_BIT;
      int half = kind * Integer.SIZE;
      int place = (int) (nextPlaces >>> half);
      nextPlaces += 1L << half;
      int free = queue[place - loads - (moreStores & -kind)];
      entry = Math.max(entry, Math.max(free, entered[i - issues] + 1));
      entered[i] = entry;
      int lookup = Math.max(entry, lookedUpAt[i - portCount] + 1);
      lookedUpAt[i] = lookup;
      int complete = Math.max(lookup + latency, there & -(code >>> WAITS_SHIFT));
      last = Math.max(last, Math.max(complete, retiredAt[i - issues] + 1));
      retiredAt[i] = last;
      queue[place] = last;
    }
    retired = last;
    places[0] = (int) nextPlaces;
    places[1] = (int) (nextPlaces >>> Integer.SIZE);
  }

  /** Counts who met the page on its way, and how long they waited for it. */
  private void countMerged(int[] data, int end, int there) {
    int merged = 0;
    int waited = 0;
    for (int i = first, next = 0; i < end; i++, next++) {
      int until = there & -(data[next] >>> WAITS_SHIFT);
      merged += (entries[i] - until) >>> (Integer.SIZE - 1);
      waited += Math.max(0, until - lookups[i] - lookupCycles);
    }
    counts[MERGED_HITS] += merged;
    counts[TRANSLATION_CYCLES] += waited;
  }

  /**
   * Moves the window on, to the place {@code end} - 1.
   *
   * @param latest when one of those that waited is translated last
   */
  private void passed(int end, long latest) {
    int count = end - first;
    int portWaits = 0;
    int waited = 0;
    for (int i = first; i < end; i++) {
      int wait = lookups[i] - entries[i];
      waited += wait;
      portWaits += -wait >>> (Integer.SIZE - 1);
    }
    counts[TRANSLATION_CYCLES] += waited + (long) count * lookupCycles;
    counts[PORT_WAITS] += portWaits;
    long lookup = start + lookups[end - 1];
    ports.set(lookup, lastOfACycle(lookups, end, ports.count()));
    window.latestComplete =
        Math.max(window.latestComplete, Math.max(latest, lookup + lookupCycles));
    long[] ring = window.instructionRetired;
    for (int i = Math.max(first, end - ring.length); i < end; i++) {
      long instruction = window.instructionTail + i - first;
      ring[(int) instruction & window.instructionMask] = start + retirements[i];
    }
    window.queues.passed(LOAD, queueRetired, firstPlaces[0], places[0], start);
    window.queues.passed(STORE, queueRetired, firstPlaces[1], places[1], start);
    long entry = start + entries[end - 1];
    window.entryCycle = entry;
    window.instructionTail += count;
    window.instructionCycle = entry;
    window.enteredInCycle = lastOfACycle(entries, end, width);
    causes[BASE] += start + retired - window.lastRetired;
    window.lastRetired = start + retired;
    window.retiredInCycle = lastOfACycle(retirements, end, width);
    window.references += count;
    window.head += count;
    window.tail += count;
    window.scheduler.entered(entry, entry);
  }

  /** How many of the last ones have the cycle of the last, up to the most that can. */
  private static int lastOfACycle(int[] times, int end, int most) {
    int count = 1;
    while (count < most && times[end - 1 - count] == times[end - 1]) {
      count++;
    }
    return count;
  }
}
