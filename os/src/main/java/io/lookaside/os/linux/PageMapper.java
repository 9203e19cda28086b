package io.lookaside.os.linux;

import io.lookaside.mmu.format.Pte;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Maps, unmaps, copies, protects and moves pages in tables, and keeps the reverse map: which
 * mapping a page belongs to, at which index, and how many entries map it.
 *
 * <p>Source: Linux 6.1, mm/memory.c, mm/rmap.c, mm/mprotect.c, mm/mremap.c, mm/huge_memory.c.
 */
final class PageMapper {
  static final int SMALL_SHIFT = PhysicalPages.PAGE_SHIFT;
  static final int HUGE_SHIFT = 21;
  static final int HUGE_ORDER = HUGE_SHIFT - SMALL_SHIFT;
  static final int HUGE_PAGES = 1 << HUGE_ORDER;

  private final KernelState kernel;
  private final PageFrames frames;
  private final PageTables tables;
  private final IntArrayList deferredSplits = new IntArrayList();

  /** The shared huge page of zeros; made when it is first needed. */
  private int hugeZero = PageFrames.NONE;

  private @Nullable SwapCache swapCache;

  /** Takes hugetlb pages back when nobody maps them any more. */
  private @Nullable HugetlbPool pool;

  /** Frames that are free once their translations are flushed, and the range to flush. */
  static final class Gather {
    private final IntArrayList unmapped = new IntArrayList();
    private long from = Long.MAX_VALUE;
    private long to;
    private int shift = Integer.MAX_VALUE;

    void add(long start, long end, int pageShift) {
      from = Math.min(from, start);
      to = Math.max(to, end);
      shift = Math.min(shift, pageShift);
    }

    boolean isEmpty() {
      return to == 0;
    }
  }

  PageMapper(KernelState kernel) {
    this.kernel = kernel;
    this.frames = kernel.frames;
    this.tables = kernel.tables;
  }

  void setPool(HugetlbPool hugetlb) {
    pool = hugetlb;
  }

  void setSwapCache(SwapCache cache) {
    swapCache = cache;
  }

  private SwapCache swapCache() {
    SwapCache cache = swapCache;
    if (cache == null) {
      throw new IllegalStateException("the kernel is not wired");
    }
    return cache;
  }

  // Frames.

  /** Drops a reference to the page of a frame; the last one frees it. */
  void put(int pfn) {
    int head = frames.head(pfn);
    frames.addReferences(head, -1);
    if (frames.references(head) > 0) {
      return;
    }
    if (frames.is(head, PageFrames.HUGETLB)) {
      if (pool != null) {
        pool.giveBack(head);
      }
      return;
    }
    if (frames.is(head, PageFrames.LRU)) {
      kernel.lru.remove(head);
    }
    int order = 0;
    if (frames.is(head, PageFrames.HEAD)) {
      order = frames.order(head);
      kernel.pages.breakCompound(head);
      for (int i = 0; i < 1 << order; i++) {
        frames.setAllFlags(head + i, 0);
        frames.setMapping(head + i, 0, 0);
      }
    }
    frames.setAllFlags(head, 0);
    frames.setMapping(head, 0, 0);
    kernel.pages.free(head, order);
  }

  boolean isZero(int pfn) {
    return pfn == PhysicalPages.ZERO_PFN || (pfn == hugeZero && pfn != PageFrames.NONE);
  }

  /** The shared huge page of zeros, or {@link PageFrames#NONE} if memory is short. */
  int hugeZero() {
    if (hugeZero == PageFrames.NONE) {
      int pfn = kernel.pages.tryAllocate(HUGE_ORDER);
      if (pfn != PageFrames.NONE) {
        kernel.memory.zero(PhysicalPages.address(pfn), 1L << HUGE_SHIFT);
        kernel.zeroed(HUGE_ORDER);
        frames.set(pfn, PageFrames.RESERVED);
        hugeZero = pfn;
      }
    }
    return hugeZero;
  }

