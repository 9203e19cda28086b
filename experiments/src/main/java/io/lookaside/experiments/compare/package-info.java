/** Comparisons of two results: what changed in the machine, and what came of it. */
@NullMarked
package io.lookaside.experiments.compare;

import org.jspecify.annotations.NullMarked;
