package io.lookaside.os.linux;

import org.jspecify.annotations.Nullable;

/**
 * Makes, splits, merges and removes the areas of address spaces, and finds room for new ones.
 *
 * <p>Source: Linux 6.1, mm/mmap.c.
 */
final class Areas {
  /** Linux's vm.max_map_count. */
  static final int MAX_AREAS = 65530;

  private final KernelState kernel;
  private final PageMapper mapper;
  private final HugetlbPool pool;
  private final Commitments commitments;
  private final PageCache cache;

  Areas(
      KernelState kernel,
      PageMapper mapper,
      HugetlbPool pool,
      Commitments commitments,
      PageCache cache) {
    this.cache = cache;
    this.kernel = kernel;
    this.mapper = mapper;
    this.pool = pool;
    this.commitments = commitments;
  }

  /** Enters an area, with the reverse map of its file. */
  void insert(Vma area) {
    area.space.insert(area);
    if (area.file != null) {
      area.file.add(area);
    }
  }

  /** Cuts the area at an address, so that none contains it but at its start. */
  void splitAt(AddressSpace space, long va) {
    Vma area = space.areaAt(va);
    if (area == null || area.start == va) {
      return;
    }
    mapper.splitMappingAround(area, va);
    Vma upper = new Vma(space, va, area.end, area.flags, area.index(va), area.file);
    upper.name = area.name;
    upper.hugeShift = area.hugeShift;
    upper.reservation = area.reservation;
    space.remove(area);
    area.end = va;
    space.insert(area);
    insert(upper);
    if (area.anon != null) {
      mapper.attach(upper, area.anon);
    }
  }

  /** Whether cutting a range out would need more areas than a process may have. */
  boolean tooManyAfterCut(AddressSpace space, long from, long to) {
    int more = 0;
    Vma first = space.areaAt(from);
    Vma last = space.areaAt(to - 1);
    if (first != null && first.start < from) {
      more++;
    }
    if (last != null && last.end > to) {
      more++;
    }
    return more > 0 && space.areas.size() + more > MAX_AREAS;
  }

  /** Joins neighbours in a range, and around it, that differ in nothing. */
  void mergeAround(AddressSpace space, long from, long to) {
    Vma area = space.areaBefore(from);
    if (area == null) {
      area = space.areaFrom(from);
    }
    while (area != null && area.start <= to) {
      Vma next = space.areaFrom(area.end);
      if (next == null || !alike(area, next)) {
        area = next;
        continue;
      }
      if (next.anon != null && area.anon == null) {
        mapper.attach(area, next.anon); // before the other lets go, or the family dies out
      }
      space.remove(area);
      space.remove(next);
      mapper.detach(next);
      area.end = next.end;
      space.insert(area);
    }
  }

  private static boolean alike(Vma a, Vma b) {
    int never = Vma.SPECIAL | Vma.HUGETLB | Vma.GROWSDOWN;
    return a.end == b.start
        && a.flags == b.flags
        && !a.is(never)
        && a.file == b.file
        && a.index(a.end) == b.firstIndex
        && (a.anon == null || b.anon == null || a.anon == b.anon)
        && a.name.equals(b.name);
  }

  /** Removes what is mapped in a range, with its pages and the tables that nobody needs then. */
  void removeRange(AddressSpace space, long from, long to) {
    splitAt(space, from);
    splitAt(space, to);
    PageMapper.Gather gather = new PageMapper.Gather();
    Vma area = space.areaFrom(from);
    boolean any = false;
    while (area != null && area.start < to) {
      mapper.zap(area, area.start, area.end, gather);
      forget(area);
      space.remove(area);
      any = true;
      area = space.areaFrom(area.end);
    }
    if (!any) {
      return;
    }
    Vma below = space.areaBefore(from);
    Vma above = space.areaFrom(to);
    long floor = below == null ? 0 : below.end;
    long ceiling = above == null ? topOfTables() : above.start;
    mapper.finish(space, gather);
    kernel.tables.freeTables(space, from, to, floor, ceiling);
  }

  /** The address after the last that tables of the user half cover. */
  private long topOfTables() {
    return kernel.config.format() == TableFormat.X86_64 ? 1L << 47 : 0xc000_0000L;
  }

  /** Gives back what an area that goes was promised, and takes it out of the reverse map. */
  private void forget(Vma area) {
    if (area.is(Vma.ACCOUNT)) {
      commitments.release(area.pages());
    }
    if (area.reservation != null) {
      int waiting = area.reservation.takeAll(area.firstIndex, area.index(area.end));
      pool.unreserve(area.hugeShift, waiting);
    }
    mapper.detach(area);
    FileMapping file = area.file;
    if (file != null && file.areas().isEmpty() && !file.backed() && !file.keep()) {
      dropFile(area, file);
    }
  }

  /** Shared anonymous memory goes with its last area. */
  private void dropFile(Vma area, FileMapping file) {
    if (area.is(Vma.HUGETLB)) {
      long pages = file.bytes() >>> area.hugeShift;
      pool.unreserve(area.hugeShift, pages - file.cached.size());
    }
    cache.truncate(file, 0);
    commitments.release(file.committedPages());
    kernel.forget(file);
  }

  /**
   * Finds room for a mapping, from the top of the mapping area down, and if there is none from its
   * bottom up.
   *
   * @param align to what the start is aligned
   * @return its start, or a negated error number
   */
  long findRoom(AddressSpace space, long length, long align) {
    long taskSize = kernel.config.format().taskSize();
    if (length > taskSize) {
      return -Abi.ENOMEM;
    }
    long high = space.mmapBase;
    Vma area = space.areaBefore(high);
    Vma above = space.areaFrom(high);
    if (above != null && above.start < high) {
      high = above.start;
    } else if (above != null) {
      high = Math.min(high, startWithGuard(above));
    }
    while (true) {
      long low = area == null ? PhysicalPages.PAGE_BYTES : area.end;
      long start = (high - length) & -align;
      if (start >= low && high > low) {
        return start;
      }
      if (area == null) {
        break;
      }
      high = Math.min(high, startWithGuard(area));
      area = space.areaBefore(area.start);
    }
    return findRoomUpward(space, length, align, taskSize);
  }

  private long findRoomUpward(AddressSpace space, long length, long align, long taskSize) {
    long low = (taskSize / 3 + PhysicalPages.PAGE_BYTES - 1) & -align;
    Vma area = space.areaFrom(low);
    while (true) {
      long high = area == null ? taskSize : startWithGuard(area);
      if (high - low >= length) {
        return low;
      }
      if (area == null) {
        return -Abi.ENOMEM;
      }
      low = Math.max(low, (area.end + align - 1) & -align);
      area = space.areaFrom(area.end);
    }
  }

  /** Where an area begins, or the pages that stay free below it if it is a stack. */
  static long startWithGuard(Vma area) {
    return area.is(Vma.GROWSDOWN) ? Math.max(0, area.start - Faults.STACK_GUARD_BYTES) : area.start;
  }

  /** Whether an area may be extended in place to a new end. */
  boolean canExtend(Vma area, long end) {
    if (end > kernel.config.format().taskSize()) {
      return false;
    }
    @Nullable Vma next = area.space.areaFrom(area.end);
    return next == null || end <= next.start;
  }
}
