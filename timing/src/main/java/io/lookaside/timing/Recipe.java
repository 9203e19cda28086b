package io.lookaside.timing;

import java.util.Arrays;

/**
 * What one reference did, as the steps that timing then schedules: which TLBs it asked, which table
 * entries it read and where each was served, where its data were. Owned by {@link CoreTiming}, and
 * filled anew for each reference.
 *
 * <p>A reference is one or several translations, each followed by its access to memory:
 *
 * <pre>
 *   translation [secondLevel] [walk(miss) read* endWalk] [fault walk(retry) read* endWalk]
 *               [walk(assist) read* endWalk] endTranslation [data]
 * </pre>
 *
 * <p>After a fault, interrupts to other cores may follow, which are then waited for. The kernel's
 * own work between references is a recipe too: some cycles, and then perhaps interrupts.
 */
public final class Recipe {
  /** Why a page walker is wanted. */
  public enum Cause {
    /** A miss in the second level. */
    MISS,
    /** The repetition after a page fault was answered. */
    RETRY,
    /** A store found a clean entry. */
    ASSIST,
    /** A page is wanted ahead. */
    PREFETCH
  }

  private static final int OPERATION_BITS = 5;
  private static final int OPERATION_MASK = (1 << OPERATION_BITS) - 1;

  /** By step: its {@link Step} in bits 4:0 and its argument above them. */
  private int[] steps = new int[16];

  /** By step: the address that it accesses, or the key of the page that it looks up. */
  private long[] addresses = new long[16];

  private int length;
  private int translations;

  // Interrupts to other cores: each step SHOOTDOWN has some of them, one after the other.
  private int[] targets = new int[4];
  private long[] works = new long[4];
  private int interrupts;
  private int interruptsAwaited;

  /** Of a fault: what it costs is for the configuration to say. */
  static final long FIXED_COST = -1;

  /** Where the look-up of the last translation stands. */
  private int lookup;

  /** Where the last walk ahead begins. */
  private int prefetchFrom;

  private boolean simple;
  private boolean faults;
  private int simpleServed;

  // What a plain reference is made of, see isPlain, or one with a dirty assist, see isAssist.
  private boolean plain;
  private boolean assists;
  private boolean accesses;
  private int secondLevels;
  private int secondLevelExtra;
  private int walks;
  private int reads;
  private long readCodes;

  /** Bits of a read's {@link Served} code in {@link #readCodes}. */
  static final int READ_CODE_BITS = 16;

  static final int READ_CODE_MASK = (1 << READ_CODE_BITS) - 1;

  Recipe() {}

  /** Forgets everything. */
  void clear() {
    length = 0;
    translations = 0;
    interrupts = 0;
    interruptsAwaited = 0;
    prefetchFrom = -1;
    simple = true;
    faults = false;
    simpleServed = Served.UNCACHED;
    plain = true;
    assists = false;
    accesses = false;
    secondLevels = 0;
    secondLevelExtra = 0;
    walks = 0;
    reads = 0;
    readCodes = 0;
  }

  /** Begins a translation with the look-up in the first-level TLB. */
  public void translation() {
    simple &= translations == 0;
    plain &= translations == 0;
    lookup = length;
    add(Step.LOOKUP, translations, 0);
    add(Step.AWAIT, translations, 0);
    translations++;
  }

  /** The first level missed: the second is asked. */
  public void secondLevel() {
    secondLevel(0, 0);
  }

  /**
   * The first level missed: the second is asked.
   *
   * @param extraCycles what its look-up takes beyond the latency of the level
   * @param span binary logarithm of the pages that an entry covers which the first level or the
   *     second now have: those around the page, in an aligned group of keys
   */
  public void secondLevel(int extraCycles, int span) {
    simple = false;
    plain &= span == 0 && !assists;
    secondLevels++;
    secondLevelExtra = extraCycles;
    add(Step.MISS_REGISTER, span, 0);
    add(Step.SECOND_LEVEL, extraCycles, 0);
  }

