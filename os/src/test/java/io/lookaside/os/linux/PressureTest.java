package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.SeededRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random programs that use more memory than there is, against a plain map of what each process
 * should see; now and then all tables, lists, slots and accounts are checked against each other.
 */
class PressureTest {
  private static final int PAGE = 4096;
  private static final int FILE_PAGES = 3000;

  /** How the machine is set up. */
  private enum Setup {
    SWAP(LinuxConfig.Thp.NEVER, 256),
    HUGE(LinuxConfig.Thp.ALWAYS, 256),
    SMALL_SWAP(LinuxConfig.Thp.NEVER, 16),
    NO_SWAP(LinuxConfig.Thp.MADVISE, 0),
    ONLY_DIRECT(LinuxConfig.Thp.NEVER, 256, Mechanism.KSWAPD, Mechanism.WRITEBACK),
    PLAIN(
        LinuxConfig.Thp.NEVER,
        256,
        Mechanism.SWAP_CACHE,
        Mechanism.SWAP_CLUSTERS,
        Mechanism.SWAP_READAHEAD,
        Mechanism.READAHEAD,
        Mechanism.ACTIVE_LISTS,
        Mechanism.BATCHED_FLUSH,
        Mechanism.DIRTY_TRACKING),
    BLIND(
        LinuxConfig.Thp.ALWAYS,
        64,
        Mechanism.SECOND_CHANCE,
        Mechanism.REFAULT_DETECTION,
        Mechanism.COPY_ON_WRITE),
    REFUSING(LinuxConfig.Thp.NEVER, 8, Mechanism.OOM_KILLER, Mechanism.DIRECT_RECLAIM);

    final LinuxConfig.Thp thp;
    final int swapMib;

    @SuppressWarnings("ImmutableEnumChecker") // made by Set.of
    final Set<Mechanism> off;

    Setup(LinuxConfig.Thp thp, int swapMib, Mechanism... off) {
      this.thp = thp;
      this.swapMib = swapMib;
      this.off = Set.of(off);
    }
  }

  /** What a page holds, in the model: one word at a place that the page's number gives. */
  private static final class Cell {
    long value;

    Cell(long value) {
      this.value = value;
    }
  }

  private static final class Page {
    final boolean shared;
    final boolean writable;
    Cell cell;

    /** The page of a file that a private page shows until it is written. */
    @Nullable Cell behind;

    Page(boolean shared, boolean writable, Cell cell) {
      this.shared = shared;
      this.writable = writable;
      this.cell = cell;
    }

    long value() {
      return behind == null ? cell.value : behind.value;
    }

    Page copy() {
      Page copy = new Page(shared, writable, shared ? cell : new Cell(cell.value));
      copy.behind = behind;
      return copy;
    }
  }

  private static final class Program {
    final SeededRandom random;
    final TestMachine machine;
    final LinuxKernel kernel;
    final FileMapping file;
    final Cell[] fileCells = new Cell[FILE_PAGES];
    final List<Task> living = new ArrayList<>();
    final Map<Task, NavigableMap<Long, Page>> views = new HashMap<>();
    final boolean kills;
    long accesses;
    long hot;

    /** Frames that a driver has taken, so that little is left. */
    long taken;

    Program(long seed, Setup setup) {
      random = new SeededRandom(seed);
      LinuxConfig config =
          LinuxConfig.of(128L << 20)
              .withThp(setup.thp)
              .withSwap((long) setup.swapMib << 20)
              .withOvercommit(LinuxConfig.Overcommit.ALWAYS)
              .withSeed(seed)
              .without(setup.off)
              .withReclaim(
                  ReclaimConfig.DEFAULT
                      .withSwappiness(random.nextInt(201))
                      .withPageCluster(random.nextInt(6))
                      .withFlushOnAge(random.nextInt(2) == 0));
      machine = new TestMachine(config, 2);
      kernel = machine.kernel;
      kills = !setup.off.contains(Mechanism.OOM_KILLER);
      while (kernel.pages().freeFrames() > 6000) {
        assertTrue(kernel.takeFrames(10) >= 0);
        taken += 1024;
      }
      long bytes = (long) FILE_PAGES * PAGE;
      file = kernel.openFile("data", bytes, true, at -> at % PAGE == word(at / PAGE) ? at + 1 : 0);
      for (int i = 0; i < FILE_PAGES; i++) {
        fileCells[i] = new Cell((long) i * PAGE + word(i) + 1);
      }
      start();
      start();
    }

    /** Where in a page its word is. */
    static long word(long page) {
      return page * 72 % PAGE;
    }

    void start() {
      Task process = kernel.spawnEmpty();
      assertTrue(process != null, "no memory for a process");
      living.add(process);
      views.put(process, new TreeMap<>());
    }

    NavigableMap<Long, Page> view(Task process) {
      NavigableMap<Long, Page> view = views.get(process);
      if (view == null) {
        throw new IllegalStateException();
      }
      return view;
    }

