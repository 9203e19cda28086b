package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.os.ShootdownListener;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Who is interrupted when translations are dropped, and what is dropped where. */
class ShootdownsTest {
  private static final long BASE = 0x7000_0000_0000L;
  private static final int WRITE = Abi.PROT_READ | Abi.PROT_WRITE;
  private static final int INVLPG = KernelCosts.DEFAULT.invlpg();
  private static final int FULL = KernelCosts.DEFAULT.fullFlush();

  /** All that processors and the listener are told, in order. */
  private final List<String> log = new ArrayList<>();

  private Processor processor(int number) {
    return new Processor() {
      @Override
      public void invlpg(long va) {
        log.add(number + " invlpg " + (va - BASE) / 4096);
      }

      @Override
      public void writeCr3(long operand) {
        log.add(number + (operand < 0 ? " keeps" : " drops"));
      }
    };
  }

  private final ShootdownListener listener =
      new ShootdownListener() {
        @Override
        public void interrupt(int processor, long work) {
          log.add("interrupt " + processor + " for " + work);
        }

        @Override
        public void interruptFromThread(int processor, long work) {
          log.add("thread to " + processor + " for " + work);
        }

        @Override
        public void awaitAcknowledgements() {
          log.add("await");
        }
      };

  private LinuxKernel kernel(Mechanism... off) {
    EnumSet<Mechanism> without = EnumSet.noneOf(Mechanism.class);
    without.addAll(List.of(off));
    LinuxConfig config = LinuxConfig.of(128L << 20).without(without);
    List<Processor> processors = List.of(processor(0), processor(1), processor(2));
    return new LinuxKernel(config, new PhysicalMemory(), processors, listener);
  }

  /** A process with some pages, each written, that runs on the first two processors. */
  private Task process(LinuxKernel kernel, int pages) {
    Task task = Objects.requireNonNull(kernel.spawnEmpty());
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    kernel.mmap(task, BASE, pages * 4096L, WRITE, flags, null, 0);
    kernel.run(0, task);
    for (int i = 0; i < pages; i++) {
      kernel.handlePageFault(task, BASE + 4096L * i, 6);
    }
    kernel.run(1, task);
    kernel.run(0, task);
    log.clear();
    return task;
  }

  @Test
  void aProcessorThatRunsTheProcessIsInterruptedAndOneThatDoesNotIsLeftAlone() {
    LinuxKernel kernel = kernel();
    Task task = process(kernel, 4);
    kernel.munmap(task, BASE + 4096, 2 * 4096);
    assertEquals(
        List.of(
            "0 invlpg 1",
            "0 invlpg 2",
            "1 invlpg 1",
            "1 invlpg 2",
            "interrupt 1 for " + 2 * INVLPG,
            "await"),
        log);
    assertEquals(1, kernel.snapshot().get(KernelMetric.SHOOTDOWNS));
  }

  @Test
  void moreThan33PagesAreDroppedWithAllOthers() {
    LinuxKernel kernel = kernel();
    Task task = process(kernel, 40);
    kernel.munmap(task, BASE, 33 * 4096);
    assertEquals(33 + 33 + 2, log.size());
    log.clear();
    kernel.handlePageFault(task, BASE + 4096L * 39, 4); // spurious
    Task other = process(kernel, 40);
    kernel.munmap(other, BASE, 34 * 4096);
    assertEquals(List.of("0 drops", "1 drops", "interrupt 1 for " + FULL, "await"), log);
  }

  @Test
  void anIdleProcessorIsNotInterruptedAndNoticesWhenItRunsTheProcessAgain() {
    LinuxKernel kernel = kernel();
    Task task = process(kernel, 4);
    kernel.idle(1);
    kernel.munmap(task, BASE, 4096);
    assertEquals(List.of("0 invlpg 0"), log);
    assertEquals(1, kernel.snapshot().get(KernelMetric.LAZY_SKIPS));
    log.clear();
    kernel.run(1, task);
    assertEquals(List.of("1 drops"), log);
    log.clear();
    kernel.idle(1);
    kernel.run(1, task); // nothing was flushed meanwhile
    assertEquals(List.of(), log);
  }

  @Test
  void withoutLazyModeAnIdleProcessorIsInterruptedToo() {
    LinuxKernel kernel = kernel(Mechanism.LAZY_TLB);
    Task task = process(kernel, 4);
    kernel.idle(1);
    kernel.munmap(task, BASE, 4096);
    assertEquals(List.of("0 invlpg 0", "1 invlpg 0", "interrupt 1 for " + INVLPG, "await"), log);
  }

