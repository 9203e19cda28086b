package io.lookaside.os.linux;

import io.lookaside.mmu.format.Pte;
import it.unimi.dsi.fastutil.ints.IntArrayList;

/**
 * Frees memory: looks at pages from the tails of the lists, gives a second chance to those whose
 * accessed bit is set, drops clean pages of files, writes the others, and keeps the lists balanced.
 *
 * <p>Source: Linux 6.1, mm/vmscan.c. A huge page is always split before it goes to swap.
 */
final class Reclaim {
  /** Pages that are looked at together, and how many a direct reclaim wants (SWAP_CLUSTER_MAX). */
  static final int BATCH = 32;

  /** Where a scan begins: it looks at 1/4096 of a list (DEF_PRIORITY). */
  static final int FIRST_PRIORITY = 12;

  private static final int RECLAIMABLE_LISTS = 4;

  private final KernelState kernel;
  private final PageFrames frames;
  private final PageMapper mapper;
  private final PageCache cache;
  private final SwapCache swapCache;
  private final Writeback writeback;
  private final LruLists lru;
  private final UnmapBatch unmapped;

  /** Activations of refaulted pages, anonymous and of files, at the end of the last reclaim. */
  private final long[] seenActivations = new long[2];

  /** Whether kswapd found nothing but pages that are being written, or that nobody writes. */
  private boolean allWriting;

  private boolean allDirty;

  // What the last walk of the reverse map found.
  private int referencedEntries;
  private int areaFlags;

  Reclaim(
      KernelState kernel,
      PageMapper mapper,
      PageCache cache,
      SwapCache swapCache,
      Writeback writeback) {
    this.kernel = kernel;
    this.frames = kernel.frames;
    this.mapper = mapper;
    this.cache = cache;
    this.swapCache = swapCache;
    this.writeback = writeback;
    this.lru = kernel.lru;
    this.unmapped = new UnmapBatch(kernel);
  }

  /** An effort to free memory (scan_control). */
  static final class Scan {
    final boolean kswapd;
    int priority = FIRST_PRIORITY;
    long wanted;
    long reclaimed;
    long scanned;
    boolean forceDeactivate;
    boolean skippedDeactivate;

    // Of one pass over the lists.
    private boolean deactivateAnon;
    private boolean deactivateFile;
    private final long[] left = new long[RECLAIMABLE_LISTS];
    private final long[] targets = new long[RECLAIMABLE_LISTS];
    private int list;
    private long reclaimedBefore;
    private boolean stopped;
    private long taken;
    private long fileTaken;
    private long unqueuedDirty;
    private long writing;
    private long immediate;

    Scan(boolean kswapd, long wanted) {
      this.kswapd = kswapd;
      this.wanted = wanted;
    }

    /** Freed in the pass that ended. */
    long reclaimedInPass() {
      return reclaimed - reclaimedBefore;
    }

    /** Whether the pass met pages that are written too slowly for kswapd. */
    boolean isTooFast() {
      return immediate > 0;
    }
  }

  private enum Verdict {
    FREE,
    KEEP,
    ACTIVATE,
    /** The page was split, and its parts are in the batch. */
    SPLIT
  }

  // A pass over the lists.

  /** Begins a pass at the scan's priority (prepare_scan_count, get_scan_count). */
  void begin(Scan scan) {
    kernel.spend(CostPart.RECLAIM, kernel.config.costs().scan());
    scan.list = 0;
    scan.stopped = false;
    scan.reclaimedBefore = scan.reclaimed;
    scan.taken = 0;
    scan.fileTaken = 0;
    scan.unqueuedDirty = 0;
    scan.writing = 0;
    scan.immediate = 0;
    scan.deactivateAnon = scan.forceDeactivate || isToDeactivate(false);
    scan.deactivateFile = scan.forceDeactivate || isToDeactivate(true);
    long inactiveFile = lru.size(LruLists.INACTIVE_FILE);
    boolean trimCache = inactiveFile >> scan.priority > 0 && !scan.deactivateFile;
    long files = lru.size(LruLists.ACTIVE_FILE) + inactiveFile;
    long high = kernel.pages.zones().stream().mapToLong(z -> z.watermarks().high()).sum();
    boolean fewFiles =
        files + kernel.pages.freeFrames() <= high
            && !scan.deactivateAnon
            && lru.size(LruLists.INACTIVE_ANON) >> scan.priority > 0;
    setTargets(scan, trimCache, fewFiles);
  }

