package io.lookaside.os;

import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * The plainest kernel, with processes whose whole address space may be touched: it answers the
 * first touch of a page with a fresh frame, readable, writable and executable by the user.
 * Processes share nothing but the memory that their frames and tables come from.
 */
public final class FirstTouchKernel implements Kernel {
  private final FrameAllocator frames;
  private final PageTableEditor editor;
  private final PageSize pageSize;
  private final List<AddressRange> hugePages;
  private final List<AddressSpace> spaces;
  private AddressSpace current;

  /**
   * A kernel that writes its tables into {@code memory}.
   *
   * @param physicalAddressBits MAXPHYADDR, 36 to 52
   * @param pageSize the size of pages, where free memory allows it
   * @param seed decides what {@code placement} leaves to chance
   */
  public FirstTouchKernel(
      PhysicalMemory memory,
      int physicalAddressBits,
      FramePlacement placement,
      PageSize pageSize,
      long seed) {
    this(memory, physicalAddressBits, placement, pageSize, List.of(), seed);
  }

  /**
   * A kernel that writes its tables into {@code memory}.
   *
   * @param hugePages ranges in whose 2 MiB blocks it prefers pages of 2 MiB, whatever {@code
   *     pageSize} is, in every process
   */
  public FirstTouchKernel(
      PhysicalMemory memory,
      int physicalAddressBits,
      FramePlacement placement,
      PageSize pageSize,
      List<AddressRange> hugePages,
      long seed) {
    this.frames = new FrameAllocator(placement, physicalAddressBits, seed);
    this.editor = new PageTableEditor(memory, frames);
    this.pageSize = pageSize;
    this.hugePages = List.copyOf(hugePages);
    this.spaces = new ArrayList<>();
    this.current = new AddressSpace(editor, frames);
    spaces.add(current);
  }

  private FirstTouchKernel(FirstTouchKernel other) {
    frames = other.frames;
    editor = other.editor;
    pageSize = other.pageSize;
    hugePages = other.hugePages;
    spaces = other.spaces;
    current = spaces.get(0);
  }

  /** The same kernel as a further core meets it, which runs process 0 at first. */
  public FirstTouchKernel onFurtherCore() {
    return new FirstTouchKernel(this);
  }

  /** The largest pages that a first touch maps where free memory allows it. */
  public PageSize largestPage() {
    return pageSize == PageSize.SIZE_4K && !hugePages.isEmpty() ? PageSize.SIZE_2M : pageSize;
  }

  private PageSize preferred(long va) {
    for (AddressRange range : hugePages) {
      if (range.touches(va, PageSize.SIZE_2M.bytes())) {
        return PageSize.SIZE_2M;
      }
    }
    return pageSize;
  }

  /** The address space of the process that runs; at first that of process 0. */
  public AddressSpace addressSpace() {
    return current;
  }

  /** {@inheritDoc} Its PCID is its number, so that nothing needs to be flushed. */
  @Override
  public long switchTo(int process) {
    while (spaces.size() <= process) {
      spaces.add(new AddressSpace(editor, frames));
    }
    current = spaces.get(process);
    return Cr3.of(current.root(), process) | Cr3.KEEP_TRANSLATIONS;
  }

  @Override
  public long mappedPages(PageSize size) {
    return spaces.stream().mapToLong(space -> space.mappedPages(size)).sum();
  }

  @Override
  public long tablePages() {
    return frames.tablePages();
  }

  @Override
  public boolean handlePageFault(long va, int errorCode) {
    if (PageFaultCode.isPresent(errorCode)) {
      return false;
    }
    // A page that is mapped by now needs nothing but the repetition.
    current.mapIfAbsent(va, preferred(va));
    return true;
  }

  @Override
  public long lastFaultCycles() {
    return -1;
  }

  @Override
  public void prefault(long va) {
    current.mapIfAbsent(va, preferred(va));
  }
}
