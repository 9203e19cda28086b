package io.lookaside.simulator;

import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.memory.TableMemory;
import io.lookaside.mmu.stale.StaleTranslationDetector;
import io.lookaside.os.AddressRange;
import io.lookaside.os.FirstTouchKernel;
import io.lookaside.os.FramePlacement;
import io.lookaside.os.Kernel;
import io.lookaside.os.ShootdownListener;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.Processor;
import io.lookaside.os.linux.TraceKernel;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.image.ImageKernel;
import io.lookaside.simulator.image.ImageMemory;
import io.lookaside.simulator.image.ImagePaging;
import io.lookaside.simulator.image.ImageSource;
import io.lookaside.tlb.MissObserver;
import io.lookaside.tlb.TlbHierarchy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The composition root: a configuration in, wired parts out. The only place that names concrete
 * parts. With several cores there is one of these for each.
 */
public final class Machine {
  /** CR0 of a running 64-bit kernel: protection, write protection, paging. */
  private static final long CR0 = Cr0.PROTECTION_ENABLE | Cr0.WRITE_PROTECT | Cr0.PAGING;

  private static final long CR4 =
      Cr4.PHYSICAL_ADDRESS_EXTENSION | Cr4.GLOBAL_PAGES | Cr4.PCID_ENABLE | Cr4.SMEP | Cr4.SMAP;

  private static final long EFER =
      Efer.LONG_MODE_ENABLE | Efer.LONG_MODE_ACTIVE | Efer.NO_EXECUTE_ENABLE;