  /** A page walk begins, with a look-up in the structure caches. */
  public void walk(Cause cause) {
    walk(cause, -1);
  }

  /**
   * A page walk begins, with a look-up in the structure caches.
   *
   * @param level of the entry that it reads first, 0 for a PTE; -1 if nobody knows
   */
  public void walk(Cause cause, int level) {
    simple = false;
    plain &= cause == Cause.MISS || (cause == Cause.ASSIST && secondLevels == 0);
    assists |= cause == Cause.ASSIST;
    walks++;
    add(Step.WALKER, cause.ordinal(), 0);
    add(Step.STRUCTURE_CACHES, cause.ordinal() | (level + 1) << CAUSE_BITS, 0);
  }

  private static final int CAUSE_BITS = 2;
  private static final Cause[] CAUSES = Cause.values();

  /** Why the walk is made, of the argument of a {@link Step#STRUCTURE_CACHES}. */
  public static Cause cause(int argument) {
    return CAUSES[argument & ((1 << CAUSE_BITS) - 1)];
  }

  /** The level of the entry that the walk reads first, of the same argument; -1 if not known. */
  public static int firstLevel(int argument) {
    return (argument >>> CAUSE_BITS) - 1;
  }

  /**
   * The walk reads a table entry.
   *
   * @param served a {@link Served} code
   */
  public void read(int served, long address) {
    if (reads < Long.SIZE / READ_CODE_BITS && served <= READ_CODE_MASK) {
      readCodes |= (long) served << (reads * READ_CODE_BITS);
    } else {
      plain = false;
    }
    reads++;
    add(Step.READ, served, address);
  }

  /** The walk ends, with a translation or a fault. */
  public void endWalk() {
    add(Step.END_WALK, 0, 0);
  }

  /** The kernel answers a page fault, at the fixed cost that the core's configuration states. */
  public void fault() {
    fault(FIXED_COST);
  }

  /**
   * The kernel answers a page fault.
   *
   * @param cycles what its work costs, or a negative number for the configuration's fixed cost
   */
  public void fault(long cycles) {
    simple = false;
    plain = false;
    faults = true;
    add(Step.FAULT, 0, Math.max(FIXED_COST, cycles));
  }

  /**
   * The kernel interrupts another core, so that it drops translations.
   *
   * @param core its number
   * @param work cycles of the dropping
   */
  public void interrupt(int core, long work) {
    if (interrupts == targets.length) {
      targets = Arrays.copyOf(targets, 2 * interrupts);
      works = Arrays.copyOf(works, 2 * interrupts);
    }
    targets[interrupts] = core;
    works[interrupts++] = work;
  }

  /** The kernel waits until all cores have answered that were interrupted since it last waited. */
  public void awaitAcknowledgements() {
    if (interrupts > interruptsAwaited) {
      simple = false;
      plain = false;
      faults = true;
      add(Step.SHOOTDOWN, interrupts - interruptsAwaited, interruptsAwaited);
      interruptsAwaited = interrupts;
    }
  }

  /** The kernel works for so many cycles, between references of the program. */
  public void kernelWork(long cycles) {
    simple = false;
    plain = false;
    faults = true;
    add(Step.KERNEL_WORK, 0, cycles);
  }

  /**
   * Another page is walked for ahead of its use, from when the translation before is complete on.
   *
   * @param page as in {@link #endTranslation}
   * @param level as in {@link #walk(Cause, int)}
   */
  public void prefetch(long page, int level) {
    prefetchFrom = length;
    plain = false;
    add(Step.PREFETCH, 0, page);
    add(Step.WALKER, Cause.PREFETCH.ordinal(), 0);
    add(Step.STRUCTURE_CACHES, Cause.PREFETCH.ordinal() | (level + 1) << CAUSE_BITS, 0);
  }

