/** Sweeps: a file that names traces, machines and options, its plan, and the runs of its points. */
@NullMarked
package io.lookaside.experiments.sweep;

import org.jspecify.annotations.NullMarked;
