package io.lookaside.simulator;

import io.lookaside.timing.Overlap;
import io.lookaside.timing.TimingObserver;
import org.jspecify.annotations.Nullable;

/**
 * What makes a run one with time.
 *
 * @param overlap how far references overlap
 * @param observer is told every step of every measured reference, or {@code null}
 */
public record Clock(Overlap overlap, @Nullable TimingObserver observer) {}
