package io.lookaside.os.malloc;

/**
 * An allocator modelled on the main arena of glibc 2.36's ptmalloc, with the cache of one thread.
 * Chunks, their headers and their links stand in the process's memory, so that it touches the pages
 * that the real one touches. Heads of lists are kept beside it.
 *
 * <p>A chunk begins 16 bytes before what the program gets: the size of the chunk before, if that is
 * free, then its own size with flags. A free chunk also holds two links.
 *
 * <p>Source: glibc 2.36, malloc/malloc.c (its comments describe the algorithm). Not modelled:
 * further arenas, perturbation, checks against corruption, the encoding of links.
 */
public final class Ptmalloc {
  /*
   * The road of a request: the thread's cache (up to seven freed chunks of each size up to 1040 bytes),
   * fast bins (chunks up to 128 bytes, not merged), small bins (an exact size each), the unsorted list
   * (freed chunks that get one chance before they are sorted), large bins and larger small ones (best
   * fit), the top of the heap, and last the kernel: by mmap from the threshold on, else by brk.
   */

  private static final long PAGE = 4096;
  private static final int HEADER = 16;
  private static final long MIN_CHUNK = 32;
  private static final long ALIGNMENT = 16;

  private static final long IN_USE_BEFORE = 1;
  private static final long MAPPED = 2;
  private static final long FLAGS = 7;

  private static final int CACHE_BINS = 64;
  private static final int CACHE_DEPTH = 7;
  private static final long CACHE_BYTES = CACHE_BINS * (2 + 8);
  private static final long MAX_FAST = 128;
  private static final long MIN_LARGE = 1024;
  private static final long CONSOLIDATION_THRESHOLD = 65536;
  private static final long MIN_MAPPED_HEAP = 1 << 20;

  private static final int UNSORTED = 1;
  private static final int BINS = 128;

  private final HeapMemory memory;
  private final MallocConfig config;

  private long mmapThreshold;
  private long trimThreshold;

  private final int[] cacheCounts = new int[CACHE_BINS];
  private final long[] cacheHeads = new long[CACHE_BINS];
  private final long[] fastHeads = new long[(int) (MAX_FAST / ALIGNMENT)];
  private final long[] forwardHeads = new long[BINS];
  private final long[] backHeads = new long[BINS];

  private boolean initialised;
  private boolean cacheReady;
  private boolean fastChunks;
  private boolean contiguous = true;
  private long top;
  private long topSize;
  private long lastRemainder;
  private long systemBytes;
  private long mappedBytes;
  private int mappedChunks;

  /** An allocator that has not been used. */
  public Ptmalloc(HeapMemory memory, MallocConfig config) {
    this.memory = memory;
    this.config = config;
    this.mmapThreshold = config.mmapThreshold();
    this.trimThreshold = config.trimThreshold();
    for (int i = 0; i < BINS; i++) {
      forwardHeads[i] = head(i);
      backHeads[i] = head(i);
    }
  }

  /** Bytes that the arena has from brk (mallinfo2's arena). */
  public long arenaBytes() {
    return systemBytes;
  }

  /** Chunks that are mapped on their own (hblks). */
  public int mappedChunks() {
    return mappedChunks;
  }

  /** Bytes of chunks that are mapped on their own (hblkhd). */
  public long mappedBytes() {
    return mappedBytes;
  }

  /** Bytes of the chunk at the top of the heap (keepcost). */
  public long topBytes() {
    return topSize;
  }

  /** The size from which chunks are mapped on their own now. */
  public long mmapThreshold() {
    return mmapThreshold;
  }

  /** The bytes that a program may use of an allocation (malloc_usable_size). */
  public long usableBytes(long pointer) {
    long header = memory.load(pointer - 8);
    return (header & ~FLAGS) - ((header & MAPPED) != 0 ? HEADER : 8);
  }

  // malloc

