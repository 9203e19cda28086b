/** The composition root, the replay of traces and what comes out of it. */
@NullMarked
package io.lookaside.simulator;

import org.jspecify.annotations.NullMarked;
