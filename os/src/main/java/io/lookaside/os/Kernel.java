package io.lookaside.os;

import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.memory.PhysicalMemory;

/**
 * The kernel, so far with one process whose whole address space may be touched: it answers the
 * first touch of a page with a fresh frame, readable, writable and executable by the user.
 */
public final class Kernel {
  private final AddressSpace space;
  private final PageSize pageSize;

  /**
   * A kernel that writes its tables into {@code memory}.
   *
   * @param physicalAddressBits MAXPHYADDR, 36 to 52
   * @param pageSize the size of pages, where free memory allows it
   * @param seed decides what {@code placement} leaves to chance
   */
  public Kernel(
      PhysicalMemory memory,
      int physicalAddressBits,
      FramePlacement placement,
      PageSize pageSize,
      long seed) {
    FrameAllocator frames = new FrameAllocator(placement, physicalAddressBits, seed);
    this.space = new AddressSpace(new PageTableEditor(memory, frames), frames);
    this.pageSize = pageSize;
  }

  /** The address space of the process. */
  public AddressSpace addressSpace() {
    return space;
  }

  /**
   * Answers a page fault.
   *
   * @param va the faulting address (CR2)
   * @param errorCode the error code that the hardware reported ({@link PageFaultCode})
   * @return whether the access is to be repeated; {@code false} if it has no right to succeed
   */
  public boolean handlePageFault(long va, int errorCode) {
    if (PageFaultCode.isPresent(errorCode)) {
      return false;
    }
    // A page that is mapped by now needs nothing but the repetition.
    space.mapIfAbsent(va, pageSize);
    return true;
  }

  /** Maps the page of {@code va} before it is touched, if it is not mapped. */
  public void prefault(long va) {
    space.mapIfAbsent(va, pageSize);
  }
}
