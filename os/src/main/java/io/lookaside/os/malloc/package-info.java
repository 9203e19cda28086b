/** The allocator of a C library in front of the kernel, modelled on glibc's ptmalloc. */
@NullMarked
package io.lookaside.os.malloc;

import org.jspecify.annotations.NullMarked;
