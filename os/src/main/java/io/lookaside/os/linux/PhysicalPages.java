package io.lookaside.os.linux;

import io.lookaside.mmu.memory.PhysicalMemory;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The machine's page frames: zone DMA32 below 4 GiB and, where there is more memory, zone Normal
 * above. Frames are contiguous from 0. The first MiB is the firmware's; the kernel's image stands
 * at 16 MiB and after it the descriptors of all frames, 64 bytes each as in Linux.
 */
public final class PhysicalPages {
  /** Where the kernel's image is in physical memory. */
  static final long KERNEL_IMAGE = 16L << 20;

  /** The size of the kernel's image: text, read-only data, data, each in pages of 2 MiB. */
  static final long KERNEL_IMAGE_BYTES = 16L << 20;

  /**
   * The frame that stands for every page of zeros which nobody has written: in the kernel's data.
   */
  static final int ZERO_PFN = (int) ((KERNEL_IMAGE + KERNEL_IMAGE_BYTES - (2 << 20)) >>> 12);

  static final int PAGE_SHIFT = 12;
  static final long PAGE_BYTES = 1L << PAGE_SHIFT;

  private static final long DMA32_END = 4L << 30;
  private static final long FIRMWARE_END = 1L << 20;
  private static final long DESCRIPTOR_BYTES = 64;

  private final PhysicalMemory memory;
  private final PageFrames frames;
  private final List<Zone> zones;
  private final int managed;
  private @Nullable Shortage shortage;

  /** What an allocation turns to when no zone has more than low free: reclaim hooks in here. */
  interface Shortage {
    /** Memory is below low. */
    void onLow();

    /**
     * Allocates at any price.
     *
     * @return the first of 2^order frames, or {@link PageFrames#NONE}
     */
    int allocate(int order);
  }

  /**
   * Memory that is all free but for what the kernel itself takes.
   *
   * @param bytes size of memory, a multiple of 4 MiB from 128 MiB to 64 GiB
   */
  PhysicalPages(PhysicalMemory memory, long bytes, boolean merging) {
    this.memory = memory;
    int count = (int) (bytes >>> PAGE_SHIFT);
    frames = new PageFrames(count);
    int limit = (int) (DMA32_END >>> PAGE_SHIFT);
    Zone dma32 = new Zone("DMA32", frames, 0, Math.min(count, limit), merging);
    zones =
        count > limit
            ? List.of(new Zone("Normal", frames, limit, count, merging), dma32)
            : List.of(dma32);
    long reservedEnd = KERNEL_IMAGE + KERNEL_IMAGE_BYTES + count * DESCRIPTOR_BYTES;
    int firstFree = (int) ((reservedEnd + PAGE_BYTES - 1) >>> PAGE_SHIFT);
    dma32.release((int) (FIRMWARE_END >>> PAGE_SHIFT), (int) (KERNEL_IMAGE >>> PAGE_SHIFT));
    dma32.release(firstFree, dma32.end());
    if (zones.size() > 1) {
      zones.get(0).release(limit, count);
    }
    managed = zones.stream().mapToInt(Zone::managedFrames).sum();
    frames.set(ZERO_PFN, PageFrames.RESERVED);
  }

  /** The descriptors of the frames. */
  public PageFrames frames() {
    return frames;
  }

  /** The zones in the order in which an allocation tries them. */
  public List<Zone> zones() {
    return zones;
  }

  /** The frames that the kernel has to give, free or not. */
  public int managedFrames() {
    return managed;
  }

  /** The frames that are free. */
  public long freeFrames() {
    long free = 0;
    for (Zone zone : zones) {
      free += zone.freeFrames();
    }
    return free;
  }

  void onShortage(Shortage handler) {
    shortage = handler;
  }

  /**
   * Takes 2^order frames, from the highest zone that has them. Their content is what it was. What
   * is in memory may be moved out for them, so who has looked at entries must look again, and who
   * needs a page must hold it ({@link PageMapper#pin}).
   *
   * @return the first frame, or {@link PageFrames#NONE} if memory is short
   */
  int allocate(int order) {
    for (Zone zone : zones) {
      if (zone.isAbove(zone.watermarks().low(), order)) {
        return zone.allocate(order);
      }
    }
    Shortage handler = shortage;
    if (handler == null) {
      return takeAny(order);
    }
    handler.onLow();
    return handler.allocate(order);
  }

  /** As {@link #allocate}, with zeroed content. */
  int allocateZeroed(int order) {
    int pfn = allocate(order);
    if (pfn != PageFrames.NONE) {
      memory.zero(address(pfn), PAGE_BYTES << order);
    }
    return pfn;
  }

  /** As {@link #allocate}, without reclaiming anything: for what can do without. */
  int tryAllocate(int order) {
    Shortage handler = shortage;
    if (handler != null && zones.stream().noneMatch(z -> z.isAbove(z.watermarks().low(), order))) {
      handler.onLow();
    }
    return takeAboveMin(order);
  }

  int takeAboveMin(int order) {
    for (Zone zone : zones) {
      if (zone.isAbove(zone.watermarks().min(), order)) {
        return zone.allocate(order);
      }
    }
    return PageFrames.NONE;
  }

  int takeAboveHigh(int order) {
    for (Zone zone : zones) {
      if (zone.isAbove(zone.watermarks().high(), order)) {
        return zone.allocate(order);
      }
    }
    return PageFrames.NONE;
  }

  /** Takes from the last reserves. */
  int takeAny(int order) {
    for (Zone zone : zones) {
      int pfn = zone.allocate(order);
      if (pfn != PageFrames.NONE) {
        return pfn;
      }
    }
    return PageFrames.NONE;
  }

  void free(int pfn, int order) {
    for (Zone zone : zones) {
      if (pfn >= zone.start() && pfn < zone.end()) {
        zone.free(pfn, order);
        return;
      }
    }
    throw new IllegalArgumentException("no zone has frame " + pfn);
  }

  /** Makes 2^order frames from a free run into a compound page. */
  void makeCompound(int head, int order) {
    frames.set(head, PageFrames.HEAD);
    frames.setOrder(head, order);
    for (int i = 1; i < 1 << order; i++) {
      frames.setAllFlags(head + i, PageFrames.TAIL);
      frames.setNext(head + i, head);
    }
    frames.setWholeMaps(head, 0);
  }

  /** Makes a compound page into single frames again. */
  void breakCompound(int head) {
    int order = frames.order(head);
    frames.clear(head, PageFrames.HEAD);
    for (int i = 1; i < 1 << order; i++) {
      frames.clear(head + i, PageFrames.TAIL);
    }
  }

  static long address(int pfn) {
    return (long) pfn << PAGE_SHIFT;
  }

  static int pfn(long address) {
    return (int) (address >>> PAGE_SHIFT);
  }
}
