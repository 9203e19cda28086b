package io.lookaside.os.linux;

import static io.lookaside.os.linux.PhysicalPages.PAGE_BYTES;
import static io.lookaside.os.linux.PhysicalPages.PAGE_SHIFT;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.ShootdownListener;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A kernel modelled on Linux 6.1: processes, their memory, system calls and page faults. Everything
 * that the hardware sees is bytes of page tables in physical memory, CR3 and INVLPG.
 *
 * <p>System calls act for a process whether or not it runs. They return what Linux returns: a
 * value, or a negated error number ({@link Abi}). Where memory is short the answer is Linux's too:
 * ENOMEM from a call, the end of the process for a fault.
 */
public final class LinuxKernel {
  private static final long STACK_LIMIT = 8L << 20;

  /** What exec maps for the stack at once: its own 4 KiB and 128 KiB to grow into. */
  private static final long STACK_AT_EXEC = 132L << 10;

  private final KernelState kernel;
  private final PageMapper mapper;
  private final PageCache cache;
  private final SwapCache swapCache;
  private final Writeback writeback;
  private final Kswapd kswapd;
  private final OomKiller killer;
  private final HugetlbPool pool;
  private final Commitments commitments;
  private final Areas areas;
  private final Faults faults;
  private final SystemCalls calls;
  private final Khugepaged khugepaged;
  private final KernelHalf kernelHalf;
  private final SeededRandom random;
  private final List<Task> processes = new ArrayList<>();
  private long nextContext = 1;
  private FaultKind lastFault = FaultKind.SPURIOUS;
  private long lastFaultCycles;

  /**
   * A kernel that has booted and runs no process yet.
   *
   * @param processors the processors' MMUs; their CR3 is written here
   */
  public LinuxKernel(LinuxConfig config, PhysicalMemory memory, List<Processor> processors) {
    this(config, memory, processors, null);
  }

  /**
   * A kernel that has booted and runs no process yet.
   *
   * @param processors the processors' MMUs; their CR3 is written here
   * @param listener is told of interrupts and accounts for their cost; {@code null} for the costs
   *     of the configuration
   */
  public LinuxKernel(
      LinuxConfig config,
      PhysicalMemory memory,
      List<Processor> processors,
      @Nullable ShootdownListener listener) {
    kernel = new KernelState(config, memory, processors, listener);
    mapper = new PageMapper(kernel);
    swapCache = new SwapCache(kernel, mapper);
    mapper.setSwapCache(swapCache);
    writeback = new Writeback(kernel, mapper);
    kernelHalf = new KernelHalf(kernel);
    pool = new HugetlbPool(kernel);
    mapper.setPool(pool);
    cache = new PageCache(kernel, mapper, swapCache);
    commitments = new Commitments(kernel);
    areas = new Areas(kernel, mapper, pool, commitments, cache);
    faults = new Faults(kernel, mapper, cache, pool, commitments, swapCache, writeback);
    calls = new SystemCalls(kernel, mapper, areas, faults, pool, commitments);
    khugepaged = new Khugepaged(kernel, mapper, faults);
    random = new SeededRandom(config.seed());
    Reclaim reclaim = new Reclaim(kernel, mapper, cache, swapCache, writeback);
    kswapd = new Kswapd(kernel, reclaim);
    killer = new OomKiller(kernel, processes, task -> end(task, Task.Ending.OUT_OF_MEMORY));
    kernel.device.onCompletion(swapCache::onRead, reclaim::onWritten);
    for (int cpu = 0; cpu < kernel.cpus.count(); cpu++) {
      kernel.cpus.setCurrent(cpu);
      kernel.cpus.switchTo(kernelHalf.idle());
    }
    kernel.cpus.setCurrent(0);
    boolean huge = config.thp() != LinuxConfig.Thp.NEVER && config.has(Mechanism.HUGE_PAGES);
    Watermarks.set(
        kernel.pages.zones(),
        huge && config.format() == TableFormat.X86_64,
        config.reclaim().watermarkScaleFactor());
    kernel.pages.onShortage(
        new DirectReclaim(kernel, mapper, reclaim, kswapd, killer, this::background));
  }

