/** The experiments of the operating-system half: claims that are measured on the model. */
@NullMarked
package io.lookaside.simulator.lab;

import org.jspecify.annotations.NullMarked;
