/** Images of a machine's physical memory, and the translations of the page tables in them. */
@NullMarked
package io.lookaside.simulator.image;

import org.jspecify.annotations.NullMarked;
