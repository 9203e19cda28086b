package io.lookaside.os.linux;

import static io.lookaside.os.linux.PhysicalPages.PAGE_BYTES;
import static io.lookaside.os.linux.PhysicalPages.PAGE_SHIFT;

import org.jspecify.annotations.Nullable;

/**
 * The system calls that change an address space. Each returns what Linux returns: a value, or a
 * negated error number ({@link Abi}).
 *
 * <p>Source: Linux 6.1, mm/mmap.c, mm/mprotect.c, mm/mremap.c, mm/madvise.c, mm/mlock.c.
 */
final class SystemCalls {
  private static final long OFFSET = PAGE_BYTES - 1;

  /** Linux's default of RLIMIT_MEMLOCK, 8 MiB. */
  static final long LOCK_LIMIT_PAGES = 8 << (20 - PAGE_SHIFT);

  private final KernelState kernel;
  private final PageMapper mapper;
  private final Areas areas;
  private final Faults faults;
  private final HugetlbPool pool;
  private final Commitments commitments;

  SystemCalls(
      KernelState kernel,
      PageMapper mapper,
      Areas areas,
      Faults faults,
      HugetlbPool pool,
      Commitments commitments) {
    this.kernel = kernel;
    this.mapper = mapper;
    this.areas = areas;
    this.faults = faults;
    this.pool = pool;
    this.commitments = commitments;
  }

  private static long align(long value) {
    return (value + OFFSET) & ~OFFSET;
  }

  private long taskSize() {
    return kernel.config.format().taskSize();
  }

  // brk

  long brk(AddressSpace space, long wanted) {
    long old = space.heapEnd;
    if (wanted < space.heapStart || wanted >= taskSize()) {
      return old;
    }
    long from = align(old);
    long to = align(wanted);
    if (to == from) {
      space.heapEnd = wanted;
      return wanted;
    }
    if (to < from) {
      areas.removeRange(space, to, from);
      space.heapEnd = wanted;
      return wanted;
    }
    Vma above = space.areaFrom(from);
    if (above != null && to + PAGE_BYTES > Areas.startWithGuard(above)) {
      return old;
    }
    int flags = Vma.READ | Vma.WRITE | Vma.MAYWRITE | Vma.ACCOUNT;
    if (space.areas.size() >= Areas.MAX_AREAS
        || !commitments.promise(space, (to - from) >>> PAGE_SHIFT)) {
      return old;
    }
    Vma heap = new Vma(space, from, to, flags, from >>> PAGE_SHIFT, null);
    heap.name = "[heap]";
    areas.insert(heap);
    areas.mergeAround(space, from, to);
    space.heapEnd = wanted;
    populateNow(space, from, to, false);
    return wanted;
  }

  // mmap

  long mmap(
      AddressSpace space,
      long hint,
      long bytes,
      int rights,
      int flags,
      @Nullable FileMapping file,
      long offset) {
    if ((offset & OFFSET) != 0 || bytes == 0) {
      return -Abi.EINVAL;
    }
    boolean shared = (flags & Abi.MAP_SHARED) != 0;
    if (shared == ((flags & Abi.MAP_PRIVATE) != 0)) {
      return -Abi.EINVAL;
    }
    boolean anonymous = (flags & Abi.MAP_ANONYMOUS) != 0;
    if (anonymous != (file == null)) {
      throw new IllegalArgumentException("a file must be given for all but MAP_ANONYMOUS");
    }
    int hugeShift = hugeShift(flags);
    if (hugeShift < 0 || (hugeShift > 0 && file != null)) {
      return -Abi.EINVAL;
    }
    long unit = hugeShift == 0 ? PAGE_BYTES : 1L << hugeShift;
    long length = (bytes + unit - 1) & -unit;
    if (length <= 0) {
      return -Abi.ENOMEM;
    }
    long firstIndex = offset >>> PAGE_SHIFT;
    if (Long.compareUnsigned(firstIndex + (length >>> PAGE_SHIFT), firstIndex) < 0) {
      return -Abi.EOVERFLOW;
    }
    if (space.areas.size() > Areas.MAX_AREAS) {
      return -Abi.ENOMEM;
    }
    long start = place(space, hint, length, unit, flags);
    if (Abi.isError(start)) {
      return start;
    }
    if (file != null && shared && (rights & Abi.PROT_WRITE) != 0 && !file.writable()) {
      return -Abi.EACCES;
    }
    if (shared && (flags & Abi.MAP_GROWSDOWN) != 0) {
      return -Abi.EINVAL;
    }
    boolean lock = (flags & Abi.MAP_LOCKED) != 0;
    if (lock && space.lockedPages + (length >>> PAGE_SHIFT) > LOCK_LIMIT_PAGES) {
      return -Abi.EAGAIN;
    }
    if ((flags & (Abi.MAP_FIXED | Abi.MAP_FIXED_NOREPLACE)) != 0) {
      if (areas.tooManyAfterCut(space, start, start + length)) {
        return -Abi.ENOMEM;
      }
      areas.removeRange(space, start, start + length);
    }
    long error = enter(space, start, length, rights, flags, file, firstIndex, hugeShift);
    if (error != 0) {
      return error;
    }
    boolean populate = lock || (flags & Abi.MAP_POPULATE) != 0;
    populateNow(space, start, start + length, populate);
    return start;
  }

