/**
 * Set-associative storage and its replacement policies, shared by TLBs and paging-structure caches.
 */
@NullMarked
package io.lookaside.mmu.assoc;

import org.jspecify.annotations.NullMarked;