  /** The frame of the huge page of zeros, if it was made. */
  int hugeZeroIfMade() {
    return hugeZero;
  }

  /** A zeroed frame for an anonymous page of an area, or {@link PageFrames#NONE}. */
  int newAnonymous(Vma area, long va) {
    int pfn = kernel.pages.allocateZeroed(0);
    if (pfn != PageFrames.NONE) {
      kernel.spend(kernel.config.costs().allocation());
      kernel.zeroed(0);
      claim(pfn, area, va);
    }
    return pfn;
  }

  /** Enters a fresh anonymous page into the reverse map of its area. */
  void claim(int pfn, Vma area, long va) {
    frames.set(pfn, PageFrames.ANON | PageFrames.EXCLUSIVE | PageFrames.SWAPBACKED);
    if (area.is(Vma.LOCKED)) {
      frames.set(pfn, PageFrames.MLOCKED);
    }
    frames.setMapping(pfn, anonOf(area).id, area.index(va));
    frames.setReferences(pfn, 0);
  }

  /** Enters a page that came back from swap into the reverse map, where it is not in it yet. */
  void adopt(int pfn, Vma area, long va, boolean exclusive) {
    if (!frames.is(pfn, PageFrames.ANON)) {
      frames.set(pfn, PageFrames.ANON);
      frames.setMapping(pfn, anonOf(area).id, area.index(va));
    }
    if (exclusive) {
      frames.set(pfn, PageFrames.EXCLUSIVE);
    }
    if (area.is(Vma.LOCKED)) {
      kernel.lru.change(pfn, PageFrames.MLOCKED, 0);
    }
  }

  /**
   * Takes the pages that an area has mapped from reclaim's lists, or gives them back; if another
   * area has one locked too, reclaim will find that.
   */
  void setLocked(Vma area, boolean locked) {
    for (long va = area.start; va < area.end; ) {
      long entry = tables.read(tables.descend(area.space.root, va));
      int shift = tables.reached();
      int head = LinuxPte.isMapped(entry) ? frames.head(LinuxPte.pfn(entry, shift)) : -1;
      if (head >= 0 && frames.is(head, PageFrames.LRU)) {
        kernel.lru.change(head, locked ? PageFrames.MLOCKED : 0, locked ? 0 : PageFrames.MLOCKED);
      }
      va = (va & -(1L << shift)) + (1L << shift);
    }
  }

  /** Keeps the page of a frame from being freed or moved out; {@link #put} ends that. */
  void pin(int pfn) {
    frames.addReferences(frames.head(pfn), 1);
  }

  /** The family of anonymous pages of an area, made when it gets the first one. */
  AnonVma anonOf(Vma area) {
    AnonVma anon = area.anon;
    if (anon == null) {
      anon = kernel.register(new AnonVma(kernel.newMappingId()));
      attach(area, anon);
    }
    return anon;
  }

  void attach(Vma area, AnonVma anon) {
    area.anon = anon;
    anon.add(area);
  }

  /** Takes an area that goes out of the reverse map. */
  void detach(Vma area) {
    AnonVma anon = area.anon;
    if (anon != null) {
      anon.remove(area);
      area.anon = null;
      if (anon.areas().isEmpty()) {
        kernel.forget(anon);
      }
    }
    if (area.file != null) {
      area.file.remove(area);
    }
  }

  // Single mappings.

  /** Writes an entry for one more mapping of a small page. */
  void mapSmall(AddressSpace space, long entryAddress, long entry) {
    tables.write(entryAddress, entry);
    kernel.spend(kernel.config.costs().entryUpdate());
    int pfn = LinuxPte.pfn(entry, SMALL_SHIFT);
    if (!isZero(pfn)) {
      frames.addReferences(frames.head(pfn), 1);
      frames.addMaps(pfn, 1);
      account(space, pfn, 1);
      addToList(frames.head(pfn));
    }
  }

