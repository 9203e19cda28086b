package io.lookaside.os.linux;

import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.Pte;
import org.jspecify.annotations.Nullable;

/**
 * Answers page faults.
 *
 * <p>Source: Linux 6.1, arch/x86/mm/fault.c, mm/memory.c, mm/huge_memory.c, mm/hugetlb.c.
 */
final class Faults {
  /** Linux's stack_guard_gap: pages that stay free below a stack. */
  static final long STACK_GUARD_BYTES = 256 * PhysicalPages.PAGE_BYTES;

  /** Linux's fault_around_bytes. */
  private static final long FAULT_AROUND_BYTES = 65536;

  private static final int SMALL = PageMapper.SMALL_SHIFT;
  private static final int HUGE = PageMapper.HUGE_SHIFT;

  private final KernelState kernel;
  private final PageFrames frames;
  private final PageTables tables;
  private final PageMapper mapper;
  private final PageCache cache;
  private final HugetlbPool pool;
  private final Commitments commitments;
  private final SwapCache swapCache;
  private final Writeback writeback;
  private boolean grew;

  Faults(
      KernelState kernel,
      PageMapper mapper,
      PageCache cache,
      HugetlbPool pool,
      Commitments commitments,
      SwapCache swapCache,
      Writeback writeback) {
    this.swapCache = swapCache;
    this.writeback = writeback;
    this.kernel = kernel;
    this.frames = kernel.frames;
    this.tables = kernel.tables;
    this.mapper = mapper;
    this.cache = cache;
    this.pool = pool;
    this.commitments = commitments;
  }

  /**
   * Answers a fault of user mode.
   *
   * @param code the hardware's error code
   */
  FaultKind handle(AddressSpace space, long va, int code) {
    kernel.spend(kernel.config.costs().trap() + (long) kernel.config.costs().areaLookup());
    grew = false;
    Vma area = areaFor(space, va);
    FaultKind kind =
        area == null || !permits(area, code)
            ? FaultKind.SEGMENTATION
            : touch(area, va, PageFaultCode.isWrite(code));
    count(kind);
    return kind;
  }

  private void count(FaultKind kind) {
    if (grew) {
      kernel.count(KernelMetric.STACK_GROWTHS, 1);
    }
    if (kind == FaultKind.MAJOR) {
      kernel.count(KernelMetric.MAJOR_FAULTS, 1);
      return;
    }
    KernelMetric metric =
        switch (kind) {
          case ZERO_PAGE -> KernelMetric.ZERO_PAGE_FAULTS;
          case ANONYMOUS -> KernelMetric.ANONYMOUS_FAULTS;
          case HUGE, HUGE_ZERO, HUGETLB -> KernelMetric.HUGE_FAULTS;
          case FILE, MAJOR -> KernelMetric.FILE_FAULTS;
          case SWAP_CACHE -> KernelMetric.SWAP_CACHE_HITS;
          case COPY -> KernelMetric.COPY_FAULTS;
          case REUSE -> KernelMetric.REUSE_FAULTS;
          case SPURIOUS -> KernelMetric.SPURIOUS_FAULTS;
          case SEGMENTATION -> KernelMetric.SEGMENTATION_FAULTS;
          case BUS -> KernelMetric.BUS_ERRORS;
          case OUT_OF_MEMORY -> KernelMetric.OUT_OF_MEMORY;
        };
    kernel.count(metric, 1);
    if (kind.answered()) {
      kernel.count(KernelMetric.MINOR_FAULTS, 1);
    } else {
      kernel.spend(CostPart.SIGNALS, kernel.config.costs().signal());
    }
  }

  /** The area of an address; a stack above it grows down to it, if it may. */
  private @Nullable Vma areaFor(AddressSpace space, long va) {
    if (va < 0 || va >= kernel.config.format().taskSize()) {
      return null;
    }
    Vma area = space.areaFrom(va);
    if (area == null || area.start <= va) {
      return area;
    }
    return area.is(Vma.GROWSDOWN) && grow(space, area, va) ? area : null;
  }

  private boolean grow(AddressSpace space, Vma stack, long va) {
    long start = va & -PhysicalPages.PAGE_BYTES;
    if (stack.end - start > space.stackLimit) {
      return false;
    }
    Vma below = space.areaBefore(stack.start);
    boolean guarded = below != null && !below.is(Vma.GROWSDOWN) && below.is(Vma.ACCESS);
    if (below != null
        && (below.end > start || (guarded && start - below.end < STACK_GUARD_BYTES))) {
      return false;
    }
    long pages = (stack.start - start) >>> SMALL;
    if (stack.is(Vma.ACCOUNT) && !commitments.promise(space, pages)) {
      return false;
    }
    space.remove(stack);
    stack.start = start;
    stack.firstIndex -= pages;
    space.insert(stack);
    grew = true;
    return true;
  }

