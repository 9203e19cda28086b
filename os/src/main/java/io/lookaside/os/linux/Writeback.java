package io.lookaside.os.linux;

import io.lookaside.mmu.format.Pte;
import org.jspecify.annotations.Nullable;

/**
 * Writes dirty pages of files to the device: a thread of its own in the background, from a share of
 * memory that is dirty on, when reclaim finds nothing but dirty pages, and what has been dirty for
 * 30 seconds; and it makes writers wait when too much is dirty.
 *
 * <p>Source: Linux 6.1, mm/page-writeback.c, fs/fs-writeback.c. A throttled writer waits for writes
 * to complete; Linux computes pauses from its rate.
 */
final class Writeback {
  /** Pages that the thread writes before another may run. */
  private static final int BATCH = 32;

  /** dirty_writeback_centisecs and dirty_expire_centisecs, in cycles. */
  private static final long PERIOD = 5 * KernelCosts.CYCLES_PER_SECOND;

  private static final long EXPIRY = 30 * KernelCosts.CYCLES_PER_SECOND;

  private final KernelState kernel;
  private final PageFrames frames;
  private final PageMapper mapper;
  private boolean everything;
  private boolean awake;
  private long expiredBefore = -1;
  private long lastPeriod;

  Writeback(KernelState kernel, PageMapper mapper) {
    this.kernel = kernel;
    this.frames = kernel.frames;
    this.mapper = mapper;
  }

  private boolean isOn() {
    return kernel.config.has(Mechanism.WRITEBACK);
  }

  /** Memory that may be dirty: what is free and what files have (global_dirtyable_memory). */
  private long dirtyable() {
    return kernel.pages.freeFrames()
        + kernel.lru.size(LruLists.INACTIVE_FILE)
        + kernel.lru.size(LruLists.ACTIVE_FILE);
  }

  private long background() {
    return dirtyable() * kernel.config.reclaim().dirtyBackgroundRatio() / 100;
  }

  private long limit() {
    return dirtyable() * kernel.config.reclaim().dirtyRatio() / 100;
  }

  private long dirty() {
    return kernel.dirtyPages + kernel.writingPages;
  }

  /** A page was made dirty by a process, which may have to wait for that. */
  void balance() {
    if (!isOn()) {
      return;
    }
    if (kernel.dirtyPages > background()) {
      wake();
    }
    boolean waited = false;
    while (dirty() > limit() && kernel.thread() == KernelState.Worker.PROCESS) {
      waited = true;
      if (kernel.device.nextWrite() < 0) {
        if (kernel.dirtyFiles.isEmpty()) {
          break;
        }
        // Nothing is under way: the thread would write now, while this waits.
        wake();
        runOnce();
        continue;
      }
      kernel.waitUntil(CostPart.WAITING, kernel.device.nextWrite());
    }
    if (waited) {
      kernel.count(KernelMetric.THROTTLED_WRITES, 1);
    }
  }

  /** Reclaim finds nothing but dirty pages: all are to be written (wakeup_flusher_threads). */
  void writeEverything() {
    if (isOn()) {
      everything = true;
      wake();
    }
  }

  private void wake() {
    if (!awake) {
      awake = true;
      kernel.wake(KernelState.Worker.FLUSHER);
    }
  }

  /** Looks every five seconds for what has been dirty for long. */
  void tick() {
    long now = kernel.clock(KernelState.Worker.PROCESS);
    if (now - lastPeriod < PERIOD || !isOn()) {
      return;
    }
    lastPeriod = now;
    for (FileMapping file : kernel.dirtyFiles) {
      if (file.dirtySince <= now - EXPIRY) {
        expiredBefore = now - EXPIRY;
        wake();
        return;
      }
    }
  }

  boolean isRunnable() {
    return awake
        && kernel.clock(KernelState.Worker.FLUSHER) < kernel.clock(KernelState.Worker.PROCESS);
  }

  /** Writes a batch of pages of one file, neighbours together, as the thread. */
  void step() {
    kernel.enterThread(KernelState.Worker.FLUSHER);
    kernel.device.completeUntil(kernel.now());
    FileMapping file = next();
    if (file == null) {
      awake = false;
      everything = false;
      expiredBefore = -1;
    } else {
      writeSome(file);
    }
    kernel.leaveThread(CostPart.FAULTS);
  }

  private void runOnce() {
    CostPart part = kernel.charge(CostPart.WAITING);
    step();
    kernel.charge(part);
  }

  private @Nullable FileMapping next() {
    for (FileMapping file : kernel.dirtyFiles) {
      if (everything || kernel.dirtyPages > background() || file.dirtySince <= expiredBefore) {
        return file;
      }
    }
    return null;
  }

  private void writeSome(FileMapping file) {
    kernel.spend(CostPart.WRITING, kernel.config.costs().wakeup() / 4);
    long[] batch = file.dirty.longStream().limit(BATCH).toArray();
    for (long index : batch) {
      int pfn = file.cached.get(index);
      if (frames.is(pfn, PageFrames.WRITING)) {
        mapper.pin(pfn);
        kernel.waitUntil(CostPart.WAITING, kernel.device.nextWrite());
        mapper.put(pfn);
        continue;
      }
      write(file, pfn);
    }
  }

  /** Writes all dirty pages, and waits until they and what was under way are on the device. */
  void writeAll() {
    while (!kernel.dirtyFiles.isEmpty()) {
      writeSome(kernel.dirtyFiles.iterator().next());
    }
    while (kernel.writingPages > 0) {
      kernel.waitUntil(CostPart.WAITING, kernel.device.nextWrite());
    }
  }

  /** Begins to write a page; whoever has it mapped must fault before it is written again. */
  void write(FileMapping file, int pfn) {
    long index = frames.index(pfn);
    clean(pfn);
    kernel.clearDirty(pfn);
    file.written.save(Math.toIntExact(index), kernel.memory, pfn);
    frames.set(pfn, PageFrames.WRITING);
    kernel.writingPages++;
    kernel.count(KernelMetric.FILE_PAGES_WRITTEN, 1);
    kernel.device.write(file.firstBlock + index, pfn);
  }

  /** Takes the right to write and D out of all entries that map a page (folio_mkclean). */
  private void clean(int pfn) {
    mapper.visitMappings(
        pfn,
        (area, va, address, shift) -> {
          long entry = kernel.tables.read(address);
          kernel.spend(kernel.config.costs().reverseMapStep());
          if (area.is(Vma.SHARED) && (entry & (Pte.WRITABLE | Pte.DIRTY)) != 0) {
            kernel.tables.write(address, entry & ~(Pte.WRITABLE | Pte.DIRTY));
            kernel.spend(kernel.config.costs().entryUpdate());
            kernel.cpus.flush(area.space, va, va + PhysicalPages.PAGE_BYTES, shift);
          }
        });
  }

  /** A page of a file has been written. */
  void onWritten() {
    kernel.writingPages--;
  }
}
