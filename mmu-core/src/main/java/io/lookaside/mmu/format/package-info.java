/** Bit formats: one final class per register or entry, static accessors over a {@code long}. */
@NullMarked
package io.lookaside.mmu.format;

import org.jspecify.annotations.NullMarked;
