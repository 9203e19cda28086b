package io.lookaside.simulator;

import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.os.FirstTouchKernel;
import io.lookaside.os.FramePlacement;
import io.lookaside.os.Kernel;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.TraceKernel;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.MissObserver;
import io.lookaside.tlb.TlbHierarchy;
import org.jspecify.annotations.Nullable;

/**
 * The composition root: a configuration in, wired parts out. The only place that names concrete
 * parts.
 */
public final class Machine {
  /** CR0 of a running 64-bit kernel: protection, write protection, paging. */
  private static final long CR0 = Cr0.PROTECTION_ENABLE | Cr0.WRITE_PROTECT | Cr0.PAGING;

  private static final long CR4 =
      Cr4.PHYSICAL_ADDRESS_EXTENSION | Cr4.GLOBAL_PAGES | Cr4.PCID_ENABLE | Cr4.SMEP | Cr4.SMAP;

  private static final long EFER =
      Efer.LONG_MODE_ENABLE | Efer.LONG_MODE_ACTIVE | Efer.NO_EXECUTE_ENABLE;

  private final MachineConfig config;
  private final PhysicalMemory memory;
  private final Kernel kernel;
  private final TlbHierarchy tlbs;
  private final HardwarePageWalker walker;
  private final Mmu mmu;

  /**
   * A machine with cold caches and an empty address space, about to run a user program.
   *
   * @param placement how data frames are chosen
   * @param pageSize the size of pages that the kernel prefers
   * @param seed decides everything that is left to chance
   */
  public Machine(MachineConfig config, FramePlacement placement, PageSize pageSize, long seed) {
    this(config, placement, pageSize, seed, null, null);
  }

  /** A machine that somebody watches. */
  Machine(
      MachineConfig config,
      FramePlacement placement,
      PageSize pageSize,
      long seed,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks) {
    this(config, seed, null, placement, pageSize, misses, walks);
  }

  /**
   * A machine with cold caches that runs the kernel modelled on Linux.
   *
   * @param linux how the kernel is set up
   */
  Machine(
      MachineConfig config,
      LinuxConfig linux,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks) {
    this(config, linux.seed(), linux, FramePlacement.CONTIGUOUS, PageSize.SIZE_4K, misses, walks);
  }

  private Machine(
      MachineConfig config,
      long seed,
      @Nullable LinuxConfig linux,
      FramePlacement placement,
      PageSize pageSize,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks) {
    this.config = config;
    memory = new PhysicalMemory(memoryLimit());
    tlbs = new TlbHierarchy(config.tlb(), seed, misses);
    walker = new HardwarePageWalker(config.walker(), memory, seed, walks);
    ControlRegisters registers = new ControlRegisters(CR0, 0, CR4, EFER);
    Mmu unit = new Mmu(registers, config.features(), AccessMode.USER, tlbs, walker);
    mmu = unit;
    kernel =
        linux == null
            ? new FirstTouchKernel(memory, config.physicalAddressBits(), placement, pageSize, seed)
            : new TraceKernel(linux, memory, LinuxMachine.port(unit));
    mmu.writeCr3(kernel.switchTo(0));
  }

  /** Lets another process run, numbered from 0 to 4095: CR3 takes what its kernel says. */
  public void switchTo(int process) {
    mmu.writeCr3(kernel.switchTo(process));
  }

  public MachineConfig config() {
    return config;
  }

  public PhysicalMemory memory() {
    return memory;
  }

  public Kernel kernel() {
    return kernel;
  }

  public TlbHierarchy tlbs() {
    return tlbs;
  }

  public HardwarePageWalker walker() {
    return walker;
  }

  public Mmu mmu() {
    return mmu;
  }

  /**
   * Leaves a quarter of the heap for everything else, so that the limit comes before the heap's.
   */
  private static long memoryLimit() {
    long heap = Runtime.getRuntime().maxMemory();
    return Math.min(PhysicalMemory.DEFAULT_LIMIT_BYTES, heap - heap / 4);
  }
}
