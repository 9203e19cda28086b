/** What would help a program's translation, by runs of its trace on changed machines and pages. */
@NullMarked
package io.lookaside.experiments.advise;

import org.jspecify.annotations.NullMarked;
