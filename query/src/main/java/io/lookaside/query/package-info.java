/** DuckDB as the engine of {@code lookaside query}. */
@NullMarked
package io.lookaside.query;

import org.jspecify.annotations.NullMarked;
