package io.lookaside.simulator.heap;

import io.lookaside.mmu.stats.Snapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of a program's heap.
 *
 * @param series states on the way, the last one at the end
 * @param requestedBytes that were asked for in all
 * @param peakLiveBytes the most that was asked for and not freed
 * @param peakResidentBytes the most bytes in frames, as seen after calls
 * @param ended how the process ended before the trace did, or {@code null}
 */
public record HeapResult(
    List<Snapshot<HeapMetric>> series,
    long requestedBytes,
    long peakLiveBytes,
    long peakResidentBytes,
    @Nullable String ended) {
  /** Copies the list. */
  public HeapResult {
    series = List.copyOf(series);
  }

  /** The state at the end. */
  public Snapshot<HeapMetric> end() {
    return series.get(series.size() - 1);
  }
}
