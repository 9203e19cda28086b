package io.lookaside.timing;

import io.lookaside.mmu.AccessKind;

/**
 * The loop in which hits pass the window of a core while nothing else is under way: all of their
 * times follow from what is known when they enter.
 */
final class PassingHits {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();

  /** Before every cycle. */
  private static final long NEVER = -1;

  // A hit in an int: its kind, whether it starts an instruction, whether DRAM serves it, and what
  // its access takes, or the bank and how it is found.
  private static final int KIND_MASK = 3;
  private static final int STARTS_INSTRUCTION = 4;
  private static final int FROM_DRAM = 8;
  private static final int HIT_BITS = 4;

  private static final int TRANSLATION_CYCLES = TimingMetric.TRANSLATION_CYCLES.ordinal();
  private static final int PORT_WAITS = TimingMetric.PORT_WAITS.ordinal();
  private static final int BASE = CycleCause.BASE.ordinal();
  private static final int DATA = CycleCause.DATA.ordinal();

  private final Window window;
  private final CoreUnits units;
  private final StepCycles cycles;
  private final int[][] dataCycles;
  private final long[] counts;

  PassingHits(Window window, CoreUnits units) {
    this.window = window;
    this.units = units;
    cycles = units.cycles;
    dataCycles = cycles.data;
    counts = window.counters.values();
  }

  /**
   * A hit in an int.
   *
   * @param kind an {@link AccessKind} code
   * @param accessing what its access takes
   */
  static int code(int kind, boolean startsInstruction, int accessing) {
    return kind | (startsInstruction ? STARTS_INSTRUCTION : 0) | accessing << HIT_BITS;
  }

  /** A hit in an int that DRAM serves. */
  static int codeFromDram(int kind, boolean startsInstruction, int served) {
    return code(kind, startsInstruction, served) | FROM_DRAM;
  }

  /** By kind of data: where its half begins in what {@link DataQueues} has in words. */
  private static int halfOf(int kind) {
    return kind * Integer.SIZE;
  }