  private boolean isToDeactivate(boolean file) {
    int kind = file ? 1 : 0;
    return kernel.workingset.activations[kind] != seenActivations[kind] || lru.isInactiveLow(file);
  }

  private void setTargets(Scan scan, boolean trimCache, boolean fewFiles) {
    long swappiness = kernel.config.reclaim().swappiness();
    // The share of each kind: by what reclaiming it has cost, and by swappiness.
    long total = lru.anonCost + lru.fileCost;
    long anonCost = total + lru.anonCost;
    long fileCost = total + lru.fileCost;
    total = anonCost + fileCost;
    long anonShare = swappiness * (total + 1) / (anonCost + 1);
    long fileShare = (200 - swappiness) * (total + 1) / (fileCost + 1);
    boolean filesOnly = kernel.swap.freePages() <= 0;
    boolean equally = !filesOnly && scan.priority == 0 && swappiness > 0;
    boolean anonOnly = !filesOnly && !equally && fewFiles;
    filesOnly |= !equally && !anonOnly && trimCache;
    for (int list = 0; list < RECLAIMABLE_LISTS; list++) {
      boolean file = LruLists.isFile(list);
      long pages = lru.size(list) >> scan.priority;
      if (filesOnly || anonOnly) {
        pages = filesOnly == file ? pages : 0;
      } else if (!equally) {
        pages = pages * (file ? fileShare : anonShare) / (anonShare + fileShare);
      }
      scan.left[list] = pages;
      scan.targets[list] = pages;
    }
  }

  /** Looks at one batch of one list; {@code false} when the pass is over (shrink_lruvec). */
  boolean step(Scan scan) {
    while (true) {
      if (scan.list == RECLAIMABLE_LISTS) {
        scan.list = 0;
        adjust(scan);
      }
      boolean more =
          scan.left[LruLists.INACTIVE_ANON]
                  + scan.left[LruLists.ACTIVE_FILE]
                  + scan.left[LruLists.INACTIVE_FILE]
              > 0;
      if (scan.list == 0 && (scan.stopped || !more)) {
        end(scan);
        return false;
      }
      int list = scan.list++;
      int pages = (int) Math.min(scan.left[list], BATCH);
      if (pages == 0) {
        continue;
      }
      scan.left[list] -= pages;
      if (!LruLists.isActive(list)) {
        shrinkInactive(list, pages, scan);
      } else if (LruLists.isFile(list) ? scan.deactivateFile : scan.deactivateAnon) {
        shrinkActive(list, pages);
      } else {
        scan.skippedDeactivate = true;
      }
      return true;
    }
  }

  /** When enough is freed, looks on only as far as the kinds are to be in proportion. */
  private static void adjust(Scan scan) {
    boolean proportional = !scan.kswapd && scan.priority == FIRST_PRIORITY;
    if (scan.reclaimedInPass() < scan.wanted || proportional) {
      return;
    }
    long file = scan.left[LruLists.INACTIVE_FILE] + scan.left[LruLists.ACTIVE_FILE];
    long anon = scan.left[LruLists.INACTIVE_ANON] + scan.left[LruLists.ACTIVE_ANON];
    if (file == 0 || anon == 0) {
      scan.stopped = true;
      return;
    }
    int smaller = file > anon ? LruLists.INACTIVE_ANON : LruLists.INACTIVE_FILE;
    long target = scan.targets[smaller] + scan.targets[smaller + 1] + 1;
    long percentage = Math.min(file, anon) * 100 / target;
    scan.left[smaller] = 0;
    scan.left[smaller + 1] = 0;
    int larger = LruLists.INACTIVE_FILE - smaller;
    for (int list = larger; list <= larger + 1; list++) {
      long done = scan.targets[list] - scan.left[list];
      long wanted = scan.targets[list] * (100 - percentage) / 100;
      scan.left[list] = Math.max(0, wanted - done);
    }
  }

  private void end(Scan scan) {
    if (kernel.swap.totalPages() > 0 && lru.isInactiveLow(false)) {
      shrinkActive(LruLists.ACTIVE_ANON, BATCH);
    }
    if (scan.kswapd) {
      allWriting |= scan.writing > 0 && scan.writing == scan.taken;
      allDirty |= scan.unqueuedDirty > 0 && scan.unqueuedDirty == scan.fileTaken;
    }
  }

  /** kswapd goes to sleep: there is enough memory. */
  void calm() {
    allWriting = false;
    allDirty = false;
  }

  /** Notes at the end of an effort what refaults were seen by then (snapshot_refaults). */
  void noteRefaults() {
    seenActivations[0] = kernel.workingset.activations[0];
    seenActivations[1] = kernel.workingset.activations[1];
  }

