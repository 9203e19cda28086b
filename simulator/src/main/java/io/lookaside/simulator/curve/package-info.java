/**
 * Misses of every TLB geometry, and of every fully associative size, from one pass over a trace.
 */
@NullMarked
package io.lookaside.simulator.curve;

import org.jspecify.annotations.NullMarked;
