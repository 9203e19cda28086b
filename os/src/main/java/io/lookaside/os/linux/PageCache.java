package io.lookaside.os.linux;

/**
 * The pages of files that are in memory, and the readahead that brings them there.
 *
 * <p>Source: Linux 6.1, mm/filemap.c, mm/readahead.c, and mm/shmem.c for shared memory.
 */
final class PageCache {
  /** Misses after which a file's faults no longer read around (MMAP_LOTSAMISS). */
  private static final int MANY_MISSES = 100;

  private final KernelState kernel;
  private final PageFrames frames;
  private final PageMapper mapper;
  private final SwapCache swapCache;
  private long pages;
  private boolean missed;

  PageCache(KernelState kernel, PageMapper mapper, SwapCache swapCache) {
    this.kernel = kernel;
    this.frames = kernel.frames;
    this.mapper = mapper;
    this.swapCache = swapCache;
  }

  /** Pages that files have in memory, hugetlb aside. */
  long pages() {
    return pages;
  }

  /** Whether the page that was last asked for had to be read from the device. */
  boolean lastMissed() {
    return missed;
  }

  /** The frame of a page that a process touches; or {@link PageFrames#NONE}. */
  int forFault(FileMapping file, long index) {
    kernel.spend(kernel.config.costs().pageCacheLookup());
    missed = false;
    if (!file.backed()) {
      return shared(file, index);
    }
    int pfn = file.cached.get(index);
    int most = kernel.config.reclaim().readaheadPages();
    if (pfn != PageFrames.NONE) {
      file.misses = Math.max(0, file.misses - 1);
      readOn(file, index, pfn);
    } else {
      file.misses++;
      boolean around = file.misses <= MANY_MISSES;
      file.readStart = Math.max(0, index - most / 2);
      file.readSize = around ? most : 1;
      file.readAhead = around ? most / 4 : 0;
      pfn = miss(file, index, around ? file.readStart : index);
    }
    return ready(pfn);
  }

  /** The frame of a page that read() wants; or {@link PageFrames#NONE}. */
  int forRead(FileMapping file, long index) {
    kernel.spend(kernel.config.costs().pageCacheLookup());
    missed = false;
    if (!file.backed()) {
      return shared(file, index);
    }
    int pfn = file.cached.get(index);
    if (pfn != PageFrames.NONE) {
      readOn(file, index, pfn);
    } else {
      int most = kernel.config.reclaim().readaheadPages();
      if (index == 0 || index == file.readLast + 1) {
        // Sequential from the start, or after what was read last: a window of four pages.
        file.readStart = index;
        file.readSize = Math.min(4, most);
        file.readAhead = Math.max(0, file.readSize - 1);
      } else {
        file.readStart = index;
        file.readSize = 1;
        file.readAhead = 0;
      }
      pfn = miss(file, index, index);
    }
    file.readLast = index;
    return ready(pfn);
  }

  private int ready(int pfn) {
    if (pfn != PageFrames.NONE && frames.is(pfn, PageFrames.READING)) {
      mapper.pin(pfn);
      swapCache.await(pfn);
      mapper.put(pfn);
    }
    return pfn;
  }

  /** Reads the page that is asked for, and with it the window of the file from a start on. */
  private int miss(FileMapping file, long index, long start) {
    missed = true;
    int wanted = kernel.pages.allocate(0);
    if (wanted == PageFrames.NONE) {
      return wanted;
    }
    boolean window = kernel.config.has(Mechanism.READAHEAD);
    long from = window ? start : index;
    long to = window ? Math.max(index + 1, start + file.readSize) : index + 1;
    read(file, index, wanted, from, to);
    return wanted;
  }

  /** A page that was read ahead is used: reads on from there (page_cache_async_readahead). */
  private void readOn(FileMapping file, long index, int pfn) {
    if (!frames.is(pfn, PageFrames.READAHEAD)) {
      return;
    }
    frames.clear(pfn, PageFrames.READAHEAD);
    int most = kernel.config.reclaim().readaheadPages();
    long next = file.readStart + file.readSize;
    if (index == next - file.readAhead || index == next) {
      int size = file.readSize;
      file.readStart = next;
      file.readSize = Math.min(most, size < most / 16 ? 4 * size : 2 * size);
    } else {
      long missing = index + 1;
      while (missing < file.pages() && file.cached.containsKey(missing)) {
        missing++;
      }
      file.readSize = Math.min(most, Math.max(4, (int) (missing - index)));
      file.readStart = missing;
    }
    file.readAhead = file.readSize;
    read(file, -1, PageFrames.NONE, file.readStart, file.readStart + file.readSize);
  }

  /** Reads pages from a device, those that are not there; only for the wanted one memory waits. */
  private void read(FileMapping file, long wanted, int frame, long from, long to) {
    long mark = file.readStart + file.readSize - file.readAhead;
    for (long at = from; at < Math.min(to, file.pages()); at++) {
      if (file.cached.containsKey(at)) {
        continue;
      }
      int pfn = at == wanted ? frame : kernel.pages.tryAllocate(0);
      if (pfn == PageFrames.NONE) {
        continue;
      }
      kernel.spend(kernel.config.costs().allocation());
      load(file, at, pfn);
      frames.set(pfn, PageFrames.READING);
      insert(file, at, pfn);
      kernel.count(KernelMetric.FILE_PAGES_READ, 1);
      if (at != wanted) {
        kernel.count(KernelMetric.FILE_READAHEAD, 1);
      }
      if (at == mark && file.readAhead > 0) {
        frames.set(pfn, PageFrames.READAHEAD);
      }
      kernel.device.read(file.firstBlock + at, pfn);
    }
    kernel.device.endRead();
  }

