package io.lookaside.os.linux;

/**
 * The pages of memory that have a slot of swap too: those on their way out, and those that came
 * back and were not written since.
 *
 * <p>Source: Linux 6.1, mm/swap_state.c, mm/swapfile.c ({@code folio_free_swap}, {@code
 * free_swap_and_cache}), mm/page_io.c.
 */
final class SwapCache {
  /** The most pages that the readahead of an area's faults reads (SWAP_RA_ORDER_CEILING). */
  private static final int MAX_ORDER = 5;

  private final KernelState kernel;
  private final PageFrames frames;
  private final PageMapper mapper;
  private final SwapArea area;

  SwapCache(KernelState kernel, PageMapper mapper) {
    this.kernel = kernel;
    this.frames = kernel.frames;
    this.mapper = mapper;
    this.area = kernel.swap;
  }

  /** Gives a page a slot; {@code false} if there is none (add_to_swap). */
  boolean add(int pfn) {
    int slot = area.take(pfn);
    if (slot == SwapArea.NONE) {
      return false;
    }
    kernel.spend(kernel.config.costs().swapSlot());
    enter(pfn, slot);
    kernel.markDirty(pfn);
    return true;
  }

  private void enter(int pfn, int slot) {
    frames.set(pfn, PageFrames.SWAPCACHE);
    frames.setSlot(pfn, slot);
    frames.addReferences(pfn, 1);
  }

  /** Takes a page out of the cache; its slot is free if nobody names it. */
  void delete(int pfn) {
    frames.clear(pfn, PageFrames.SWAPCACHE | PageFrames.READAHEAD);
    area.clearCached(frames.slot(pfn));
    mapper.put(pfn);
  }

  /** Evicts a page whose content swap has. */
  void evict(int pfn) {
    area.setShadow(frames.slot(pfn), kernel.workingset.eviction(pfn));
    delete(pfn);
  }

  /** Takes the slot from a page that nobody else needs it for (folio_free_swap). */
  boolean free(int pfn) {
    boolean busy = frames.is(pfn, PageFrames.WRITING | PageFrames.READING);
    if (!frames.is(pfn, PageFrames.SWAPCACHE) || busy || area.owners(frames.slot(pfn)) > 0) {
      return false;
    }
    // What it holds is only here now.
    kernel.markDirty(pfn);
    delete(pfn);
    return true;
  }

  /** Lets go of a page that no entry maps or names any more. */
  void freeIfUnused(int pfn) {
    if (frames.is(pfn, PageFrames.SWAPCACHE) && frames.maps(pfn) == 0) {
      free(pfn);
    }
  }

  /** An entry or a file no longer names a slot. */
  void release(int slot) {
    int pfn = area.cached(slot);
    area.removeOwner(slot);
    if (pfn != PageFrames.NONE) {
      freeIfUnused(pfn);
    }
  }

  /** Begins to write a page to its slot. */
  void write(int pfn) {
    int slot = frames.slot(pfn);
    kernel.clearDirty(pfn);
    frames.set(pfn, PageFrames.WRITING);
    area.store().save(slot, kernel.memory, pfn);
    kernel.count(KernelMetric.PAGES_SWAPPED_OUT, 1);
    kernel.device.write(slot, pfn);
  }

  /**
   * Begins to read the page of a slot that is not in the cache; {@link BlockDevice#endRead} sends
   * the request.
   *
   * @param pfn a fresh frame
   */
  void read(int slot, int pfn) {
    kernel.spend(kernel.config.costs().swapSlot());
    frames.set(pfn, PageFrames.SWAPBACKED | PageFrames.READING);
    frames.setReferences(pfn, 0);
    frames.setMapping(pfn, 0, 0);
    area.setCached(slot, pfn);
    enter(pfn, slot);
    area.store().load(slot, kernel.memory, pfn);
    kernel.workingset.refault(pfn, false, area.shadow(slot));
    kernel.lru.add(pfn);
    kernel.count(KernelMetric.PAGES_SWAPPED_IN, 1);
    kernel.device.read(slot, pfn);
  }

  /** Waits for a page that is being read. */
  void await(int pfn) {
    while (frames.is(pfn, PageFrames.READING)) {
      kernel.waitUntil(CostPart.READING, kernel.device.nextRead());
    }
  }