  /** A page that is mapped first comes to a list, if it is none of a pool. */
  private void addToList(int head) {
    if ((frames.flags(head) & (PageFrames.LRU | PageFrames.HUGETLB)) == 0) {
      kernel.lru.add(head);
    }
  }

  /**
   * Writes an entry for one more mapping of a whole huge page, with a table for its split set
   * aside.
   */
  void mapHuge(AddressSpace space, long entryAddress, long entry, long deposit) {
    tables.write(entryAddress, entry);
    kernel.spend(kernel.config.costs().entryUpdate());
    space.deposits.push(deposit);
    space.tables++;
    int head = LinuxPte.pfn(entry, HUGE_SHIFT);
    if (!isZero(head)) {
      frames.addReferences(head, 1);
      frames.setWholeMaps(head, frames.wholeMaps(head) + 1);
      account(space, head, HUGE_PAGES);
      addToList(head);
    }
  }

  void account(AddressSpace space, int pfn, int pages) {
    int head = frames.head(pfn);
    if (frames.is(head, PageFrames.HUGETLB)) {
      space.residentHugetlb += pages;
    } else if (frames.is(pfn, PageFrames.ANON)) {
      space.residentAnon += pages;
    } else if (frames.is(pfn, PageFrames.SWAPBACKED)) {
      space.residentShared += pages;
    } else {
      space.residentFile += pages;
    }
  }

  /** Takes one mapping away; the page is put when its translations are flushed. */
  private void drop(AddressSpace space, long entry, int shift, Gather gather) {
    int pfn = LinuxPte.pfn(entry, shift);
    int head = frames.head(pfn);
    if (frames.is(head, PageFrames.MLOCKED)) {
      // If another area has it locked too, reclaim will find that.
      kernel.lru.change(head, 0, PageFrames.MLOCKED);
    }
    if (shift == HUGE_SHIFT && !frames.is(pfn, PageFrames.HUGETLB)) {
      tables.freeTable(space.deposits.popLong());
      space.tables--;
    }
    if (isZero(pfn)) {
      return;
    }
    if (frames.is(pfn, PageFrames.HUGETLB)) {
      frames.addMaps(pfn, -1);
      account(space, pfn, -(1 << (shift - SMALL_SHIFT)));
    } else if (shift == HUGE_SHIFT) {
      frames.setWholeMaps(pfn, frames.wholeMaps(pfn) - 1);
      account(space, pfn, -HUGE_PAGES);
      deferSplit(pfn);
    } else {
      frames.addMaps(pfn, -1);
      account(space, pfn, -1);
      if (frames.is(pfn, PageFrames.FILE) && Pte.isDirty(entry)) {
        kernel.markDirty(pfn);
      }
      if (frames.is(pfn, PageFrames.FILE) && Pte.isAccessed(entry)) {
        kernel.workingset.markAccessed(pfn);
      }
      if (frames.is(pfn, PageFrames.HEAD | PageFrames.TAIL)) {
        deferSplit(frames.head(pfn));
      }
    }
    gather.unmapped.add(pfn);
  }

  /**
   * Notes a huge page of which a part may be unmapped, so that a shortage can split and free it.
   */
  private void deferSplit(int head) {
    boolean others = frames.references(head) > 1;
    if (others && frames.wholeMaps(head) == 0 && !frames.is(head, PageFrames.DEFERRED_SPLIT)) {
      frames.set(head, PageFrames.DEFERRED_SPLIT);
      if (deferredSplits.size() > frames.count() / HUGE_PAGES) {
        deferredSplits.removeIf(listed -> !frames.is(listed, PageFrames.DEFERRED_SPLIT));
      }
      deferredSplits.add(head);
    }
  }

  // Ranges.