  private void insert(FileMapping file, long index, int pfn) {
    frames.set(pfn, PageFrames.FILE);
    frames.setMapping(pfn, file.id, index);
    frames.setReferences(pfn, 1);
    file.cached.put(index, pfn);
    pages++;
    int shadow = file.shadows.remove(index);
    if (file.backed()) {
      kernel.workingset.refault(pfn, true, shadow);
    }
    kernel.lru.add(pfn);
  }

  private void load(FileMapping file, long index, int pfn) {
    if (index <= Integer.MAX_VALUE && file.written.contains((int) index)) {
      file.written.load((int) index, kernel.memory, pfn);
    } else {
      kernel.memory.zero(PhysicalPages.address(pfn), PhysicalPages.PAGE_BYTES);
      fill(file, index, pfn);
    }
  }

  /** Writes a page's first content; what lies past the file's end stays zero. */
  private void fill(FileMapping file, long index, int pfn) {
    long offset = index << PhysicalPages.PAGE_SHIFT;
    long end = Math.min(offset + PhysicalPages.PAGE_BYTES, file.bytes());
    for (long at = offset; at < end; at += 8) {
      long word = file.word(at);
      if (end - at < 8) {
        word &= (1L << ((end - at) << 3)) - 1;
      }
      if (word != 0) {
        kernel.memory.write(PhysicalPages.address(pfn) + (at - offset), word);
      }
    }
  }

  // Shared memory.

  private int shared(FileMapping file, long index) {
    int pfn = file.cached.get(index);
    if (pfn != PageFrames.NONE) {
      return pfn;
    }
    int slot = file.swapped.get(index);
    if (slot != SwapArea.NONE) {
      return swappedIn(file, index, slot);
    }
    pfn = kernel.pages.allocateZeroed(0);
    if (pfn != PageFrames.NONE) {
      kernel.spend(kernel.config.costs().allocation());
      kernel.zeroed(0);
      frames.set(pfn, PageFrames.SWAPBACKED);
      insert(file, index, pfn);
    }
    return pfn;
  }

  /** Takes a page of shared memory back from swap (shmem_swapin_folio). */
  private int swappedIn(FileMapping file, long index, int slot) {
    int pfn = kernel.swap.cached(slot);
    if (pfn == PageFrames.NONE) {
      pfn = kernel.pages.allocate(0);
      if (pfn == PageFrames.NONE) {
        return pfn;
      }
      kernel.spend(kernel.config.costs().allocation());
      missed = true;
      swapCache.read(slot, pfn);
      kernel.device.endRead();
    }
    mapper.pin(pfn);
    swapCache.await(pfn);
    if (frames.is(pfn, PageFrames.WRITING)) {
      swapCache.awaitWriting(pfn);
    }
    file.swapped.remove(index);
    frames.set(pfn, PageFrames.FILE);
    frames.setMapping(pfn, file.id, index);
    frames.addReferences(pfn, 1);
    file.cached.put(index, pfn);
    pages++;
    kernel.swap.removeOwner(slot);
    kernel.markDirty(pfn);
    swapCache.delete(pfn);
    mapper.put(pfn);
    return pfn;
  }

  /**
   * Moves an unmapped page of shared memory to the swap cache; the file names its slot from then on
   * (shmem_writepage).
   *
   * @return {@code false} if there is no slot
   */
  boolean moveToSwap(FileMapping file, int pfn) {
    long index = frames.index(pfn);
    if (!swapCache.add(pfn)) {
      return false;
    }
    int slot = frames.slot(pfn);
    kernel.swap.addOwner(slot);
    file.swapped.put(index, slot);
    drop(file, index);
    frames.clear(pfn, PageFrames.FILE);
    frames.setMapping(pfn, 0, 0);
    return true;
  }

  // Leaving.

  /** Takes a page out of the cache, with the reference that the cache held. */
  void drop(FileMapping file, long index) {
    int pfn = file.cached.remove(index);
    if (pfn == PageFrames.NONE) {
      return;
    }
    if (frames.is(pfn, PageFrames.HUGETLB)) {
      mapper.put(pfn);
      return;
    }
    pages--;
    if (file.backed()) {
      kernel.clearDirty(pfn);
    }
    mapper.put(pfn);
  }

  /** Evicts a clean page. */
  void evict(FileMapping file, int pfn) {
    long index = frames.index(pfn);
    if (file.backed()) {
      file.shadows.put(index, kernel.workingset.eviction(pfn));
    }
    drop(file, index);
  }

  /** Removes all pages from an index on, with what swap or the device has of them. */
  void truncate(FileMapping file, long from) {
    for (long index : file.cached.keySet().toLongArray()) {
      if (index >= from) {
        int pfn = file.cached.get(index);
        mapper.pin(pfn);
        swapCache.await(pfn);
        swapCache.awaitWriting(pfn);
        drop(file, index);
        mapper.put(pfn);
      }
    }
    for (long index : file.swapped.keySet().toLongArray()) {
      if (index >= from) {
        swapCache.release(file.swapped.remove(index));
      }
    }
    file.shadows.keySet().removeIf(index -> index >= from);
    file.written.removeFrom(from);
  }
}
