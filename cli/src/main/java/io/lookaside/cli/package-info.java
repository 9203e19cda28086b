/** The command line: parses arguments, calls the simulator, prints. */
@NullMarked
package io.lookaside.cli;

import org.jspecify.annotations.NullMarked;