  /** Lets the kernel's threads do what they can have done by now. */
  private void background() {
    kernel.device.completeUntil(kernel.now());
    writeback.tick();
    while (true) {
      boolean reclaims = kswapd.isRunnable();
      boolean writes = writeback.isRunnable();
      if (!reclaims && !writes) {
        return;
      }
      CostPart part = kernel.charge(CostPart.RECLAIM);
      if (reclaims
          && (!writes
              || kernel.clock(KernelState.Worker.KSWAPD)
                  <= kernel.clock(KernelState.Worker.FLUSHER))) {
        kswapd.step();
      } else {
        writeback.step();
      }
      kernel.charge(part);
    }
  }

  /**
   * Lets time pass in which processes run: what the kernel's threads and the device do meanwhile is
   * done.
   *
   * @param cycles of the processes; the kernel's own are counted anyway
   */
  public void elapse(long cycles) {
    kernel.elapse(cycles);
    background();
  }

  /** The time of the processes, in cycles since boot: what elapsed and what the kernel took. */
  public long clock() {
    return kernel.clock(KernelState.Worker.PROCESS);
  }

  /** What memory and swap hold now. */
  public MemoryState memoryState() {
    LruLists lru = kernel.lru;
    return new MemoryState(
        clock(),
        kernel.pages.freeFrames(),
        lru.size(LruLists.ACTIVE_ANON),
        lru.size(LruLists.INACTIVE_ANON),
        lru.size(LruLists.ACTIVE_FILE),
        lru.size(LruLists.INACTIVE_FILE),
        lru.size(LruLists.UNEVICTABLE),
        kernel.dirtyPages,
        kernel.device.writing(),
        kernel.swap.totalPages(),
        kernel.swap.freePages(),
        kernel.swap.cachedPages(),
        cache.pages(),
        kswapd.isAwake());
  }

  /** What the cycles of processes in the kernel went to; the parts sum to {@link #cycles}. */
  public Snapshot<CostPart> costs() {
    return kernel.costs(KernelState.Worker.PROCESS).snapshot();
  }

  /** What kswapd's cycles went to; the parts sum to {@link KernelMetric#KSWAPD_CYCLES}. */
  public Snapshot<CostPart> kswapdCosts() {
    return kernel.costs(KernelState.Worker.KSWAPD).snapshot();
  }

  /**
   * What the cycles of the thread that writes files back went to; the parts sum to {@link
   * KernelMetric#FLUSHER_CYCLES}.
   */
  public Snapshot<CostPart> flusherCosts() {
    return kernel.costs(KernelState.Worker.FLUSHER).snapshot();
  }

  /** What the OOM killer has said, as in Linux's log. */
  public List<String> oomMessages() {
    return List.copyOf(killer.messages());
  }

  /** How bad the OOM killer would find a process, in pages. */
  public long badness(Task process) {
    return killer.badness(process);
  }

  /** Host bytes that swap's slots and their content take. */
  public long swapHostBytes() {
    return kernel.swap.hostBytes();
  }

  public LinuxConfig config() {
    return kernel.config;
  }

  /** The frames of memory and their zones. */
  public PhysicalPages pages() {
    return kernel.pages;
  }

  public PageTables tables() {
    return kernel.tables;
  }

  public HugetlbPool hugetlb() {
    return pool;
  }

  /** The counts so far. */
  public Snapshot<KernelMetric> snapshot() {
    return kernel.counters.snapshot();
  }

  /** Cycles of the kernel's work so far, by its cost model. */
  public long cycles() {
    return kernel.counters.values()[KernelMetric.CYCLES.ordinal()];
  }

