/** Streaming readers of memory-access traces, in constant memory whatever the trace's length. */
@NullMarked
package io.lookaside.traces;

import org.jspecify.annotations.NullMarked;