  /** Unmaps all pages of an area in a range; {@link #finish} then flushes and frees. */
  void zap(Vma area, long from, long to, Gather gather) {
    AddressSpace space = area.space;
    for (long va = from; va < to; ) {
      long address = tables.descend(space.root, va);
      int shift = tables.reached();
      long entry = tables.read(address);
      long start = va & -(1L << shift);
      long end = start + (1L << shift);
      if (LinuxPte.isMapped(entry)) {
        if (start < from || end > to) {
          splitMapping(area, start, address, entry);
          continue;
        }
        tables.write(address, 0);
        kernel.spend(kernel.config.costs().entryUpdate());
        gather.add(start, end, shift);
        drop(space, entry, shift, gather);
      } else if (shift == SMALL_SHIFT && LinuxPte.isSwap(entry)) {
        tables.write(address, 0);
        space.swapEntries--;
        swapCache().release(LinuxPte.slot(tables.format(), entry));
      }
      va = end;
    }
  }

  /** Flushes what was unmapped, then frees it. */
  void finish(AddressSpace space, Gather gather) {
    if (!gather.isEmpty()) {
      kernel.cpus.flush(space, gather.from, gather.to, gather.shift);
    }
    for (int i = 0; i < gather.unmapped.size(); i++) {
      int pfn = gather.unmapped.getInt(i);
      if (frames.is(pfn, PageFrames.SWAPCACHE)) {
        swapCache().freeIfUnused(pfn);
      }
      put(pfn);
    }
  }

  /** Zaps a range and finishes. */
  void unmap(Vma area, long from, long to) {
    Gather gather = new Gather();
    zap(area, from, to, gather);
    finish(area.space, gather);
  }

  /**
   * Maps the pages of an area in a forked process too. Private anonymous pages lose the right to be
   * written in both, so that the first write copies.
   *
   * @return {@code false} if memory is short
   */
  boolean copy(Vma from, Vma to) {
    boolean cow = kernel.config.has(Mechanism.COPY_ON_WRITE);
    for (long va = from.start; va < from.end; ) {
      long address = tables.descend(from.space.root, va);
      int shift = tables.reached();
      long entry = tables.read(address);
      long start = va & -(1L << shift);
      if (entry == 0) {
        va = start + (1L << shift);
        continue;
      }
      // Memory first: what is mapped may be reclaimed for it.
      long place = tables.make(to.space, start, shift, PageTables.USER_TABLE);
      boolean huge = shift == HUGE_SHIFT && !from.is(Vma.HUGETLB);
      long deposit = place != 0 && huge ? tables.newTable() : 0;
      if (place == 0 || (huge && deposit == 0)) {
        return false;
      }
      boolean changed = isChanged(from.space, va, address, entry);
      boolean owned = LinuxPte.isMapped(entry) && isOwned(from, LinuxPte.pfn(entry, shift));
      boolean split = owned && !cow && huge;
      if (huge && (changed || split)) {
        tables.freeTable(deposit);
      }
      if (changed) {
        continue;
      }
      if (split) {
        splitMapping(from, start, address, entry);
        continue;
      }
      if (LinuxPte.isSwap(entry)) {
        copySwapped(to.space, address, entry, place);
      } else if (owned && !cow && shift == SMALL_SHIFT) {
        if (!copyNow(to, start, entry, place)) {
          return false;
        }
      } else {
        int pfn = LinuxPte.pfn(entry, shift);
        if (owned) {
          entry &= ~Pte.WRITABLE;
          tables.write(address, entry);
          frames.clear(pfn, PageFrames.EXCLUSIVE);
        }
        long copy = entry & ~Pte.ACCESSED;
        if (huge) {
          mapHuge(to.space, place, copy, deposit);
        } else if (shift == SMALL_SHIFT) {
          mapSmall(to.space, place, copy);
        } else {
          mapHugetlb(to.space, place, copy, shift);
        }
      }
      va = start + (1L << shift);
    }
    return true;
  }

  /** Whether a page is the private property of those that map it. */
  private boolean isOwned(Vma area, int pfn) {
    return area.isPrivate() && !isZero(pfn) && !frames.is(pfn, PageFrames.FILE);
  }

