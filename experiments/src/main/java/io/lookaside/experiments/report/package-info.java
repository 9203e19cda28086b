/** Results of runs, curves, sweeps and timelines as one page of HTML. */
@NullMarked
package io.lookaside.experiments.report;

import org.jspecify.annotations.NullMarked;
