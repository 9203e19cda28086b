/** Experiments of many runs: what is common to sweeps, comparisons, advice and reports. */
@NullMarked
package io.lookaside.experiments;

import org.jspecify.annotations.NullMarked;
