/**
 * Cycles: the caches and the DRAM that data accesses and page-table reads share, and the scheduling
 * of what references do, on one core or several.
 */
@NullMarked
package io.lookaside.timing;

import org.jspecify.annotations.NullMarked;
