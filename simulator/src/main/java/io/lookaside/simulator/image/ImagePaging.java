package io.lookaside.simulator.image;

import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.Pdpte;
import org.jspecify.annotations.Nullable;

/**
 * One address space of an image: the registers under which its tables are read.
 *
 * <p>Where neither the image nor the user tells: MAXPHYADDR 52, four levels, NX on, and 4 MiB pages
 * in 32-bit paging, CR0.WP set.
 */
public final class ImagePaging {
  private final ControlRegisters recordedRegisters;
  private final ControlRegisters registers;
  private final long[] pdptes = new long[Pdpte.COUNT];
  private final boolean pdptesMissing;
  private final PagingContext context;

  private ImagePaging(ControlRegisters recordedRegisters, ImageMemory memory) {
    this.recordedRegisters = recordedRegisters;
    // SMAP and protection keys are no part of a translation.
    long ignored = Cr4.SMAP | Cr4.SUPERVISOR_PROTECTION_KEYS | Cr4.PROTECTION_KEYS;
    this.registers = recordedRegisters.withCr4(recordedRegisters.cr4() & ~ignored);
    long table = Cr3.pdpteAddress(registers.cr3());
    boolean pae = registers.mode() == PagingMode.PAE;
    this.pdptesMissing = pae && !memory.holds(table);
    // A machine that ran had them in registers, so they were in order. Reserved bits are not looked
    // at, because QEMU, which has no such registers, sets bit 5 in memory as if it were A.
    for (int i = 0; pae && i < pdptes.length; i++) {
      pdptes[i] = memory.read(table + (long) i * Long.BYTES);
    }
    // Of all accesses a supervisor-mode load without SMAP is the one that no right forbids.
    this.context =
        PagingContext.of(
            registers,
            PagingFormat.of(registers, CpuFeatures.ALL),
            pdptes,
            AccessMode.SUPERVISOR,
            false);
  }

  /**
   * Decides the registers.
   *
   * @param cpu what the image tells of a processor, or {@code null}
   * @param cr3 what the user says, or {@code null}
   * @param mode what the user says, or {@code null}
   * @param noExecuteEnabled EFER.NXE
   * @throws IllegalArgumentException if they leave open what CR3 is, or name an impossible one
   */
  public static ImagePaging of(
      ImageMemory memory,
      @Nullable CpuState cpu,
      @Nullable Long cr3,
      @Nullable PagingMode mode,
      boolean noExecuteEnabled) {
    PagingMode told = cpu == null ? PagingMode.NONE : cpu.mode(); // NONE tells nothing
    if (cr3 == null && cpu == null) {
      throw new IllegalArgumentException(
          "the image tells no registers; say --cr3 with the address of the top table");
    }
    if (cr3 == null && told == PagingMode.NONE) {
      throw new IllegalArgumentException(
          "paging is switched off in the image (CR0.PG = 0); say --cr3 and --paging to read tables"
              + " all the same");
    }
    PagingMode known = mode != null ? mode : told != PagingMode.NONE ? told : PagingMode.FOUR_LEVEL;
    long root = cr3 != null ? cr3 : cpu == null ? 0 : cpu.cr3();
    long most = known.isLongMode() ? 1L << CpuFeatures.ALL.physicalAddressBits() : 1L << 32;
    if (root < 0 || root >= most) {
      throw new IllegalArgumentException(
          "CR3 0x"
              + Long.toHexString(root)
              + " is beyond the "
              + (known.isLongMode() ? "52" : "32")
              + " bits that the top table's address has");
    }
    ControlRegisters registers =
        cpu != null && told == known
            ? cpu.registers(noExecuteEnabled).withCr3(root)
            : registers(known, root, noExecuteEnabled);
    return new ImagePaging(registers, memory);
  }

  private static ControlRegisters registers(PagingMode mode, long cr3, boolean noExecuteEnabled) {
    long cr4 =
        switch (mode) {
          case NONE, BITS_32 -> Cr4.PAGE_SIZE_EXTENSIONS;
          case PAE, FOUR_LEVEL -> Cr4.PHYSICAL_ADDRESS_EXTENSION;
          case FIVE_LEVEL -> Cr4.PHYSICAL_ADDRESS_EXTENSION | Cr4.FIVE_LEVEL;
        };
    long efer =
        (mode.isLongMode() ? Efer.LONG_MODE_ENABLE | Efer.LONG_MODE_ACTIVE : 0)
            | (noExecuteEnabled ? Efer.NO_EXECUTE_ENABLE : 0);
    long cr0 = Cr0.PROTECTION_ENABLE | Cr0.WRITE_PROTECT | Cr0.PAGING;
    return new ControlRegisters(cr0, cr3, cr4, efer);
  }

  /** The registers that were decided, without SMAP and protection keys. */
  public ControlRegisters registers() {
    return registers;
  }

  /** The registers that were decided, with SMAP and protection keys as the image tells. */
  public ControlRegisters recordedRegisters() {
    return recordedRegisters;
  }

  /**
   * Clears, in the overlay, the reserved bits of the PDPTEs that an MMU would refuse to load; see
   * the constructor. Does nothing in other modes, or where the image lacks them.
   */
  public void makePdptesLoadable(ImageMemory memory) {
    if (mode() != PagingMode.PAE || pdptesMissing) {
      return;
    }
    long table = Cr3.pdpteAddress(registers.cr3());
    for (int i = 0; i < Pdpte.COUNT; i++) {
      memory.write(table + (long) i * Long.BYTES, Pdpte.loadable(pdptes[i]));
    }
  }

  /** The paging mode. */
  public PagingMode mode() {
    return context.format().mode();
  }

  /** The registers, compiled for a walk that no right forbids. */
  PagingContext context() {
    return context;
  }

  /** Whether this is PAE paging and the image does not hold the page of the four PDPTEs. */
  boolean pdptesMissing() {
    return pdptesMissing;
  }
}
