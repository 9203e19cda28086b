package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class FaultsTest {
  private static final int READ_WRITE = Abi.PROT_READ | Abi.PROT_WRITE;

  private final TestMachine machine = new TestMachine(LinuxConfig.of(256L << 20));
  private final LinuxKernel kernel = machine.kernel;
  private final Task process = machine.spawn();

  @Test
  void readThenWriteIsTwoFaultsWithCodes4And7() {
    long va = kernel.mmap(process, 4096, READ_WRITE);
    assertEquals(0, machine.load(process, va));
    machine.store(process, va, 42);
    assertEquals(List.of(4, 7), machine.errorCodes);
    assertEquals(2, process.minorFaults());
    assertEquals(42, machine.load(process, va));
  }

  @Test
  void writeFirstIsOneFaultWithCode6() {
    long va = kernel.mmap(process, 4096, READ_WRITE);
    machine.store(process, va, 42);
    assertEquals(42, machine.load(process, va));
    assertEquals(List.of(6), machine.errorCodes);
  }

  @Test
  void aReadMapsNoFrameOfItsOwn() {
    long va = kernel.mmap(process, 64 * 4096, READ_WRITE);
    long free = kernel.pages().freeFrames();
    for (int i = 0; i < 64; i++) {
      machine.load(process, va + i * 4096L);
    }
    // One table at each of three levels at most.
    assertTrue(free - kernel.pages().freeFrames() <= 3);
    assertEquals(0, process.space().residentPages());
  }

  @Test
  void afterForkTheFirstWriterCopiesAndTheLastOwnerWritesInPlace() {
    long va = kernel.mmap(process, 4096, READ_WRITE);
    machine.store(process, va, 1);
    Task child = kernel.fork(process);
    assertTrue(child != null);
    machine.errorCodes.clear();
    machine.store(child, va, 2);
    assertEquals(FaultKind.COPY, kernel.lastFault());
    machine.store(process, va, 3);
    assertEquals(FaultKind.REUSE, kernel.lastFault());
    assertEquals(List.of(7, 7), machine.errorCodes);
    assertEquals(2, machine.load(child, va));
    assertEquals(3, machine.load(process, va));
    KernelAudit.check(kernel);
  }

  @Test
  void aWriteToReadOnlyMemoryIsASegmentationFault() {
    long va = kernel.mmap(process, 4096, Abi.PROT_READ);
    machine.load(process, va);
    long result = machine.access(0, process, va, TestMachine.STORE);
    assertEquals(FaultKind.SEGMENTATION, TestMachine.fault(result));
  }

  @Test
  void executionOfDataIsASegmentationFault() {
    long va = kernel.mmap(process, 4096, READ_WRITE);
    machine.store(process, va, 0xc3);
    long result = machine.access(0, process, va, TestMachine.FETCH);
    assertEquals(FaultKind.SEGMENTATION, TestMachine.fault(result));
    assertEquals(4 | 1 | 16, machine.errorCodes.get(machine.errorCodes.size() - 1));
  }

  @Test
  void pastTheEndOfAFileIsABusError() {
    FileMapping file = kernel.openFile("data", 5000, false, at -> at + 1);
    long va = kernel.mmap(process, 0, 4 * 4096, Abi.PROT_READ, Abi.MAP_PRIVATE, file, 0);
    assertEquals(1, machine.load(process, va));
    assertEquals(FaultKind.MAJOR, kernel.lastFault());
    assertEquals(4096 + 1, machine.load(process, va + 4096));
    assertEquals(0, machine.load(process, va + 5008), "zeros fill the last page");
    long result = machine.access(0, process, va + 2 * 4096, TestMachine.LOAD);
    assertEquals(FaultKind.BUS, TestMachine.fault(result));
  }

  @Test
  void aStackGrowsToItsLimitAndNoFurther() {
    Task program = kernel.spawn(Executable.SMALL);
    assertTrue(program != null);
    long top = program.space().stackTop();
    machine.store(program, top - (8L << 20), 7);
    assertEquals(7, machine.load(program, top - (8L << 20)));
    long result = machine.access(0, program, top - (8L << 20) - 8, TestMachine.STORE);
    assertEquals(FaultKind.SEGMENTATION, TestMachine.fault(result));
    assertEquals(1, kernel.snapshot().get(KernelMetric.STACK_GROWTHS));
  }

  @Test
  void aStackKeepsItsGuardGap() {
    Task program = kernel.spawn(Executable.SMALL);
    assertTrue(program != null);
    long top = program.space().stackTop();
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    kernel.mmap(program, top - (4L << 20), 4096, READ_WRITE, flags, null, 0);
    long gapStart = top - (4L << 20) + 4096;
    long inGap = machine.access(0, program, gapStart + (1L << 20) - 4096, TestMachine.STORE);
    assertEquals(FaultKind.SEGMENTATION, TestMachine.fault(inGap));
    machine.store(program, gapStart + (1L << 20), 1);
  }

  @Test
  void aHugePageTakesOneFaultAndAPartialUnmapSplitsIt() {
    TestMachine huge = new TestMachine(LinuxConfig.of(256L << 20).withThp(LinuxConfig.Thp.ALWAYS));
    Task p = huge.spawn();
    long va = huge.kernel.mmap(p, 8L << 20, READ_WRITE);
    long start = (va + (2L << 20) - 1) & -(2L << 20);
    for (int i = 0; i < 512; i++) {
      huge.store(p, start + i * 4096L, i);
    }
    assertEquals(List.of(6), huge.errorCodes);
    assertEquals(0, huge.kernel.munmap(p, start + 4096 * 100, 4096));
    assertEquals(99, huge.load(p, start + 99 * 4096L));
    assertEquals(101, huge.load(p, start + 101 * 4096L));
    assertEquals(1, huge.kernel.snapshot().get(KernelMetric.HUGE_SPLITS));
    KernelAudit.check(huge.kernel);
  }

  @Test
  void khugepagedKeepsContent() {
    TestMachine huge = new TestMachine(LinuxConfig.of(256L << 20).withThp(LinuxConfig.Thp.MADVISE));
    Task p = huge.spawn();
    long va = huge.kernel.mmap(p, 8L << 20, READ_WRITE);
    long start = (va + (2L << 20) - 1) & -(2L << 20);
    for (int i = 0; i < 512; i += 3) {
      huge.store(p, start + i * 4096L, i + 1);
    }
    assertEquals(0, huge.kernel.khugepaged(p), "nobody asked for it");
    assertEquals(0, huge.kernel.madvise(p, start, 2L << 20, Abi.MADV_HUGEPAGE));
    assertEquals(1, huge.kernel.khugepaged(p));
    for (int i = 0; i < 512; i++) {
      assertEquals(i % 3 == 0 ? i + 1 : 0, huge.load(p, start + i * 4096L));
    }
    assertEquals(512, p.space().residentPages());
    KernelAudit.check(huge.kernel);
  }

  @Test
  void hugetlbPagesComeFromThePoolAndReturnToIt() {
    TestMachine m = new TestMachine(LinuxConfig.of(4L << 30).withHugetlb(4, 1));
    Task p = m.spawn();
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_HUGETLB;
    long va = m.kernel.mmap(p, 0, 3 << 21, READ_WRITE, flags, null, 0);
    assertEquals(4, m.kernel.hugetlb().free(21));
    assertEquals(3, m.kernel.hugetlb().reserved(21));
    assertEquals(-Abi.ENOMEM, m.kernel.mmap(p, 0, 2 << 21, READ_WRITE, flags, null, 0));
    m.store(p, va, 5);
    assertEquals(3, m.kernel.hugetlb().free(21));
    assertEquals(2, m.kernel.hugetlb().reserved(21));
    assertEquals(-Abi.EINVAL, m.kernel.munmap(p, va + 4096, 4096));
    long giant = m.kernel.mmap(p, 0, 1L << 30, READ_WRITE, flags | Abi.MAP_HUGE_1GB, null, 0);
    m.store(p, giant + (1L << 30) - 8, 9);
    assertEquals(0, m.kernel.hugetlb().free(30));
    KernelAudit.check(m.kernel);
    m.kernel.exit(p);
    assertEquals(4, m.kernel.hugetlb().free(21));
    assertEquals(0, m.kernel.hugetlb().reserved(21));
    assertEquals(1, m.kernel.hugetlb().free(30));
  }

  @Test
  void aChildThatFindsThePoolEmptyGetsABusError() {
    TestMachine m = new TestMachine(LinuxConfig.of(256L << 20).withHugetlb(1, 0));
    Task p = m.spawn();
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_HUGETLB;
    long va = m.kernel.mmap(p, 0, 1 << 21, READ_WRITE, flags, null, 0);
    m.store(p, va, 5);
    Task child = m.kernel.fork(p);
    assertTrue(child != null);
    assertEquals(5, m.load(child, va));
    long result = m.access(0, child, va, TestMachine.STORE);
    assertEquals(FaultKind.BUS, TestMachine.fault(result));
  }

  @Test
  void whenMemoryIsFullAFaultEndsTheProcessAndNothingIsLost() {
    TestMachine m = new TestMachine(LinuxConfig.of(128L << 20));
    Task p = m.spawn();
    long va = m.kernel.mmap(p, 64L << 20, READ_WRITE);
    long second = m.kernel.mmap(p, 64L << 20, READ_WRITE);
    assertTrue(va > 0 && second > 0);
    long result = 0;
    for (long at = 0; at < 64L << 20 && result >= 0; at += 4096) {
      result = m.access(0, p, va + at, TestMachine.STORE);
    }
    for (long at = 0; at < 64L << 20 && result >= 0; at += 4096) {
      result = m.access(0, p, second + at, TestMachine.STORE);
    }
    assertEquals(FaultKind.OUT_OF_MEMORY, TestMachine.fault(result));
    KernelAudit.check(m.kernel);
    m.kernel.kill(p, Task.Ending.OUT_OF_MEMORY);
    KernelAudit.check(m.kernel);
  }

  @Test
  void randomisationFollowsTheSeed() {
    LinuxConfig config = LinuxConfig.of(128L << 20);
    long one = stackTop(config.withSeed(1));
    assertEquals(one, stackTop(config.withSeed(1)));
    assertNotEquals(one, stackTop(config.withSeed(2)));
  }

  private static long stackTop(LinuxConfig config) {
    Task p = new TestMachine(config).kernel.spawn(Executable.SMALL);
    assertTrue(p != null);
    return p.space().stackTop();
  }
}