  /** Both name the slot now, so neither has the page for itself. */
  private void copySwapped(AddressSpace to, long from, long entry, long place) {
    long shared = LinuxPte.withoutSwapExclusive(tables.format(), entry);
    tables.write(from, shared);
    tables.write(place, shared);
    kernel.swap.addOwner(LinuxPte.slot(tables.format(), entry));
    kernel.spend(2L * kernel.config.costs().entryUpdate());
    to.swapEntries++;
  }

  void mapHugetlb(AddressSpace space, long entryAddress, long entry, int shift) {
    tables.write(entryAddress, entry);
    kernel.spend(kernel.config.costs().entryUpdate());
    int pfn = LinuxPte.pfn(entry, shift);
    frames.addReferences(pfn, 1);
    frames.addMaps(pfn, 1);
    account(space, pfn, 1 << (shift - SMALL_SHIFT));
  }

  private boolean copyNow(Vma to, long va, long entry, long place) {
    int old = LinuxPte.pfn(entry, SMALL_SHIFT);
    pin(old);
    int pfn = kernel.pages.allocate(0);
    if (pfn != PageFrames.NONE) {
      kernel.copy(old, pfn, 0);
      claim(pfn, to, va);
      mapSmall(
          to.space, place, LinuxPte.leaf(kernel, to, pfn, false, to.is(Vma.WRITE)) | Pte.DIRTY);
    }
    put(old);
    return pfn != PageFrames.NONE;
  }

  /** Gives the pages of a range the rights that their area has now. */
  void protect(Vma area, long from, long to, Gather gather) {
    AddressSpace space = area.space;
    for (long va = from; va < to; ) {
      long address = tables.descend(space.root, va);
      int shift = tables.reached();
      long entry = tables.read(address);
      long start = va & -(1L << shift);
      long end = start + (1L << shift);
      if (LinuxPte.isMapped(entry)) {
        if (start < from || end > to) {
          splitMapping(area, start, address, entry);
          continue;
        }
        int pfn = LinuxPte.pfn(entry, shift);
        long changed = LinuxPte.modify(kernel, area, entry, mayKeepWriting(area, entry, pfn));
        if (changed != entry) {
          tables.write(address, changed);
          kernel.spend(kernel.config.costs().entryUpdate());
          gather.add(start, end, shift);
        }
      }
      va = end;
    }
  }

  /** Whether a write may pass without a fault that would find nothing to do. */
  private boolean mayKeepWriting(Vma area, long entry, int pfn) {
    if (!area.is(Vma.WRITE) || isZero(pfn)) {
      return false;
    }
    if (area.is(Vma.SHARED)) {
      return (area.file != null && !area.file.backed()) || Pte.isDirty(entry);
    }
    return Pte.isDirty(entry)
        && frames.is(pfn, PageFrames.EXCLUSIVE)
        && !frames.is(pfn, PageFrames.FILE);
  }

  /**
   * Moves the pages of a range to another one: the frames stay, and their indices.
   *
   * @return {@code false} if memory for tables is short; what is moved by then stays moved
   */
  boolean move(Vma from, long start, long end, Vma to, long target, Gather gather) {
    AddressSpace space = from.space;
    for (long va = start; va < end; ) {
      long address = tables.descend(space.root, va);
      int shift = tables.reached();
      long entry = tables.read(address);
      long first = va & -(1L << shift);
      long after = first + (1L << shift);
      if (entry != 0) {
        long there = target + (va - start);
        boolean whole = first == va && after <= end && (there & ((1L << shift) - 1)) == 0;
        if (shift == HUGE_SHIFT && !from.is(Vma.HUGETLB)) {
          long place = whole ? tables.make(space, there, shift, PageTables.USER_TABLE) : 0;
          if (isChanged(space, va, address, entry)) {
            continue;
          }
          if (place == 0 || tables.read(place) != 0) {
            splitMapping(from, first, address, entry);
            continue;
          }
          tables.write(place, entry);
        } else {
          long place = tables.make(space, there, shift, PageTables.USER_TABLE);
          if (place == 0) {
            return false;
          }
          if (isChanged(space, va, address, entry)) {
            continue;
          }
          tables.write(place, entry);
        }
        tables.write(address, 0);
        kernel.spend(2L * kernel.config.costs().entryUpdate());
        gather.add(first, after, shift);
      }
      va = after;
    }
    return true;
  }