  /** Pages of memory that were promised to processes (Committed_AS). */
  public long committedPages() {
    return kernel.committed;
  }

  /** Pages of files in memory, those of shared memory included. */
  public long cachedPages() {
    return cache.pages();
  }

  /** The most pages that overcommit mode 2 promises (CommitLimit). */
  public long commitLimit() {
    return commitments.limit();
  }

  /** The processes that live, in the order of their making. */
  public List<Task> processes() {
    return List.copyOf(processes);
  }

  KernelState state() {
    return kernel;
  }

  PageMapper mapper() {
    return mapper;
  }

  AddressSpace idleSpace() {
    return kernelHalf.idle();
  }

  // Processes.

  /** The root of an idle processor's tables: the kernel half and nothing else. */
  public long idleRoot() {
    return kernelHalf.idle().root;
  }

  /**
   * A process without areas, for programs of which only the references are known.
   *
   * @return {@code null} if memory is short
   */
  public @Nullable Task spawnEmpty() {
    AddressSpace space = newSpace();
    if (space == null) {
      return null;
    }
    TableFormat format = kernel.config.format();
    space.mmapBase = format.taskSize() - (128L << 20);
    space.stackTop = format.taskSize();
    space.stackLimit = STACK_LIMIT;
    return add(new Task(nextPid(), "process", null, space));
  }

  /**
   * A process that executes a program.
   *
   * @return {@code null} if memory is short
   */
  public @Nullable Task spawn(Executable program) {
    AddressSpace space = load(program);
    if (space == null) {
      return null;
    }
    String name = program.name().substring(program.name().lastIndexOf('/') + 1);
    return add(new Task(nextPid(), name, null, space));
  }

  private int nextPid() {
    nextPid++;
    return nextPid;
  }

  private int nextPid;

  private Task add(Task process) {
    processes.add(process);
    return process;
  }

  private @Nullable AddressSpace newSpace() {
    boolean shared = !kernel.config.has(Mechanism.SEPARATE_TABLES) && !processes.isEmpty();
    long root = shared ? processes.get(0).space.root : kernel.tables.newTable();
    if (root == 0) {
      return null;
    }
    AddressSpace space = new AddressSpace(nextContext++, root);
    space.stackLimit = STACK_LIMIT;
    if (!shared && !(kernelHalf.install(space) && makeAllTables(space))) {
      release(space);
      return null;
    }
    return space;
  }

  /** Where tables are not made on demand, makes those of the user half of a 32-bit space. */
  private boolean makeAllTables(AddressSpace space) {
    TableFormat format = kernel.config.format();
    if (format != TableFormat.I386 || kernel.config.has(Mechanism.TABLES_ON_DEMAND)) {
      return true;
    }
    for (long va = 0; va < format.taskSize(); va += 1L << format.largeShift()) {
      if (kernel.tables.make(space, va, PAGE_SHIFT, PageTables.USER_TABLE) == 0) {
        return false;
      }
    }
    return true;
  }

  /** exec: replaces a process's memory by a program's; 0 or a negated error number. */
  public long exec(Task process, Executable program) {
    return call(process, () -> replace(process, program));
  }

  private long replace(Task process, Executable program) {
    AddressSpace fresh = load(program);
    if (fresh == null) {
      return -Abi.ENOMEM;
    }
    AddressSpace old = process.space;
    boolean runs = kernel.cpus.running(kernel.cpus.current()) == old;
    process.space = fresh;
    release(old);
    if (runs) {
      kernel.cpus.switchTo(fresh);
    }
    return 0;
  }

