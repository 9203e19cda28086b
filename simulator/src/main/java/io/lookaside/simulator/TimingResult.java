package io.lookaside.simulator;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.timing.CacheMetric;
import io.lookaside.timing.CycleCause;
import io.lookaside.timing.DramMetric;
import io.lookaside.timing.Overlap;
import io.lookaside.timing.TimingMetric;
import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What the clock of a run says, over the measured references alone.
 *
 * @param overlap how far references overlapped
 * @param totalCycles the cycle in which the last reference retired; of several cores, the sum
 * @param elapsedCycles the same; of several cores, the latest
 * @param attributed what the cycles of the total went to
 * @param counts what timing counts beside them
 * @param walkLatencies cycles from the request of a walk to its end
 * @param caches counts of the caches, by name; empty where the machine has none
 * @param dram counts of main memory, or {@code null} where the machine has no caches
 */
public record TimingResult(
    Overlap overlap,
    long totalCycles,
    long elapsedCycles,
    Snapshot<CycleCause> attributed,
    Snapshot<TimingMetric> counts,
    Histogram walkLatencies,
    Map<String, Snapshot<CacheMetric>> caches,
    @Nullable Snapshot<DramMetric> dram) {
  /** The sums of these and another core's, which tells nothing of what they share. */
  TimingResult plus(TimingResult other) {
    Histogram latencies = walkLatencies.copy();
    latencies.add(other.walkLatencies);
    Map<String, Snapshot<CacheMetric>> sums = new LinkedHashMap<>(caches);
    other.caches.forEach((name, counts) -> sums.merge(name, counts, Snapshot::plus));
    return new TimingResult(
        overlap,
        totalCycles + other.totalCycles,
        Math.max(elapsedCycles, other.elapsedCycles),
        attributed.plus(other.attributed),
        counts.plus(other.counts),
        latencies,
        sums,
        dram);
  }
}
