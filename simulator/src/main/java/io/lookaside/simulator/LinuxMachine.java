package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.segment.LinearMemory;
import io.lookaside.os.linux.FaultKind;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.LinuxKernel;
import io.lookaside.os.linux.Processor;
import io.lookaside.os.linux.TableFormat;
import io.lookaside.os.linux.Task;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbHierarchy;
import java.util.List;

/**
 * A machine with one processor that runs the kernel modelled on Linux: TLBs, walker and kernel
 * wired together. Programs are made of system calls and accesses; an access that faults is answered
 * by the kernel and repeated.
 */
public final class LinuxMachine {
  /** Of a result that is no physical address: the access ended in a fault. */
  public static final long FAULTED = -1;

  private static final long CR0 = Cr0.PROTECTION_ENABLE | Cr0.WRITE_PROTECT | Cr0.PAGING;

  /** Both formats: global pages, and the kernel kept out of the user's pages. */
  private static final long CR4 = Cr4.GLOBAL_PAGES | Cr4.SMEP | Cr4.SMAP;

  private static final long CR4_64 = CR4 | Cr4.PHYSICAL_ADDRESS_EXTENSION | Cr4.PCID_ENABLE;

  private static final long EFER_64 =
      Efer.LONG_MODE_ENABLE | Efer.LONG_MODE_ACTIVE | Efer.NO_EXECUTE_ENABLE;

  /** 32-bit paging, with 4 MiB pages for the kernel's map of memory. */
  private static final long CR4_32 = CR4 | Cr4.PAGE_SIZE_EXTENSIONS;

  private static final int MAX_REPETITIONS = 8;

  private final PhysicalMemory memory = PhysicalMemory.compact();
  private final TlbHierarchy tlbs;
  private final HardwarePageWalker walker;
  private final Mmu user;
  private final Mmu supervisor;
  private final LinuxKernel kernel;
  private int lastErrorCode;
  private FaultKind lastFault = FaultKind.SPURIOUS;

  /** A machine whose kernel has booted, with no process yet. */
  public LinuxMachine(TlbConfig tlb, WalkerConfig walkerConfig, LinuxConfig linux) {
    tlbs = new TlbHierarchy(tlb, linux.seed());
    walker = new HardwarePageWalker(walkerConfig, memory, linux.seed(), tlb.coalescedPages(), null);
    ControlRegisters registers = registers(linux.format());
    user = new Mmu(registers, CpuFeatures.ALL, AccessMode.USER, tlbs, walker);
    supervisor = new Mmu(registers, CpuFeatures.ALL, AccessMode.SUPERVISOR, tlbs, walker);
    kernel = new LinuxKernel(linux, memory, List.of(port(user, supervisor)));
  }

  private static ControlRegisters registers(TableFormat format) {
    return switch (format) {
      case X86_64 -> new ControlRegisters(CR0, 0, CR4_64, EFER_64);
      case I386 -> new ControlRegisters(CR0, 0, CR4_32, 0);
    };
  }

  /**
   * A processor's port to its kernel: what it does is done by all the MMUs that share its caches.
   */
  static Processor port(Mmu... units) {
    return new Processor() {
      @Override
      public void invlpg(long va) {
        units[0].invlpg(va);
      }

      @Override
      public void writeCr3(long operand) {
        for (Mmu unit : units) {
          unit.writeCr3(operand);
        }
      }
    };
  }

  public LinuxKernel kernel() {
    return kernel;
  }

  public PhysicalMemory memory() {
    return memory;
  }

  public TlbHierarchy tlbs() {
    return tlbs;
  }

  public HardwarePageWalker walker() {
    return walker;
  }

  /** Drops what the current process has cached for an address, as the kernel would. */
  public void invlpg(long va) {
    user.invlpg(va);
  }

  /**
   * Lets a process run with nothing of it cached: MOV to CR3 without keeping its PCID's entries.
   */
  public void flush(Task process) {
    kernel.run(0, process);
    long cr3 = user.registers().cr3();
    user.writeCr3(cr3);
    supervisor.writeCr3(cr3);
  }

  /** The paging mode: 4-level paging under a 64-bit kernel, 32-bit paging under a 32-bit one. */
  public PagingMode pagingMode() {
    return user.context().format().mode();
  }

  /** The error code of the last page fault. */
  public int lastErrorCode() {
    return lastErrorCode;
  }

  /** How the last page fault was answered. */
  public FaultKind lastFault() {
    return lastFault;
  }

  /**
   * An access of a process in user mode.
   *
   * @return the physical address, or {@link #FAULTED}
   */
  public long access(Task process, long va, AccessKind kind) {
    kernel.run(0, process);
    int code = kind.ordinal();
    long t = user.translate(va, code);
    for (int tries = 0; !Translation.isValid(t); tries++) {
      if (Translation.isGeneralProtection(t) || tries == MAX_REPETITIONS) {
        return FAULTED;
      }
      lastErrorCode = Translation.errorCode(t);
      lastFault = kernel.handlePageFault(process, va, lastErrorCode);
      if (!lastFault.answered()) {
        return FAULTED;
      }
      t = user.retry(va, code);
    }
    return Translation.physicalAddress(t, va);
  }

  /**
   * Linear memory as segmentation sees it while a process runs: descriptor tables are the kernel's.
   */
  public LinearMemory linearMemory(Task process) {
    return new LinearMemory() {
      @Override
      public PhysicalMemory physical() {
        return memory;
      }

      @Override
      public long translate(long linear, int kind) {
        kernel.run(0, process);
        return supervisor.translate(linear, kind);
      }

      @Override
      public boolean longModeActive() {
        return Efer.longModeActive(supervisor.registers().efer());
      }

      @Override
      public boolean isCanonical(long linear) {
        return supervisor.context().format().mode().isLinear(linear);
      }
    };
  }

  /**
   * An access of the kernel itself while a process runs.
   *
   * @return the physical address, or {@link #FAULTED}
   */
  public long kernelAccess(Task process, long va, AccessKind kind) {
    kernel.run(0, process);
    long t = supervisor.translate(va, kind.ordinal());
    if (!Translation.isValid(t)) {
      lastErrorCode = Translation.errorCode(t);
      return FAULTED;
    }
    return Translation.physicalAddress(t, va);
  }
}