  private @Nullable AddressSpace load(Executable program) {
    AddressSpace space = newSpace();
    if (space == null) {
      return null;
    }
    Layout layout = new Layout(kernel.config, random, program);
    space.stackTop = layout.stackTop();
    space.mmapBase = layout.mmapBase();
    space.heapStart = layout.heapStart();
    space.heapEnd = layout.heapStart();
    int anonymous = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    FileMapping image = openFile(program.name(), layout.imageBytes(), false, at -> at | 1);
    int mapped = Abi.MAP_PRIVATE | Abi.MAP_FIXED;
    long offset = 0;
    int read = Abi.PROT_READ;
    int write = Abi.PROT_READ | Abi.PROT_WRITE;
    long ok = mapSegment(space, layout.text(), program.textBytes(), read | Abi.PROT_EXEC, image, 0);
    offset += Layout.align(program.textBytes());
    ok |= mapSegment(space, layout.readOnly(), program.readOnlyBytes(), read, image, offset);
    offset += Layout.align(program.readOnlyBytes());
    ok |= mapSegment(space, layout.data(), program.dataBytes(), write, image, offset);
    if (program.bssBytes() > 0) {
      long bytes = program.bssBytes();
      ok |= error(calls.mmap(space, layout.bss(), bytes, write, anonymous, null, 0));
    }
    FileMapping vdso = openFile("[vdso]", Layout.VDSO_BYTES, false, at -> at | 1);
    ok |=
        error(
            calls.mmap(
                space, layout.vdso(), Layout.VDSO_BYTES, read | Abi.PROT_EXEC, mapped, vdso, 0));
    long stack = layout.stackTop() - STACK_AT_EXEC;
    int growing = anonymous | Abi.MAP_GROWSDOWN;
    ok |= error(calls.mmap(space, stack, STACK_AT_EXEC, write, growing, null, 0));
    Vma stackArea = space.areaAt(stack);
    if (ok != 0 || stackArea == null) {
      release(space);
      return null;
    }
    stackArea.name = "[stack]";
    // exec itself writes arguments and environment to the top of the stack.
    if (!faults.touch(stackArea, layout.stackTop() - PAGE_BYTES, true).answered()) {
      release(space);
      return null;
    }
    return space;
  }

  private long mapSegment(
      AddressSpace space, long va, long bytes, int rights, FileMapping file, long offset) {
    if (bytes == 0) {
      return 0;
    }
    int flags = Abi.MAP_PRIVATE | Abi.MAP_FIXED;
    return error(calls.mmap(space, va, bytes, rights, flags, file, offset));
  }

  private static long error(long result) {
    return Abi.isError(result) ? result : 0;
  }

  /**
   * fork.
   *
   * @return the child, or {@code null} for ENOMEM
   */
  public @Nullable Task fork(Task parent) {
    if (parent.ending != null) {
      return null;
    }
    enter(parent);
    Task child = copy(parent);
    leave(parent);
    return child;
  }

  private @Nullable Task copy(Task parent) {
    AddressSpace from = parent.space;
    AddressSpace to = newSpace();
    if (to == null) {
      return null;
    }
    to.heapStart = from.heapStart;
    to.heapEnd = from.heapEnd;
    to.mmapBase = from.mmapBase;
    to.stackTop = from.stackTop;
    to.stackLimit = from.stackLimit;
    boolean complete = calls.copyAreas(from, to);
    kernel.cpus.flush(from, 0, kernel.config.format().taskSize(), PAGE_SHIFT);
    if (!complete) {
      release(to);
      return null;
    }
    Task child = new Task(nextPid(), parent.name(), parent, to);
    child.oomScoreAdj = parent.oomScoreAdj;
    return add(child);
  }

  /** exit: gives back all memory of a process. */
  public void exit(Task process) {
    enter(process);
    kernel.task = null;
    end(process, Task.Ending.EXITED);
  }

  /** Ends a process that a signal killed. */
  public void kill(Task process, Task.Ending how) {
    end(process, how);
  }

  private void end(Task process, Task.Ending how) {
    if (process.ending == null) {
      process.ending = how;
      release(process.space);
      processes.remove(process);
    }
  }