  /** Linux's access_error: what the area forbids, and what the hardware forbade for good. */
  private static boolean permits(Vma area, int code) {
    if (PageFaultCode.isReserved(code)) {
      return false;
    }
    if (PageFaultCode.isWrite(code)) {
      return area.is(Vma.WRITE);
    }
    return !PageFaultCode.isPresent(code) && area.is(Vma.ACCESS);
  }

  /** Linux's handle_mm_fault: makes an access possible that the area permits. */
  FaultKind touch(Vma area, long va, boolean write) {
    if (area.is(Vma.HUGETLB)) {
      return hugetlb(area, va, write);
    }
    AddressSpace space = area.space;
    long address = tables.descend(space.root, va);
    long entry = tables.read(address);
    int shift = tables.reached();
    if (shift == HUGE && LinuxPte.isMapped(entry)) {
      FaultKind kind = hugeMapped(area, va, address, entry, write);
      if (kind != null) {
        return kind;
      }
    } else if (shift >= HUGE && wantsHuge(area, va) && kernel.config.has(Mechanism.HUGE_FAULTS)) {
      FaultKind kind = huge(area, va, write);
      if (kind != null) {
        return kind;
      }
    }
    address = tables.make(space, va, SMALL, PageTables.USER_TABLE);
    if (address == 0) {
      return FaultKind.OUT_OF_MEMORY;
    }
    entry = tables.read(address);
    if (LinuxPte.isMapped(entry)) {
      return mapped(area, va, address, entry, write);
    }
    if (entry != 0) {
      return swapped(area, va, address, entry, write);
    }
    return area.file == null ? anonymous(area, va, address, write) : file(area, va, address, write);
  }

  private FaultKind anonymous(Vma area, long va, long address, boolean write) {
    boolean zeroPage =
        kernel.config.has(Mechanism.ZERO_PAGE) && kernel.config.has(Mechanism.PERMISSION_BITS);
    if (!write && zeroPage) {
      long entry = LinuxPte.leaf(kernel, area, PhysicalPages.ZERO_PFN, false, false);
      mapper.mapSmall(area.space, address, entry);
      return FaultKind.ZERO_PAGE;
    }
    int pfn = mapper.newAnonymous(area, va);
    if (pfn == PageFrames.NONE) {
      return FaultKind.OUT_OF_MEMORY;
    }
    boolean writable = area.is(Vma.WRITE) || !kernel.config.has(Mechanism.PERMISSION_BITS);
    long entry = LinuxPte.leaf(kernel, area, pfn, false, writable);
    mapper.mapSmall(area.space, address, area.is(Vma.WRITE) ? entry | Pte.DIRTY : entry);
    return FaultKind.ANONYMOUS;
  }

  private FaultKind file(Vma area, long va, long address, boolean write) {
    FileMapping file = area.file;
    if (file == null) {
      throw new IllegalStateException("no file");
    }
    long index = area.index(va);
    if (index >= file.pages()) {
      return FaultKind.BUS;
    }
    if (!write) {
      mapAround(area, va, file);
    }
    int pfn = cache.forFault(file, index);
    if (pfn == PageFrames.NONE) {
      return FaultKind.OUT_OF_MEMORY;
    }
    mapper.pin(pfn);
    FaultKind kind = mapFile(area, va, address, write, pfn);
    mapper.put(pfn);
    return kind;
  }

  private FaultKind mapFile(Vma area, long va, long address, boolean write, int pfn) {
    FaultKind kind = cache.lastMissed() ? FaultKind.MAJOR : FaultKind.FILE;
    if (write && area.isPrivate()) {
      int copy = mapper.newAnonymous(area, va);
      if (copy == PageFrames.NONE) {
        return FaultKind.OUT_OF_MEMORY;
      }
      kernel.copy(pfn, copy, 0);
      mapper.mapSmall(
          area.space, address, LinuxPte.leaf(kernel, area, copy, false, true) | Pte.DIRTY);
      return kind;
    }
    // Shared memory without a device needs no first write to be noticed.
    boolean device = !frames.is(pfn, PageFrames.SWAPBACKED);
    boolean writable = area.is(Vma.SHARED) && area.is(Vma.WRITE) && (write || !device);
    long entry = LinuxPte.leaf(kernel, area, pfn, false, writable);
    if (write) {
      entry |= Pte.DIRTY;
      kernel.markDirty(pfn);
    }
    mapper.mapSmall(area.space, address, entry);
    if (write && device) {
      writeback.balance();
    }
    return kind;
  }