  /**
   * 0 for no hugetlb page, else the binary logarithm of the size; -1 if there is none like that.
   */
  private int hugeShift(int flags) {
    if ((flags & Abi.MAP_HUGETLB) == 0) {
      return 0;
    }
    int shift = flags >>> Abi.MAP_HUGE_SHIFT & Abi.MAP_HUGE_MASK;
    boolean exists = kernel.config.format() == TableFormat.X86_64;
    if (!exists || (shift != 0 && shift != PageMapper.HUGE_SHIFT && shift != 30)) {
      return -1;
    }
    return shift == 0 ? PageMapper.HUGE_SHIFT : shift;
  }

  private long place(AddressSpace space, long hint, long length, long unit, int flags) {
    long limit = taskSize();
    if (length > limit) {
      return -Abi.ENOMEM;
    }
    if ((flags & (Abi.MAP_FIXED | Abi.MAP_FIXED_NOREPLACE)) != 0) {
      if (hint < 0 || hint > limit - length) {
        return -Abi.ENOMEM;
      }
      if ((hint & (unit - 1)) != 0) {
        return -Abi.EINVAL;
      }
      boolean keep = (flags & Abi.MAP_FIXED_NOREPLACE) != 0;
      return keep && !space.isFree(hint, hint + length) ? -Abi.EEXIST : hint;
    }
    long wanted = (hint + unit - 1) & -unit;
    if (wanted > 0 && wanted <= limit - length) {
      Vma above = space.areaFrom(wanted);
      if (above == null || wanted + length <= Areas.startWithGuard(above)) {
        return wanted;
      }
    }
    return areas.findRoom(space, length, unit);
  }

