package io.lookaside.simulator;

import io.lookaside.mmu.stale.StaleTranslationDetector;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.FirstTouchKernel;
import io.lookaside.traces.ReferenceBatch;
import org.jspecify.annotations.Nullable;

/**
 * Replays references on a machine: translates each page that a reference touches and lets the
 * kernel answer page faults. Counts of TLBs and walker are in the machine's own counters whenever
 * {@link #run} is not running.
 */
public interface ReplayEngine {
  /**
   * Replays references {@code from} to {@code to} - 1 of a batch.
   *
   * @return the first that was not replayed: {@code to}, unless the process was killed before
   */
  int run(ReferenceBatch batch, int from, int to);

  /**
   * Replays references to page tables that machines share, with the same counts as if the machine
   * had them for itself; only on machines that {@link LruFit} lets share. Who calls this calls
   * nothing else that replays.
   */
  default void run(PageReferences references) {
    throw new UnsupportedOperationException("references to shared page tables");
  }

  /** Must be called after another process has been let run. */
  void addressSpaceChanged();

  /** The counts so far. */
  Snapshot<ReferenceMetric> snapshot();

  /** The sum modulo 2^64 of the physical addresses of all translations so far. */
  long physicalAddressSum();

  /**
   * The fastest engine that counts exactly what the parts of {@code machine} would.
   *
   * @param profile what watches the machine, or {@code null}; only the general way can be watched
   */
  static ReplayEngine of(Machine machine, @Nullable MissProfile profile) {
    if (profile == null && isLru(machine)) {
      return LruReplay.inClassOfItsOwn(ReplayParts.of(machine));
    }
    StaleTranslationDetector detector = machine.detector();
    return new Replay(
        machine.mmu(), detector == null ? machine.tlbs() : detector, machine.kernel(), profile);
  }

  /** As {@link #of(Machine, MissProfile)} where nothing watches. */
  static ReplayEngine of(Machine machine) {
    return of(machine, null);
  }

  /**
   * As {@link #of(Machine, MissProfile)}, for one of many machines in turn, which share what is
   * compiled for them unless one has much to do.
   */
  static ReplayEngine ofMany(Machine machine, @Nullable MissProfile profile) {
    return profile == null && isLru(machine)
        ? new AdaptiveReplay(ReplayParts.of(machine), AdaptiveReplay.WALKS)
        : of(machine, profile);
  }

  private static boolean isLru(Machine machine) {
    return machine.detector() == null
        && machine.kernel() instanceof FirstTouchKernel kernel
        && LruFit.fits(machine.config(), kernel.largestPage());
  }
}