    /** Forgets who was killed; nobody may be without a kill in the kernel's log. */
    void bury() {
      for (Task process : List.copyOf(living)) {
        if (process.ending() != null) {
          assertEquals(Task.Ending.OUT_OF_MEMORY, process.ending());
          living.remove(process);
          views.remove(process);
        }
      }
      while (living.size() < 2) {
        start();
      }
    }

    Task pick() {
      return living.get(random.nextInt(living.size()));
    }

    void step() {
      Task process = pick();
      switch (random.nextInt(40)) {
        case 0, 1, 2 -> map(process);
        case 3 -> mapFile(process);
        case 4 -> unmap(process);
        case 5 -> fork(process);
        case 6 -> exit(process);
        case 7 -> remap(process);
        case 8 -> dontNeed(process);
        case 9 -> lock(process);
        case 10 -> kernel.elapse(random.nextInt(30_000_000));
        case 11 -> kernel.khugepaged(process);
        case 12 -> {
          if (random.nextInt(10) == 0) {
            kernel.sync();
          }
        }
        default -> sweep(process);
      }
      bury();
    }

    void map(Task process) {
      int pages = 1 + random.nextInt(random.nextInt(3) == 0 ? 9000 : 600);
      boolean shared = random.nextInt(4) == 0;
      int flags = Abi.MAP_ANONYMOUS | (shared ? Abi.MAP_SHARED : Abi.MAP_PRIVATE);
      long va = kernel.mmap(process, 0, (long) pages * PAGE, 3, flags, null, 0);
      if (process.ending() != null || va < 0) {
        return;
      }
      for (int i = 0; i < pages; i++) {
        assertEquals(
            null,
            view(process).put(va / PAGE + i, new Page(shared, true, new Cell(0))),
            "mapped over something");
      }
    }

    void mapFile(Task process) {
      int first = random.nextInt(FILE_PAGES - 1);
      int pages = 1 + random.nextInt(FILE_PAGES - first);
      boolean shared = random.nextInt(2) == 0;
      boolean write = random.nextInt(2) == 0;
      int flags = shared ? Abi.MAP_SHARED : Abi.MAP_PRIVATE;
      int rights = write ? 3 : random.nextInt(2) == 0 ? 1 : 5;
      long offset = (long) first * PAGE;
      long va = kernel.mmap(process, 0, (long) pages * PAGE, rights, flags, file, offset);
      if (process.ending() != null || va < 0) {
        return;
      }
      for (int i = 0; i < pages; i++) {
        Cell cell = fileCells[first + i];
        Page page = new Page(shared, write, shared ? cell : new Cell(0));
        page.behind = shared ? null : cell;
        assertEquals(null, view(process).put(va / PAGE + i, page), "mapped over something");
      }
    }

    /** An area, or a part of it: first page and number of pages; {@code null} if there is none. */
    long @Nullable [] range(Task process, int most) {
      List<Vma> areas = new ArrayList<>(process.space().areas());
      if (areas.isEmpty()) {
        return null;
      }
      Vma area = areas.get(random.nextInt(areas.size()));
      long skip = random.nextInt((int) area.pages());
      long pages = 1L + random.nextInt((int) Math.min(most, area.pages() - skip));
      return new long[] {area.start() / PAGE + skip, pages};
    }

    void unmap(Task process) {
      long[] range = range(process, 5000);
      if (range != null && kernel.munmap(process, range[0] * PAGE, range[1] * PAGE) == 0) {
        view(process).subMap(range[0], range[0] + range[1]).clear();
      }
    }

    void lock(Task process) {
      long[] range = range(process, 300);
      Vma area = range == null ? null : process.space().areaAt(range[0] * PAGE);
      // Not private pages of a file, which locking copies whether or not it then succeeds.
      if (range != null && area != null && (area.file != file || !area.isPrivate())) {
        if (random.nextInt(2) == 0) {
          kernel.mlock(process, range[0] * PAGE, range[1] * PAGE);
        } else {
          kernel.munlock(process, range[0] * PAGE, range[1] * PAGE);
        }
      }
    }

    void dontNeed(Task process) {
      long[] range = range(process, 2000);
      if (range == null
          || kernel.madvise(process, range[0] * PAGE, range[1] * PAGE, Abi.MADV_DONTNEED) != 0) {
        return;
      }
      for (long i = range[0]; i < range[0] + range[1]; i++) {
        Page page = view(process).get(i);
        assertTrue(page != null);
        if (!page.shared) {
          Vma area = process.space().areaAt(i * PAGE);
          assertTrue(area != null);
          page.cell = new Cell(0);
          page.behind = area.file == null ? null : fileCells[(int) area.index(i * PAGE)];
        }
      }
    }

