/** The page-replacement policies of textbooks, on strings of page references. */
@NullMarked
package io.lookaside.os.policy;

import org.jspecify.annotations.NullMarked;
