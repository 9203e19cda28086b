/** Physical memory as bytes. */
@NullMarked
package io.lookaside.mmu.memory;

import org.jspecify.annotations.NullMarked;