  private long enter(
      AddressSpace space,
      long start,
      long length,
      int rights,
      int flags,
      @Nullable FileMapping file,
      long firstIndex,
      int hugeShift) {
    boolean shared = (flags & Abi.MAP_SHARED) != 0;
    boolean write = (rights & Abi.PROT_WRITE) != 0;
    long pages = length >>> PAGE_SHIFT;
    int vmFlags = rights & Vma.ACCESS;
    vmFlags |= shared ? Vma.SHARED : 0;
    vmFlags |= !shared || file == null || file.writable() ? Vma.MAYWRITE : 0;
    vmFlags |= (flags & Abi.MAP_GROWSDOWN) != 0 ? Vma.GROWSDOWN : 0;
    vmFlags |= (flags & Abi.MAP_LOCKED) != 0 ? Vma.LOCKED : 0;
    vmFlags |= hugeShift != 0 ? Vma.HUGETLB : 0;
    boolean noReserve =
        (flags & Abi.MAP_NORESERVE) != 0
            && kernel.config.overcommit() != LinuxConfig.Overcommit.NEVER;
    if (noReserve) {
      vmFlags |= Vma.NORESERVE;
    }
    boolean counts = !noReserve && hugeShift == 0;
    boolean promised = counts && (shared ? file == null : write);
    if (promised && !commitments.promise(space, pages)) {
      return -Abi.ENOMEM;
    }
    if (promised && !shared) {
      vmFlags |= Vma.ACCOUNT;
    }
    HugetlbReservation reservation = null;
    if (hugeShift != 0) {
      long hugePages = length >>> hugeShift;
      if (!pool.reserve(hugeShift, hugePages)) {
        return -Abi.ENOMEM;
      }
      if (!shared) {
        reservation = new HugetlbReservation(start >>> PAGE_SHIFT, hugeShift, (int) hugePages);
      }
    }
    FileMapping backing = file;
    long index = firstIndex;
    if (file == null && shared) {
      backing =
          kernel.register(
              new FileMapping(
                  kernel.newMappingId(), "/dev/zero (deleted)", length, true, false, at -> 0));
      backing.setCommittedPages(promised ? pages : 0);
      index = 0;
    } else if (file == null) {
      index = start >>> PAGE_SHIFT;
    }
    Vma area = new Vma(space, start, start + length, vmFlags, index, backing);
    area.name = backing == null ? "" : backing.name();
    area.hugeShift = hugeShift;
    area.reservation = reservation;
    areas.insert(area);
    areas.mergeAround(space, start, start + length);
    return 0;
  }

  /**
   * Touches all pages of a range as far as its areas permit, where it was asked for, or where
   * nothing waits for a touch.
   */
  private void populateNow(AddressSpace space, long from, long to, boolean asked) {
    if (!asked && kernel.config.has(Mechanism.DEMAND_PAGING)) {
      return;
    }
    populate(space, from, to);
  }

  /** Returns 0, or what mlock says of a page that could not be had. */
  private long populate(AddressSpace space, long from, long to) {
    for (long va = from; va < to; ) {
      Vma area = space.areaAt(va);
      if (area == null || !area.is(Vma.ACCESS)) {
        return -Abi.ENOMEM;
      }
      boolean write = area.is(Vma.WRITE) && area.isPrivate();
      long address = kernel.tables.descend(space.root, va);
      int shift = kernel.tables.reached();
      long entry = kernel.tables.read(address);
      boolean there =
          LinuxPte.isMapped(entry)
              && !LinuxPte.isNoAccess(entry)
              && (!write || LinuxPte.isWritable(entry));
      if (!there) {
        FaultKind kind = faults.touch(area, va, write);
        if (!kind.answered()) {
          return kind == FaultKind.OUT_OF_MEMORY ? -Abi.ENOMEM : -Abi.EFAULT;
        }
        continue;
      }
      va = (va & -(1L << shift)) + (1L << shift);
    }
    return 0;
  }

  // munmap

  long munmap(AddressSpace space, long start, long bytes) {
    if ((start & OFFSET) != 0
        || start < 0
        || start > taskSize()
        || bytes <= 0
        || bytes > taskSize() - start) {
      return -Abi.EINVAL;
    }
    long end = start + align(bytes);
    if (cutsHugetlb(space, start) || cutsHugetlb(space, end)) {
      return -Abi.EINVAL;
    }
    if (areas.tooManyAfterCut(space, start, end)) {
      return -Abi.ENOMEM;
    }
    areas.removeRange(space, start, end);
    return 0;
  }

  /** Whether an address is within a page of the hugetlb pool. */
  private static boolean cutsHugetlb(AddressSpace space, long va) {
    Vma area = space.areaAt(va);
    return area != null && area.is(Vma.HUGETLB) && (va & ((1L << area.hugeShift) - 1)) != 0;
  }

  // mprotect

