package io.lookaside.os;

import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * The kernel, so far with processes whose whole address space may be touched: it answers the first
 * touch of a page with a fresh frame, readable, writable and executable by the user. Processes
 * share nothing but the memory that their frames and tables come from.
 */
public final class Kernel {
  private final FrameAllocator frames;
  private final PageTableEditor editor;
  private final PageSize pageSize;
  private final List<AddressSpace> spaces = new ArrayList<>();
  private AddressSpace current;

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
    this.frames = new FrameAllocator(placement, physicalAddressBits, seed);
    this.editor = new PageTableEditor(memory, frames);
    this.pageSize = pageSize;
    this.current = new AddressSpace(editor, frames);
    spaces.add(current);
  }

  /** The size of pages that a first touch maps where free memory allows it. */
  public PageSize pageSize() {
    return pageSize;
  }

  /** The address space of the process that runs; at first that of process 0. */
  public AddressSpace addressSpace() {
    return current;
  }

  /**
   * Lets another process run. Processes are numbered from 0; one that is named for the first time
   * gets its root table now, and so do those before it that were not named yet.
   *
   * @return its address space, for CR3
   */
  public AddressSpace switchTo(int process) {
    while (spaces.size() <= process) {
      spaces.add(new AddressSpace(editor, frames));
    }
    current = spaces.get(process);
    return current;
  }

  /** The mapped pages of a size, of all processes together. */
  public long mappedPages(PageSize size) {
    return spaces.stream().mapToLong(space -> space.mappedPages(size)).sum();
  }

  /** The 4 KiB pages that the page tables of all processes take, root tables included. */
  public long tablePages() {
    return frames.tablePages();
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
    current.mapIfAbsent(va, pageSize);
    return true;
  }

  /** Maps the page of {@code va} before it is touched, if it is not mapped. */
  public void prefault(long va) {
    current.mapIfAbsent(va, pageSize);
  }
}