  private final MachineConfig config;
  private final TableMemory memory;
  private final Kernel kernel;
  private final TlbHierarchy tlbs;
  private final HardwarePageWalker walker;
  private final Mmu mmu;
  private final @Nullable StaleTranslationDetector detector;

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
    this(config, placement, pageSize, List.of(), seed, misses, walks, false);
  }

  /**
   * A machine that somebody watches.
   *
   * @param hugePages ranges in which the kernel prefers pages of 2 MiB
   * @param checkStale whether uses of stale translations are detected
   */
  Machine(
      MachineConfig config,
      FramePlacement placement,
      PageSize pageSize,
      List<AddressRange> hugePages,
      long seed,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks,
      boolean checkStale) {
    this(
        new Core(config, new PhysicalMemory(memoryLimit()), seed, misses, walks, checkStale),
        core ->
            new FirstTouchKernel(
                core.ram(), config.physicalAddressBits(), placement, pageSize, hugePages, seed));
  }

  /**
   * A machine with cold caches over the memory and the kernel of this one, which must be the plain
   * kernel. It runs process 0.
   */
  Machine sharingMemory(MachineConfig otherConfig, long seed) {
    if (!(kernel instanceof FirstTouchKernel plain)) {
      throw new IllegalStateException("not a kernel that further machines can have");
    }
    Machine other =
        new Machine(
            new Core(otherConfig, memory(), seed, null, null, false), plain.onFurtherCore());
    other.mmu.writeCr3(other.kernel.switchTo(0));
    return other;
  }

  /**
   * A machine with cold caches that runs the kernel modelled on Linux.
   *
   * @param linux how the kernel is set up
   * @param checkStale whether uses of stale translations are detected
   */
  Machine(
      MachineConfig config,
      LinuxConfig linux,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks,
      boolean checkStale) {
    this(
        new Core(
            config, PhysicalMemory.compact(memoryLimit()), linux.seed(), misses, walks, checkStale),
        core ->
            TraceKernel.onProcessors(linux, core.ram(), List.of(LinuxMachine.port(core.mmu)), null)
                .get(0));
  }

  /**
   * A machine with cold caches whose memory is an image, under the registers of one of its address
   * spaces. It has all paging modes and page sizes and 52 bits of physical addresses, whatever the
   * configuration says, for the image's machine is another.
   *
   * @throws IllegalArgumentException if the registers cannot be decided
   */
  Machine(
      MachineConfig config,
      ImageSource source,
      long seed,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks,
      boolean checkStale) {
    this(config, source, new ImageMemory(source.image()), seed, misses, walks, checkStale);
  }

  private Machine(
      MachineConfig config,
      ImageSource source,
      ImageMemory overlay,
      long seed,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks,
      boolean checkStale) {
    this(config, source, overlay, source.paging(overlay), seed, misses, walks, checkStale);
  }

  private Machine(
      MachineConfig config,
      ImageSource source,
      ImageMemory overlay,
      ImagePaging paging,
      long seed,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks,
      boolean checkStale) {
    this(
        inImage(config, source, overlay, paging, seed, misses, walks, checkStale),
        core -> {
          paging.makePdptesLoadable(overlay);
          return new ImageKernel(source.image().name(), paging, overlay);
        });
  }

  private static Core inImage(
      MachineConfig config,
      ImageSource source,
      ImageMemory overlay,
      ImagePaging paging,
      long seed,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks,
      boolean checkStale) {
    return new Core(
        config,
        overlay,
        source.registers(paging),
        new CpuFeatures(PhysicalMemory.ADDRESS_BITS, true, true, config.features().overFlush()),
        source.privilege().mode(),
        seed,
        misses,
        walks,
        checkStale);
  }

  /** Cores that share the overlay over an image, and the kernel that stands still in it. */
  private static List<Machine> coresInImage(
      MachineConfig config,
      RunOptions options,
      ImageSource source,
      int count,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks) {
    ImageMemory overlay = new ImageMemory(source.image());
    ImagePaging paging = source.paging(overlay);
    paging.makePdptesLoadable(overlay);
    ImageKernel kernel = new ImageKernel(source.image().name(), paging, overlay);
    List<Machine> machines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long seed = options.seed() ^ (long) i << 48; // of the first core as of a single one
      Machine machine =
          new Machine(
              inImage(config, source, overlay, paging, seed, misses, walks, options.checkStale()),
              kernel);
      machine.mmu.writeCr3(kernel.switchTo(0));
      machines.add(machine);
    }
    return List.copyOf(machines);
  }

  private Machine(Core core, Function<Core, Kernel> kernelOf) {
    this(core, kernelOf.apply(core));
    mmu.writeCr3(kernel.switchTo(0));
  }

  private Machine(Core core, Kernel kernel) {
    this.config = core.config;
    this.memory = core.memory;
    this.tlbs = core.tlbs;
    this.walker = core.walker;
    this.mmu = core.mmu;
    this.detector = core.detector;
    this.kernel = kernel;
  }

  /** What each core has for itself, and memory. */
  private static final class Core {
    final MachineConfig config;
    final TableMemory memory;
    final TlbHierarchy tlbs;
    final HardwarePageWalker walker;
    final Mmu mmu;
    final @Nullable StaleTranslationDetector detector;

    Core(
        MachineConfig config,
        PhysicalMemory memory,
        long seed,
        @Nullable MissObserver misses,
        @Nullable WalkObserver walks,
        boolean checkStale) {
      this(
          config,
          memory,
          new ControlRegisters(CR0, 0, CR4, EFER),
          config.features(),
          AccessMode.USER,
          seed,
          misses,
          walks,
          checkStale);
    }

    Core(
        MachineConfig config,
        TableMemory memory,
        ControlRegisters registers,
        CpuFeatures features,
        AccessMode mode,
        long seed,
        @Nullable MissObserver misses,
        @Nullable WalkObserver walks,
        boolean checkStale) {
      this.config = config;
      this.memory = memory;
      tlbs = new TlbHierarchy(config.tlb(), seed, misses);
      walker =
          new HardwarePageWalker(
              config.walker(), memory, seed, config.tlb().coalescedPages(), walks);
      if (checkStale) {
        StaleTranslationDetector d = new StaleTranslationDetector(tlbs);
        mmu = new Mmu(registers, features, mode, d, walker);
        d.watch(mmu, new HardwarePageWalker(WalkerConfig.READ_ONLY, memory, 0, d));
        detector = d;
      } else {
        mmu = new Mmu(registers, features, mode, tlbs, walker);
        detector = null;
      }
    }

    PhysicalMemory ram() {
      return Machine.ram(memory);
    }
  }

  /**
   * The cores of one machine: each with TLBs, structure caches, a walker and an MMU of its own,
   * over one memory and one kernel. The first runs process 0; the others run none until {@link
   * #switchTo}.
   *
   * @param options says which kernel there is, and how it places pages
   * @param count at least 1
   * @param listener is told when one core's MMU is written on behalf of the kernel, as for
   *     shootdowns
   * @param shootdowns accounts for the interrupts between cores; {@code null} for the kernel's own
   *     costs
   */
  static List<Machine> cores(
      MachineConfig config,
      RunOptions options,
      int count,
      @Nullable MissObserver misses,
      @Nullable WalkObserver walks,
      InvalidationListener listener,
      @Nullable ShootdownListener shootdowns) {
    ImageSource image = options.image();
    if (image != null) {
      return coresInImage(config, options, image, count, misses, walks);
    }
    PhysicalMemory memory =
        options.linux() == null
            ? new PhysicalMemory(memoryLimit())
            : PhysicalMemory.compact(memoryLimit());
    List<Core> cores = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long seed = options.seed() ^ (long) i << 48; // of the first core as of a single one
      cores.add(new Core(config, memory, seed, misses, walks, options.checkStale()));
    }
    List<Machine> machines = new ArrayList<>();
    LinuxConfig linux = options.linux();
    if (linux == null) {
      FirstTouchKernel kernel =
          new FirstTouchKernel(
              memory,
              config.physicalAddressBits(),
              options.frames(),
              options.pageSize(),
              options.hugePages(),
              options.seed());
      for (Core core : cores) {
        machines.add(new Machine(core, machines.isEmpty() ? kernel : kernel.onFurtherCore()));
      }
    } else {
      List<Processor> ports = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        ports.add(listener.watched(i, LinuxMachine.port(cores.get(i).mmu)));
      }
      List<TraceKernel> kernels = TraceKernel.onProcessors(linux, memory, ports, shootdowns);
      for (int i = 0; i < count; i++) {
        machines.add(new Machine(cores.get(i), kernels.get(i)));
      }
    }
    Machine first = machines.get(0);
    first.mmu.writeCr3(first.kernel.switchTo(0));
    return List.copyOf(machines);
  }

  /** Is told when the kernel writes to a core's MMU. */
  interface InvalidationListener {
    /** What was remembered of the core's translations may hold no more. */
    void invalidated(int core);

    /** A port that tells this listener what goes through another one. */
    private Processor watched(int core, Processor port) {
      return new Processor() {
        @Override
        public void invlpg(long va) {
          port.invlpg(va);
          invalidated(core);
        }

        @Override
        public void writeCr3(long operand) {
          port.writeCr3(operand);
          invalidated(core);
        }
      };
    }
  }

  /** Lets another process run, numbered from 0 to 4095: CR3 takes what its kernel says. */
  public void switchTo(int process) {
    mmu.writeCr3(kernel.switchTo(process));
  }

  public MachineConfig config() {
    return config;
  }

  /**
   * Its memory.
   *
   * @throws IllegalStateException if it is an image
   */
  public PhysicalMemory memory() {
    return ram(memory);
  }

  /** Whether its memory is an image. */
  boolean hasImage() {
    return !(memory instanceof PhysicalMemory);
  }

  private static PhysicalMemory ram(TableMemory memory) {
    if (memory instanceof PhysicalMemory ram) {
      return ram;
    }
    throw new IllegalStateException("the memory is an image");
  }

  /** What detects uses of stale translations, or {@code null} where nothing does. */
  public @Nullable StaleTranslationDetector detector() {
    return detector;
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
