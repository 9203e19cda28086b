/** The hardware page walker and its paging-structure caches, behind the port {@code PageWalker}. */
@NullMarked
package io.lookaside.pagewalker;

import org.jspecify.annotations.NullMarked;
