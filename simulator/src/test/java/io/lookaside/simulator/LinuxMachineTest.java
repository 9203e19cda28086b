package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.segment.LinearMemory;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.Executable;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.TableFormat;
import io.lookaside.os.linux.Task;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The 32-bit kernel and the MMU in 32-bit paging: one writes the tables that the other walks. */
class LinuxMachineTest {
  private static final long KERNEL = 0xc000_0000L; // PAGE_OFFSET of 32-bit Linux
  private static final int READ_WRITE = Abi.PROT_READ | Abi.PROT_WRITE;

  private static LinuxMachine machine() throws Exception {
    MachineConfig hardware = MachineLibrary.load("skylake", List.of());
    LinuxConfig linux = LinuxConfig.of(128L << 20).withFormat(TableFormat.I386);
    return new LinuxMachine(hardware.tlb(), hardware.walker(), linux);
  }

  private static Task start(LinuxMachine machine) {
    Task task = machine.kernel().spawn(Executable.SMALL);
    assertNotNull(task);
    return task;
  }

  /** An entry of four bytes. */
  private static long entry(LinuxMachine machine, long pa) {
    return machine.memory().read(pa & -8) >>> (8 * (pa & 4)) & 0xffff_ffffL;
  }

  /** The manual's walk of two levels, without caches: bits 31:22 and 21:12; -1 if there is none. */
  private static long walk(LinuxMachine machine, Task task, long va) {
    long pde = entry(machine, task.space().root() + (va >>> 22) * 4);
    if ((pde & 1) == 0) {
      return -1;
    }
    if ((pde & 0x80) != 0) {
      return (pde & 0xffc0_0000L) | (va & 0x3f_ffff);
    }
    long pte = entry(machine, (pde & 0xffff_f000L) + (va >>> 12 & 0x3ff) * 4);
    return (pte & 1) == 0 ? -1 : (pte & 0xffff_f000L) | (va & 0xfff);
  }

  @Test
  void a32BitKernelRunsIn32BitPaging() throws Exception {
    LinuxMachine machine = machine();
    assertEquals(PagingMode.BITS_32, machine.pagingMode());
    Task task = start(machine);
    long va = machine.kernel().mmap(task, 16 << 12, READ_WRITE);
    assertFalse(Abi.isError(va));
    assertTrue(va >>> 32 == 0 && va < KERNEL);
    long pa = machine.access(task, va + 0x5678, AccessKind.STORE);
    assertEquals(walk(machine, task, va + 0x5678), pa);
    assertEquals(6, machine.lastErrorCode()); // not present, a write, user mode
    machine.flush(task);
    long before = machine.walker().snapshot().get(WalkMetric.MEMORY_READS);
    assertEquals(pa, machine.access(task, va + 0x5678, AccessKind.LOAD));
    assertEquals(2, machine.walker().snapshot().get(WalkMetric.MEMORY_READS) - before);
    // There is no execute-disable in 32-bit paging.
    assertEquals(pa, machine.access(task, va + 0x5678, AccessKind.FETCH));
    // Nothing above 4 GiB is a linear address.
    assertEquals(LinuxMachine.FAULTED, machine.access(task, va + (1L << 32), AccessKind.LOAD));
  }

  @Test
  void theKernelHalfMapsMemoryInPagesOf4MAndIsClosedToUsers() throws Exception {
    LinuxMachine machine = machine();
    Task task = start(machine);
    for (long pa : new long[] {0x123_4568, 0x40_0000, 0x7ff_fff8}) {
      assertEquals(pa, machine.kernelAccess(task, KERNEL + pa, AccessKind.LOAD));
      assertEquals(pa, walk(machine, task, KERNEL + pa));
      assertEquals(LinuxMachine.FAULTED, machine.access(task, KERNEL + pa, AccessKind.LOAD));
      assertEquals(5, machine.lastErrorCode()); // present, user mode
    }
    // SMAP: the kernel keeps off the user's pages.
    long va = machine.kernel().mmap(task, 4096, READ_WRITE);
    assertTrue(machine.access(task, va, AccessKind.STORE) != LinuxMachine.FAULTED);
    assertEquals(LinuxMachine.FAULTED, machine.kernelAccess(task, va, AccessKind.LOAD));
    assertEquals(1, machine.lastErrorCode());
  }

  @Test
  void segmentationRestsOnIt() throws Exception {
    LinuxMachine machine = machine();
    LinearMemory linear = machine.linearMemory(start(machine));
    assertFalse(linear.longModeActive());
    assertTrue(linear.isCanonical(0xffff_ffffL));
    assertFalse(linear.isCanonical(1L << 32));
  }

  /** Maps, unmaps, protects, forks, ends and accesses; every address is walked again by hand. */
  @Test
  void randomProgramsSeeWhatTheTablesSay() throws Exception {
    LinuxMachine machine = machine();
    SplittableRandom random = new SplittableRandom(7);
    List<Task> tasks = new ArrayList<>(List.of(start(machine)));
    long base = 0x2000_0000L;
    int flags = Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_FIXED;
    int granted = 0;
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      Task task = tasks.get(random.nextInt(tasks.size()));
      long va = base + ((long) random.nextInt(8) << 22) + ((long) random.nextInt(16) << 12);
      switch (random.nextInt(40)) {
        case 0 -> machine.kernel().mmap(task, va, 0x8000, READ_WRITE, flags, null, 0);
        case 1 -> machine.kernel().munmap(task, va, 0x4000);
        case 2 -> machine.kernel().mprotect(task, va, 0x2000, random.nextInt(2) * 2 + 1);
        case 3 -> {
          Task child = tasks.size() < 5 ? machine.kernel().fork(task) : null;
          if (child != null) {
            tasks.add(child);
          } else if (tasks.size() > 1 && random.nextInt(4) == 0) {
            tasks.remove(task);
            machine.kernel().exit(task);
          }
        }
        default -> {
          boolean store = random.nextBoolean();
          long offset = 8L * random.nextInt(512);
          AccessKind kind = store ? AccessKind.STORE : AccessKind.LOAD;
          long pa = machine.access(task, va + offset, kind);
          if (pa == LinuxMachine.FAULTED) {
            refused++;
          } else {
            granted++;
            assertEquals(walk(machine, task, va + offset), pa);
          }
        }
      }
    }
    assertTrue(granted > 5_000 && refused > 500, granted + " " + refused);
  }
}