    void remap(Task process) {
      long[] range = range(process, 2000);
      if (range == null) {
        return;
      }
      long bytes = range[1] * PAGE;
      Vma area = process.space().areaAt(range[0] * PAGE);
      assertTrue(area != null);
      long room = kernel.mmap(process, bytes, 0);
      if (room < 0 || process.ending() != null) {
        return;
      }
      int flags = Abi.MREMAP_MAYMOVE | Abi.MREMAP_FIXED;
      long result = kernel.mremap(process, range[0] * PAGE, bytes, bytes, flags, room);
      if (process.ending() != null) {
        return;
      }
      if (Abi.isError(result)) {
        // The target was unmapped before memory was found short, as on Linux.
        kernel.munmap(process, room, bytes);
        return;
      }
      for (long i = 0; i < range[1]; i++) {
        Page page = view(process).remove(range[0] + i);
        assertTrue(page != null);
        assertEquals(null, view(process).put(room / PAGE + i, page), "moved over something");
      }
    }

    void fork(Task process) {
      if (living.size() >= 4) {
        return;
      }
      Task child = kernel.fork(process);
      if (child == null) {
        return;
      }
      living.add(child);
      NavigableMap<Long, Page> copy = new TreeMap<>();
      view(process).forEach((page, content) -> copy.put(page, content.copy()));
      views.put(child, copy);
    }

    void exit(Task process) {
      if (random.nextInt(3) == 0) {
        kernel.exit(process);
        living.remove(process);
        views.remove(process);
      }
    }

    /** Touches pages one after the other, or here and there. */
    void sweep(Task process) {
      long[] range = range(process, 3000);
      if (range == null) {
        return;
      }
      boolean sequential = random.nextInt(2) == 0;
      boolean writes = random.nextInt(3) > 0;
      long n = sequential ? range[1] : Math.min(range[1], 64);
      for (long i = 0; i < n; i++) {
        long page = range[0] + (sequential ? i : random.nextInt((int) range[1]));
        access(process, page, writes && random.nextInt(4) > 0);
        if (process.ending() == null && hot > 0) {
          hotAccess();
        }
        if (process.ending() != null) {
          return;
        }
      }
      hot = random.nextInt(3) == 0 ? range[0] : 0;
    }

    /** One of a few pages that are used all the time. */
    private void hotAccess() {
      Task process = pick();
      if (process.ending() != null) {
        return;
      }
      NavigableMap<Long, Page> view = view(process);
      Map.Entry<Long, Page> entry = view.ceilingEntry(hot + random.nextInt(64));
      if (entry != null) {
        access(process, entry.getKey(), random.nextInt(2) == 0);
      }
    }

    void access(Task process, long number, boolean write) {
      Page page = view(process).get(number);
      assertTrue(page != null);
      boolean store = write && page.writable;
      int kind = store ? TestMachine.STORE : TestMachine.LOAD;
      long va = number * PAGE;
      long result = machine.access(random.nextInt(2), process, va, kind);
      accesses++;
      if (result < 0) {
        assertEquals(FaultKind.OUT_OF_MEMORY, TestMachine.fault(result));
        if (kills) {
          assertTrue(process.ending() != null, "refused without being killed");
        } else {
          kernel.kill(process, Task.Ending.OUT_OF_MEMORY);
        }
        return;
      }
      Vma area = process.space().areaAt(va);
      assertTrue(area != null);
      // The word's place must not depend on where the page is: its index in the area's mapping.
      long pa = result + word(area.index(va));
      if (store) {
        long value = random.nextLong();
        machine.memory.write(pa, value);
        page.behind = null;
        page.cell.value = value;
      } else {
        assertEquals(page.value(), machine.memory.read(pa), "what was last written");
      }
    }
  }

  private static void run(long seed, Setup setup, long accesses, int stepsBetweenChecks) {
    Program program = new Program(seed, setup);
    int step = 0;
    try {
      for (; program.accesses < accesses; step++) {
        program.step();
        if (step % stepsBetweenChecks == 0) {
          KernelAudit.check(program.kernel, program.taken);
          assertEquals(List.of(), program.machine.staleUses());
        }
      }
      program.living.forEach(program.kernel::exit);
      program.kernel.sync();
      program.kernel.elapse(1L << 40);
      KernelAudit.check(program.kernel, program.taken);
      assertEquals(0, program.kernel.committedPages());
      assertEquals(0, program.kernel.state().swap.usedPages(), "slots that nobody names");
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(
          setup + ", seed " + seed + ", step " + step + ": " + e.getMessage(), e);
    }
  }

  @ParameterizedTest
  @EnumSource(Setup.class)
  void everythingHoldsWhenMemoryIsShort(Setup setup) {
    run(1, setup, 60_000, 16);
  }

  @Tag("soak")
  @ParameterizedTest
  @EnumSource(Setup.class)
  void everythingHoldsForLong(Setup setup) {
    long first = Long.getLong("lookaside.seed", 1000);
    for (long seed = first; seed < first + Integer.getInteger("lookaside.soak", 1); seed++) {
      run(seed, setup, 1_000_000, 40);
    }
  }
}