  long mprotect(AddressSpace space, long start, long bytes, int rights) {
    if ((start & OFFSET) != 0 || (rights & ~Vma.ACCESS) != 0) {
      return -Abi.EINVAL;
    }
    if (bytes == 0) {
      return 0;
    }
    long end = start + align(bytes);
    if (end <= start) {
      return -Abi.ENOMEM;
    }
    long result = 0;
    PageMapper.Gather gather = new PageMapper.Gather();
    long va = start;
    while (va < end) {
      Vma area = space.areaAt(va);
      if (area == null) {
        result = -Abi.ENOMEM;
        break;
      }
      long to = Math.min(end, area.end);
      result = protectArea(space, area, va, to, rights, gather);
      if (result != 0) {
        break;
      }
      va = to;
    }
    mapper.finish(space, gather);
    areas.mergeAround(space, start, Math.min(va, end));
    return result;
  }

  private long protectArea(
      AddressSpace space, Vma area, long from, long to, int rights, PageMapper.Gather gather) {
    if ((rights & Abi.PROT_WRITE) != 0 && !area.is(Vma.MAYWRITE)) {
      return -Abi.EACCES;
    }
    if (cutsHugetlb(space, from) || (to < area.end && cutsHugetlb(space, to))) {
      return -Abi.EINVAL;
    }
    if ((area.flags & Vma.ACCESS) == rights) {
      return 0;
    }
    if (areas.tooManyAfterCut(space, from, to)) {
      return -Abi.ENOMEM;
    }
    boolean nowCounts =
        (rights & Abi.PROT_WRITE) != 0
            && !area.is(Vma.ACCOUNT | Vma.WRITE | Vma.HUGETLB | Vma.SHARED | Vma.NORESERVE);
    if (nowCounts && !commitments.promise(space, (to - from) >>> PAGE_SHIFT)) {
      return -Abi.ENOMEM;
    }
    areas.splitAt(space, from);
    areas.splitAt(space, to);
    Vma middle = space.areaAt(from);
    if (middle == null) {
      throw new IllegalStateException("an area is gone");
    }
    middle.flags = (middle.flags & ~Vma.ACCESS) | rights | (nowCounts ? Vma.ACCOUNT : 0);
    mapper.protect(middle, from, to, gather);
    return 0;
  }

  // mremap

  long mremap(AddressSpace space, long old, long oldBytes, long newBytes, int flags, long target) {
    boolean mayMove = (flags & Abi.MREMAP_MAYMOVE) != 0;
    boolean fixed = (flags & Abi.MREMAP_FIXED) != 0;
    boolean keep = (flags & Abi.MREMAP_DONTUNMAP) != 0;
    int known = Abi.MREMAP_MAYMOVE | Abi.MREMAP_FIXED | Abi.MREMAP_DONTUNMAP;
    if ((flags & ~known) != 0
        || ((fixed || keep) && !mayMove)
        || (keep && oldBytes != newBytes)
        || (old & OFFSET) != 0) {
      return -Abi.EINVAL;
    }
    long oldLength = align(oldBytes);
    long newLength = align(newBytes);
    if (newLength <= 0 || oldLength < 0) {
      return -Abi.EINVAL;
    }
    Vma area = space.areaAt(old);
    if (area == null) {
      return -Abi.EFAULT;
    }
    if (area.is(Vma.HUGETLB)) {
      return -Abi.EINVAL; // Linux moves such areas in whole pages; Lookaside does not
    }
    if (fixed) {
      if ((target & OFFSET) != 0
          || newLength > taskSize()
          || target < 0
          || target > taskSize() - newLength
          || (old + oldLength > target && target + newLength > old)) {
        return -Abi.EINVAL;
      }
      areas.removeRange(space, target, target + newLength);
      if (oldLength > newLength) {
        areas.removeRange(space, old + newLength, old + oldLength);
        oldLength = newLength;
      }
      area = space.areaAt(old);
      if (area == null) {
        return -Abi.EFAULT;
      }
    } else if (!keep && oldLength >= newLength) {
      if (oldLength > newLength) {
        if (areas.tooManyAfterCut(space, old + newLength, old + oldLength)) {
          return -Abi.ENOMEM;
        }
        areas.removeRange(space, old + newLength, old + oldLength);
      }
      return old;
    }
    if (oldLength == 0 && !area.is(Vma.SHARED)) {
      return -Abi.EINVAL;
    }
    if (oldLength > area.end - old || area.is(Vma.SPECIAL)) {
      return -Abi.EFAULT;
    }
    long more = newLength > oldLength ? (newLength - oldLength) >>> PAGE_SHIFT : 0;
    if (area.is(Vma.LOCKED) && space.lockedPages + more > LOCK_LIMIT_PAGES) {
      return -Abi.EAGAIN;
    }
    boolean inPlace =
        !fixed && !keep && old + oldLength == area.end && areas.canExtend(area, old + newLength);
    if (!inPlace && !mayMove) {
      return -Abi.ENOMEM;
    }
    if (inPlace) {
      return extend(space, area, old, old + newLength, more);
    }
    long place = fixed ? target : areas.findRoom(space, newLength, PAGE_BYTES);
    if (Abi.isError(place)) {
      return place;
    }
    return moveArea(space, old, oldLength, place, newLength, keep);
  }

