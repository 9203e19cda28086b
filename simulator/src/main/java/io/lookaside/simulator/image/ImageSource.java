package io.lookaside.simulator.image;

import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr4;
import org.jspecify.annotations.Nullable;

/**
 * An address space of an image that a trace is to run in.
 *
 * @param image the image, open as long as the run takes
 * @param cr3 what the user says, or {@code null} for that of the image's first processor
 * @param mode what the user says, or {@code null}
 * @param noExecuteEnabled EFER.NXE
 * @param privilege on whose behalf the trace's accesses are made
 */
public record ImageSource(
    MemoryImage image,
    @Nullable Long cr3,
    @Nullable PagingMode mode,
    boolean noExecuteEnabled,
    Privilege privilege) {

  /** On whose behalf accesses are made. */
  public enum Privilege {
    /**
     * The trace does not tell. What neither user mode nor the kernel may do is a fault: to write
     * where R/W is 0, to fetch where XD is 1. U/S, SMAP, SMEP and protection keys are not looked
     * at.
     */
    ANY("any", AccessMode.SUPERVISOR),
    /** The kernel, with SMAP and SMEP as the image's registers have them and RFLAGS.AC = 0. */
    SUPERVISOR("0", AccessMode.SUPERVISOR),
    /** A program. */
    USER("3", AccessMode.USER);

    private final String label;
    private final AccessMode mode;

    Privilege(String label, AccessMode mode) {
      this.label = label;
      this.mode = mode;
    }

    /** What users write. */
    public String label() {
      return label;
    }

    /** The mode in which the MMU judges. */
    public AccessMode mode() {
      return mode;
    }
  }

  /**
   * Decides the registers.
   *
   * @throws IllegalArgumentException as {@link ImagePaging#of}
   */
  public ImagePaging paging(ImageMemory memory) {
    CpuState cpu = image.cpus().isEmpty() ? null : image.cpus().get(0);
    return ImagePaging.of(memory, cpu, cr3, mode, noExecuteEnabled);
  }

  /** The registers under which the trace runs. */
  public ControlRegisters registers(ImagePaging paging) {
    if (privilege != Privilege.ANY) {
      return paging.recordedRegisters();
    }
    ControlRegisters registers = paging.registers();
    return registers
        .withCr4(registers.cr4() & ~Cr4.SMEP)
        .withEfer(registers.efer(), registers.cr0() | Cr0.WRITE_PROTECT);
  }
}
