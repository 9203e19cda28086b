package io.lookaside.os;

import io.lookaside.mmu.assoc.SeededRandom;
import io.lookaside.mmu.format.PageSize;

/**
 * Hands out physical frames: table pages from 0x1000 upward in order of creation, data frames from
 * 4 GiB upward by a {@link FramePlacement}. Frames are never given back yet.
 */
public final class FrameAllocator {
  /** The first data frame's page-frame number: 4 GiB. */
  public static final long FIRST_DATA_PFN = 0x100000;

  private static final int PAGE_SHIFT = 12;
  private static final String USED_UP = "the machine's physical address space is used up";

  /** A scattered order is a permutation of this many neighbouring frames, then of the next. */
  private static final int MAX_PERMUTATION_BITS = 24;

  private final FramePlacement placement;
  private final long seed;
  private final long endPfn;
  private final SeededRandom random;
  private final long[] scatteredCount = new long[PageSize.values().length];
  private long nextTablePfn = 1;
  private long nextDataPfn = FIRST_DATA_PFN;

  /**
   * An allocator with every frame free.
   *
   * @param physicalAddressBits MAXPHYADDR, 36 to 52: no frame lies above
   */
  public FrameAllocator(FramePlacement placement, int physicalAddressBits, long seed) {
    this.placement = placement;
    this.seed = seed;
    this.endPfn = 1L << (physicalAddressBits - PAGE_SHIFT);
    this.random = new SeededRandom(seed);
  }

  /**
   * The physical address of a fresh page for a paging structure.
   *
   * @throws OutOfFramesException when the 4 GiB below the data are full
   */
  public long allocateTable() {
    if (nextTablePfn == FIRST_DATA_PFN) {
      throw new OutOfFramesException("page tables fill the 4 GiB of memory that are kept for them");
    }
    return nextTablePfn++ << PAGE_SHIFT;
  }

  /** Table pages handed out so far. */
  long tablePages() {
    return nextTablePfn - 1;
  }

  /**
   * Whether a free frame of the given size can be had for a region of virtual memory. Always for 4
   * KiB; larger ones may be denied by fragmentation, for one region always in the same way.
   *
   * @param region the virtual address in units of {@code size}
   */
  public boolean canAllocate(PageSize size, long region) {
    if (size == PageSize.SIZE_4K || placement.kind() != FramePlacement.Kind.FRAGMENTED) {
      return true;
    }
    long draw = SeededRandom.mix(SeededRandom.mix(seed + size.ordinal()) ^ region);
    return (draw >>> 11) * 0x1p-53 >= placement.fragmentation();
  }

  /**
   * The physical address of a fresh frame, aligned to its size.
   *
   * @throws OutOfFramesException when the machine's physical address space is used up
   */
  public long allocate(PageSize size) {
    return placement.kind() == FramePlacement.Kind.SCATTERED ? scattered(size) : ascending(size);
  }

  private long ascending(PageSize size) {
    long frames = size.bytes() >> PAGE_SHIFT;
    if (random.nextDouble() < placement.fragmentation()) {
      nextDataPfn++;
    }
    long pfn = (nextDataPfn + frames - 1) & -frames;
    if (pfn + frames > endPfn) {
      throw new OutOfFramesException(USED_UP);
    }
    nextDataPfn = pfn + frames;
    return pfn << PAGE_SHIFT;
  }

  /** Each page size has an area of its own, so that no two frames overlap. */
  private long scattered(PageSize size) {
    long frames = size.bytes() >> PAGE_SHIFT;
    long quarter = endPfn >> 2;
    long start =
        switch (size) {
          case SIZE_4K -> FIRST_DATA_PFN;
          case SIZE_2M, SIZE_4M -> 2 * quarter;
          case SIZE_1G -> 3 * quarter;
        };
    long end = size == PageSize.SIZE_4K ? 2 * quarter : start + quarter;
    long units = (end - start) / frames;
    long n = scatteredCount[size.ordinal()]++;
    if (n >= units) {
      throw new OutOfFramesException(USED_UP);
    }
    long block = n >>> MAX_PERMUTATION_BITS;
    long first = block << MAX_PERMUTATION_BITS;
    long inBlock = Math.min(units - first, 1L << MAX_PERMUTATION_BITS);
    int bits = Long.SIZE - Long.numberOfLeadingZeros(inBlock - 1);
    // The last block may be no power of two: what falls outside is permuted again.
    long within = n - first;
    do {
      within = permute(within, bits);
    } while (within >= inBlock);
    return (start + (first + within) * frames) << PAGE_SHIFT;
  }

  /** A bijection on numbers of {@code bits} bits: each step can be undone. */
  private long permute(long x, int bits) {
    if (bits == 0) {
      return x;
    }
    long mask = (1L << bits) - 1;
    int half = (bits + 1) / 2;
    for (int round = 0; round < 3; round++) {
      long key = SeededRandom.mix(seed + round);
      x = (x + (key >>> 32)) & mask;
      x = (x * (key | 1)) & mask;
      x ^= x >>> half;
    }
    return x;
  }
}
