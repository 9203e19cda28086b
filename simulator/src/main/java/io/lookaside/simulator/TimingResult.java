package io.lookaside.simulator;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.timing.CacheMetric;
import io.lookaside.timing.CycleCause;
import io.lookaside.timing.DramMetric;
import io.lookaside.timing.Overlap;
import io.lookaside.timing.TimingMetric;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What the clock of a run says, over the measured references alone.
 *
 * @param overlap how far references overlapped
 * @param totalCycles the cycle in which the last reference retired
 * @param attributed what the cycles of the total went to
 * @param counts what timing counts beside them
 * @param walkLatencies cycles from the request of a walk to its end
 * @param caches counts of the caches, by name; empty where the machine has none
 * @param dram counts of main memory, or {@code null} where the machine has no caches
 */
public record TimingResult(
    Overlap overlap,
    long totalCycles,
    Snapshot<CycleCause> attributed,
    Snapshot<TimingMetric> counts,
    Histogram walkLatencies,
    Map<String, Snapshot<CacheMetric>> caches,
    @Nullable Snapshot<DramMetric> dram) {}
