package io.lookaside.timing;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * A reference under way: how far its recipe has been followed, what it holds, whom it waits for and
 * what its cycles went to. Kept in a ring and used again.
 */
final class Life {
  static final long UNKNOWN = -1;
  static final int NOBODY = -1;

  Recipe recipe = new Recipe();

  /** Its number among all that entered this core, the instructions' own work included. */
  long sequence = UNKNOWN;

  /** Its number among the references of the trace on this core. */
  long reference;

  int kind;
  boolean startsInstruction;
  long instruction;

  /** The next step. */
  int position;

  /** The cycle in which the reference entered the window. */
  long start;

  /** The cycle after the last one that {@link #spend} booked. */
  long now;

  long translationStart;
  int translationsDone;
  long walkRequested;
  int missRegister = Tokens.NONE;
  int walker = Tokens.NONE;

  /** Acknowledgements that it waits for; 0 before it has sent interrupts. */
  int unacknowledged;

  /**
   * Whether it follows no recipe: one translation and an access. Then its time is known by the
   * cycles below, and not by {@link #spend}.
   */
  boolean plain;

  /** A plain hit in a page on its way that no bank serves: it needs no event. */
  boolean merged;

  /** Of a plain reference: what happens when it goes on. */
  int stage;

  static final int LOOKED_UP = 0;
  static final int HAS_REGISTER = 1;
  static final int SECOND_LEVEL_DONE = 2;
  static final int HAS_WALKER = 3;
  static final int READS = 4;
  static final int WALKED = 5;

  // Of a plain reference: whether it missed the first level and whether it walks, what the second
  // level takes beyond its latency, the reads to come as in Recipe, and where its data are.
  boolean missed;
  boolean walks;
  int secondLevelExtra;
  int readsLeft;
  long readCodes;
  int served;

  /** Of a merged hit: what its access takes. */
  int accessing;

  /** Of a plain reference: what tells its page apart. */
  long page;

  // Of a plain reference: the cycles in which what is before a walker, the wait for it, and the
  // walk
  // were over.
  long lookedUp;
  long missEnd;
  long granted;
  long walked;

  /** Waits for its instruction's operands. */
  boolean waitsForOperands;

  /** The cycle in which all is done, or {@link #UNKNOWN}. */
  long complete;

  /** References that wait for a page of this one, as a list of slots. */
  int firstWaiter = NOBODY;

  int nextWaiter = NOBODY;

  /** The first walk ahead that this reference still has to begin; and of a walk ahead the next. */
  long firstAhead;

  long nextAhead;

  // Which older reference fetches the page, and as which of its translations: of the first
  // translation, and by translation of the others.
  private long firstOwner;
  private int firstOwnerTranslation;
  private long[] owners = new long[2];
  private int[] ownerTranslations = new int[2];

  // What the cycles since start went to, in order: causes and the cycles in which they end.
  private CycleCause[] causes = new CycleCause[16];
  private long[] ends = new long[16];
  private int periods;

  void begin(
      long newSequence,
      long newReference,
      int newKind,
      boolean newStartsInstruction,
      long newInstruction) {
    sequence = newSequence;
    reference = newReference;
    kind = newKind;
    startsInstruction = newStartsInstruction;
    instruction = newInstruction;
    position = 0;
    translationsDone = 0;
    waitsForOperands = false;
    plain = false;
    merged = false;
    unacknowledged = 0;
    complete = UNKNOWN;
    firstWaiter = NOBODY;
    periods = 0;
  }

  void enter(long cycle) {
    start = cycle;
    now = cycle;
  }

  /** Says by which slots references are known from now on. */
  void renumberWaiters(IntUnaryOperator newSlot) {
    firstWaiter = firstWaiter == NOBODY ? NOBODY : newSlot.applyAsInt(firstWaiter);
    nextWaiter = nextWaiter == NOBODY ? NOBODY : newSlot.applyAsInt(nextWaiter);
  }

  void setOwner(int translation, long owner, int ownerTranslation) {
    if (translation == 0) {
      firstOwner = owner;
      firstOwnerTranslation = ownerTranslation;
      return;
    }
    if (translation >= owners.length) {
      owners = Arrays.copyOf(owners, 2 * translation);
      ownerTranslations = Arrays.copyOf(ownerTranslations, 2 * translation);
    }
    owners[translation] = owner;
    ownerTranslations[translation] = ownerTranslation;
  }

  /** The reference that fetches the page of a translation, or {@link #UNKNOWN} for nobody. */
  long owner(int translation) {
    return translation == 0 ? firstOwner : owners[translation];
  }

  int ownerTranslation(int translation) {
    return translation == 0 ? firstOwnerTranslation : ownerTranslations[translation];
  }

  /** Books the time since the last booking to a cause. */
  void spend(CycleCause cause, long until) {
    if (until > now) {
      if (periods == causes.length) {
        causes = Arrays.copyOf(causes, 2 * periods);
        ends = Arrays.copyOf(ends, 2 * periods);
      }
      causes[periods] = cause;
      ends[periods++] = until;
      now = until;
    }
  }

  /** Adds to {@code attributed} what the cycles from {@code from} to {@code to} - 1 went to. */
  void attribute(long from, long to, long[] attributed) {
    if (plain) {
      attributePlain(from, to, attributed);
      return;
    }
    long left = to - from;
    long begin = start;
    for (int i = 0; i < periods; i++) {
      long overlap = Math.min(ends[i], to) - Math.max(begin, from);
      if (overlap > 0) {
        attributed[causes[i].ordinal()] += overlap;
        left -= overlap;
      }
      begin = ends[i];
    }
    attributed[CycleCause.BASE.ordinal()] += left;
  }

  private void attributePlain(long from, long to, long[] attributed) {
    long data = overlap(walked, complete, from, to);
    long other = 0;
    if (from < walked) {
      long miss = overlap(lookedUp, missEnd, from, to);
      long queue = overlap(missEnd, granted, from, to);
      long walk = overlap(granted, walked, from, to);
      attributed[CycleCause.L1_MISS.ordinal()] += miss;
      attributed[CycleCause.WALK_QUEUE.ordinal()] += queue;
      attributed[CycleCause.WALK_MEMORY.ordinal()] += walk;
      other = miss + queue + walk;
    }
    attributed[CycleCause.DATA.ordinal()] += data;
    attributed[CycleCause.BASE.ordinal()] += to - from - data - other;
  }

  private static long overlap(long begin, long end, long from, long to) {
    return Math.max(0, Math.min(end, to) - Math.max(begin, from));
  }
}
