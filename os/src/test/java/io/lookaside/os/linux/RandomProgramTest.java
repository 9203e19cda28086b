package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.mmu.stale.StaleUse;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random programs of system calls and accesses on two processors, against a plain map of what each
 * process should see; after every step all tables are walked and all accounts checked, and the
 * detector of stale translations, which looks on all the time, must have found none.
 */
class RandomProgramTest {
  private static final int PAGE = 4096;
  private static final int STEPS = 90;
  private static final int ACCESSES = 24;

  /** What one page holds, in the model. */
  private static final class Cell {
    long value;

    Cell(long value) {
      this.value = value;
    }
  }

  /** A page of a process, in the model. */
  private static final class Page {
    int rights;
    boolean shared;
    Cell cell;

    /** The page of a file that a private page shows until it is written. */
    @Nullable Cell behind;

    Page(int rights, boolean shared, Cell cell) {
      this.rights = rights;
      this.shared = shared;
      this.cell = cell;
    }

    long value() {
      return behind == null ? cell.value : behind.value;
    }

    Page copy() {
      Page copy = new Page(rights, shared, shared ? cell : new Cell(cell.value));
      copy.behind = behind;
      return copy;
    }
  }

  private static final class Program {
    final SeededRandom random;
    final TestMachine machine;
    final LinuxKernel kernel;
    final FileMapping file;
    final List<Cell> fileCells = new ArrayList<>();
    final List<Task> living = new ArrayList<>();
    final Map<Task, NavigableMap<Long, Page>> views = new HashMap<>();
    int done;

    Program(long seed, LinuxConfig.Thp thp, Set<Mechanism> off) {
      random = new SeededRandom(seed);
      LinuxConfig config = LinuxConfig.of(256L << 20).withThp(thp).withSeed(seed).without(off);
      machine = new TestMachine(config, 2);
      kernel = machine.kernel;
      file = kernel.openFile("data", 40 * PAGE, true, at -> at % PAGE == 0 ? at / PAGE + 1 : 0);
      for (int i = 0; i < 40; i++) {
        fileCells.add(new Cell(i + 1));
      }
      start();
    }