  /** Whether an entry was changed by reclaim since it was read. */
  private boolean isChanged(AddressSpace space, long va, long address, long entry) {
    return tables.descend(space.root, va) != address || tables.read(address) != entry;
  }

  // Huge pages.

  /**
   * Replaces the mapping of a huge page by 512 of its parts, with the table that was set aside. The
   * page itself stays whole.
   */
  void splitMapping(Vma area, long start, long entryAddress, long entry) {
    AddressSpace space = area.space;
    long table = space.deposits.popLong();
    int head = LinuxPte.pfn(entry, HUGE_SHIFT);
    boolean zero = isZero(head);
    long flags = entry & ~Pte.FRAME & ~Pte.PAGE_SIZE;
    for (int i = 0; i < HUGE_PAGES; i++) {
      int pfn = zero ? PhysicalPages.ZERO_PFN : head + i;
      tables.write(
          table + (long) i * tables.format().entryBytes(), PhysicalPages.address(pfn) | flags);
    }
    if (!zero) {
      boolean exclusive = frames.is(head, PageFrames.EXCLUSIVE);
      int mapping = frames.mapping(head);
      long index = frames.index(head);
      for (int i = 0; i < HUGE_PAGES; i++) {
        frames.set(head + i, PageFrames.ANON);
        // Another process's split may have made a part somebody's own, which this one must not
        // undo.
        if (exclusive) {
          frames.set(head + i, PageFrames.EXCLUSIVE);
        }
        frames.setMapping(head + i, mapping, index + i);
        frames.addMaps(head + i, 1);
      }
      frames.addReferences(head, HUGE_PAGES - 1);
      frames.setWholeMaps(head, frames.wholeMaps(head) - 1);
    }
    tables.write(entryAddress, table | PageTables.USER_TABLE);
    kernel.count(KernelMetric.HUGE_SPLITS, 1);
    kernel.spend((long) HUGE_PAGES * kernel.config.costs().entryUpdate() / 8);
    kernel.cpus.flush(space, start, start + (1L << HUGE_SHIFT), HUGE_SHIFT);
  }

  /** Splits the mapping of a huge page that an address cuts, since no page belongs to two areas. */
  void splitMappingAround(Vma area, long va) {
    long start = va & -(1L << HUGE_SHIFT);
    if (start == va || area.is(Vma.HUGETLB)) {
      return;
    }
    long address = tables.descend(area.space.root, va);
    long entry = tables.read(address);
    if (tables.reached() == HUGE_SHIFT && LinuxPte.isMapped(entry)) {
      splitMapping(area, start, address, entry);
    }
  }

  /**
   * Splits huge pages of which a part is unmapped, and frees that part.
   *
   * @return whether anything was freed
   */
  boolean splitDeferred() {
    boolean freed = false;
    IntArrayList held = new IntArrayList();
    while (!deferredSplits.isEmpty()) {
      int head = deferredSplits.popInt();
      int both = PageFrames.HEAD | PageFrames.DEFERRED_SPLIT;
      if ((frames.flags(head) & both) != both) {
        continue;
      }
      frames.clear(head, PageFrames.DEFERRED_SPLIT);
      if (frames.wholeMaps(head) != 0) {
        continue;
      }
      if (references(head) == frames.references(head)) {
        freed |= splitPage(head);
      } else {
        // Somebody holds it just now.
        frames.set(head, PageFrames.DEFERRED_SPLIT);
        held.add(head);
      }
    }
    deferredSplits.addAll(held);
    return freed;
  }

