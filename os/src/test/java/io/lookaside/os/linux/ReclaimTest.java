package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReclaimTest {
  private static final int PAGE = 4096;
  private static final int RW = Abi.PROT_READ | Abi.PROT_WRITE;
  private static final long MIB = 1L << 20;

  /** Time for everything that is under way to end. */
  private static final long LONG = 1L << 36;

  private static LinuxConfig config() {
    return LinuxConfig.of(128 * MIB)
        .withThp(LinuxConfig.Thp.NEVER)
        .withOvercommit(LinuxConfig.Overcommit.ALWAYS)
        .withSwap(256 * MIB);
  }

  /** A machine of which a driver has taken most, so that about 16 MiB are left. */
  private static TestMachine small(LinuxConfig config) {
    TestMachine machine = new TestMachine(config);
    while (machine.kernel.pages().freeFrames() > 5000) {
      assertTrue(machine.kernel.takeFrames(10) >= 0);
    }
    return machine;
  }

  private static TestMachine small(Mechanism... off) {
    return small(config().without(Set.of(off)));
  }

  private static long count(TestMachine machine, KernelMetric metric) {
    return machine.kernel.snapshot().get(metric);
  }

  private static long free(TestMachine machine) {
    return machine.kernel.pages().freeFrames();
  }

  private static Watermarks marks(TestMachine machine) {
    return machine.kernel.pages().zones().get(0).watermarks();
  }

  /** Writes to pages, with time between, and returns where they begin. */
  private static long write(TestMachine machine, Task process, long pages, long pause) {
    long va = machine.kernel.mmap(process, pages * PAGE, RW);
    for (long i = 0; i < pages; i++) {
      machine.store(process, va + i * PAGE, i + 1);
      machine.kernel.elapse(pause);
    }
    return va;
  }

  private static FileMapping file(TestMachine machine, long pages) {
    return machine.kernel.openFile("data", pages * PAGE, true, at -> at + 1);
  }

  private static long map(TestMachine machine, Task process, FileMapping file, int rights) {
    return machine.kernel.mmap(process, 0, file.bytes(), rights, Abi.MAP_SHARED, file, 0);
  }

  // kswapd and direct reclaim.

  @Test
  void kswapdKeepsUpWithASlowProgramAndWorksUntilHigh() {
    TestMachine machine = small();
    write(machine, machine.spawn(), 8000, 200_000);
    assertTrue(count(machine, KernelMetric.KSWAPD_WAKEUPS) > 0);
    assertEquals(0, count(machine, KernelMetric.DIRECT_RECLAIMS));
    machine.kernel.elapse(LONG);
    if (machine.kernel.snapshot().get(KernelMetric.KSWAPD_WAKEUPS) > 0) {
      assertTrue(free(machine) > marks(machine).low());
    }
    assertTrue(!machine.kernel.memoryState().kswapdAwake());
  }

  @Test
  void kswapdSleepsUntilMemoryIsBelowLowAndStopsAboveHigh() {
    TestMachine machine = small();
    Task process = machine.spawn();
    long va = machine.kernel.mmap(process, 8000L * PAGE, RW);
    long i = 0;
    while (count(machine, KernelMetric.KSWAPD_WAKEUPS) == 0) {
      assertTrue(free(machine) >= marks(machine).low());
      machine.store(process, va + i * PAGE, 1);
      i++;
    }
    machine.kernel.elapse(LONG);
    assertTrue(free(machine) > marks(machine).high());
    // It looks at batches, so it ends soon after.
    assertTrue(free(machine) <= marks(machine).high() + 2 * Reclaim.BATCH);
  }

  @Test
  void aFastProgramReclaimsItself() {
    TestMachine machine = small();
    write(machine, machine.spawn(), 8000, 0);
    assertTrue(count(machine, KernelMetric.DIRECT_RECLAIMS) > 0);
    assertTrue(machine.kernel.costs().get(CostPart.WAITING) > 0);
  }

  @Test
  void withoutKswapdEverythingIsReclaimedByWhoAsks() {
    TestMachine machine = small(Mechanism.KSWAPD);
    write(machine, machine.spawn(), 8000, 200_000);
    assertEquals(0, count(machine, KernelMetric.RECLAIMED_KSWAPD));
    assertTrue(count(machine, KernelMetric.RECLAIMED_DIRECT) > 2500);
    assertTrue(free(machine) >= marks(machine).min());
  }

  // What is done with which page.

  @Test
  void cleanPagesOfFilesAreDroppedAndReadAgain() {
    TestMachine machine = small();
    Task process = machine.spawn();
    FileMapping file = file(machine, 8000);
    long va = map(machine, process, file, Abi.PROT_READ);
    for (int round = 0; round < 2; round++) {
      for (long i = 0; i < 8000; i++) {
        assertEquals(i * PAGE + 1, machine.load(process, va + i * PAGE));
        machine.kernel.elapse(20_000);
      }
    }
    assertTrue(count(machine, KernelMetric.FILE_PAGES_DROPPED) > 8000);
    assertEquals(0, count(machine, KernelMetric.FILE_PAGES_WRITTEN));
    assertEquals(0, count(machine, KernelMetric.PAGES_SWAPPED_OUT));
  }

  @Test
  void dirtyPagesOfFilesAreWrittenBeforeTheyGo() {
    for (Set<Mechanism> off :
        Set.of(EnumSet.noneOf(Mechanism.class), EnumSet.of(Mechanism.WRITEBACK))) {
      TestMachine machine = small(config().without(off));
      Task process = machine.spawn();
      FileMapping file = file(machine, 8000);
      long va = map(machine, process, file, RW);
      for (long i = 0; i < 8000; i++) {
        machine.store(process, va + i * PAGE, -i - 1);
        machine.kernel.elapse(20_000);
      }
      assertTrue(count(machine, KernelMetric.FILE_PAGES_WRITTEN) > 3000);
      for (long i = 0; i < 8000; i++) {
        assertEquals(-i - 1, machine.load(process, va + i * PAGE));
      }
    }
  }

  @Test
  void aWriterWaitsWhenTooMuchIsDirty() {
    TestMachine machine = small();
    Task process = machine.spawn();
    FileMapping file = file(machine, 3000);
    long va = map(machine, process, file, RW);
    for (long i = 0; i < 3000; i++) {
      machine.load(process, va + i * PAGE);
    }
    for (long i = 0; i < 3000; i++) {
      machine.store(process, va + i * PAGE, 1);
      MemoryState state = machine.kernel.memoryState();
      long dirtyable = state.free() + state.activeFile() + state.inactiveFile();
      assertTrue(state.dirty() + state.writeback() <= dirtyable / 5 + 1, state.toString());
    }
    assertTrue(count(machine, KernelMetric.THROTTLED_WRITES) > 0);
  }

  @Test
  void writtenBackPagesFaultBeforeTheyAreWrittenAgain() {
    TestMachine machine = small();
    Task process = machine.spawn();
    FileMapping file = file(machine, 1);
    long va = map(machine, process, file, RW);
    machine.store(process, va, 5);
    assertEquals(1, machine.kernel.memoryState().dirty());
    machine.kernel.sync();
    assertEquals(0, machine.kernel.memoryState().dirty());
    machine.store(process, va, 6);
    assertEquals(FaultKind.REUSE, machine.kernel.lastFault());
    assertEquals(1, machine.kernel.memoryState().dirty());
    assertEquals(1, count(machine, KernelMetric.FILE_PAGES_WRITTEN));
  }

  @Test
  void withoutSwappinessFilesGoFirst() {
    TestMachine machine = small(config().withReclaim(ReclaimConfig.DEFAULT.withSwappiness(0)));
    Task process = machine.spawn();
    write(machine, process, 1500, 0);
    FileMapping file = file(machine, 8000);
    long va = map(machine, process, file, Abi.PROT_READ);
    for (long i = 0; i < 8000; i++) {
      machine.load(process, va + i * PAGE);
      machine.kernel.elapse(20_000);
    }
    assertEquals(0, count(machine, KernelMetric.PAGES_SWAPPED_OUT));
  }

  // Lists.

  @Test
  void newPagesAreInactiveAndAPageUsedAllTheTimeStays() {
    for (boolean looks : new boolean[] {true, false}) {
      LinuxConfig config =
          config().withReclaim(ReclaimConfig.DEFAULT.withFlushOnAge(true).withPageCluster(0));
      TestMachine machine =
          small(looks ? config : config.without(EnumSet.of(Mechanism.SECOND_CHANCE)));
      Task process = machine.spawn();
      long hot = write(machine, process, 8, 0);
      assertEquals(8, machine.kernel.memoryState().inactiveAnon());
      assertEquals(0, machine.kernel.memoryState().activeAnon());
      long cold = machine.kernel.mmap(process, 12_000L * PAGE, RW);
      for (long i = 0; i < 12_000; i++) {
        machine.store(process, cold + i * PAGE, 1);
        machine.load(process, hot + i % 8 * PAGE);
        machine.kernel.elapse(100_000);
      }
      assertEquals(looks, process.majorFaults() == 0, "major faults: " + process.majorFaults());
    }
  }

  @Test
  void aStreamDoesNotEvictTheWorkingSetOfFiles() {
    LinuxConfig config = config().withReclaim(ReclaimConfig.DEFAULT.withFlushOnAge(true));
    TestMachine machine = small(config);
    Task process = machine.spawn();
    FileMapping used = machine.kernel.openFile("used", 256L * PAGE, false, at -> at + 1);
    FileMapping stream = machine.kernel.openFile("stream", 20_000L * PAGE, false, at -> at + 1);
    long hot = machine.kernel.mmap(process, 0, used.bytes(), 1, Abi.MAP_SHARED, used, 0);
    long cold = machine.kernel.mmap(process, 0, stream.bytes(), 1, Abi.MAP_SHARED, stream, 0);
    for (long i = 0; i < 20_000; i++) {
      machine.load(process, cold + i * PAGE);
      for (int j = 0; j < 4; j++) {
        machine.load(process, hot + (4 * i + j) % 256 * PAGE);
      }
      machine.kernel.elapse(20_000);
    }
    long resident = machine.kernel.residentPages(process, hot, used.bytes());
    assertEquals(256, resident);
    assertTrue(machine.kernel.memoryState().activeFile() >= 256);
  }

  @Test
  void aRefaultWithinTheActivePagesActivatesAndOneBeyondDoesNot() {
    for (int distance : new int[] {9, 10, 11, 12}) {
      TestMachine machine = new TestMachine(config().withSwap(0));
      KernelState state = machine.kernel.state();
      for (int i = 0; i < 10; i++) {
        int pfn = machine.kernel.takeFrames(0);
        state.frames.set(pfn, PageFrames.ACTIVE);
        state.lru.add(pfn);
      }
      int page = machine.kernel.takeFrames(0);
      int shadow = state.workingset.eviction(page);
      for (int i = 1; i < distance; i++) {
        state.workingset.eviction(page);
      }
      state.workingset.refault(page, true, shadow);
      assertEquals(distance <= 10, state.frames.is(page, PageFrames.ACTIVE), "after " + distance);
    }
  }

  @Test
  void lockedPagesStay() {
    TestMachine machine = small();
    Task process = machine.spawn();
    long va = write(machine, process, 100, 0);
    assertEquals(0, machine.kernel.mlock(process, va, 100L * PAGE));
    write(machine, process, 10_000, 100_000);
    assertEquals(100, machine.kernel.residentPages(process, va, 100L * PAGE));
    assertEquals(100, machine.kernel.memoryState().unevictable());
    assertEquals(0, machine.kernel.munlock(process, va, 100L * PAGE));
    write(machine, process, 10_000, 100_000);
    assertEquals(0, machine.kernel.memoryState().unevictable());
    assertNotEquals(100, machine.kernel.residentPages(process, va, 100L * PAGE));
  }

  // Swap.

  @Test
  void entriesOfSwapAreThoseOfLinux() {
    long entry = LinuxPte.swap(TableFormat.X86_64, 5, true);
    assertEquals((~5L << 14) >>> 5 | 1L << 3, entry);
    assertTrue(LinuxPte.isSwap(entry));
    assertEquals(5, LinuxPte.slot(TableFormat.X86_64, entry));
    entry = LinuxPte.swap(TableFormat.I386, (1 << 23) - 1, false);
    assertEquals(0xffff_fe00L, entry);
    assertEquals((1 << 23) - 1, LinuxPte.slot(TableFormat.I386, entry));
  }

  /** Pages at a multiple of 2 MiB that are all in swap, and nowhere else. */
  private static long swappedOut(TestMachine machine, Task process, int pages) {
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    long va = 0x1000_0000_0000L;
    machine.kernel.mmap(process, va, (long) pages * PAGE, RW, flags, null, 0);
    for (long i = 0; i < pages; i++) {
      machine.store(process, va + i * PAGE, i + 1);
    }
    Task hog = machine.spawn();
    write(machine, hog, 9000, 100_000);
    machine.kernel.exit(hog);
    machine.kernel.elapse(LONG);
    assertEquals(0, machine.kernel.residentPages(process, va, (long) pages * PAGE));
    assertEquals(pages, process.space().swappedPages());
    assertEquals(0, machine.kernel.memoryState().swapCached());
    return va;
  }

  @Test
  void sequentialFaultsReadMoreAndMoreAhead() {
    TestMachine machine = small();
    Task process = machine.spawn();
    long va = swappedOut(machine, process, 64);
    Set<Long> major = new HashSet<>();
    for (long i = 0; i < 64; i++) {
      long before = process.majorFaults();
      assertEquals(i + 1, machine.load(process, va + i * PAGE));
      if (process.majorFaults() > before) {
        major.add(i);
      }
    }
    // Windows of 1, 2, 4 and then 8 pages: __swapin_nr_pages with page_cluster 3.
    assertEquals(Set.of(0L, 1L, 3L, 7L, 15L, 23L, 31L, 39L, 47L, 55L, 63L), major);
  }

  @Test
  void aPageThatCameBackIsNotWrittenAgainUnlessItChanged() {
    TestMachine machine = small();
    Task process = machine.spawn();
    long va = swappedOut(machine, process, 64);
    for (long i = 0; i < 64; i++) {
      assertEquals(i + 1, machine.load(process, va + i * PAGE));
    }
    machine.store(process, va, 77);
    long written = count(machine, KernelMetric.PAGES_SWAPPED_OUT);
    // Nothing else is there that could go.
    while (machine.kernel.residentPages(process, va, 64L * PAGE) > 0
        && machine.kernel.pages().allocate(0) != PageFrames.NONE) {
      machine.kernel.elapse(1_000_000);
    }
    assertEquals(1, count(machine, KernelMetric.PAGES_SWAPPED_OUT) - written);
    assertEquals(64, process.space().swappedPages());
  }

  @Test
  void aForkSharesSlotsAndAWriteAfterItCopies() {
    TestMachine machine = small();
    Task process = machine.spawn();
    long va = swappedOut(machine, process, 64);
    Task child = machine.kernel.fork(process);
    assertTrue(child != null);
    long entry =
        machine.kernel.tables().read(machine.kernel.tables().descend(child.space().root(), va));
    int slot = LinuxPte.slot(TableFormat.X86_64, entry);
    assertEquals(2, machine.kernel.state().swap.owners(slot));
    machine.store(child, va, 99);
    assertEquals(1, machine.kernel.state().swap.owners(slot));
    assertEquals(1, machine.load(process, va));
    assertEquals(99, machine.load(child, va));
    machine.kernel.exit(child);
    machine.kernel.exit(process);
    machine.kernel.elapse(LONG);
    assertEquals(0, machine.kernel.state().swap.usedPages());
  }

  @Test
  void slotsOfAClusterFollowEachOther() {
    SwapArea swap = new SwapArea(1024L * PAGE, true);
    // The cluster of the header is never wholly free.
    for (int i = 0; i < 300; i++) {
      assertEquals(256 + i, swap.take(i));
    }
    swap.clearCached(256);
    assertEquals(556, swap.take(5), "the cluster goes on");
    SwapArea lowest = new SwapArea(1024L * PAGE, false);
    assertEquals(1, lowest.take(1));
    assertEquals(2, lowest.take(2));
    lowest.clearCached(1);
    assertEquals(1, lowest.take(3));
    int taken = 301;
    while (swap.take(9) != SwapArea.NONE) {
      taken++;
    }
    assertEquals(1024, taken, "all slots but the header's, and one again");
  }

  // Costs.

  @Test
  void aReadCostsWhatTheDeviceTakes() {
    TestMachine machine = small(Mechanism.READAHEAD);
    Task process = machine.spawn();
    long va = map(machine, process, file(machine, 4), Abi.PROT_READ);
    machine.load(process, va);
    assertEquals(FaultKind.MAJOR, machine.kernel.lastFault());
    // Submission, command, transfer, latency.
    assertEquals(1500 + 6000 + 24_000 + 240_000, machine.kernel.costs().get(CostPart.READING));
  }

  @Test
  void unmappingCleanPagesFlushesInBatches() {
    long[] flushes = new long[2];
    for (int batched = 0; batched < 2; batched++) {
      TestMachine machine = batched == 1 ? small() : small(Mechanism.BATCHED_FLUSH);
      Task process = machine.spawn();
      long va = map(machine, process, file(machine, 8000), Abi.PROT_READ);
      for (long i = 0; i < 8000; i++) {
        machine.load(process, va + i * PAGE);
        machine.kernel.elapse(20_000);
      }
      flushes[batched] = count(machine, KernelMetric.UNMAP_FLUSHES);
    }
    assertTrue(flushes[0] > 3000);
    assertTrue(flushes[1] < flushes[0] / 8, () -> flushes[1] + " against " + flushes[0]);
  }

  // The OOM killer.

  private static FaultKind fill(TestMachine machine, Task process, long pages) {
    long va = machine.kernel.mmap(process, pages * PAGE, RW);
    for (long i = 0; i < pages; i++) {
      long result = machine.access(0, process, va + i * PAGE, TestMachine.STORE);
      if (result < 0) {
        return TestMachine.fault(result);
      }
    }
    return FaultKind.ANONYMOUS;
  }

  @Test
  void theLargestProcessIsKilledAndTheOneThatAsksGoesOn() {
    TestMachine machine = small(config().withSwap(0));
    Task large = machine.spawn();
    Task small = machine.spawn();
    fill(machine, large, 2500);
    long rss = large.space().residentAnonymousPages();
    long tables = large.space().tableBytes() / 1024 - 4;
    assertEquals(FaultKind.ANONYMOUS, fill(machine, small, 2400));
    assertEquals(Task.Ending.OUT_OF_MEMORY, large.ending());
    assertEquals(null, small.ending());
    assertEquals(1, count(machine, KernelMetric.OOM_KILLS));
    assertEquals(
        "Out of memory: Killed process 1 (process) total-vm:10000kB, anon-rss:"
            + rss * 4
            + "kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:"
            + tables
            + "kB oom_score_adj:0",
        machine.kernel.oomMessages().get(1));
    assertEquals(-Abi.ESRCH, machine.kernel.mmap(large, PAGE, RW));
  }

  @Test
  void oomScoreAdjDecidesOtherwise() {
    TestMachine machine = small(config().withSwap(0));
    Task large = machine.spawn();
    Task asking = machine.spawn();
    large.setOomScoreAdj(-1000);
    fill(machine, large, 2500);
    assertEquals(FaultKind.OUT_OF_MEMORY, fill(machine, asking, 2400));
    assertEquals(Task.Ending.OUT_OF_MEMORY, asking.ending());
    assertEquals(null, large.ending());
    // Pages in memory, in swap and of tables, and a thousandth of all memory for each point.
    Task third = machine.spawn();
    fill(machine, third, 100);
    AddressSpace space = third.space();
    assertEquals(
        space.residentPages() + space.tableBytes() / PAGE - 1, machine.kernel.badness(third));
    long all = machine.kernel.pages().managedFrames();
    long before = machine.kernel.badness(third);
    third.setOomScoreAdj(500);
    assertEquals(before + 500 * (all / 1000), machine.kernel.badness(third));
  }

  @Test
  void withoutTheKillerWhoAsksIsRefused() {
    TestMachine machine = small(config().withSwap(0).without(EnumSet.of(Mechanism.OOM_KILLER)));
    Task large = machine.spawn();
    Task asking = machine.spawn();
    fill(machine, large, 2500);
    assertEquals(FaultKind.OUT_OF_MEMORY, fill(machine, asking, 2400));
    assertEquals(null, asking.ending());
    assertEquals(null, large.ending());
  }
}