  /**
   * malloc.
   *
   * @return an address that is a multiple of 16, or 0 if memory is short
   */
  public long malloc(long bytes) {
    long size = chunkSize(bytes);
    if (size < 0) {
      return 0;
    }
    readyCache();
    int bin = cacheBin(size);
    if (cacheReady && bin < CACHE_BINS && cacheCounts[bin] > 0) {
      return takeCached(bin);
    }
    return allocate(size);
  }

  /** calloc; memory that comes fresh from the kernel is not cleared again. */
  public long calloc(long count, long each) {
    long bytes = count * each;
    if (Math.multiplyHigh(count, each) != 0 || bytes < 0) {
      return 0;
    }
    long size = chunkSize(bytes);
    if (size < 0) {
      return 0;
    }
    readyCache();
    long oldTop = top;
    long oldTopSize = topSize;
    long pointer = allocate(size);
    if (pointer == 0) {
      return 0;
    }
    long chunk = pointer - HEADER;
    long header = memory.load(chunk + 8);
    if ((header & MAPPED) != 0) {
      return pointer;
    }
    long clear = (header & ~FLAGS) - 8;
    if (chunk == oldTop && clear > oldTopSize) {
      clear = oldTopSize; // what lies behind has just come from the kernel
    }
    for (long at = 0; at < clear; at += 8) {
      memory.store(pointer + at, 0);
    }
    return pointer;
  }

  private static long chunkSize(long bytes) {
    if (bytes < 0 || bytes > Long.MAX_VALUE - 64) {
      return -1;
    }
    long size = (bytes + 8 + ALIGNMENT - 1) & -ALIGNMENT;
    return Math.max(size, MIN_CHUNK);
  }

  /** The first request of all makes the thread's cache, and thereby the heap. */
  private void readyCache() {
    if (initialised) {
      return;
    }
    initialised = true;
    if (!config.threadCache()) {
      return;
    }
    long pointer = allocate(chunkSize(CACHE_BYTES));
    if (pointer != 0) {
      for (long at = 0; at < CACHE_BYTES; at += 8) {
        memory.store(pointer + at, 0);
      }
      cacheReady = true;
    }
  }

  private static int cacheBin(long size) {
    return (int) Math.min(CACHE_BINS, (size - MIN_CHUNK) / ALIGNMENT);
  }

  private long takeCached(int bin) {
    long pointer = cacheHeads[bin];
    cacheHeads[bin] = memory.load(pointer);
    cacheCounts[bin]--;
    memory.store(pointer + 8, 0);
    return pointer;
  }

  /** Puts a chunk into the thread's cache, if there is room. */
  private boolean cache(long chunk, long size) {
    int bin = cacheBin(size);
    if (!cacheReady || bin >= CACHE_BINS || cacheCounts[bin] >= CACHE_DEPTH) {
      return false;
    }
    long pointer = chunk + HEADER;
    memory.store(pointer + 8, 1);
    memory.store(pointer, cacheHeads[bin]);
    cacheHeads[bin] = pointer;
    cacheCounts[bin]++;
    return true;
  }

  private long allocate(long size) {
    if (size <= MAX_FAST) {
      int fast = fastBin(size);
      long chunk = fastHeads[fast];
      if (chunk != 0) {
        fastHeads[fast] = forward(chunk);
        while (fastHeads[fast] != 0 && cache(fastHeads[fast], size, fast)) {
          // Its like go to the thread's cache while they are at hand.
        }
        return chunk + HEADER;
      }
    }
    if (size < MIN_LARGE) {
      long found = fromSmallBin(size);
      if (found != 0) {
        return found;
      }
    } else if (fastChunks) {
      consolidate();
    }
    while (true) {
      long found = sort(size);
      if (found == 0) {
        found = fromBins(size);
      }
      if (found != 0) {
        return found;
      }
      if (top != 0 && topSize >= size + MIN_CHUNK) {
        return fromTop(size);
      }
      if (!fastChunks) {
        return fromKernel(size);
      }
      consolidate();
    }
  }

