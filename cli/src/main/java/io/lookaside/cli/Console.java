package io.lookaside.cli;

import java.io.InputStream;
import java.io.PrintStream;

/**
 * The streams that a command talks to.
 *
 * @param terminal whether {@code err} is a terminal, where progress is shown
 */
record Console(InputStream in, PrintStream out, PrintStream err, boolean terminal) {}