  private void release(AddressSpace space) {
    kernel.cpus.forget(space, kernelHalf.idle());
    areas.removeRange(space, 0, kernel.config.format().taskSize());
    kernel.tables.freeAll(space, kernel.config.format().firstKernelIndex());
    kernelHalf.remove(space);
    kernel.tables.freeTable(space.root);
  }

  /**
   * Lets a process run on a processor: CR3 takes its root table, or the idle one's if it has ended.
   *
   * @return what CR3 holds then, with the bit that keeps what is cached
   */
  public long run(int cpu, Task process) {
    kernel.cpus.setCurrent(cpu);
    kernel.cpus.switchTo(process.ending == null ? process.space : kernelHalf.idle());
    return kernel.cpus.currentCr3() | Cr3.KEEP_TRANSLATIONS;
  }

  /**
   * Says that a processor has nothing to run. It keeps the address space that it ran last, as on
   * Linux.
   */
  public void idle(int cpu) {
    kernel.cpus.idle(cpu);
  }

  /** Says which processor executes the kernel from now on. */
  void enterOn(int cpu) {
    kernel.cpus.setCurrent(cpu);
  }

  // Faults.

  /**
   * Answers a page fault of a process.
   *
   * @param va the faulting address (CR2)
   * @param errorCode the hardware's ({@link io.lookaside.mmu.format.PageFaultCode})
   */
  public FaultKind handlePageFault(Task process, long va, int errorCode) {
    if (process.ending != null) {
      lastFault = FaultKind.OUT_OF_MEMORY;
      lastFaultCycles = 0;
      return lastFault;
    }
    begin(process, CostPart.FAULTS);
    long[] values = kernel.counters.values();
    long before = values[KernelMetric.CYCLES.ordinal()];
    kernel.cpus.beginBatch();
    FaultKind kind = faults.handle(process.space, va, errorCode);
    kernel.cpus.endBatch();
    if (kind == FaultKind.MAJOR) {
      process.majorFaults++;
    } else if (kind.answered()) {
      process.minorFaults++;
    }
    lastFault = kind;
    lastFaultCycles = values[KernelMetric.CYCLES.ordinal()] - before;
    leave(process);
    return kind;
  }

  /** How the last page fault was answered. */
  public FaultKind lastFault() {
    return lastFault;
  }

  /** What the last page fault cost, flushes and shootdowns included. */
  public long lastFaultCycles() {
    return lastFaultCycles;
  }

  /**
   * Lets khugepaged scan on from where it stopped, over all processes in turn.
   *
   * @param pages of 4 KiB to look at, at most
   * @return how many huge pages it made
   */
  public int khugepaged(long pages) {
    return khugepaged.scanOn(processes, pages);
  }

  /** Lets khugepaged scan a process once; returns how many huge pages it made. */
  public int khugepaged(Task process) {
    return khugepaged.scan(process.space);
  }

  /**
   * Takes 2^order frames for the kernel's own use, as a driver does that may use the reserves;
   * nothing is reclaimed for them.
   *
   * @param order 0 to 10
   * @return the first frame's number, or -1 if no block is that large
   */
  public int takeFrames(int order) {
    return kernel.pages.takeAny(order);
  }

  /** Gives back what {@link #takeFrames} gave. */
  public void giveFrames(int pfn, int order) {
    kernel.pages.free(pfn, order);
  }

  // System calls.

  /** Begins work for a process. */
  private void begin(@Nullable Task process, CostPart part) {
    background();
    kernel.task = process;
    kernel.charge(part);
  }

  private void enter(@Nullable Task process) {
    begin(process, CostPart.SYSTEM_CALLS);
    kernel.count(KernelMetric.SYSTEM_CALLS, 1);
    kernel.spend(kernel.config.costs().systemCall());
  }

  /** Ends work for a process, and the process if it was chosen to be killed meanwhile. */
  private void leave(@Nullable Task process) {
    kernel.task = null;
    if (process != null && process.oomVictim) {
      end(process, Task.Ending.OUT_OF_MEMORY);
    }
  }