  /** Waits for a page that is being written. */
  void awaitWriting(int pfn) {
    while (frames.is(pfn, PageFrames.WRITING)) {
      kernel.waitUntil(CostPart.WAITING, kernel.device.nextWrite());
    }
  }

  /** Notes that a fault found a page in the cache, perhaps one that was read ahead. */
  void hit(Vma vma, long va, int pfn) {
    vma.swapLast = va >>> PhysicalPages.PAGE_SHIFT;
    if (frames.is(pfn, PageFrames.READAHEAD)) {
      frames.clear(pfn, PageFrames.READAHEAD);
      vma.swapHits = Math.min(vma.swapHits + 1, 63);
      kernel.count(KernelMetric.SWAP_READAHEAD_HITS, 1);
    }
  }

  /**
   * Reads the page of a slot for a fault, and those of its neighbours in the area that are in swap
   * too.
   *
   * @return the frame, or {@link PageFrames#NONE} if memory is short
   */
  int readAround(Vma vma, long va, int slot) {
    int window = window(vma, va);
    long page = va >>> PhysicalPages.PAGE_SHIFT;
    long from = page - (window - 1) / 2;
    if (page == vma.swapLast + 1) {
      from = page;
    } else if (page == vma.swapLast - 1) {
      from = page - window + 1;
    }
    long to = from + window;
    vma.swapLast = page;
    vma.swapWindow = window;
    vma.swapHits = 0;
    long entries = kernel.config.format().entries();
    long tableFirst = page / entries * entries;
    from = Math.max(from, Math.max(vma.start >>> PhysicalPages.PAGE_SHIFT, tableFirst));
    to = Math.min(to, Math.min(vma.end >>> PhysicalPages.PAGE_SHIFT, tableFirst + entries));
    // The page itself first: only for it memory is reclaimed, and what is mapped may change then.
    int wanted = kernel.pages.allocate(0);
    if (wanted == PageFrames.NONE) {
      return wanted;
    }
    kernel.spend(kernel.config.costs().allocation());
    for (long at = from; at < to; at++) {
      if (at == page) {
        read(slot, wanted);
      } else {
        readAhead(vma, at << PhysicalPages.PAGE_SHIFT);
      }
    }
    kernel.device.endRead();
    return wanted;
  }

  private void readAhead(Vma vma, long va) {
    long address = kernel.tables.find(vma.space.root, va, PageMapper.SMALL_SHIFT);
    long entry = address == 0 ? 0 : kernel.tables.read(address);
    if (!LinuxPte.isSwap(entry)) {
      return;
    }
    int slot = LinuxPte.slot(kernel.config.format(), entry);
    if (area.cached(slot) != PageFrames.NONE) {
      return;
    }
    int pfn = kernel.pages.tryAllocate(0);
    if (pfn == PageFrames.NONE) {
      return;
    }
    kernel.spend(kernel.config.costs().allocation());
    read(slot, pfn);
    frames.set(pfn, PageFrames.READAHEAD);
    kernel.count(KernelMetric.SWAP_READAHEAD, 1);
  }

  /** How many pages to read: more while what was read ahead is used (__swapin_nr_pages). */
  private int window(Vma vma, long va) {
    int most = 1 << Math.min(kernel.config.reclaim().pageCluster(), MAX_ORDER);
    if (most == 1 || !kernel.config.has(Mechanism.SWAP_READAHEAD)) {
      return 1;
    }
    long page = va >>> PhysicalPages.PAGE_SHIFT;
    int pages = vma.swapHits + 2;
    if (pages == 2) {
      boolean beside = page == vma.swapLast + 1 || page == vma.swapLast - 1;
      pages = beside ? 2 : 1;
    } else {
      pages = Math.max(4, Integer.highestOneBit(2 * pages - 1));
    }
    return Math.max(Math.min(pages, most), vma.swapWindow / 2);
  }

  /** A page has been read. */
  void onRead(int pfn) {
    frames.clear(pfn, PageFrames.READING);
    freeIfUnused(pfn);
  }

  /** A page has been written to swap. */
  void onWritten(int pfn) {
    freeIfUnused(pfn);
  }
}
