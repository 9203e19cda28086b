package io.lookaside.mmu;

/** The code that executes a system instruction, as far as its code segment matters. */
public enum CodeSegment {
  /** CPL 0; in IA-32e mode, 64-bit mode. */
  KERNEL,
  /** CPL 0 in compatibility mode of IA-32e. */
  KERNEL_COMPATIBILITY,
  /** CPL 3. */
  USER
}