    void start() {
      Task process = machine.spawn();
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

    Task pick() {
      return living.get(random.nextInt(living.size()));
    }

    /** A range of pages that begins at a mapped one; may reach over gaps. */
    long @Nullable [] range(Task process) {
      NavigableMap<Long, Page> view = view(process);
      if (view.isEmpty()) {
        return null;
      }
      long low = view.firstKey();
      long span = Math.min(view.lastKey() - low + 1, 1 << 20);
      Map.Entry<Long, Page> at = view.ceilingEntry(low + random.nextInt((int) span));
      long first = at == null ? low : at.getKey();
      int most = random.nextInt(4) == 0 ? 600 : 12;
      return new long[] {first, 1 + random.nextInt(most)};
    }

    int rights() {
      int[] choices = {3, 3, 3, 1, 7, 0};
      return choices[random.nextInt(choices.length)];
    }

    void step() {
      Task process = pick();
      switch (random.nextInt(14)) {
        case 0, 1 -> map(process);
        case 2 -> mapFile(process);
        case 3 -> unmap(process);
        case 4 -> protect(process);
        case 5 -> dontNeed(process);
        case 6 -> adviseHuge(process);
        case 7, 8 -> remap(process);
        case 9 -> fork(process);
        case 10 -> exit(process);
        case 11 -> kernel.khugepaged(process);
        case 12 -> lock(process);
        default -> mapHuge(process);
      }
      for (int i = 0; i < ACCESSES; i++) {
        access(pick());
      }
    }

    void map(Task process) {
      int pages = 1 + random.nextInt(random.nextInt(3) == 0 ? 1200 : 20);
      boolean shared = random.nextInt(4) == 0;
      int flags = Abi.MAP_ANONYMOUS | (shared ? Abi.MAP_SHARED : Abi.MAP_PRIVATE);
      if (random.nextInt(8) == 0) {
        flags |= Abi.MAP_POPULATE;
      }
      int rights = rights();
      long va = kernel.mmap(process, 0, (long) pages * PAGE, rights, flags, null, 0);
      assertTrue(va > 0, () -> Abi.describe(va));
      for (int i = 0; i < pages; i++) {
        assertEquals(
            null,
            view(process).put(va / PAGE + i, new Page(rights, shared, new Cell(0))),
            "mapped over something");
      }
    }

    /** Room for two huge pages, advised. */
    void mapHuge(Task process) {
      long va = kernel.mmap(process, 6L << 20, 3);
      assertTrue(va > 0);
      assertEquals(0, kernel.madvise(process, va, 6L << 20, Abi.MADV_HUGEPAGE));
      for (int i = 0; i < 1536; i++) {
        view(process).put(va / PAGE + i, new Page(3, false, new Cell(0)));
      }
    }

    void mapFile(Task process) {
      int first = random.nextInt(30);
      int pages = 1 + random.nextInt(10);
      boolean shared = random.nextInt(2) == 0;
      int rights = rights();
      int flags = shared ? Abi.MAP_SHARED : Abi.MAP_PRIVATE;
      long va =
          kernel.mmap(process, 0, (long) pages * PAGE, rights, flags, file, (long) first * PAGE);
      assertTrue(va > 0);
      for (int i = 0; i < pages; i++) {
        Cell cell = fileCells.get(first + i);
        Page page = new Page(rights, shared, shared ? cell : new Cell(0));
        page.behind = shared ? null : cell;
        view(process).put(va / PAGE + i, page);
      }
    }

    void unmap(Task process) {
      long[] range = range(process);
      if (range != null) {
        assertEquals(0, kernel.munmap(process, range[0] * PAGE, range[1] * PAGE));
        view(process).subMap(range[0], range[0] + range[1]).clear();
      }
    }

    void protect(Task process) {
      long[] range = range(process);
      if (range == null) {
        return;
      }
      int rights = rights();
      long result = kernel.mprotect(process, range[0] * PAGE, range[1] * PAGE, rights);
      long mapped = 0;
      while (mapped < range[1] && view(process).containsKey(range[0] + mapped)) {
        mapped++;
      }
      assertEquals(mapped == range[1] ? 0 : -Abi.ENOMEM, result);
      view(process).subMap(range[0], range[0] + mapped).values().forEach(p -> p.rights = rights);
    }

    void dontNeed(Task process) {
      long[] range = range(process);
      if (range == null) {
        return;
      }
      // Not where a page is locked, which is refused.
      kernel.munlock(process, range[0] * PAGE, range[1] * PAGE);
      for (long i = 0; i < range[1]; i++) {
        Page page = view(process).get(range[0] + i);
        if (page == null) {
          range[1] = i;
          break;
        }
      }
      assertEquals(0, kernel.munlock(process, range[0] * PAGE, range[1] * PAGE));
      long start = range[0] * PAGE;
      assertEquals(0, kernel.madvise(process, start, range[1] * PAGE, Abi.MADV_DONTNEED));
      for (long i = 0; i < range[1]; i++) {
        Page page = view(process).get(range[0] + i);
        if (page != null && !page.shared) {
          Vma area = process.space().areaAt((range[0] + i) * PAGE);
          assertTrue(area != null);
          page.cell = new Cell(0);
          page.behind =
              area.file == null ? null : fileCells.get((int) area.index(start + i * PAGE));
        }
      }
    }

    void adviseHuge(Task process) {
      long[] range = range(process);
      if (range != null) {
        int advice = random.nextInt(3) == 0 ? Abi.MADV_NOHUGEPAGE : Abi.MADV_HUGEPAGE;
        kernel.madvise(process, range[0] * PAGE, range[1] * PAGE, advice);
      }
    }

    void lock(Task process) {
      long[] range = range(process);
      if (range != null) {
        kernel.mlock(process, range[0] * PAGE, range[1] * PAGE);
      }
    }

    void remap(Task process) {
      long[] range = range(process);
      if (range == null) {
        return;
      }
      long start = range[0] * PAGE;
      Vma area = process.space().areaAt(start);
      assertTrue(area != null);
      long old = Math.min(range[1], (area.end - start) / PAGE);
      long now = 1L + random.nextInt((int) old + 20);
      boolean anonymous = area.file == null;
      if (!anonymous && now > old) {
        now = old; // what lies behind a file's pages is another test's business
      }
      long result = kernel.mremap(process, start, old * PAGE, now * PAGE, Abi.MREMAP_MAYMOVE, 0);
      if (Abi.isError(result)) {
        assertEquals(-Abi.EAGAIN, result, "only the limit of locked memory may refuse");
        return;
      }
      NavigableMap<Long, Page> view = view(process);
      List<Page> pages = new ArrayList<>();
      Page model = view.get(range[0]);
      assertTrue(model != null);
      for (long i = 0; i < old; i++) {
        Page page = view.remove(range[0] + i);
        assertTrue(page != null);
        if (i < now) {
          pages.add(page);
        }
      }
      while (pages.size() < now) {
        pages.add(new Page(model.rights, false, new Cell(0)));
      }
      for (int i = 0; i < now; i++) {
        assertEquals(null, view.put(result / PAGE + i, pages.get(i)), "moved over something");
      }
    }

    void fork(Task process) {
      if (living.size() >= 4) {
        return;
      }
      Task child = kernel.fork(process);
      assertTrue(child != null);
      living.add(child);
      NavigableMap<Long, Page> copy = new TreeMap<>();
      view(process).forEach((page, content) -> copy.put(page, content.copy()));
      views.put(child, copy);
    }

    void exit(Task process) {
      kernel.exit(process);
      living.remove(process);
      views.remove(process);
      if (living.isEmpty()) {
        start();
      }
    }

    void access(Task process) {
      NavigableMap<Long, Page> view = view(process);
      long[] range = range(process);
      if (range == null) {
        return;
      }
      long number = range[0] + random.nextInt((int) range[1]);
      Page page = view.get(number);
      int kind = random.nextInt(5) < 2 ? TestMachine.STORE : TestMachine.LOAD;
      int cpu = random.nextInt(2);
      long va = number * PAGE;
      long result = machine.access(cpu, process, va, kind);
      boolean permitted =
          page != null && (kind == TestMachine.LOAD ? page.rights != 0 : (page.rights & 2) != 0);
      if (page == null || !permitted) {
        assertTrue(result < 0, "an access that nothing permits");
        assertEquals(FaultKind.SEGMENTATION, TestMachine.fault(result));
        return;
      }
      assertTrue(result >= 0, () -> "refused: " + TestMachine.fault(result));
      done++;
      if (kind == TestMachine.LOAD) {
        assertEquals(page.value(), machine.memory.read(result), "what was last written");
      } else {
        long value = random.nextLong();
        machine.memory.write(result, value);
        page.behind = null;
        page.cell.value = value;
      }
    }
  }