  private long extend(AddressSpace space, Vma area, long start, long end, long more) {
    if (area.is(Vma.ACCOUNT) && !commitments.promise(space, more)) {
      return -Abi.ENOMEM;
    }
    long was = area.end;
    space.remove(area);
    area.end = end;
    space.insert(area);
    populateNow(space, was, end, area.is(Vma.LOCKED));
    areas.mergeAround(space, area.start, end);
    return start;
  }

  private long moveArea(
      AddressSpace space, long old, long oldLength, long place, long newLength, boolean keep) {
    Vma whole = space.areaAt(old);
    if (whole == null || space.areas.size() >= Areas.MAX_AREAS - 3) {
      return -Abi.ENOMEM;
    }
    long pages = newLength >>> PAGE_SHIFT;
    if (whole.is(Vma.ACCOUNT) && !commitments.promise(space, pages)) {
      return -Abi.ENOMEM;
    }
    // An area without pages of its own may take new indices, so that it can merge where it comes
    // to.
    boolean untouched = whole.file == null && whole.anon == null;
    long index = untouched ? place >>> PAGE_SHIFT : whole.index(old);
    Vma moved = new Vma(space, place, place + newLength, whole.flags, index, whole.file);
    moved.name = whole.name;
    areas.insert(moved);
    if (whole.anon != null) {
      mapper.attach(moved, whole.anon);
    }
    PageMapper.Gather gather = new PageMapper.Gather();
    boolean complete = mapper.move(whole, old, old + oldLength, moved, place, gather);
    mapper.finish(space, gather);
    if (!complete) {
      // Back to where it was: those tables are there.
      PageMapper.Gather back = new PageMapper.Gather();
      mapper.move(moved, place, place + oldLength, whole, old, back);
      mapper.finish(space, back);
      areas.removeRange(space, place, place + newLength);
      return -Abi.ENOMEM;
    }
    if (!keep && oldLength > 0) {
      areas.removeRange(space, old, old + oldLength);
    }
    populateNow(space, place + oldLength, place + newLength, moved.is(Vma.LOCKED));
    areas.mergeAround(space, place, place + newLength);
    return place;
  }

  // madvise

  long madvise(AddressSpace space, long start, long bytes, int advice) {
    boolean huge = advice == Abi.MADV_HUGEPAGE || advice == Abi.MADV_NOHUGEPAGE;
    boolean known = huge || advice == Abi.MADV_DONTNEED || advice == Abi.MADV_NORMAL;
    if (!known
        || (huge && kernel.config.format() != TableFormat.X86_64)
        || (start & OFFSET) != 0
        || bytes < 0) {
      return -Abi.EINVAL;
    }
    long end = start + align(bytes);
    if (end < start) {
      return -Abi.EINVAL;
    }
    long result = 0;
    for (long va = start; va < end; ) {
      Vma area = space.areaFrom(va);
      if (area == null) {
        return -Abi.ENOMEM;
      }
      if (area.start > va) {
        result = -Abi.ENOMEM; // said at the end; what is mapped is advised all the same
        va = Math.min(end, area.start);
        continue;
      }
      long to = Math.min(end, area.end);
      long error = advise(space, area, va, to, advice);
      if (error != 0) {
        return error;
      }
      va = to;
    }
    if (huge) {
      areas.mergeAround(space, start, end);
    }
    return result;
  }

