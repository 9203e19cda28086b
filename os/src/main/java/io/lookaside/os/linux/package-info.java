/**
 * A kernel modelled on Linux 6.1: physical memory, address spaces, system calls and page faults. It
 * meets the hardware as a kernel does, through table bytes in physical memory, CR3 and INVLPG.
 */
@NullMarked
package io.lookaside.os.linux;

import org.jspecify.annotations.NullMarked;
