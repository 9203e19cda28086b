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

  final Recipe recipe = new Recipe();

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
   * A hit in a page on its way, without a recipe: when its look-up is over, and what its access
   * takes.
   */
  boolean merged;

  long lookedUp;
  int accessing;

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

  // By translation: which older reference fetches the page, and as which of its translations.
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
    if (translation >= owners.length) {
      owners = Arrays.copyOf(owners, 2 * translation);
      ownerTranslations = Arrays.copyOf(ownerTranslations, 2 * translation);
    }
    owners[translation] = owner;
    ownerTranslations[translation] = ownerTranslation;
  }

  /** The reference that fetches the page of a translation, or {@link #UNKNOWN} for nobody. */
  long owner(int translation) {
    return owners[translation];
  }

  int ownerTranslation(int translation) {
    return ownerTranslations[translation];
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
}