  /** Maps the pages around a read fault that are in the page cache, so that they need none. */
  private void mapAround(Vma area, long va, FileMapping file) {
    long window = va & -FAULT_AROUND_BYTES;
    long from = Math.max(area.start, window);
    long to = Math.min(area.end, window + FAULT_AROUND_BYTES);
    long faulting = va & -PhysicalPages.PAGE_BYTES;
    for (long at = from; at < to; at += PhysicalPages.PAGE_BYTES) {
      long index = area.index(at);
      int pfn = file.cached.get(index);
      if (at == faulting
          || index >= file.pages()
          || pfn == PageFrames.NONE
          || frames.is(pfn, PageFrames.READING | PageFrames.READAHEAD)) {
        continue;
      }
      long address = tables.find(area.space.root, at, SMALL);
      if (address != 0 && tables.read(address) == 0) {
        boolean writable = area.is(Vma.SHARED) && area.is(Vma.WRITE) && !file.backed();
        kernel.spend(kernel.config.costs().pageCacheLookup());
        mapper.mapSmall(area.space, address, LinuxPte.leaf(kernel, area, pfn, false, writable));
      }
    }
  }

  // Swap.

  /** A page that is in swap, and perhaps still or already in memory too (do_swap_page). */
  private FaultKind swapped(Vma area, long va, long address, long entry, boolean write) {
    TableFormat format = kernel.config.format();
    int slot = LinuxPte.slot(format, entry);
    kernel.spend(kernel.config.costs().pageCacheLookup());
    int pfn = kernel.swap.cached(slot);
    FaultKind kind = pfn == PageFrames.NONE ? FaultKind.MAJOR : FaultKind.SWAP_CACHE;
    if (pfn == PageFrames.NONE) {
      pfn = swapCache.readAround(area, va, slot);
      if (pfn == PageFrames.NONE) {
        return FaultKind.OUT_OF_MEMORY;
      }
    } else {
      swapCache.hit(area, va, pfn);
    }
    mapper.pin(pfn);
    swapCache.await(pfn);
    area.space.swapEntries--;
    kernel.swap.removeOwner(slot);
    boolean full = kernel.swap.freePages() * 2 < kernel.swap.totalPages();
    if (full
        || !kernel.config.has(Mechanism.SWAP_CACHE)
        || area.is(Vma.LOCKED)
        || frames.is(pfn, PageFrames.MLOCKED)
        || (write && frames.references(pfn) == 2)) {
      swapCache.free(pfn);
    }
    boolean alone = LinuxPte.isSwapExclusive(format, entry) || frames.references(pfn) == 1;
    boolean writable = alone && write;
    long leaf = LinuxPte.leaf(kernel, area, pfn, false, writable);
    mapper.adopt(pfn, area, va, alone);
    mapper.mapSmall(area.space, address, writable ? leaf | Pte.DIRTY : leaf);
    mapper.put(pfn);
    if (write && !writable) {
      FaultKind second = mapped(area, va, address, tables.read(address), true);
      return second.answered() ? kind : second;
    }
    return kind;
  }

  private FaultKind mapped(Vma area, long va, long address, long entry, boolean write) {
    if (LinuxPte.isNoAccess(entry)) {
      return FaultKind.SEGMENTATION;
    }
    if (!write || LinuxPte.isWritable(entry)) {
      return FaultKind.SPURIOUS;
    }
    int pfn = LinuxPte.pfn(entry, SMALL);
    if (area.is(Vma.SHARED) || isAlone(pfn)) {
      if (area.is(Vma.SHARED)) {
        kernel.markDirty(pfn);
      } else {
        frames.set(pfn, PageFrames.EXCLUSIVE);
      }
      tables.write(address, entry | Pte.WRITABLE | Pte.DIRTY | Pte.ACCESSED);
      kernel.spend(kernel.config.costs().entryUpdate());
      if (area.is(Vma.SHARED) && !frames.is(pfn, PageFrames.SWAPBACKED)) {
        writeback.balance();
      }
      return FaultKind.REUSE;
    }
    return copy(area, va, address, pfn);
  }

  /** Whether nobody else can have an anonymous page (the end of do_wp_page). */
  private boolean isAlone(int pfn) {
    if (mapper.isZero(pfn) || !frames.is(pfn, PageFrames.ANON)) {
      return false;
    }
    if (frames.is(pfn, PageFrames.EXCLUSIVE)) {
      return true;
    }
    if (frames.is(pfn, PageFrames.HEAD | PageFrames.TAIL)) {
      return false;
    }
    if (frames.is(pfn, PageFrames.SWAPCACHE) && frames.references(pfn) == 2) {
      swapCache.free(pfn);
    }
    return frames.references(pfn) == 1;
  }

