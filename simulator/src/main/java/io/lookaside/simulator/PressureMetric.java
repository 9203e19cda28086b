package io.lookaside.simulator;

import io.lookaside.mmu.stats.Metric;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.MemoryState;
import java.util.function.ToLongFunction;

/**
 * What a sample of memory pressure holds: what memory is used for then, and what was done since.
 */
public enum PressureMetric implements Metric {
  REFERENCES("references", "references", "measured before the sample", false, r -> r.references),
  CYCLES(
      "cycles",
      "cycles",
      "of the run's clock; without one, of the kernel's since boot",
      false,
      r -> r.cycles),
  FREE("free", "pages", "free", MemoryState::free),
  ACTIVE_ANON("activeAnon", "pages", "on the active anonymous list", MemoryState::activeAnon),
  INACTIVE_ANON(
      "inactiveAnon", "pages", "on the inactive anonymous list", MemoryState::inactiveAnon),
  ACTIVE_FILE("activeFile", "pages", "on the active list of files", MemoryState::activeFile),
  INACTIVE_FILE(
      "inactiveFile", "pages", "on the inactive list of files", MemoryState::inactiveFile),
  SWAP_USED("swapUsed", "pages", "of swap in use", s -> s.swapTotal() - s.swapFree()),
  DIRTY("dirty", "pages", "of files that differ from the device", MemoryState::dirty),
  WRITEBACK("writeback", "pages", "that are being written", MemoryState::writeback),
  MINOR_FAULTS("minorFaults", KernelMetric.MINOR_FAULTS),
  MAJOR_FAULTS("majorFaults", KernelMetric.MAJOR_FAULTS),
  SWAPPED_OUT("pagesSwappedOut", KernelMetric.PAGES_SWAPPED_OUT),
  SWAPPED_IN("pagesSwappedIn", KernelMetric.PAGES_SWAPPED_IN),
  RECLAIMED_KSWAPD("reclaimedKswapd", KernelMetric.RECLAIMED_KSWAPD),
  RECLAIMED_DIRECT("reclaimedDirect", KernelMetric.RECLAIMED_DIRECT),
  ALLOCATION_STALLS("allocationStalls", KernelMetric.ALLOCATION_STALLS),
  OOM_KILLS("oomKills", KernelMetric.OOM_KILLS);

  private final String key;
  private final String unit;
  private final String meaning;
  private final boolean counted;

  @SuppressWarnings("ImmutableEnumChecker") // functions without state
  private final ToLongFunction<Reading> value;

  private record Reading(
      long references, long cycles, MemoryState state, Snapshot<KernelMetric> counts) {}

  /** What memory is used for at a moment. */
  PressureMetric(String key, String unit, String meaning, ToLongFunction<MemoryState> value) {
    this(key, unit, meaning, false, reading -> value.applyAsLong(reading.state));
  }

  /** What the kernel counts. */
  PressureMetric(String key, KernelMetric metric) {
    this(key, metric.unit(), metric.meaning(), true, reading -> reading.counts.get(metric));
  }

  PressureMetric(
      String key, String unit, String meaning, boolean counted, ToLongFunction<Reading> value) {
    this.key = key;
    this.unit = unit;
    this.meaning = meaning;
    this.counted = counted;
    this.value = value;
  }

  @Override
  public String key() {
    return key;
  }

  @Override
  public String unit() {
    return unit;
  }

  @Override
  public String meaning() {
    return meaning;
  }

  /** Whether a row tells what happened since the row before; else what is at its moment. */
  public boolean isCounted() {
    return counted;
  }

  /** Reads all. */
  static void read(
      long references,
      long cycles,
      MemoryState state,
      Snapshot<KernelMetric> counts,
      long[] target,
      int offset) {
    Reading reading = new Reading(references, cycles, state, counts);
    for (PressureMetric metric : values()) {
      target[offset + metric.ordinal()] = metric.value.applyAsLong(reading);
    }
  }
}
