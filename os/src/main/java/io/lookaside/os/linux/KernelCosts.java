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
 * @param deviceRead latency of a read from the device
 * @param systemCall entry and return of a system call
 * @param signal delivering a signal
 * @param scan taking a page off its list, judging it and putting it back
 * @param reverseMapStep finding and testing one entry that maps a page
 * @param swapSlot taking a slot of swap and entering a page into the swap cache
 * @param wakeup waking a kernel thread
 * @param deviceSubmit handing the device a page, in the processor
 * @param deviceWrite latency of a write to the device
 * @param deviceTransfer time for which a page occupies the device
 * @param deviceCommand time for which the device is occupied besides by a request that does not
 *     continue the one before it
 * @param deviceQueue writes that may be under way before a writer must wait
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
    int signal,
    int scan,
    int reverseMapStep,
    int swapSlot,
    int wakeup,
    int deviceSubmit,
    int deviceWrite,
    int deviceTransfer,
    int deviceCommand,
    int deviceQueue) {
  /** Cycles of a second, by which times in seconds are converted. */
  public static final long CYCLES_PER_SECOND = 3_000_000_000L;

  /**
   * Round figures for a core of 3 GHz. The sums agree in order of magnitude with what is published
   * for Linux: about half a microsecond for a minor fault, some microseconds for a shootdown, tens
   * of microseconds for a read from flash, 500 MB/s from or to a SATA drive whose queue holds 32
   * commands. Each single figure is UNCONFIRMED.
   */
  public static final KernelCosts DEFAULT =
      new KernelCosts(
          400, 350, 150, 32, 16, 60, 120, 250, 4000, 150, 240_000, 150, 2500, 120, 100, 200, 3000,
          1500, 60_000, 24_000, 6000, 32);

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
    all |= pageCacheLookup | deviceRead | systemCall | signal | scan | reverseMapStep | swapSlot;
    if ((all | wakeup | deviceSubmit | deviceWrite | deviceTransfer | deviceCommand) < 0) {
      throw new IllegalArgumentException("a cost is negative");
    }
    if (deviceQueue <= 0) {
      throw new IllegalArgumentException("a device takes at least one write at a time");
    }
  }
}
