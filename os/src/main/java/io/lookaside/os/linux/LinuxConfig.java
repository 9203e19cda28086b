package io.lookaside.os.linux;

import java.util.EnumSet;
import java.util.Set;

/**
 * How the kernel is set up.
 *
 * @param memoryBytes size of physical memory: a multiple of 4 MiB, 128 MiB to 64 GiB; on 32 bits at
 *     most 896 MiB, since there is no high memory
 * @param format the shape of page tables and of the address space
 * @param thp where transparent huge pages are used
 * @param overcommit which promises of memory are made
 * @param overcommitRatio for {@link Overcommit#NEVER} the percentage of memory that may be promised
 * @param swapBytes size of the swap device: 0, or the first page of it is its header
 * @param hugePages2M pages of 2 MiB in the hugetlb pool
 * @param hugePages1G pages of 1 GiB in the hugetlb pool
 * @param costs what the kernel's work costs
 * @param reclaim the settings of reclaim, readahead and writeback
 * @param seed decides what is left to chance: the layout of address spaces
 * @param off mechanisms that are switched off
 */
public record LinuxConfig(
    long memoryBytes,
    TableFormat format,
    Thp thp,
    Overcommit overcommit,
    int overcommitRatio,
    long swapBytes,
    int hugePages2M,
    int hugePages1G,
    KernelCosts costs,
    ReclaimConfig reclaim,
    long seed,
    Set<Mechanism> off) {
  /** The least memory. */
  public static final long MIN_MEMORY = 128L << 20;

  /** The most memory. */
  public static final long MAX_MEMORY = 64L << 30;

  /** The most swap. */
  public static final long MAX_SWAP = 1L << 40;

  /** The most swap on 32 bits, where an entry has 23 bits for the slot. */
  private static final long MAX_SWAP_I386 = 32L << 30;

  /** Memory comes in multiples of this: the largest block of the buddy allocator. */
  public static final long MEMORY_UNIT = 4L << 20;

  /** The values of /sys/kernel/mm/transparent_hugepage/enabled. */
  public enum Thp {
    ALWAYS,
    MADVISE,
    NEVER
  }

  /** The values of vm.overcommit_memory, by ordinal. */
  public enum Overcommit {
    /** 0: refuses a single request beyond all of memory and swap. */
    HEURISTIC,
    /** 1: grants everything. */
    ALWAYS,
    /** 2: grants no more than swap and a share of memory in total. */
    NEVER
  }

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public LinuxConfig {
    if (memoryBytes < MIN_MEMORY || memoryBytes > MAX_MEMORY || memoryBytes % MEMORY_UNIT != 0) {
      throw new IllegalArgumentException(
          "memory of " + memoryBytes + " bytes: expected 128 MiB to 64 GiB in multiples of 4 MiB");
    }
    if (format == TableFormat.I386 && memoryBytes > format.directMapLimit()) {
      throw new IllegalArgumentException("a 32-bit kernel without high memory has at most 896 MiB");
    }
    if (overcommitRatio < 0 || swapBytes < 0 || hugePages2M < 0 || hugePages1G < 0) {
      throw new IllegalArgumentException("a size or ratio is negative");
    }
    if (format == TableFormat.I386 && hugePages2M + hugePages1G > 0) {
      throw new IllegalArgumentException("32-bit paging has no pages of 2 MiB or 1 GiB");
    }
    if (swapBytes > MAX_SWAP || swapBytes % PhysicalPages.PAGE_BYTES != 0) {
      throw new IllegalArgumentException(
          "swap of " + swapBytes + " bytes: expected a multiple of 4096, at most 1 TiB");
    }
    if (format == TableFormat.I386 && swapBytes > MAX_SWAP_I386) {
      throw new IllegalArgumentException("entries of 32 bits can name at most 32 GiB of swap");
    }
    off = Set.copyOf(off);
  }

  /** A 64-bit kernel with Debian's defaults: huge pages where advised, heuristic overcommit. */
  public static LinuxConfig of(long memoryBytes) {
    return new LinuxConfig(
        memoryBytes,
        TableFormat.X86_64,
        Thp.MADVISE,
        Overcommit.HEURISTIC,
        50,
        0,
        0,
        0,
        KernelCosts.DEFAULT,
        ReclaimConfig.DEFAULT,
        0,
        EnumSet.noneOf(Mechanism.class));
  }

  public LinuxConfig withFormat(TableFormat value) {
    return new LinuxConfig(
        memoryBytes,
        value,
        thp,
        overcommit,
        overcommitRatio,
        swapBytes,
        hugePages2M,
        hugePages1G,
        costs,
        reclaim,
        seed,
        off);
  }

  public LinuxConfig withThp(Thp value) {
    return new LinuxConfig(
        memoryBytes,
        format,
        value,
        overcommit,
        overcommitRatio,
        swapBytes,
        hugePages2M,
        hugePages1G,
        costs,
        reclaim,
        seed,
        off);
  }

  public LinuxConfig withOvercommit(Overcommit value) {
    return new LinuxConfig(
        memoryBytes,
        format,
        thp,
        value,
        overcommitRatio,
        swapBytes,
        hugePages2M,
        hugePages1G,
        costs,
        reclaim,
        seed,
        off);
  }

  public LinuxConfig withSwap(long bytes) {
    return new LinuxConfig(
        memoryBytes,
        format,
        thp,
        overcommit,
        overcommitRatio,
        bytes,
        hugePages2M,
        hugePages1G,
        costs,
        reclaim,
        seed,
        off);
  }

  public LinuxConfig withHugetlb(int pages2M, int pages1G) {
    return new LinuxConfig(
        memoryBytes,
        format,
        thp,
        overcommit,
        overcommitRatio,
        swapBytes,
        pages2M,
        pages1G,
        costs,
        reclaim,
        seed,
        off);
  }

  public LinuxConfig withSeed(long value) {
    return new LinuxConfig(
        memoryBytes,
        format,
        thp,
        overcommit,
        overcommitRatio,
        swapBytes,
        hugePages2M,
        hugePages1G,
        costs,
        reclaim,
        value,
        off);
  }

  public LinuxConfig withReclaim(ReclaimConfig value) {
    return new LinuxConfig(
        memoryBytes,
        format,
        thp,
        overcommit,
        overcommitRatio,
        swapBytes,
        hugePages2M,
        hugePages1G,
        costs,
        value,
        seed,
        off);
  }

  public LinuxConfig without(Set<Mechanism> mechanisms) {
    return new LinuxConfig(
        memoryBytes,
        format,
        thp,
        overcommit,
        overcommitRatio,
        swapBytes,
        hugePages2M,
        hugePages1G,
        costs,
        reclaim,
        seed,
        mechanisms);
  }

  /** Whether a mechanism is in use. */
  public boolean has(Mechanism mechanism) {
    return !off.contains(mechanism);
  }
}