  private boolean splitPage(int head) {
    boolean freed = false;
    boolean listed = frames.is(head, PageFrames.LRU);
    if (listed) {
      kernel.lru.remove(head);
    }
    int kept = keptFlags(head);
    kernel.pages.breakCompound(head);
    for (int i = 0; i < HUGE_PAGES; i++) {
      int pfn = head + i;
      int maps = frames.maps(pfn);
      if (maps == 0) {
        freePart(pfn);
        freed = true;
      } else {
        frames.setReferences(pfn, maps);
        frames.set(pfn, kept);
        kernel.lru.add(pfn);
      }
    }
    return freed;
  }

  /** The references that a huge page has from its mappings. */
  private int references(int head) {
    int references = frames.wholeMaps(head);
    for (int i = 0; i < HUGE_PAGES; i++) {
      references += frames.maps(head + i);
    }
    return references;
  }

  /** What the parts of a split page inherit. */
  private int keptFlags(int head) {
    int inherited =
        PageFrames.SWAPBACKED
            | PageFrames.ACTIVE
            | PageFrames.REFERENCED
            | PageFrames.WORKINGSET
            | PageFrames.MLOCKED;
    return frames.flags(head) & inherited;
  }

  private void freePart(int pfn) {
    frames.setReferences(pfn, 0);
    frames.setAllFlags(pfn, 0);
    frames.setMapping(pfn, 0, 0);
    kernel.pages.free(pfn, 0);
  }

  /**
   * Splits a huge page that reclaim has taken off its list, with the mappings of the whole. The
   * parts that are mapped are reclaim's then, the others free.
   *
   * @return {@code false} if somebody else holds the page
   */
  boolean splitIsolated(int head, IntArrayList parts) {
    if (references(head) + 1 != frames.references(head)) {
      return false;
    }
    List<Vma> areas = new ArrayList<>();
    LongArrayList starts = new LongArrayList();
    visitMappings(
        head,
        (area, va, address, shift) -> {
          if (shift == HUGE_SHIFT) {
            areas.add(area);
            starts.add(va);
          }
        });
    for (int i = 0; i < areas.size(); i++) {
      long va = starts.getLong(i);
      long address = tables.descend(areas.get(i).space.root, va);
      splitMapping(areas.get(i), va, address, tables.read(address));
    }
    int kept = keptFlags(head);
    kernel.pages.breakCompound(head);
    frames.clear(head, PageFrames.DEFERRED_SPLIT);
    for (int i = 0; i < HUGE_PAGES; i++) {
      int pfn = head + i;
      if (frames.maps(pfn) == 0) {
        freePart(pfn);
      } else {
        frames.setReferences(pfn, frames.maps(pfn) + 1);
        frames.set(pfn, kept);
        parts.add(pfn);
      }
    }
    return true;
  }

  // The reverse map.

  /** Told of each entry that maps a page. */
  interface MappingVisitor {
    /**
     * An entry.
     *
     * @param shift the binary logarithm of the bytes that it maps
     */
    void visit(Vma area, long va, long entryAddress, int shift);
  }

  /** Finds all entries that map the page of a frame, by the areas of its mapping. */
  void visitMappings(int pfn, MappingVisitor visitor) {
    int head = frames.head(pfn);
    int key = frames.mapping(pfn) != 0 ? pfn : head;
    Mapping mapping = kernel.mapping(key);
    if (mapping == null) {
      return;
    }
    long index = frames.index(key) + (pfn - key);
    for (Vma area : mapping.areas()) {
      long va = area.address(index);
      if (!area.contains(va) || index < area.firstIndex) {
        continue;
      }
      long address = tables.descend(area.space.root, va);
      int shift = tables.reached();
      long entry = tables.read(address);
      if (LinuxPte.isMapped(entry)) {
        long within = (va & ((1L << shift) - 1)) >>> SMALL_SHIFT;
        if (LinuxPte.pfn(entry, shift) + within == pfn) {
          visitor.visit(area, va, address, shift);
        }
      }
    }
  }

  /** Tables of an address space that are set aside; for checks. */
  static LongArrayList deposits(AddressSpace space) {
    return space.deposits;
  }
}
