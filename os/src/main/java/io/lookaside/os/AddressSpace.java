package io.lookaside.os;

import io.lookaside.mmu.format.PageSize;

/** The page tables of one process, from a root table of its own. */
public final class AddressSpace {
  private final PageTableEditor editor;
  private final FrameAllocator frames;
  private final long root;
  private final long[] mapped = new long[PageSize.values().length];

  AddressSpace(PageTableEditor editor, FrameAllocator frames) {
    this.editor = editor;
    this.frames = frames;
    this.root = frames.allocateTable();
  }

  /** The physical address of the root table, which goes into CR3. */
  public long root() {
    return root;
  }

  /** The number of mapped pages of a size. */
  public long mappedPages(PageSize size) {
    return mapped[size.ordinal()];
  }

  /**
   * Maps the page around {@code va} to a fresh frame, if it is not mapped.
   *
   * @param preferred the size to use where the tables and the free memory allow it, else a smaller
   * @return whether a page was mapped
   */
  boolean mapIfAbsent(long va, PageSize preferred) {
    PageSize size = editor.freeSize(root, va, preferred);
    if (size == null) {
      return false;
    }
    size = available(va, size);
    editor.map(root, va, frames.allocate(size), size);
    mapped[size.ordinal()]++;
    return true;
  }

  private PageSize available(long va, PageSize wanted) {
    PageSize size = wanted;
    while (!frames.canAllocate(size, va >>> size.shift())) {
      size = size.nextSmaller();
    }
    return size;
  }
}
