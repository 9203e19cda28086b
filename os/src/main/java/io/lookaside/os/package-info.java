/**
 * The operating system's half, as a kernel meets the hardware: frames, table bytes in physical
 * memory, and page faults.
 */
@NullMarked
package io.lookaside.os;

import org.jspecify.annotations.NullMarked;