  private long call(Task process, LongSupplier work) {
    if (process.ending != null) {
      return -Abi.ESRCH;
    }
    enter(process);
    long result = work.getAsLong();
    leave(process);
    return result;
  }

  /** A file that programs can map; it lives as long as the kernel. */
  public FileMapping openFile(
      String name, long bytes, boolean writable, LongUnaryOperator content) {
    FileMapping file = new FileMapping(kernel.newMappingId(), name, bytes, writable, true, content);
    file.setKeep();
    // Files lie far apart on the device, and after swap.
    file.firstBlock = (long) file.id << 40;
    return kernel.register(file);
  }

  /** brk: moves the program break; returns where it is then, which on failure is where it was. */
  public long brk(Task process, long address) {
    return call(process, () -> calls.brk(process.space, address));
  }

  /**
   * mmap.
   *
   * @param hint where the mapping should be, or with MAP_FIXED must be; else 0
   * @param rights {@code Abi.PROT_...}
   * @param flags {@code Abi.MAP_...}
   * @param file what is mapped, or {@code null} with MAP_ANONYMOUS
   * @param offset of the first byte in the file
   */
  public long mmap(
      Task process,
      long hint,
      long bytes,
      int rights,
      int flags,
      @Nullable FileMapping file,
      long offset) {
    return call(process, () -> calls.mmap(process.space, hint, bytes, rights, flags, file, offset));
  }

  /** mmap of anonymous private memory anywhere. */
  public long mmap(Task process, long bytes, int rights) {
    return mmap(process, 0, bytes, rights, Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS, null, 0);
  }

  public long munmap(Task process, long start, long bytes) {
    return call(process, () -> calls.munmap(process.space, start, bytes));
  }

  public long mprotect(Task process, long start, long bytes, int rights) {
    return call(process, () -> calls.mprotect(process.space, start, bytes, rights));
  }

  /**
   * mremap.
   *
   * @param flags {@code Abi.MREMAP_...}
   * @param target with MREMAP_FIXED the new address, else ignored
   */
  public long mremap(Task process, long old, long oldBytes, long newBytes, int flags, long target) {
    return call(process, () -> calls.mremap(process.space, old, oldBytes, newBytes, flags, target));
  }

  /**
   * madvise.
   *
   * @param advice {@code Abi.MADV_...}
   */
  public long madvise(Task process, long start, long bytes, int advice) {
    return call(process, () -> calls.madvise(process.space, start, bytes, advice));
  }

  public long mlock(Task process, long start, long bytes) {
    return call(process, () -> calls.mlock(process.space, start, bytes, true));
  }

  public long munlock(Task process, long start, long bytes) {
    return call(process, () -> calls.mlock(process.space, start, bytes, false));
  }

  /** ftruncate: what lies past the new end is unmapped everywhere, private copies too. */
  public void truncate(FileMapping file, long bytes) {
    enter(null);
    long oldPages = file.pages();
    file.setBytes(bytes);
    long pages = file.pages();
    for (Vma area : List.copyOf(file.areas())) {
      long from = Math.max(area.start, area.address(pages));
      if (pages < oldPages && from < area.end) {
        mapper.unmap(area, from, area.end);
      }
    }
    cache.truncate(file, pages);
    leave(null);
  }

  /** Waits until all dirty pages of files are on the device (sync). */
  public void sync() {
    enter(null);
    writeback.writeAll();
    leave(null);
  }

  /**
   * read: copies words of a file to a process's memory, as far as both go.
   *
   * @param va 8-byte aligned
   * @param bytes a multiple of 8
   * @return the bytes copied, or a negated error number
   */
  public long read(Task process, FileMapping file, long offset, long va, long bytes) {
    return call(process, () -> copyFrom(process, file, offset, va, bytes));
  }