  private long advise(AddressSpace space, Vma area, long from, long to, int advice) {
    if (advice == Abi.MADV_NORMAL) {
      return 0;
    }
    if (advice == Abi.MADV_DONTNEED) {
      if (area.is(Vma.LOCKED) || cutsHugetlb(space, from)) {
        return -Abi.EINVAL;
      }
      long end = area.is(Vma.HUGETLB) ? to & -(1L << area.hugeShift) : to;
      mapper.unmap(area, from, Math.max(from, end));
      return 0;
    }
    if (area.is(Vma.HUGETLB | Vma.SPECIAL)) {
      return -Abi.EINVAL;
    }
    if (areas.tooManyAfterCut(space, from, to)) {
      return -Abi.ENOMEM;
    }
    areas.splitAt(space, from);
    areas.splitAt(space, to);
    Vma middle = space.areaAt(from);
    if (middle != null) {
      middle.flags &= ~(Vma.HUGEPAGE | Vma.NOHUGEPAGE);
      middle.flags |= advice == Abi.MADV_HUGEPAGE ? Vma.HUGEPAGE : Vma.NOHUGEPAGE;
    }
    return 0;
  }

  // mlock

  long mlock(AddressSpace space, long start, long bytes, boolean lock) {
    long from = start & ~OFFSET;
    long end = from + align(bytes + (start & OFFSET));
    if (end < from) {
      return -Abi.EINVAL;
    }
    if (end == from) {
      return 0;
    }
    if (lock && newlyLocked(space, from, end) + space.lockedPages > LOCK_LIMIT_PAGES) {
      return -Abi.ENOMEM;
    }
    for (long va = from; va < end; ) {
      Vma area = space.areaAt(va);
      if (area == null) {
        return -Abi.ENOMEM;
      }
      long to = Math.min(end, area.end);
      if (area.is(Vma.LOCKED) != lock && !area.is(Vma.HUGETLB | Vma.SPECIAL)) {
        if (areas.tooManyAfterCut(space, va, to)) {
          return -Abi.ENOMEM;
        }
        areas.splitAt(space, va);
        areas.splitAt(space, to);
        Vma middle = space.areaAt(va);
        if (middle != null) {
          space.remove(middle);
          middle.flags = lock ? middle.flags | Vma.LOCKED : middle.flags & ~Vma.LOCKED;
          space.insert(middle);
          mapper.setLocked(middle, lock);
        }
      }
      va = to;
    }
    areas.mergeAround(space, from, end);
    long result = lock ? populate(space, from, end) : 0;
    return result == -Abi.EFAULT ? -Abi.ENOMEM : result;
  }

  private static long newlyLocked(AddressSpace space, long from, long to) {
    long pages = (to - from) >>> PAGE_SHIFT;
    for (Vma area : space.areas.values()) {
      if (area.is(Vma.LOCKED) && area.start < to && area.end > from) {
        pages -= (Math.min(to, area.end) - Math.max(from, area.start)) >>> PAGE_SHIFT;
      }
    }
    return pages;
  }

  // fork

  /** Copies all areas to a fresh space; {@code false} if memory is short. */
  boolean copyAreas(AddressSpace from, AddressSpace to) {
    for (Vma area : from.areas.values()) {
      if (area.is(Vma.ACCOUNT) && !commitments.promise(to, area.pages())) {
        return false;
      }
      int flags = area.flags & ~Vma.LOCKED;
      Vma copy = new Vma(to, area.start, area.end, flags, area.firstIndex, area.file);
      copy.name = area.name;
      copy.hugeShift = area.hugeShift;
      areas.insert(copy);
      if (area.anon != null) {
        mapper.attach(copy, area.anon);
      }
      // What only maps a file's pages is cheaper to fault in again than to copy.
      boolean needed = area.anon != null || area.is(Vma.HUGETLB);
      if (needed && !mapper.copy(area, copy)) {
        return false;
      }
    }
    return true;
  }
}
