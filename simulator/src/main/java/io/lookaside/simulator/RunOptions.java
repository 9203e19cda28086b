package io.lookaside.simulator;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.FramePlacement;
import io.lookaside.traces.TraceFormat;
import org.jspecify.annotations.Nullable;

/**
 * What is to be replayed, and how.
 *
 * @param trace a path, or {@code -} for standard input
 * @param format the trace's format, or {@code null} to detect it
 * @param prefault map all pages that will be touched before the run, instead of on demand
 * @param frames how data frames are chosen
 * @param pageSize the size of pages that the kernel prefers
 * @param skip references that are passed over and touch nothing
 * @param warmup references after those that change state and are not counted
 * @param maxReferences the most references that are measured
 * @param seed decides everything that is left to chance
 */
public record RunOptions(
    String trace,
    @Nullable TraceFormat format,
    boolean prefault,
    FramePlacement frames,
    PageSize pageSize,
    long skip,
    long warmup,
    long maxReferences,
    long seed) {}
