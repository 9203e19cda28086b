package io.lookaside.os.linux;

import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.os.ShootdownListener;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the parts of the kernel share: configuration, memory, tables, accounts. */
final class KernelState {
  final LinuxConfig config;
  final PhysicalMemory memory;
  final PhysicalPages pages;
  final PageFrames frames;
  final PageTables tables;
  final Cpus cpus;
  final Counters<KernelMetric> counters = new Counters<>(KernelMetric.class);

  final LruLists lru;
  final SwapArea swap;
  final BlockDevice device;
  final Workingset workingset;

  /** Who spends the cycles that are spent now. */
  private Worker thread = Worker.PROCESS;

  /** What they are spent on, where that is not said. */
  private CostPart part = CostPart.SYSTEM_CALLS;

  private final long[] clocks = new long[Worker.values().length];
  private final List<Counters<CostPart>> costs = new ArrayList<>();

  /** The process for which the kernel works, if it does for one. */
  @Nullable Task task;

  /** Pages of files that were written and not written back, or are being written back. */
  long dirtyPages;

  long writingPages;

  /** Files with pages to be written back, in the order in which they got the first. */
  final Set<FileMapping> dirtyFiles = new LinkedHashSet<>();

  /** Threads of execution in the kernel; each has a processor of its own. */
  enum Worker {
    PROCESS(KernelMetric.CYCLES),
    KSWAPD(KernelMetric.KSWAPD_CYCLES),
    FLUSHER(KernelMetric.FLUSHER_CYCLES);

    final KernelMetric total;

    Worker(KernelMetric total) {
      this.total = total;
    }
  }

  /** Pages of memory that areas were promised. */
  long committed;

  private final List<@Nullable Mapping> mappings = new ArrayList<>();
  private final IntArrayList freeIds = new IntArrayList();

  KernelState(
      LinuxConfig config,
      PhysicalMemory memory,
      List<Processor> processors,
      @Nullable ShootdownListener listener) {
    this.config = config;
    this.memory = memory;
    this.pages =
        new PhysicalPages(memory, config.memoryBytes(), config.has(Mechanism.BUDDY_MERGING));
    this.frames = pages.frames();
    this.tables = new PageTables(config.format(), memory, pages);
    this.cpus = new Cpus(this, processors, listener);
    this.lru = new LruLists(frames, config.has(Mechanism.ACTIVE_LISTS));
    long swapBytes = config.has(Mechanism.SWAP) ? config.swapBytes() : 0;
    this.swap = new SwapArea(swapBytes, config.has(Mechanism.SWAP_CLUSTERS));
    this.device = new BlockDevice(this);
    this.workingset = new Workingset(this);
    for (int i = 0; i < clocks.length; i++) {
      costs.add(new Counters<>(CostPart.class));
    }
    mappings.add(null); // 0 is none
  }

  void count(KernelMetric metric, long amount) {
    counters.add(metric, amount);
  }

  void spend(long cycles) {
    spend(part, cycles);
  }

  void spend(CostPart on, long cycles) {
    counters.add(thread.total, cycles);
    costs.get(thread.ordinal()).add(on, cycles);
    clocks[thread.ordinal()] += cycles;
  }

  /** Lets time pass in which processes run, without the kernel. */
  void elapse(long cycles) {
    clocks[Worker.PROCESS.ordinal()] += cycles;
  }

  /** The time of whoever spends cycles now, in cycles since boot. */
  long now() {
    return clocks[thread.ordinal()];
  }

  long clock(Worker of) {
    return clocks[of.ordinal()];
  }

  Worker thread() {
    return thread;
  }

  Counters<CostPart> costs(Worker of) {
    return costs.get(of.ordinal());
  }

  /** Lets a thread of the kernel run from now, or from when it was ready, on. */
  void enterThread(Worker entered) {
    thread = entered;
    part = CostPart.RECLAIM;
  }

  /** Back to processes. */
  void leaveThread(CostPart then) {
    thread = Worker.PROCESS;
    part = then;
  }

  /** A thread that slept wakes: its time is that of the waker, at least. */
  void wake(Worker woken) {
    int i = woken.ordinal();
    clocks[i] = Math.max(clocks[i], now());
    spend(CostPart.RECLAIM, config.costs().wakeup());
  }

  /** Sets what cycles are spent on where that is not said; returns what they were. */
  CostPart charge(CostPart to) {
    CostPart before = part;
    part = to;
    return before;
  }

  /** Waits, and lets the device complete what it has done by then. */
  void waitUntil(CostPart on, long time) {
    long wait = time - now();
    if (wait > 0) {
      spend(on, wait);
    }
    device.completeUntil(Math.max(time, now()));
  }

  int newMappingId() {
    if (freeIds.isEmpty()) {
      mappings.add(null);
      return mappings.size() - 1;
    }
    return freeIds.popInt();
  }

  <M extends Mapping> M register(M mapping) {
    mappings.set(mapping.id, mapping);
    return mapping;
  }

  void forget(Mapping mapping) {
    mappings.set(mapping.id, null);
    freeIds.push(mapping.id);
  }

  /** All files that there are; for checks. */
  List<FileMapping> files() {
    List<FileMapping> files = new ArrayList<>();
    for (Mapping mapping : mappings) {
      if (mapping instanceof FileMapping file) {
        files.add(file);
      }
    }
    return files;
  }

  @Nullable Mapping mapping(int pfn) {
    return mappings.get(frames.mapping(pfn));
  }

  /** Notes that a page was written. */
  void markDirty(int pfn) {
    if (frames.is(pfn, PageFrames.DIRTY)) {
      return;
    }
    frames.set(pfn, PageFrames.DIRTY);
    if (isCachedOfDevice(pfn)) {
      dirtyPages++;
      if (mapping(pfn) instanceof FileMapping file) {
        if (file.dirty.isEmpty()) {
          file.dirtySince = now();
          dirtyFiles.add(file);
        }
        file.dirty.add(frames.index(pfn));
      }
    }
  }

  /** Notes that what a page holds is, or need not be, on the device. */
  void clearDirty(int pfn) {
    if (!frames.is(pfn, PageFrames.DIRTY)) {
      return;
    }
    frames.clear(pfn, PageFrames.DIRTY);
    if (isCachedOfDevice(pfn)) {
      dirtyPages--;
      if (mapping(pfn) instanceof FileMapping file) {
        file.dirty.remove(frames.index(pfn));
        if (file.dirty.isEmpty()) {
          dirtyFiles.remove(file);
        }
      }
    }
  }

  /** Whether a page is of a file that the device holds. */
  private boolean isCachedOfDevice(int pfn) {
    return (frames.flags(pfn) & (PageFrames.FILE | PageFrames.SWAPBACKED | PageFrames.HUGETLB))
        == PageFrames.FILE;
  }

  /** Pays for clearing 2^order frames. */
  void zeroed(int order) {
    count(KernelMetric.PAGES_ZEROED, 1L << order);
    spend((PhysicalPages.PAGE_BYTES << order) / config.costs().bytesZeroedPerCycle());
  }

  /** Copies 2^order frames and pays for it. */
  void copy(int from, int to, int order) {
    long bytes = PhysicalPages.PAGE_BYTES << order;
    memory.copy(PhysicalPages.address(from), PhysicalPages.address(to), bytes);
    count(KernelMetric.PAGES_COPIED, 1L << order);
    spend(bytes / config.costs().bytesCopiedPerCycle());
  }
}