  private FaultKind copy(Vma area, long va, long address, int old) {
    if (mapper.isZero(old)) {
      return copyHeld(area, va, address, old);
    }
    mapper.pin(old);
    FaultKind kind = copyHeld(area, va, address, old);
    mapper.put(old);
    return kind;
  }

  private FaultKind copyHeld(Vma area, long va, long address, int old) {
    int pfn = mapper.newAnonymous(area, va);
    if (pfn == PageFrames.NONE) {
      return FaultKind.OUT_OF_MEMORY;
    }
    if (!mapper.isZero(old)) {
      kernel.copy(old, pfn, 0);
    }
    PageMapper.Gather gather = new PageMapper.Gather();
    long page = va & -PhysicalPages.PAGE_BYTES;
    mapper.zap(area, page, page + PhysicalPages.PAGE_BYTES, gather);
    mapper.mapSmall(area.space, address, LinuxPte.leaf(kernel, area, pfn, false, true) | Pte.DIRTY);
    mapper.finish(area.space, gather);
    return FaultKind.COPY;
  }

  // Transparent huge pages.

  /** Whether policy and the area's bounds allow a huge page around an address. */
  boolean wantsHuge(Vma area, long va) {
    LinuxConfig config = kernel.config;
    if (!config.has(Mechanism.HUGE_PAGES)
        || config.format() != TableFormat.X86_64
        || area.file != null
        || area.is(Vma.NOHUGEPAGE | Vma.SPECIAL)) {
      return false;
    }
    boolean policy =
        config.thp() == LinuxConfig.Thp.ALWAYS
            || (config.thp() == LinuxConfig.Thp.MADVISE && area.is(Vma.HUGEPAGE));
    long start = va & -(1L << HUGE);
    return policy && start >= area.start && start + (1L << HUGE) <= area.end;
  }

  /** Maps a huge page where nothing is mapped; {@code null} if small ones must do. */
  private @Nullable FaultKind huge(Vma area, long va, boolean write) {
    long address = tables.make(area.space, va, HUGE, PageTables.USER_TABLE);
    if (address == 0) {
      return FaultKind.OUT_OF_MEMORY;
    }
    if (tables.read(address) != 0) {
      return null; // a table of small pages
    }
    long deposit = tables.newTable();
    if (deposit == 0) {
      return FaultKind.OUT_OF_MEMORY;
    }
    boolean zero =
        !write
            && kernel.config.has(Mechanism.ZERO_PAGE)
            && kernel.config.has(Mechanism.PERMISSION_BITS);
    int head = zero ? mapper.hugeZero() : newHuge(area, va);
    if (head == PageFrames.NONE) {
      tables.freeTable(deposit);
      kernel.count(KernelMetric.HUGE_FALLBACKS, 1);
      return null;
    }
    boolean writable =
        !zero && (area.is(Vma.WRITE) || !kernel.config.has(Mechanism.PERMISSION_BITS));
    long entry = LinuxPte.leaf(kernel, area, head, true, writable);
    mapper.mapHuge(area.space, address, writable ? entry | Pte.DIRTY : entry, deposit);
    return zero ? FaultKind.HUGE_ZERO : FaultKind.HUGE;
  }

  /** A zeroed huge page that the area may claim, or {@link PageFrames#NONE}. */
  private int newHuge(Vma area, long va) {
    // Only where it was asked for is a huge page worth waiting for (defrag = madvise).
    int head =
        area.is(Vma.HUGEPAGE)
            ? kernel.pages.allocate(PageMapper.HUGE_ORDER)
            : kernel.pages.tryAllocate(PageMapper.HUGE_ORDER);
    if (head != PageFrames.NONE) {
      kernel.spend(kernel.config.costs().allocation());
      kernel.memory.zero(PhysicalPages.address(head), 1L << HUGE);
      kernel.zeroed(PageMapper.HUGE_ORDER);
      kernel.pages.makeCompound(head, PageMapper.HUGE_ORDER);
      mapper.claim(head, area, va & -(1L << HUGE));
    }
    return head;
  }