  private boolean cache(long chunk, long size, int fast) {
    long next = forward(chunk);
    if (!cache(chunk, size)) {
      return false;
    }
    fastHeads[fast] = next;
    return true;
  }

  private static int fastBin(long size) {
    return (int) (size / ALIGNMENT) - 2;
  }

  private long fromSmallBin(long size) {
    int bin = (int) (size / ALIGNMENT);
    long chunk = back(head(bin));
    if (chunk == head(bin)) {
      return 0;
    }
    unlink(chunk);
    markUsed(chunk, size);
    long other = back(head(bin));
    while (other != head(bin) && hasCacheRoom(size)) {
      unlink(other);
      markUsed(other, size);
      cache(other, size);
      other = back(head(bin));
    }
    return chunk + HEADER;
  }

  private boolean hasCacheRoom(long size) {
    int bin = cacheBin(size);
    return cacheReady && bin < CACHE_BINS && cacheCounts[bin] < CACHE_DEPTH;
  }

  /**
   * Sorts freed chunks into their bins, the oldest first. One that fits exactly is taken, or kept
   * in the thread's cache while the rest is sorted.
   */
  private long sort(long size) {
    boolean cached = false;
    long list = head(UNSORTED);
    for (long chunk = back(list); chunk != list; chunk = back(list)) {
      long has = size(chunk);
      boolean only = back(chunk) == list;
      if (size < MIN_LARGE && only && chunk == lastRemainder && has > size + MIN_CHUNK) {
        unlink(chunk);
        long rest = chunk + size;
        linkAfter(list, rest);
        lastRemainder = rest;
        setUsedSize(chunk, size);
        setFree(rest, has - size);
        return chunk + HEADER;
      }
      unlink(chunk);
      if (has == size) {
        markUsed(chunk, size);
        if (hasCacheRoom(size)) {
          cache(chunk, size);
          cached = true;
          continue;
        }
        return chunk + HEADER;
      }
      linkSorted(chunk, has);
    }
    return cached ? takeCached(cacheBin(size)) : 0;
  }

  private void linkSorted(long chunk, long size) {
    long list = head(binOf(size));
    long after = list;
    if (size >= MIN_LARGE) {
      // By size, the largest first; one of a size that is there becomes the second of its size.
      while (forward(after) != list && size(forward(after)) > size) {
        after = forward(after);
      }
      long next = forward(after);
      if (next != list && size(next) == size) {
        after = next;
      }
    }
    linkAfter(after, chunk);
  }

  /** The smallest chunk of the bins that is large enough. */
  private long fromBins(long size) {
    int own = binOf(size);
    if (size >= MIN_LARGE) {
      long list = head(own);
      long chunk = back(list);
      while (chunk != list && size(chunk) < size) {
        chunk = back(chunk);
      }
      if (chunk != list) {
        return split(secondOfItsSize(list, chunk), size);
      }
    }
    for (int bin = own + 1; bin < BINS - 1; bin++) {
      if (back(head(bin)) != head(bin)) {
        return split(back(head(bin)), size);
      }
    }
    return 0;
  }

  /** Of several chunks of one size not the first is taken, which heads them in the real list. */
  private long secondOfItsSize(long list, long chunk) {
    long first = chunk;
    while (back(first) != list && size(back(first)) == size(chunk)) {
      first = back(first);
    }
    long second = forward(first);
    return second != list && size(second) == size(chunk) ? second : first;
  }

  private long split(long chunk, long size) {
    long has = size(chunk);
    unlink(chunk);
    if (has - size < MIN_CHUNK) {
      markUsed(chunk, has);
      return chunk + HEADER;
    }
    long rest = chunk + size;
    linkAfter(head(UNSORTED), rest);
    if (size < MIN_LARGE) {
      lastRemainder = rest;
    }
    setUsedSize(chunk, size);
    setFree(rest, has - size);
    return chunk + HEADER;
  }

