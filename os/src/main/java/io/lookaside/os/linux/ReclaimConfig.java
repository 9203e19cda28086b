package io.lookaside.os.linux;

/**
 * The settings of reclaim, readahead and writeback, with Linux's names where it has one.
 *
 * @param swappiness vm.swappiness, 0 to 200: how much rather anonymous pages are reclaimed than
 *     those of files
 * @param watermarkScaleFactor vm.watermark_scale_factor, 1 to 3000: the distance of the watermarks
 *     in ten-thousandths of a zone
 * @param pageCluster vm.page-cluster, 0 to 5: the binary logarithm of the most pages that are read
 *     from swap at once
 * @param readaheadPages the most pages of a file that are read at once (read_ahead_kb / 4)
 * @param dirtyBackgroundRatio vm.dirty_background_ratio: the percentage of available memory from
 *     which dirty pages are written in the background
 * @param dirtyRatio vm.dirty_ratio: the percentage from which a writer waits
 * @param flushOnAge whether a cleared accessed bit is followed by a flush, so that the next access
 *     sets it again; Linux on x86 does without
 */
public record ReclaimConfig(
    int swappiness,
    int watermarkScaleFactor,
    int pageCluster,
    int readaheadPages,
    int dirtyBackgroundRatio,
    int dirtyRatio,
    boolean flushOnAge) {
  /** Linux's defaults. */
  public static final ReclaimConfig DEFAULT = new ReclaimConfig(60, 10, 3, 32, 10, 20, false);

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public ReclaimConfig {
    check("swappiness", swappiness, 0, 200);
    check("watermark scale factor", watermarkScaleFactor, 1, 3000);
    check("page cluster", pageCluster, 0, 5);
    check("readahead pages", readaheadPages, 1, 4096);
    check("dirty background ratio", dirtyBackgroundRatio, 0, 100);
    check("dirty ratio", dirtyRatio, 0, 100);
  }

  private static void check(String what, int value, int from, int to) {
    if (value < from || value > to) {
      throw new IllegalArgumentException(
          what + " of " + value + ": expected " + from + " to " + to);
    }
  }

  public ReclaimConfig withSwappiness(int value) {
    return new ReclaimConfig(
        value,
        watermarkScaleFactor,
        pageCluster,
        readaheadPages,
        dirtyBackgroundRatio,
        dirtyRatio,
        flushOnAge);
  }

  public ReclaimConfig withWatermarkScaleFactor(int value) {
    return new ReclaimConfig(
        swappiness,
        value,
        pageCluster,
        readaheadPages,
        dirtyBackgroundRatio,
        dirtyRatio,
        flushOnAge);
  }

  public ReclaimConfig withPageCluster(int value) {
    return new ReclaimConfig(
        swappiness,
        watermarkScaleFactor,
        value,
        readaheadPages,
        dirtyBackgroundRatio,
        dirtyRatio,
        flushOnAge);
  }

  public ReclaimConfig withReadaheadPages(int value) {
    return new ReclaimConfig(
        swappiness,
        watermarkScaleFactor,
        pageCluster,
        value,
        dirtyBackgroundRatio,
        dirtyRatio,
        flushOnAge);
  }

  public ReclaimConfig withDirtyRatios(int background, int foreground) {
    return new ReclaimConfig(
        swappiness,
        watermarkScaleFactor,
        pageCluster,
        readaheadPages,
        background,
        foreground,
        flushOnAge);
  }

  public ReclaimConfig withFlushOnAge(boolean value) {
    return new ReclaimConfig(
        swappiness,
        watermarkScaleFactor,
        pageCluster,
        readaheadPages,
        dirtyBackgroundRatio,
        dirtyRatio,
        value);
  }
}