  // Lists.

  /** Takes pages from the tail of a list; each is held until {@link #putBack}. */
  private IntArrayList isolate(int list, int pages) {
    IntArrayList batch = new IntArrayList();
    int taken = 0;
    while (taken < pages && lru.tail(list) != PageFrames.NONE) {
      int pfn = lru.tail(list);
      taken += pages(pfn);
      lru.remove(pfn);
      frames.addReferences(pfn, 1);
      batch.add(pfn);
    }
    kernel.spend(CostPart.RECLAIM, (long) batch.size() * kernel.config.costs().scan());
    return batch;
  }

  private int pages(int pfn) {
    return frames.is(pfn, PageFrames.HEAD) ? 1 << frames.order(pfn) : 1;
  }

  private void putBack(int pfn) {
    lru.add(pfn);
    mapper.put(pfn);
  }

  /** Moves pages from an active list to the inactive one (shrink_active_list). */
  void shrinkActive(int list, int pages) {
    IntArrayList batch = isolate(list, pages);
    for (int i = batch.size() - 1; i >= 0; i--) {
      int pfn = batch.getInt(i);
      boolean stays = false;
      if (frames.references(pfn) > 1) {
        walk(pfn);
        stays = referencedEntries > 0 && LruLists.isFile(list) && (areaFlags & Vma.EXEC) != 0;
        if ((areaFlags & Vma.LOCKED) != 0) {
          frames.set(pfn, PageFrames.MLOCKED);
        }
      }
      if (!stays) {
        frames.clear(pfn, PageFrames.ACTIVE);
        frames.set(pfn, PageFrames.WORKINGSET);
        kernel.count(KernelMetric.DEACTIVATED, pages(pfn));
      } else {
        lru.age += pages(pfn);
      }
      putBack(pfn);
    }
  }

  private void shrinkInactive(int list, int pages, Scan scan) {
    IntArrayList batch = isolate(list, pages);
    if (batch.isEmpty()) {
      return;
    }
    long taken = 0;
    for (int i = 0; i < batch.size(); i++) {
      taken += pages(batch.getInt(i));
    }
    boolean file = LruLists.isFile(list);
    boolean kswapd = scan.kswapd;
    kernel.count(kswapd ? KernelMetric.SCANNED_KSWAPD : KernelMetric.SCANNED_DIRECT, taken);
    scan.scanned += taken;
    scan.taken += taken;
    scan.fileTaken += file ? taken : 0;
    long dirtyBefore = scan.unqueuedDirty;
    long written = written();
    long freed = shrink(batch, scan);
    scan.reclaimed += freed;
    kernel.count(kswapd ? KernelMetric.RECLAIMED_KSWAPD : KernelMetric.RECLAIMED_DIRECT, freed);
    lru.noteCost(file, written() - written);
    if (scan.unqueuedDirty - dirtyBefore == taken) {
      writeback.writeEverything();
    }
  }

  private long written() {
    long[] values = kernel.counters.values();
    return values[KernelMetric.PAGES_SWAPPED_OUT.ordinal()]
        + values[KernelMetric.FILE_PAGES_WRITTEN.ordinal()];
  }

  /** Frees what can be freed of a batch, and puts the rest back (shrink_folio_list). */
  private long shrink(IntArrayList batch, Scan scan) {
    IntArrayList free = new IntArrayList();
    IntArrayList back = new IntArrayList();
    for (int i = 0; i < batch.size(); i++) {
      int pfn = batch.getInt(i);
      switch (judge(pfn, batch, scan)) {
        case FREE -> free.add(pfn);
        case KEEP -> back.add(pfn);
        case ACTIVATE -> {
          activate(pfn);
          back.add(pfn);
        }
        case SPLIT -> {
          // Its parts are judged at the end of the batch.
        }
      }
    }
    unmapped.flush();
    for (int i = 0; i < free.size(); i++) {
      mapper.put(free.getInt(i));
    }
    for (int i = back.size() - 1; i >= 0; i--) {
      putBack(back.getInt(i));
    }
    return free.size();
  }

  private void activate(int pfn) {
    boolean full = kernel.swap.freePages() * 2 < kernel.swap.totalPages();
    boolean locked = frames.is(pfn, PageFrames.MLOCKED);
    if (full || locked) {
      swapCache.free(pfn);
    }
    if (!locked) {
      frames.set(pfn, PageFrames.ACTIVE);
      lru.age += pages(pfn);
      kernel.count(KernelMetric.ACTIVATED, pages(pfn));
    }
  }

