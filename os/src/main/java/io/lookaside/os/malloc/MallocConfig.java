package io.lookaside.os.malloc;

/**
 * The allocator's parameters, as mallopt and tunables set them.
 *
 * @param topPad bytes that a growing heap takes beyond what is needed (M_TOP_PAD)
 * @param mmapThreshold chunks from this size on are mapped on their own where the heap cannot serve
 *     them
 * @param trimThreshold the top of the heap is given back when it is larger than this
 * @param dynamicThreshold whether freeing a mapped chunk raises both thresholds
 * @param threadCache whether small freed chunks are kept in the thread's cache
 */
public record MallocConfig(
    long topPad,
    long mmapThreshold,
    long trimThreshold,
    boolean dynamicThreshold,
    boolean threadCache) {
  /** The defaults of glibc 2.36 on 64 bits: 128 KiB each. */
  public static final MallocConfig DEFAULT =
      new MallocConfig(128 << 10, 128 << 10, 128 << 10, true, true);

  /** The largest value that the mmap threshold grows to: 32 MiB. */
  static final long MAX_MMAP_THRESHOLD = 32 << 20;

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if one is negative
   */
  public MallocConfig {
    if (topPad < 0 || mmapThreshold < 0 || trimThreshold < 0) {
      throw new IllegalArgumentException("a size is negative");
    }
  }
}
