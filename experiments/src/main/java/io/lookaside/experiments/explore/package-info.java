/** The page tables of an image as a page on which one follows walks. */
@NullMarked
package io.lookaside.experiments.explore;

import org.jspecify.annotations.NullMarked;
