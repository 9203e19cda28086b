package io.lookaside.os.malloc;

/** The port to the process that the allocator is part of: its memory and its system calls. */
public interface HeapMemory {
  /** What {@link #sbrk} and {@link #mmap} return when the kernel refuses. */
  long FAILED = -1;

  /**
   * Reads a word.
   *
   * @param va 8-byte aligned
   */
  long load(long va);

  /**
   * Writes a word.
   *
   * @param va 8-byte aligned
   */
  void store(long va, long value);

  /**
   * Moves the program break.
   *
   * @return the break before, or {@link #FAILED}
   */
  long sbrk(long increment);

  /**
   * Maps anonymous memory, readable and writable.
   *
   * @return its address, or {@link #FAILED}
   */
  long mmap(long bytes);

  /** Unmaps memory that {@link #mmap} gave. */
  void munmap(long va, long bytes);

  /**
   * Changes the size of a mapping, which may move.
   *
   * @return its address, or {@link #FAILED}
   */
  long mremap(long va, long oldBytes, long newBytes);
}
