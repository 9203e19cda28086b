package io.lookaside.os.linux;

/** The pages of files that are in memory. */
final class PageCache {
  private final KernelState kernel;
  private long pages;

  PageCache(KernelState kernel) {
    this.kernel = kernel;
  }

  /** Pages that files have in memory, hugetlb aside. */
  long pages() {
    return pages;
  }

  boolean contains(FileMapping file, long index) {
    return file.cached.containsKey(index);
  }

  /** The frame of a page, read from its device if need be; or {@link PageFrames#NONE}. */
  int get(FileMapping file, long index) {
    kernel.spend(kernel.config.costs().pageCacheLookup());
    int pfn = file.cached.get(index);
    if (pfn != PageFrames.NONE) {
      return pfn;
    }
    pfn = kernel.pages.allocateZeroed(0);
    if (pfn == PageFrames.NONE) {
      return pfn;
    }
    kernel.spend(kernel.config.costs().allocation());
    if (file.backed()) {
      kernel.spend(kernel.config.costs().deviceRead());
    } else {
      kernel.zeroed(0);
    }
    fill(file, index, pfn);
    kernel.frames.set(pfn, PageFrames.FILE);
    kernel.frames.setMapping(pfn, file.id, index);
    kernel.frames.setReferences(pfn, 1);
    file.cached.put(index, pfn);
    pages++;
    return pfn;
  }

  /** Writes a page's content; what lies past the file's end stays zero. */
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

  /** Takes a page out of the cache; the caller puts the reference that the cache held. */
  int remove(FileMapping file, long index) {
    int pfn = file.cached.remove(index);
    if (pfn != PageFrames.NONE) {
      pages--;
    }
    return pfn;
  }
}
