/** Finds uses of translations that software changed in memory and did not invalidate. */
@NullMarked
package io.lookaside.mmu.stale;

import org.jspecify.annotations.NullMarked;
