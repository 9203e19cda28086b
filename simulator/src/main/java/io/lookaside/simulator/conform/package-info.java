/** Conformance vectors: small state machines with the outcomes that the architecture demands. */
@NullMarked
package io.lookaside.simulator.conform;

import org.jspecify.annotations.NullMarked;
