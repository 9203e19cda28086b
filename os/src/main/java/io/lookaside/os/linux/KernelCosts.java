package io.lookaside.os.linux;

/**
 * What the kernel's work costs, in cycles. A fault costs the sum of what was done for it: the trap,
 * the look-up of the area, and each page that was allocated, zeroed, copied, mapped or flushed.
 *
 * @param trap exception entry and return
 * @param areaLookup finding the area and taking its locks
 * @param allocation taking a block from the buddy allocator
 * @param bytesZeroedPerCycle speed of clearing memory
 * @param bytesCopiedPerCycle speed of copying memory
 * @param entryUpdate writing one page-table entry, with the reverse map
 * @param invlpg one INVLPG
 * @param fullFlush MOV to CR3 that drops a PCID
 * @param interrupt asking another processor to flush and waiting for it
 * @param pageCacheLookup finding a page in the page cache
 * @param deviceRead reading one page from a device
 * @param systemCall entry and return of a system call
 * @param signal delivering a signal
 */
public record KernelCosts(
    int trap,
    int areaLookup,
    int allocation,
    int bytesZeroedPerCycle,
    int bytesCopiedPerCycle,
    int entryUpdate,
    int invlpg,
    int fullFlush,
    int interrupt,
    int pageCacheLookup,
    int deviceRead,
    int systemCall,
    int signal) {
  /**
   * Round figures for a core of 3 GHz. The sums agree in order of magnitude with what is published
   * for Linux: about half a microsecond for a minor fault, some microseconds for a shootdown, tens
   * of microseconds for a read from flash. Each single figure is UNCONFIRMED.
   */
  public static final KernelCosts DEFAULT =
      new KernelCosts(400, 350, 150, 32, 16, 60, 120, 250, 4000, 150, 240_000, 150, 2500);

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if one is negative, or a speed is 0
   */
  public KernelCosts {
    if (bytesZeroedPerCycle <= 0 || bytesCopiedPerCycle <= 0) {
      throw new IllegalArgumentException("a speed must be at least 1 byte for each cycle");
    }
    int all = trap | areaLookup | allocation | entryUpdate | invlpg | fullFlush | interrupt;
    if ((all | pageCacheLookup | deviceRead | systemCall | signal) < 0) {
      throw new IllegalArgumentException("a cost is negative");
    }
  }
}
