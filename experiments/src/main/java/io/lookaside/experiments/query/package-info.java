/** Results as a table, and the port to an SQL engine that a module of its own brings. */
@NullMarked
package io.lookaside.experiments.query;

import org.jspecify.annotations.NullMarked;