  private long fromTop(long size) {
    long chunk = top;
    top = chunk + size;
    topSize -= size;
    setUsedSize(chunk, size);
    memory.store(top + 8, topSize | IN_USE_BEFORE);
    return chunk + HEADER;
  }

  private long fromKernel(long size) {
    if (size >= mmapThreshold) {
      long mapped = map(size);
      if (mapped != 0) {
        return mapped;
      }
    }
    long wanted = size + config.topPad() + MIN_CHUNK - (contiguous ? topSize : 0);
    wanted = alignUp(wanted);
    long start = wanted > 0 ? memory.sbrk(wanted) : HeapMemory.FAILED;
    if (start == HeapMemory.FAILED) {
      // The heap cannot grow: another region may.
      wanted = Math.max(alignUp(size + config.topPad() + MIN_CHUNK), MIN_MAPPED_HEAP);
      start = memory.mmap(wanted);
      if (start == HeapMemory.FAILED) {
        return 0;
      }
      contiguous = false;
    }
    systemBytes += wanted;
    if (top != 0 && start == top + topSize) {
      topSize += wanted;
      memory.store(top + 8, topSize | IN_USE_BEFORE);
    } else {
      leaveOldTop();
      top = (start + ALIGNMENT - 1) & -ALIGNMENT;
      topSize = (start + wanted - top) & -ALIGNMENT;
      memory.store(top + 8, topSize | IN_USE_BEFORE);
    }
    return topSize >= size + MIN_CHUNK ? fromTop(size) : 0;
  }

  /** The top that another region replaces becomes a free chunk, fenced by two that stay in use. */
  private void leaveOldTop() {
    if (top == 0) {
      return;
    }
    long old = top;
    long usable = (topSize - 2 * HEADER) & -ALIGNMENT;
    if (usable < 0) {
      return;
    }
    memory.store(old + 8, usable | (memory.load(old + 8) & IN_USE_BEFORE));
    memory.store(old + usable + 8, HEADER | IN_USE_BEFORE);
    memory.store(old + usable + HEADER + 8, HEADER | IN_USE_BEFORE);
    if (usable >= MIN_CHUNK) {
      topSize = 0;
      top = 0;
      release(old, usable);
    }
  }

  private long map(long size) {
    long bytes = alignUp(size + 8);
    long start = memory.mmap(bytes);
    if (start == HeapMemory.FAILED) {
      return 0;
    }
    memory.store(start + 8, bytes | MAPPED);
    mappedChunks++;
    mappedBytes += bytes;
    return start + HEADER;
  }

  // free

  /** free; 0 is nothing. */
  public void free(long pointer) {
    if (pointer == 0) {
      return;
    }
    long chunk = pointer - HEADER;
    long header = memory.load(chunk + 8);
    long size = header & ~FLAGS;
    if ((header & MAPPED) != 0) {
      boolean within = size > mmapThreshold && size <= MallocConfig.MAX_MMAP_THRESHOLD;
      if (config.dynamicThreshold() && within) {
        mmapThreshold = size;
        trimThreshold = 2 * size;
      }
      mappedChunks--;
      mappedBytes -= size;
      memory.munmap(chunk, size);
      return;
    }
    readyCache();
    if (cache(chunk, size)) {
      return;
    }
    if (size <= MAX_FAST) {
      memory.store(chunk + HEADER, fastHeads[fastBin(size)]);
      fastHeads[fastBin(size)] = chunk;
      fastChunks = true;
      return;
    }
    long merged = release(chunk, size);
    if (merged >= CONSOLIDATION_THRESHOLD) {
      if (fastChunks) {
        consolidate();
      }
      if (topSize >= trimThreshold) {
        trim(config.topPad());
      }
    }
  }

