/** Machines and their YAML: read, checked against the schema, bound to immutable records. */
@NullMarked
package io.lookaside.simulator.config;

import org.jspecify.annotations.NullMarked;
