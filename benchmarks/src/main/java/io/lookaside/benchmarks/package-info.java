/** JMH benchmarks of translation throughput, and what the comparison with C needs. */
@NullMarked
package io.lookaside.benchmarks;

import org.jspecify.annotations.NullMarked;