  /** Accesses and changes of mappings in turn, without the checks that end a run. */
  private static List<StaleUse> staleUses(long seed, Set<Mechanism> off) {
    Program program = new Program(seed, LinuxConfig.Thp.MADVISE, off);
    try {
      for (int step = 0; step < STEPS; step++) {
        program.step();
      }
    } catch (AssertionError e) {
      // A kernel that does not flush lets programs see what they should not.
    }
    return program.machine.staleUses();
  }

  @Test
  void theDetectorFindsAKernelThatDoesNotFlush() {
    List<StaleUse> uses = staleUses(0, EnumSet.of(Mechanism.TLB_FLUSH));
    assertTrue(!uses.isEmpty());
    assertEquals(StaleUse.Place.ENTRY, uses.get(0).change().place());
    assertEquals(List.of(), staleUses(0, EnumSet.noneOf(Mechanism.class)));
  }

  private static void run(long seed, LinuxConfig.Thp thp) {
    Program program = new Program(seed, thp, EnumSet.noneOf(Mechanism.class));
    for (int step = 0; step < STEPS; step++) {
      try {
        program.step();
        KernelAudit.check(program.kernel);
        assertEquals(List.of(), program.machine.staleUses());
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ", step " + step + ": " + e.getMessage(), e);
      }
    }
    assertTrue(program.done > STEPS, "the program touched nothing");
    program.living.forEach(program.kernel::exit);
    KernelAudit.check(program.kernel);
    assertEquals(0, program.kernel.committedPages());
  }

  @ParameterizedTest
  @EnumSource(LinuxConfig.Thp.class)
  void everyPageBelongsToItsOwnersAndHoldsWhatWasWritten(LinuxConfig.Thp thp) {
    for (long seed = 0; seed < 2; seed++) {
      run(seed, thp);
    }
  }

  @Test
  void soDoManyMore() {
    // A few by default; the profile soak asks for many.
    for (long seed = 100; seed < 101 + Integer.getInteger("lookaside.soak", 0); seed++) {
      run(seed, LinuxConfig.Thp.values()[(int) (seed % 3)]);
    }
  }
}
