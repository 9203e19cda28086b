/** Segmentation: from a selector and an offset to a linear address, or to a fault. */
@NullMarked
package io.lookaside.mmu.segment;

import org.jspecify.annotations.NullMarked;
