/** Counters that are declared once, in an enum, with unit and meaning. */
@NullMarked
package io.lookaside.mmu.stats;

import org.jspecify.annotations.NullMarked;