  /** Merges a chunk with its free neighbours, puts it on the unsorted list or into the top. */
  private long release(long from, long bytes) {
    long chunk = from;
    long size = bytes;
    if ((memory.load(chunk + 8) & IN_USE_BEFORE) == 0) {
      long before = memory.load(chunk);
      chunk -= before;
      size += before;
      unlink(chunk);
    }
    long next = from + bytes;
    if (next == top) {
      size += topSize;
      top = chunk;
      topSize = size;
      memory.store(chunk + 8, size | IN_USE_BEFORE);
      return size;
    }
    long nextSize = size(next);
    if ((memory.load(next + nextSize + 8) & IN_USE_BEFORE) == 0) {
      unlink(next);
      size += nextSize;
    } else {
      memory.store(next + 8, memory.load(next + 8) & ~IN_USE_BEFORE);
    }
    linkAfter(head(UNSORTED), chunk);
    setFree(chunk, size);
    return size;
  }

  /** Frees all fast chunks for good, so that they merge. */
  private void consolidate() {
    fastChunks = false;
    for (int bin = 0; bin < fastHeads.length; bin++) {
      long chunk = fastHeads[bin];
      fastHeads[bin] = 0;
      while (chunk != 0) {
        long next = forward(chunk);
        release(chunk, size(chunk));
        chunk = next;
      }
    }
  }

  /** malloc_trim's first half: gives the top of the heap back, but for {@code pad} bytes. */
  private void trim(long pad) {
    long area = topSize - MIN_CHUNK - 1;
    if (area <= pad || !contiguous) {
      return;
    }
    long extra = (area - pad) & -PAGE;
    if (extra == 0 || memory.sbrk(0) != top + topSize) {
      return;
    }
    if (memory.sbrk(-extra) != HeapMemory.FAILED) {
      systemBytes -= extra;
      topSize -= extra;
      memory.store(top + 8, topSize | IN_USE_BEFORE);
    }
  }

  // realloc

  /**
   * realloc; 0 for the pointer is malloc, 0 for the size is free.
   *
   * @return the address, or 0 if memory is short, when the old allocation stays
   */
  public long realloc(long pointer, long bytes) {
    if (pointer == 0) {
      return malloc(bytes);
    }
    if (bytes == 0) {
      free(pointer);
      return 0;
    }
    long wanted = chunkSize(bytes);
    if (wanted < 0) {
      return 0;
    }
    long chunk = pointer - HEADER;
    long header = memory.load(chunk + 8);
    long has = header & ~FLAGS;
    if ((header & MAPPED) != 0) {
      return reallocMapped(chunk, has, wanted, bytes);
    }
    if (has < wanted) {
      long next = chunk + has;
      if (next == top && has + topSize >= wanted + MIN_CHUNK) {
        top = chunk + wanted;
        topSize = has + topSize - wanted;
        setSizeOnly(chunk, wanted);
        memory.store(top + 8, topSize | IN_USE_BEFORE);
        return pointer;
      }
      boolean nextFree = next != top && (memory.load(next + size(next) + 8) & IN_USE_BEFORE) == 0;
      if (nextFree && has + size(next) >= wanted) {
        has += size(next);
        unlink(next);
      } else {
        // Not from the thread's cache: the real one does not look there either.
        long fresh = allocate(wanted);
        if (fresh == 0) {
          return 0;
        }
        if (fresh - HEADER != chunk + has) {
          copy(pointer, fresh, has - 8);
          free(pointer);
          return fresh;
        }
        has += size(fresh - HEADER); // it came to lie right behind
      }
      setSizeOnly(chunk, has);
      memory.store(chunk + has + 8, memory.load(chunk + has + 8) | IN_USE_BEFORE);
    }
    if (has - wanted >= MIN_CHUNK) {
      long rest = chunk + wanted;
      setSizeOnly(chunk, wanted);
      memory.store(rest + 8, (has - wanted) | IN_USE_BEFORE);
      free(rest + HEADER);
    }
    return pointer;
  }