  /**
   * Lets hits enter, run and retire at once, one after the other. Only where {@link
   * CoreTiming#passesHits}.
   *
   * @param hits what {@link #code} or {@link #codeFromDram} makes of each
   */
  void pass(int[] hits, int count) {
    // Everything is kept in local variables: this is most of what a window costs.
    int width = window.config.issueWidth();
    int reorderBuffer = window.config.reorderBufferEntries();
    long[] instructionRing = window.instructionRetired;
    long[] dataRing = window.queues.ring();
    int dataRingShift = window.queues.ringShift();
    int dataRingMask = (1 << dataRingShift) - 1;
    long queueSizes = window.queues.sizes();
    long placesBefore = window.queues.nextPlaces();
    long places = placesBefore;
    int instructionRingMask = instructionRing.length - 1;
    int fetchLookup = cycles.lookup[FETCH];
    int dataLookup = cycles.lookup[LOAD]; // stores have the same
    Ports fetchPorts = units.firstLevelPorts(FETCH);
    Ports dataPorts = units.firstLevelPorts(LOAD);
    int mostFetches = fetchPorts.count();
    long fetchPortCycle = fetchPorts.cycle();
    int fetchesInCycle = fetchPorts.taken();
    int mostData = dataPorts.count();
    long dataPortCycle = dataPorts.cycle();
    int dataInCycle = dataPorts.taken();
    int hidden = cycles.hiddenFetch;

    long entry = window.entryCycle;
    long held = window.heldUntil;
    long instruction = window.instructionTail; // the number of the next
    long started = instruction == 0 ? NEVER : window.instructionCycle;
    int startedInCycle = window.enteredInCycle;
    long retiring = window.lastRetired;
    int inRetiringCycle = window.retiredInCycle;
    long latest = window.latestComplete;
    long translating = 0;
    long portWaits = 0;
    long accessing = 0;

    for (int i = 0; i < count; i++) {
      int hit = hits[i];
      int kind = hit & KIND_MASK;
      boolean starts = (hit & STARTS_INSTRUCTION) != 0;
      long cycle = Math.max(entry, held);
      if (starts) {
        if (cycle == started && startedInCycle >= width) {
          cycle++;
        }
        // What has not been used of a ring is 0 and makes nobody wait.
        int leaving = (int) (instruction - reorderBuffer) & instructionRingMask;
        cycle = Math.max(cycle, instructionRing[leaving]);
      }
      long lookup;
      long translated;
      if (kind == FETCH) {
        lookup = cycle;
        if (cycle > fetchPortCycle) {
          fetchPortCycle = cycle;
          fetchesInCycle = 1;
        } else {
          if (fetchesInCycle < mostFetches) {
            fetchesInCycle++;
          } else {
            fetchPortCycle++;
            fetchesInCycle = 1;
          }
          lookup = fetchPortCycle;
          portWaits += lookup != cycle ? 1 : 0;
        }
        translated = lookup + fetchLookup;
      } else {
        int leaving = (int) (places >>> halfOf(kind)) - (int) (queueSizes >>> halfOf(kind));
        int place = (kind << dataRingShift) + (leaving & dataRingMask);
        cycle = Math.max(cycle, dataRing[place & (dataRing.length - 1)]);
        lookup = cycle;
        if (cycle > dataPortCycle) {
          dataPortCycle = cycle;
          dataInCycle = 1;
        } else {
          if (dataInCycle < mostData) {
            dataInCycle++;
          } else {
            dataPortCycle++;
            dataInCycle = 1;
          }
          lookup = dataPortCycle;
          portWaits += lookup != cycle ? 1 : 0;
        }
        translated = lookup + dataLookup;
      }
      if (starts || instruction == 0) {
        startedInCycle = cycle == started ? startedInCycle + 1 : 1;
        started = cycle;
        instruction++;
      }
      entry = cycle;
      translating += translated - cycle;
      int payload = hit >>> HIT_BITS;
      long data = payload;
      if ((hit & FROM_DRAM) != 0) {
        data =
            units.access(payload, translated)
                - translated
                + dataCycles[kind][Served.place(payload)];
      }
      long complete = translated + data;
      latest = Math.max(latest, complete);

      long retired = retiring;
      if (complete > retiring) {
        retired = complete;
        inRetiringCycle = 1;
      } else if (starts) {
        if (inRetiringCycle == width) {
          retired++;
          inRetiringCycle = 1;
        } else {
          inRetiringCycle++;
        }
      }
      accessing += Math.max(0, Math.min(complete, retired) - Math.max(translated, retiring));
      retiring = retired;
      instructionRing[(int) (instruction - 1) & instructionRingMask] = retired;
      if (kind == FETCH) {
        held = Math.max(held, lookup + data - hidden);
      } else {
        int place = (int) (places >>> halfOf(kind)) & dataRingMask;
        dataRing[((kind << dataRingShift) + place) & (dataRing.length - 1)] = retired;
        places += 1L << halfOf(kind);
      }
    }

    window.queues.passed(placesBefore, places);
    fetchPorts.set(fetchPortCycle, fetchesInCycle);
    dataPorts.set(dataPortCycle, dataInCycle);
    window.entryCycle = entry;
    window.heldUntil = held;
    window.instructionTail = instruction;
    window.instructionCycle = started;
    window.enteredInCycle = startedInCycle;
    window.causes.values()[DATA] += accessing;
    window.causes.values()[BASE] += retiring - window.lastRetired - accessing;
    window.lastRetired = retiring;
    window.retiredInCycle = inRetiringCycle;
    window.latestComplete = latest;
    counts[TRANSLATION_CYCLES] += translating;
    counts[PORT_WAITS] += portWaits;
    window.references += count;
    window.head += count;
    window.tail += count;
    window.scheduler.entered(entry, entry);
  }
}