  /**
   * A fault in a mapped huge page; {@code null} if it was split and the rest is to be done small.
   */
  private @Nullable FaultKind hugeMapped(
      Vma area, long va, long address, long entry, boolean write) {
    if (LinuxPte.isNoAccess(entry)) {
      return FaultKind.SEGMENTATION;
    }
    if (!write || LinuxPte.isWritable(entry)) {
      return FaultKind.SPURIOUS;
    }
    int head = LinuxPte.pfn(entry, HUGE);
    long start = va & -(1L << HUGE);
    if (mapper.isZero(head)) {
      int fresh = newHuge(area, va);
      if (fresh == PageFrames.NONE) {
        kernel.count(KernelMetric.HUGE_FALLBACKS, 1);
        mapper.splitMapping(area, start, address, entry);
        return null;
      }
      long deposit = tables.newTable();
      if (deposit == 0) {
        frames.setReferences(fresh, 1);
        mapper.put(fresh);
        return FaultKind.OUT_OF_MEMORY;
      }
      PageMapper.Gather gather = new PageMapper.Gather();
      mapper.zap(area, start, start + (1L << HUGE), gather);
      mapper.mapHuge(
          area.space, address, LinuxPte.leaf(kernel, area, fresh, true, true) | Pte.DIRTY, deposit);
      mapper.finish(area.space, gather);
      return FaultKind.HUGE;
    }
    if (frames.is(head, PageFrames.EXCLUSIVE) || frames.references(head) == 1) {
      frames.set(head, PageFrames.EXCLUSIVE);
      tables.write(address, entry | Pte.WRITABLE | Pte.DIRTY);
      kernel.spend(kernel.config.costs().entryUpdate());
      return FaultKind.REUSE;
    }
    mapper.splitMapping(area, start, address, entry);
    return null;
  }

  // The hugetlb pool.

  private FaultKind hugetlb(Vma area, long va, boolean write) {
    int shift = area.hugeShift;
    long start = va & -(1L << shift);
    long address = tables.make(area.space, va, shift, PageTables.USER_TABLE);
    if (address == 0) {
      return FaultKind.OUT_OF_MEMORY;
    }
    long entry = tables.read(address);
    if (LinuxPte.isMapped(entry)) {
      return hugetlbMapped(area, start, address, entry, write);
    }
    long index = area.index(start);
    int pfn = area.is(Vma.SHARED) ? sharedHugetlb(area, index) : privateHugetlb(area, index);
    if (pfn == PageFrames.NONE) {
      return FaultKind.BUS;
    }
    boolean writable = area.is(Vma.WRITE);
    long leaf = LinuxPte.leaf(kernel, area, pfn, true, writable);
    mapper.mapHugetlb(area.space, address, writable ? leaf | Pte.DIRTY : leaf, shift);
    return FaultKind.HUGETLB;
  }

  private int sharedHugetlb(Vma area, long index) {
    FileMapping file = area.file;
    if (file == null || index >= file.pages()) {
      return PageFrames.NONE;
    }
    int pfn = file.cached.get(index);
    if (pfn == PageFrames.NONE) {
      pfn = pool.take(area.hugeShift, true);
      file.cached.put(index, pfn);
      frames.set(pfn, PageFrames.FILE);
      frames.setMapping(pfn, file.id, index);
      frames.setReferences(pfn, 1);
    }
    return pfn;
  }

  private int privateHugetlb(Vma area, long index) {
    HugetlbReservation reservation = area.reservation;
    boolean reserved = reservation != null && reservation.take(index);
    int pfn = pool.take(area.hugeShift, reserved);
    if (pfn != PageFrames.NONE) {
      mapper.claim(pfn, area, area.address(index));
    }
    return pfn;
  }

  private FaultKind hugetlbMapped(Vma area, long start, long address, long entry, boolean write) {
    int shift = area.hugeShift;
    if (LinuxPte.isNoAccess(entry)) {
      return FaultKind.SEGMENTATION;
    }
    if (!write || LinuxPte.isWritable(entry)) {
      return FaultKind.SPURIOUS;
    }
    int old = LinuxPte.pfn(entry, shift);
    if (area.is(Vma.SHARED) || frames.references(old) == 1) {
      frames.set(old, area.is(Vma.SHARED) ? PageFrames.DIRTY : PageFrames.EXCLUSIVE);
      tables.write(address, entry | Pte.WRITABLE | Pte.DIRTY);
      return FaultKind.REUSE;
    }
    int pfn = pool.take(shift, false);
    if (pfn == PageFrames.NONE) {
      return FaultKind.BUS;
    }
    mapper.claim(pfn, area, start);
    kernel.copy(old, pfn, shift - SMALL);
    PageMapper.Gather gather = new PageMapper.Gather();
    mapper.zap(area, start, start + (1L << shift), gather);
    mapper.mapHugetlb(
        area.space, address, LinuxPte.leaf(kernel, area, pfn, true, true) | Pte.DIRTY, shift);
    mapper.finish(area.space, gather);
    return FaultKind.COPY;
  }
}