  private long reallocMapped(long chunk, long has, long wanted, long bytes) {
    long now = alignUp(wanted + 8);
    if (now == has) {
      return chunk + HEADER;
    }
    long moved = memory.mremap(chunk, has, now);
    if (moved != HeapMemory.FAILED) {
      memory.store(moved + 8, now | MAPPED);
      mappedBytes += now - has;
      return moved + HEADER;
    }
    if (has - 8 >= wanted) {
      return chunk + HEADER;
    }
    long fresh = malloc(bytes);
    if (fresh != 0) {
      copy(chunk + HEADER, fresh, has - HEADER);
      memory.munmap(chunk, has);
      mappedChunks--;
      mappedBytes -= has;
    }
    return fresh;
  }

  private void copy(long from, long to, long bytes) {
    for (long at = 0; at < bytes; at += 8) {
      memory.store(to + at, memory.load(from + at));
    }
  }

  // Chunks and lists.

  private static long alignUp(long bytes) {
    return (bytes + PAGE - 1) & -PAGE;
  }

  private long size(long chunk) {
    return memory.load(chunk + 8) & ~FLAGS;
  }

  /** Gives a chunk that is split off a size; the flag of the chunk before stays. */
  private void setUsedSize(long chunk, long size) {
    memory.store(chunk + 8, size | IN_USE_BEFORE);
  }

  private void setSizeOnly(long chunk, long size) {
    memory.store(chunk + 8, size | (memory.load(chunk + 8) & IN_USE_BEFORE));
  }

  private void markUsed(long chunk, long size) {
    long next = chunk + size;
    memory.store(next + 8, memory.load(next + 8) | IN_USE_BEFORE);
  }

  private void setFree(long chunk, long size) {
    memory.store(chunk + 8, size | IN_USE_BEFORE);
    memory.store(chunk + size, size);
  }

  /** Heads of lists have addresses that no process has. */
  private static long head(int bin) {
    return Long.MIN_VALUE + bin;
  }

  private static int binOf(long size) {
    if (size < MIN_LARGE) {
      return (int) (size / ALIGNMENT);
    }
    if (size >>> 6 <= 48) {
      return (int) (48 + (size >>> 6));
    }
    if (size >>> 9 <= 20) {
      return (int) (91 + (size >>> 9));
    }
    if (size >>> 12 <= 10) {
      return (int) (110 + (size >>> 12));
    }
    if (size >>> 15 <= 4) {
      return (int) (119 + (size >>> 15));
    }
    return size >>> 18 <= 2 ? (int) (124 + (size >>> 18)) : 126;
  }

  private long forward(long chunk) {
    return chunk < 0 ? forwardHeads[(int) (chunk - Long.MIN_VALUE)] : memory.load(chunk + HEADER);
  }

  private long back(long chunk) {
    return chunk < 0 ? backHeads[(int) (chunk - Long.MIN_VALUE)] : memory.load(chunk + HEADER + 8);
  }

  private void setForward(long chunk, long to) {
    if (chunk < 0) {
      forwardHeads[(int) (chunk - Long.MIN_VALUE)] = to;
    } else {
      memory.store(chunk + HEADER, to);
    }
  }

  private void setBack(long chunk, long to) {
    if (chunk < 0) {
      backHeads[(int) (chunk - Long.MIN_VALUE)] = to;
    } else {
      memory.store(chunk + HEADER + 8, to);
    }
  }

  private void linkAfter(long before, long chunk) {
    long next = forward(before);
    setForward(chunk, next);
    setBack(chunk, before);
    setForward(before, chunk);
    setBack(next, chunk);
  }

  private void unlink(long chunk) {
    long next = forward(chunk);
    long before = back(chunk);
    setForward(before, next);
    setBack(next, before);
    if (chunk == lastRemainder) {
      lastRemainder = 0;
    }
  }
}
