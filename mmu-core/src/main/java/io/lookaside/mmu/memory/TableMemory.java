package io.lookaside.mmu.memory;

/** Physical memory as a page walker sees it: aligned 64-bit words, little-endian. */
public interface TableMemory {
  /**
   * The word at {@code pa}.
   *
   * @param pa physical address, 8-byte aligned, below 2^52
   */
  long read(long pa);

  /**
   * Writes the word at {@code pa}.
   *
   * @param pa physical address, 8-byte aligned, below 2^52
   */
  void write(long pa, long value);
}
