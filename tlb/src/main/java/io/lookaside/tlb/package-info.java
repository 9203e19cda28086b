/** Set-associative TLBs and their hierarchy, behind the port {@code TranslationCache}. */
@NullMarked
package io.lookaside.tlb;

import org.jspecify.annotations.NullMarked;
