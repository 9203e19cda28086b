/**
 * The words, the law and the ports of the memory-management unit, and {@link io.lookaside.mmu.Mmu}
 * itself.
 */
@NullMarked
package io.lookaside.mmu;

import org.jspecify.annotations.NullMarked;
