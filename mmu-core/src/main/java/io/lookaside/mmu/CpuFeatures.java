package io.lookaside.mmu;

import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.memory.PhysicalMemory;

/**
 * What CPUID says of a processor's paging, and how thorough its invalidations are.
 *
 * @param physicalAddressBits MAXPHYADDR, 32 to 52: higher bits of an entry are reserved
 * @param gigabytePages whether a PDPTE can map a page of 1 GiB; if not, its PS bit is reserved
 * @param fiveLevels whether 5-level paging exists, with linear addresses of 57 bits
 * @param overFlush whether it drops more than the SDM requires, as a simpler processor does that
 *     takes no account of PCIDs: see {@link Mmu}
 */
public record CpuFeatures(
    int physicalAddressBits, boolean gigabytePages, boolean fiveLevels, boolean overFlush) {
  /** Everything that the architecture allows: 52 bits, 1 GiB pages, five levels. */
  public static final CpuFeatures ALL = new CpuFeatures(PhysicalMemory.ADDRESS_BITS, true, true);

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if MAXPHYADDR is out of its range
   */
  public CpuFeatures {
    if (physicalAddressBits < 32 || physicalAddressBits > PhysicalMemory.ADDRESS_BITS) {
      throw new IllegalArgumentException("physicalAddressBits must be 32 to 52");
    }
  }

  /** A processor that drops what the SDM lists and nothing else. */
  public CpuFeatures(int physicalAddressBits, boolean gigabytePages, boolean fiveLevels) {
    this(physicalAddressBits, gigabytePages, fiveLevels, false);
  }

  /** The widest linear address of the processor, 48 or 57 bits. */
  public int linearAddressBits() {
    return fiveLevels ? VirtualAddress.BITS_5_LEVEL : VirtualAddress.BITS_4_LEVEL;
  }
}
