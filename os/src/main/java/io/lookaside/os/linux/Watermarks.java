package io.lookaside.os.linux;

import java.util.List;

/**
 * The free frames of a zone at which something happens: below {@code low} kswapd is woken and works
 * until {@code high}; below {@code min} who asks for memory reclaims itself.
 *
 * <p>Source: Linux 6.1, mm/page_alloc.c, {@code calculate_min_free_kbytes} and {@code
 * __setup_per_zone_wmarks}; mm/khugepaged.c, {@code set_recommended_min_free_kbytes}. Boosting for
 * fragmentation is not modelled.
 */
public record Watermarks(long min, long low, long high) {
  /** Of a zone before the kernel has set any. */
  static final Watermarks NONE = new Watermarks(0, 0, 0);

  private static final int KIB_SHIFT = PhysicalPages.PAGE_SHIFT - 10;
  private static final long MIN_KIB = 128;
  private static final long MAX_KIB = 262_144;

  /** Frames of a pageblock: 2 MiB. */
  private static final long PAGEBLOCK = 512;

  /** The kinds of pages that are kept apart: unmovable, movable, reclaimable. */
  private static final long KINDS = 3;

  /** Linux's default of vm.lowmem_reserve_ratio for DMA32. */
  private static final long RESERVE_RATIO = 256;

  /**
   * vm.min_free_kbytes as the kernel chooses it.
   *
   * @param managedFrames of all zones
   * @param zones how many zones there are
   * @param khugepaged whether khugepaged runs
   */
  public static long minFreeKib(long managedFrames, int zones, boolean khugepaged) {
    long kib = (long) Math.sqrt((double) ((managedFrames << KIB_SHIFT) * 16));
    kib = Math.max(MIN_KIB, Math.min(MAX_KIB, kib));
    if (khugepaged) {
      long frames = PAGEBLOCK * zones * 2 + PAGEBLOCK * zones * KINDS * KINDS;
      frames = Math.min(frames, managedFrames / 20);
      kib = Math.max(kib, frames << KIB_SHIFT);
    }
    return kib;
  }

  /**
   * The watermarks of a zone.
   *
   * @param minFreeKib vm.min_free_kbytes
   * @param zoneFrames the frames that the zone manages
   * @param allFrames those of all zones
   * @param scaleFactor vm.watermark_scale_factor
   */
  public static Watermarks of(long minFreeKib, long zoneFrames, long allFrames, int scaleFactor) {
    long min = (minFreeKib >> KIB_SHIFT) * zoneFrames / allFrames;
    long distance = Math.max(min >> 2, zoneFrames * scaleFactor / 10_000);
    return new Watermarks(min, min + distance, min + 2 * distance);
  }

  /** Sets the watermarks of all zones, the highest zone first. */
  static void set(List<Zone> zones, boolean khugepaged, int scaleFactor) {
    long all = zones.stream().mapToLong(Zone::managedFrames).sum();
    long kib = minFreeKib(all, zones.size(), khugepaged);
    long above = 0;
    for (Zone zone : zones) {
      zone.setWatermarks(of(kib, zone.managedFrames(), all, scaleFactor), above / RESERVE_RATIO);
      above += zone.managedFrames();
    }
  }
}