  private Verdict judge(int pfn, IntArrayList batch, Scan scan) {
    if (frames.is(pfn, PageFrames.READING)) {
      return Verdict.KEEP;
    }
    if (frames.references(pfn) == 1) {
      return Verdict.FREE; // let go of meanwhile
    }
    boolean swapBacked = frames.is(pfn, PageFrames.SWAPBACKED);
    boolean writing = frames.is(pfn, PageFrames.WRITING);
    if (!swapBacked && !writing && frames.is(pfn, PageFrames.DIRTY)) {
      scan.unqueuedDirty++;
    }
    if (writing) {
      scan.writing++;
      if (scan.kswapd && frames.is(pfn, PageFrames.RECLAIM) && allWriting) {
        scan.immediate++;
      }
      frames.set(pfn, PageFrames.RECLAIM);
      return Verdict.ACTIVATE;
    }
    boolean onlyClean = false;
    walk(pfn);
    boolean wasReferenced = frames.is(pfn, PageFrames.REFERENCED);
    frames.clear(pfn, PageFrames.REFERENCED);
    if ((areaFlags & Vma.LOCKED) != 0) {
      frames.set(pfn, PageFrames.MLOCKED);
      return Verdict.ACTIVATE;
    }
    if (referencedEntries > 0) {
      frames.set(pfn, PageFrames.REFERENCED);
      boolean code = !swapBacked && (areaFlags & Vma.EXEC) != 0;
      if (wasReferenced || referencedEntries > 1 || code) {
        return Verdict.ACTIVATE;
      }
      kernel.count(KernelMetric.ROTATED, pages(pfn));
      return Verdict.KEEP;
    }
    if (wasReferenced && !swapBacked) {
      onlyClean = true;
    }
    return swapBacked ? swapOut(pfn, batch) : dropFile(pfn, scan, onlyClean);
  }

  /** Follows the reverse map: entries with A set, which is cleared, and the areas' flags. */
  private void walk(int pfn) {
    referencedEntries = 0;
    areaFlags = 0;
    boolean head = frames.is(pfn, PageFrames.HEAD);
    mapper.visitMappings(pfn, this::visitReferenced);
    for (int i = 1; head && i < PageMapper.HUGE_PAGES; i++) {
      if (frames.maps(pfn + i) > 0) {
        mapper.visitMappings(
            pfn + i,
            (area, va, address, shift) -> {
              if (shift == PageMapper.SMALL_SHIFT) {
                visitReferenced(area, va, address, shift);
              }
            });
      }
    }
  }

  private void visitReferenced(Vma area, long va, long address, int shift) {
    kernel.spend(CostPart.RECLAIM, kernel.config.costs().reverseMapStep());
    areaFlags |= area.flags;
    long entry = kernel.tables.read(address);
    if (!Pte.isAccessed(entry) || !kernel.config.has(Mechanism.SECOND_CHANCE)) {
      return;
    }
    referencedEntries++;
    kernel.tables.write(address, entry & ~Pte.ACCESSED);
    if (kernel.config.reclaim().flushOnAge()) {
      long start = va & -(1L << shift);
      kernel.cpus.flush(area.space, start, start + (1L << shift), shift);
      kernel.count(KernelMetric.AGE_FLUSHES, 1);
    }
  }

  // Pages that go to swap.

  private Verdict swapOut(int pfn, IntArrayList batch) {
    if (frames.is(pfn, PageFrames.HEAD)) {
      return mapper.splitIsolated(pfn, batch) ? Verdict.SPLIT : Verdict.ACTIVATE;
    }
    boolean shared = frames.is(pfn, PageFrames.FILE);
    if (!isOnlyMapped(pfn)) {
      return Verdict.KEEP;
    }
    if (!shared && !frames.is(pfn, PageFrames.SWAPCACHE) && !swapCache.add(pfn)) {
      return Verdict.ACTIVATE;
    }
    unmap(pfn);
    if (!kernel.config.has(Mechanism.DIRTY_TRACKING) && !frames.is(pfn, PageFrames.WRITTEN)) {
      kernel.markDirty(pfn);
    }
    if (frames.is(pfn, PageFrames.DIRTY)) {
      if (shared && !moveToSwap(pfn)) {
        return Verdict.ACTIVATE;
      }
      unmapped.flushDirty();
      frames.set(pfn, PageFrames.RECLAIM);
      swapCache.write(pfn);
      return Verdict.KEEP;
    }
    frames.clear(pfn, PageFrames.WRITTEN);
    if (shared) {
      evictFile(pfn);
    } else {
      kernel.count(KernelMetric.SWAP_DROPPED_CLEAN, 1);
      swapCache.evict(pfn);
    }
    return Verdict.FREE;
  }

