/** Allocator calls of a program, played on the allocator and the kernel. */
@NullMarked
package io.lookaside.simulator.heap;

import org.jspecify.annotations.NullMarked;
