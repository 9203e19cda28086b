package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.memory.PhysicalMemory;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A process far larger than memory, and what it takes of the host. */
class MuchMemoryTest {
  private static final long GIB = 1L << 30;
  private static final int PAGE = 4096;
  private static final int RW = Abi.PROT_READ | Abi.PROT_WRITE;

  private static final Processor NO_CACHES =
      new Processor() {
        @Override
        public void invlpg(long va) {}

        @Override
        public void writeCr3(long operand) {}
      };

  private static void touch(
      TableFormat format, long memory, long virtual, long touched, long swap) {
    PhysicalMemory ram = PhysicalMemory.compact();
    LinuxConfig config =
        LinuxConfig.of(memory).withFormat(format).withThp(LinuxConfig.Thp.NEVER).withSwap(swap);
    LinuxKernel kernel = new LinuxKernel(config, ram, List.of(NO_CACHES));
    Task process = kernel.spawnEmpty();
    assertTrue(process != null);
    kernel.run(0, process);
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_NORESERVE;
    long va = kernel.mmap(process, 0, virtual, RW, flags, null, 0);
    assertTrue(va > 0, () -> Abi.describe(va));
    long stride = virtual / touched * PAGE;
    long pages = touched / PAGE;
    for (long i = 0; i < pages; i++) {
      assertEquals(FaultKind.ANONYMOUS, kernel.handlePageFault(process, va + i * stride, 6));
      ram.write(kernel.frameOf(process, va + i * stride) << 12, i + 1);
      kernel.elapse(1000);
    }
    AddressSpace space = process.space();
    assertEquals(pages, space.residentPages() + space.swappedPages());
    long tables = space.tableBytes();
    long resident = space.residentPages();
    long inSwap = config.swapBytes() / PAGE - 1 - kernel.memoryState().swapFree();
    // Each page holds one word. In memory it takes at most 20 bytes, its descriptor 33; in swap 22.
    // Page tables are held whole where they have more than eight entries.
    assertTrue(ram.writtenBytes() <= 20 * resident + 17 * tables / 16 + (1 << 20));
    assertTrue(kernel.swapHostBytes() <= 23 * inSwap + (1 << 20));
    if (touched < GIB) {
      KernelAudit.check(kernel); // takes much more of the host than the kernel does
    }
    for (long i = 0; i < pages; i += 997) {
      long at = va + i * stride;
      if (kernel.frameOf(process, at) < 0) {
        assertTrue(kernel.handlePageFault(process, at, 4).answered());
      }
      assertEquals(i + 1, ram.read(kernel.frameOf(process, at) << 12));
    }
  }

  @Test
  void fourTimesMemoryInSwapTakesFewBytesForEachPage() {
    touch(TableFormat.X86_64, 128L << 20, 2 * GIB, GIB / 2, GIB);
  }

  @Test
  void thirtyTwoBitsSwapToo() {
    touch(TableFormat.I386, 128L << 20, GIB, GIB / 4, GIB / 2);
  }

  @Tag("soak")
  @Test
  void sixtyFourGibibytesOfWhichSixteenAreTouchedOnFour() {
    touch(TableFormat.X86_64, 4 * GIB, 64 * GIB, 16 * GIB, 16 * GIB);
  }
}