  private boolean moveToSwap(int pfn) {
    return kernel.mapping(pfn) instanceof FileMapping file && cache.moveToSwap(file, pfn);
  }

  /** Whether nobody holds a page but those that map it, a cache and this. */
  private boolean isOnlyMapped(int pfn) {
    boolean cached = frames.is(pfn, PageFrames.FILE | PageFrames.SWAPCACHE);
    return frames.references(pfn) == frames.maps(pfn) + (cached ? 2 : 1);
  }

  // Pages of files on the device.

  private Verdict dropFile(int pfn, Scan scan, boolean onlyClean) {
    if (!isOnlyMapped(pfn)) {
      return Verdict.KEEP;
    }
    unmap(pfn);
    if (!kernel.config.has(Mechanism.DIRTY_TRACKING) && !frames.is(pfn, PageFrames.WRITTEN)) {
      kernel.markDirty(pfn);
    }
    if (frames.is(pfn, PageFrames.DIRTY)) {
      boolean own =
          !kernel.config.has(Mechanism.WRITEBACK)
              || (scan.kswapd && frames.is(pfn, PageFrames.RECLAIM) && allDirty);
      frames.set(pfn, PageFrames.RECLAIM);
      if (!own) {
        return Verdict.ACTIVATE; // the flusher writes it
      }
      if (onlyClean) {
        return Verdict.KEEP;
      }
      unmapped.flushDirty();
      if (kernel.mapping(pfn) instanceof FileMapping file) {
        writeback.write(file, pfn);
      }
      return Verdict.KEEP;
    }
    frames.clear(pfn, PageFrames.WRITTEN);
    evictFile(pfn);
    return Verdict.FREE;
  }

  private void evictFile(int pfn) {
    if (kernel.mapping(pfn) instanceof FileMapping file) {
      kernel.count(KernelMetric.FILE_PAGES_DROPPED, 1);
      cache.evict(file, pfn);
    }
  }

  /** Replaces the entries that map a page by its slot, or by nothing for a page of a file. */
  private void unmap(int pfn) {
    if (frames.maps(pfn) == 0) {
      return;
    }
    boolean file = frames.is(pfn, PageFrames.FILE);
    boolean exclusive = frames.is(pfn, PageFrames.EXCLUSIVE);
    TableFormat format = kernel.config.format();
    mapper.visitMappings(
        pfn,
        (area, va, address, shift) -> {
          long entry = kernel.tables.read(address);
          kernel.spend(CostPart.RECLAIM, kernel.config.costs().reverseMapStep());
          kernel.spend(CostPart.RECLAIM, kernel.config.costs().entryUpdate());
          if (file) {
            kernel.tables.write(address, 0);
          } else {
            int slot = frames.slot(pfn);
            kernel.tables.write(address, LinuxPte.swap(format, slot, exclusive));
            kernel.swap.addOwner(slot);
            area.space.swapEntries++;
          }
          if (Pte.isDirty(entry)) {
            kernel.markDirty(pfn);
          }
          frames.addMaps(pfn, -1);
          frames.addReferences(pfn, -1);
          mapper.account(area.space, pfn, -1);
          unmapped.add(area.space, va, Pte.isDirty(entry));
        });
    if (frames.maps(pfn) != 0) {
      throw new IllegalStateException("the reverse map misses an entry of frame " + pfn);
    }
    frames.clear(pfn, PageFrames.EXCLUSIVE);
  }

  /** A page of a file or of swap has been written. */
  void onWritten(int pfn) {
    boolean swap = frames.is(pfn, PageFrames.SWAPCACHE);
    frames.clear(pfn, PageFrames.WRITING);
    if (!kernel.config.has(Mechanism.DIRTY_TRACKING)) {
      frames.set(pfn, PageFrames.WRITTEN);
    }
    if (!swap) {
      writeback.onWritten();
    }
    if (frames.is(pfn, PageFrames.RECLAIM)) {
      frames.clear(pfn, PageFrames.RECLAIM);
      if (!frames.is(pfn, PageFrames.DIRTY | PageFrames.MLOCKED)) {
        lru.moveToTail(pfn);
      }
    }
    if (swap) {
      swapCache.onWritten(pfn);
    }
  }
}