  /**
   * After a fork that shares a huge page, a write splits it and then copies a part: two flushes.
   */
  private Task forked(LinuxKernel kernel) {
    Task task = Objects.requireNonNull(kernel.spawnEmpty());
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    kernel.mmap(task, BASE, 2L << 20, WRITE, flags, null, 0);
    kernel.madvise(task, BASE, 2L << 20, Abi.MADV_HUGEPAGE);
    kernel.run(0, task);
    assertEquals(FaultKind.HUGE, kernel.handlePageFault(task, BASE, 6));
    kernel.fork(task);
    kernel.run(1, task);
    kernel.run(0, task);
    log.clear();
    assertEquals(FaultKind.COPY, kernel.handlePageFault(task, BASE, 7));
    return task;
  }

  @Test
  void theFlushesForOneFaultShareARoundOfInterrupts() {
    forked(kernel());
    assertEquals(
        List.of(
            "0 invlpg 0",
            "0 invlpg 0",
            "1 invlpg 0",
            "1 invlpg 0",
            "interrupt 1 for " + 2 * INVLPG,
            "await"),
        log);
  }

  @Test
  void notBatchedEachFlushHasItsRound() {
    forked(kernel(Mechanism.BATCHED_FLUSH));
    List<String> round = List.of("0 invlpg 0", "1 invlpg 0", "interrupt 1 for " + INVLPG, "await");
    List<String> both = new ArrayList<>(round);
    both.addAll(round);
    assertEquals(both, log);
  }

  @Test
  void khugepagedInterruptsWhoRunsTheProcessAndGoesOnWhereItStopped() {
    LinuxKernel kernel = kernel(Mechanism.HUGE_FAULTS);
    Task task = Objects.requireNonNull(kernel.spawnEmpty());
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    kernel.mmap(task, BASE, 6L << 20, WRITE, flags, null, 0);
    kernel.madvise(task, BASE, 6L << 20, Abi.MADV_HUGEPAGE);
    kernel.run(0, task);
    for (int huge = 0; huge < 3; huge++) {
      assertEquals(
          FaultKind.ANONYMOUS, kernel.handlePageFault(task, BASE + ((long) huge << 21), 6));
    }
    kernel.run(1, task);
    log.clear();
    // 512 pages are looked at for one huge page. The flush is of a range of 512 pages.
    for (int huge = 0; huge < 3; huge++) {
      assertEquals(1, kernel.khugepaged(512));
      assertEquals(
          List.of("0 drops", "1 drops"), log.stream().filter(l -> l.contains("drops")).toList());
      log.clear();
    }
    assertEquals(0, kernel.khugepaged(1 << 20));
    assertEquals(3, kernel.snapshot().get(KernelMetric.HUGE_COLLAPSES));
    assertEquals(List.of(), log);
  }

  /**
   * kswapd has a processor of its own, so it interrupts also the one in whose fault it was woken.
   */
  @Test
  void kswapdInterruptsAllThatRunTheProcessAndTheProcessWaitsForNoneOfIt() {
    LinuxConfig config = LinuxConfig.of(128L << 20).withSwap(512L << 20);
    List<Processor> processors = List.of(processor(0), processor(1), processor(2));
    LinuxKernel kernel = new LinuxKernel(config, new PhysicalMemory(), processors, listener);
    Task task = process(kernel, 1);
    kernel.run(1, task);
    kernel.run(0, task);
    final int pages = 36_000; // of 32,768 that there are, so that some are swapped out
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    kernel.mmap(task, BASE, pages * 4096L, WRITE, flags, null, 0);
    log.clear();
    final long before = kernel.snapshot().get(KernelMetric.SHOOTDOWNS);
    for (int i = 0; i < pages; i++) {
      kernel.handlePageFault(task, BASE + 4096L * i, 6);
      kernel.elapse(200_000); // kswapd keeps up
    }
    long here = log.stream().filter(l -> l.startsWith("thread to 0")).count();
    long there = log.stream().filter(l -> l.startsWith("thread to 1")).count();
    assertTrue(here > 10, here + " interrupts");
    assertEquals(here, there);
    assertEquals(0, log.stream().filter(l -> l.startsWith("thread to 2")).count());
    assertEquals(0, kernel.snapshot().get(KernelMetric.DIRECT_RECLAIMS));
    assertEquals(0, log.stream().filter(l -> l.equals("await")).count());
    assertEquals(before + here + there, kernel.snapshot().get(KernelMetric.SHOOTDOWNS));
  }
}