  /** The walk of {@link #prefetch} ends. */
  public void endPrefetch() {
    add(Step.END_WALK, Cause.PREFETCH.ordinal(), 0);
    add(Step.PREFETCHED, 0, addresses[prefetchFrom]);
    steps[prefetchFrom] |= (length - prefetchFrom - 1) << OPERATION_BITS;
  }

  /** Takes the steps of a walk ahead over, after the step in {@code other} where it begins. */
  void takePrefetch(Recipe other, int i) {
    clear();
    for (int step = 1; step <= other.argument(i); step++) {
      add(other.steps[i + step], other.addresses[i + step]);
    }
  }

  /**
   * The translation is complete, or has ended in a fault that stays.
   *
   * @param page tells what a TLB entry can map apart, over all address spaces
   */
  public void endTranslation(long page) {
    addresses[lookup] = page;
    addresses[lookup + 1] = page;
    add(Step.TRANSLATED, translations - 1, page);
  }

  /**
   * The program's own access to the page that was translated.
   *
   * @param served a {@link Served} code
   */
  public void data(int served, long address) {
    simple &= !Served.isDram(served);
    simpleServed = served;
    accesses = true;
    add(Step.DATA, served, address);
  }

  /** Stands for an instruction's own work, in a cycle of its own. */
  void execute() {
    simple = false;
    plain = false;
    add(Step.EXECUTE, 0, 0);
  }

  /** Whether this is one translation that the first level answered, and no access to DRAM. */
  boolean isSimple() {
    return simple;
  }

  /** The core that an interrupt goes to. */
  int target(int interrupt) {
    return targets[interrupt];
  }

  /** Cycles of the work that an interrupt asks for. */
  long interruptWork(int interrupt) {
    return works[interrupt];
  }

  /** Whether another page is walked for ahead. */
  boolean prefetches() {
    return prefetchFrom >= 0;
  }

  /**
   * Whether this is one translation that missed the first level, of one page, with at most one walk
   * and no fault, and an access: what nearly all references are that need a recipe.
   */
  boolean isPlain() {
    return plain && secondLevels == 1 && walks <= 1 && accesses;
  }

  /**
   * Whether this is one translation of a page that the first level knew, with a walk for a dirty
   * assist and no more, and an access.
   */
  boolean isAssist() {
    return plain && assists && secondLevels == 0 && walks == 1 && accesses;
  }

  /** Of a plain reference: what the look-up in the second level takes beyond the latency. */
  int secondLevelExtra() {
    return secondLevelExtra;
  }

  /** Of a plain reference: its page, as in {@link #endTranslation}. */
  long page() {
    return addresses[0];
  }

  /** Of a plain reference: whether there was a walk. */
  boolean walks() {
    return walks == 1;
  }

  /** Of a plain reference: how many entries the walk read. */
  int reads() {
    return reads;
  }

  /** Of a plain reference: where they were served, the first in the lowest bits. */
  long readCodes() {
    return readCodes;
  }

  /** Whether the kernel was at work, so that all that comes after must wait. */
  boolean faults() {
    return faults;
  }

  /** Where the data of a simple or plain reference were. */
  int simpleServed() {
    return simpleServed;
  }

  int length() {
    return length;
  }

  int translations() {
    return translations;
  }

  /** The ordinal of a {@link Step}. */
  int operation(int i) {
    return steps[i] & OPERATION_MASK;
  }

  int argument(int i) {
    return steps[i] >>> OPERATION_BITS;
  }

  long address(int i) {
    return addresses[i];
  }

  private void add(Step step, int argument, long address) {
    add(step.ordinal() | argument << OPERATION_BITS, address);
  }

  private void add(int stepAndArgument, long address) {
    if (length == steps.length) {
      steps = Arrays.copyOf(steps, 2 * length);
      addresses = Arrays.copyOf(addresses, 2 * length);
    }
    steps[length] = stepAndArgument;
    addresses[length++] = address;
  }
}
