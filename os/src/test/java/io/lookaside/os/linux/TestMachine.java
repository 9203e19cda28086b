package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.stale.StaleTranslationDetector;
import io.lookaside.mmu.stale.StaleUse;
import java.util.ArrayList;
import java.util.List;

/** Processors with TLBs that never evict, the kernel, and a check that no stale entry is used. */
final class TestMachine {
  static final int LOAD = AccessKind.LOAD.ordinal();
  static final int STORE = AccessKind.STORE.ordinal();
  static final int FETCH = AccessKind.FETCH.ordinal();

  final PhysicalMemory memory = PhysicalMemory.compact();
  final LinuxKernel kernel;
  final List<Integer> errorCodes = new ArrayList<>();
  private final List<Mmu> mmus = new ArrayList<>();
  private final List<StaleTranslationDetector> detectors = new ArrayList<>();
  private final PlainWalker walker = new PlainWalker(memory);

  TestMachine(LinuxConfig config) {
    this(config, 1);
  }

  TestMachine(LinuxConfig config, int cpus) {
    List<Processor> ports = new ArrayList<>();
    for (int i = 0; i < cpus; i++) {
      ControlRegisters registers =
          new ControlRegisters(
              Cr0.PROTECTION_ENABLE | Cr0.WRITE_PROTECT | Cr0.PAGING,
              0,
              Cr4.PHYSICAL_ADDRESS_EXTENSION | Cr4.GLOBAL_PAGES | Cr4.PCID_ENABLE,
              Efer.LONG_MODE_ENABLE | Efer.LONG_MODE_ACTIVE | Efer.NO_EXECUTE_ENABLE);
      StaleTranslationDetector detector = new StaleTranslationDetector(new UnlimitedTlb());
      Mmu mmu = new Mmu(registers, CpuFeatures.ALL, AccessMode.USER, detector, walker);
      detector.watch(mmu, new PlainWalker(memory, detector));
      detectors.add(detector);
      mmus.add(mmu);
      ports.add(port(mmu));
    }
    kernel = new LinuxKernel(config, memory, ports);
  }

  private static Processor port(Mmu mmu) {
    return new Processor() {
      @Override
      public void invlpg(long va) {
        mmu.invlpg(va);
      }

      @Override
      public void writeCr3(long operand) {
        mmu.writeCr3(operand);
      }
    };
  }

  /** The first uses of stale translations, of all processors. */
  List<StaleUse> staleUses() {
    return detectors.stream().flatMap(d -> d.uses().stream()).toList();
  }

  Task spawn() {
    Task process = kernel.spawnEmpty();
    assertTrue(process != null, "no memory for a process");
    return process;
  }

  /** The physical address of an access, or the negated ordinal - 1 of the fault that ended it. */
  long access(int cpu, Task process, long va, int kind) {
    kernel.run(cpu, process);
    Mmu mmu = mmus.get(cpu);
    long t = mmu.translate(va, kind);
    for (int tries = 0; !Translation.isValid(t); tries++) {
      assertTrue(tries < 6, "the access faults again and again");
      int code = Translation.errorCode(t);
      errorCodes.add(code);
      FaultKind answer = kernel.handlePageFault(process, va, code);
      if (!answer.answered()) {
        return -1L - answer.ordinal();
      }
      t = mmu.retry(va, kind);
    }
    PagingContext now = mmu.context();
    long fresh = walker.walk(va, kind, now, false);
    assertTrue(Translation.isValid(fresh), () -> "stale: the tables do not permit this any more");
    long pa = Translation.physicalAddress(t, va);
    assertEquals(Translation.physicalAddress(fresh, va), pa, "stale: the page is another");
    long rights = Pte.WRITABLE | Pte.USER;
    assertEquals(0, t & rights & ~fresh, "stale: the entry permits what the tables forbid");
    return pa;
  }

  long load(Task process, long va) {
    long pa = access(0, process, va, LOAD);
    assertTrue(pa >= 0, () -> "load of " + Long.toHexString(va) + ": " + fault(pa));
    return memory.read(pa);
  }

  void store(Task process, long va, long value) {
    long pa = access(0, process, va, STORE);
    assertTrue(pa >= 0, () -> "store to " + Long.toHexString(va) + ": " + fault(pa));
    memory.write(pa, value);
  }

  static FaultKind fault(long negative) {
    return FaultKind.values()[(int) (-1 - negative)];
  }
}