  private long copyFrom(Task process, FileMapping file, long offset, long va, long bytes) {
    long done = 0;
    while (done < bytes && offset + done < file.bytes()) {
      int pfn = cache.forRead(file, (offset + done) >>> PAGE_SHIFT);
      if (pfn == PageFrames.NONE) {
        return done == 0 ? -Abi.ENOMEM : done;
      }
      mapper.pin(pfn);
      kernel.workingset.markAccessed(pfn);
      long end = Math.min(Math.min(bytes, file.bytes() - offset), nextPage(offset + done) - offset);
      long error = 0;
      while (done < end && error == 0) {
        long source = PhysicalPages.address(pfn) + ((offset + done) & (PAGE_BYTES - 1));
        long target = userAddress(process.space, va + done, true);
        if (Abi.isError(target)) {
          error = target;
        } else {
          kernel.memory.write(target, kernel.memory.read(source));
          done += 8;
        }
      }
      mapper.put(pfn);
      if (error != 0) {
        return done == 0 ? error : done;
      }
    }
    return done;
  }

  private static long nextPage(long offset) {
    return (offset & -PAGE_BYTES) + PAGE_BYTES;
  }

  /**
   * Which pages of a range are resident (mincore), as far as tables tell.
   *
   * @return the number of resident pages, or a negated error number
   */
  public long residentPages(Task process, long start, long bytes) {
    if ((start & (PAGE_BYTES - 1)) != 0) {
      return -Abi.EINVAL;
    }
    long resident = 0;
    for (long va = start; va < start + bytes; va += PAGE_BYTES) {
      if (process.space.areaAt(va) == null) {
        return -Abi.ENOMEM;
      }
      long address = kernel.tables.descend(process.space.root, va);
      long entry = kernel.tables.read(address);
      boolean mapped = LinuxPte.isMapped(entry);
      if (mapped && !mapper.isZero(LinuxPte.pfn(entry, kernel.tables.reached()))) {
        resident++;
      }
    }
    return resident;
  }

  /**
   * Touches the page of an address as the kernel does for a process that asks for it
   * (MAP_POPULATE).
   */
  void populate(Task process, long va) {
    Vma area = process.space.areaAt(va);
    if (area != null && frameOf(process, va) < 0) {
      begin(process, CostPart.FAULTS);
      faults.touch(area, va, true);
      leave(process);
    }
  }

  /** The user pages of a size that entries map, of all processes together. */
  public long mappedPages(PageSize size) {
    long pages = 0;
    for (Task process : processes) {
      pages += kernel.tables.countLeaves(process.space.root, size.shift());
    }
    return pages;
  }

  /** The frame that a process has mapped at an address, or -1. */
  public long frameOf(Task process, long va) {
    long entry = kernel.tables.read(kernel.tables.descend(process.space.root, va));
    int shift = kernel.tables.reached();
    long within = (va & ((1L << shift) - 1)) >>> PAGE_SHIFT;
    return LinuxPte.isMapped(entry) ? LinuxPte.pfn(entry, shift) + within : -1;
  }

  /** The physical address behind a user address, made accessible if need be; or -EFAULT. */
  private long userAddress(AddressSpace space, long va, boolean write) {
    Vma area = space.areaAt(va);
    if (area == null || !area.is(write ? Vma.WRITE : Vma.ACCESS)) {
      return -Abi.EFAULT;
    }
    while (true) {
      long address = kernel.tables.descend(space.root, va);
      int shift = kernel.tables.reached();
      long entry = kernel.tables.read(address);
      if (Pte.isPresent(entry) && (!write || LinuxPte.isWritable(entry))) {
        long offset = va & ((1L << shift) - 1);
        return PhysicalPages.address(LinuxPte.pfn(entry, shift)) + offset;
      }
      if (!faults.touch(area, va, write).answered()) {
        return -Abi.EFAULT;
      }
    }
  }
}
