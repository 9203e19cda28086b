package io.lookaside.os.linux;

import io.lookaside.mmu.format.Pte;
import java.util.List;

/**
 * The kernel thread that replaces 512 small pages by a huge one where policy wants that and enough
 * of them are there.
 *
 * <p>Source: Linux 6.1, mm/khugepaged.c, with the defaults max_ptes_none = 511 and max_ptes_shared
 * = 256.
 */
final class Khugepaged {
  private static final int MAX_SHARED = 256;
  private static final long HUGE_BYTES = 1L << PageMapper.HUGE_SHIFT;

  private final KernelState kernel;
  private final PageMapper mapper;
  private final Faults faults;

  Khugepaged(KernelState kernel, PageMapper mapper, Faults faults) {
    this.kernel = kernel;
    this.mapper = mapper;
    this.faults = faults;
  }

  /** Scans a whole address space; returns how many huge pages it made. */
  int scan(AddressSpace space) {
    int collapsed = 0;
    for (Vma area : List.copyOf(space.areas.values())) {
      long first = (area.start + HUGE_BYTES - 1) & -HUGE_BYTES;
      for (long va = first; va + HUGE_BYTES <= area.end; va += HUGE_BYTES) {
        if (faults.wantsHuge(area, va) && collapse(area, va)) {
          collapsed++;
        }
      }
    }
    return collapsed;
  }

  /** Where the next {@link #scanOn} begins: a place in the list of processes, and an address. */
  private int process;

  private long address;

  /**
   * Scans up to so many pages, on from where the last call stopped, at most all processes once.
   * What has no tables is passed over at no cost.
   */
  int scanOn(List<Task> processes, long pages) {
    int collapsed = 0;
    long left = pages;
    for (int ends = 0; left > 0 && ends <= processes.size(); ) {
      if (process >= processes.size()) {
        process = 0;
      }
      if (processes.isEmpty()) {
        break;
      }
      AddressSpace space = processes.get(process).space;
      Vma area = space.areaFrom(address);
      if (area == null) {
        process++;
        address = 0;
        ends++;
        continue;
      }
      long start = (Math.max(address, area.start) + HUGE_BYTES - 1) & -HUGE_BYTES;
      if (start + HUGE_BYTES > area.end) {
        address = area.end;
        continue;
      }
      kernel.tables.descend(space.root, start);
      int reached = Math.max(kernel.tables.reached(), PageMapper.HUGE_SHIFT);
      boolean small = kernel.tables.reached() == PageMapper.SMALL_SHIFT;
      address = (start & -(1L << reached)) + (1L << reached);
      if (small) {
        left -= PageMapper.HUGE_PAGES;
        kernel.spend(kernel.config.costs().areaLookup());
        if (faults.wantsHuge(area, start) && collapse(area, start)) {
          collapsed++;
        }
      }
    }
    return collapsed;
  }

  private boolean collapse(Vma area, long start) {
    AddressSpace space = area.space;
    long entryAddress = kernel.tables.find(space.root, start, PageMapper.HUGE_SHIFT);
    if (entryAddress == 0) {
      return false;
    }
    long upper = kernel.tables.read(entryAddress);
    if (!Pte.isPresent(upper) || Pte.isLarge(upper) || !isWorthwhile(Pte.tableAddress(upper))) {
      return false;
    }
    int head = kernel.pages.tryAllocate(PageMapper.HUGE_ORDER);
    if (head == PageFrames.NONE) {
      return false;
    }
    long table = Pte.tableAddress(upper);
    for (int i = 0; i < PageMapper.HUGE_PAGES; i++) {
      long entry = kernel.tables.read(table + 8L * i);
      int pfn = LinuxPte.pfn(entry, PageMapper.SMALL_SHIFT);
      if (LinuxPte.isMapped(entry) && !mapper.isZero(pfn)) {
        kernel.copy(pfn, head + i, 0);
      } else {
        kernel.memory.zero(PhysicalPages.address(head + i), PhysicalPages.PAGE_BYTES);
        kernel.zeroed(0);
      }
    }
    PageMapper.Gather gather = new PageMapper.Gather();
    mapper.zap(area, start, start + HUGE_BYTES, gather);
    gather.add(start, start + HUGE_BYTES, PageMapper.SMALL_SHIFT);
    kernel.pages.makeCompound(head, PageMapper.HUGE_ORDER);
    mapper.claim(head, area, start);
    boolean writable = area.is(Vma.WRITE);
    long entry = LinuxPte.leaf(kernel, area, head, true, writable) | (writable ? Pte.DIRTY : 0);
    // The table of the small pages is what is set aside for the split.
    space.tables--;
    mapper.mapHuge(space, entryAddress, entry, table);
    mapper.finish(space, gather);
    kernel.count(KernelMetric.HUGE_COLLAPSES, 1);
    return true;
  }

  private boolean isWorthwhile(long table) {
    int present = 0;
    int shared = 0;
    boolean writable = false;
    for (int i = 0; i < PageMapper.HUGE_PAGES; i++) {
      long entry = kernel.tables.read(table + 8L * i);
      if (entry == 0) {
        continue;
      }
      int pfn = LinuxPte.pfn(entry, PageMapper.SMALL_SHIFT);
      if (!LinuxPte.isMapped(entry) || LinuxPte.isNoAccess(entry)) {
        return false;
      }
      if (mapper.isZero(pfn)) {
        continue;
      }
      if (!kernel.frames.is(pfn, PageFrames.ANON)) {
        return false;
      }
      present++;
      writable |= LinuxPte.isWritable(entry);
      shared += kernel.frames.maps(pfn) > 1 ? 1 : 0;
    }
    return present > 0 && writable && shared <= MAX_SHARED;
  }
}
