package io.lookaside.mmu;

import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Pdpte;
import io.lookaside.mmu.format.Pte;

/**
 * What the registers say, compiled for the path of an access: made anew whenever one changes, never
 * changed itself.
 */
public final class PagingContext {
  /** The rights before any entry has taken some away. */
  private static final long ALL_RIGHTS = Pte.WRITABLE | Pte.USER;

  private final PagingFormat format;
  private final long[] roots;
  private final int pcid;
  private final AccessRights rights;
  private final boolean globalPages;

  /** Added to an address, so that one comparison tells whether it is linear; see the class Mmu. */
  private final long linearBias;

  private final long linearLimit;

  private PagingContext(
      PagingFormat format, long[] roots, int pcid, AccessRights rights, boolean globalPages) {
    this.format = format;
    this.roots = roots;
    this.pcid = pcid;
    this.rights = rights;
    this.globalPages = globalPages;
    PagingMode mode = format.mode();
    // Linear addresses, biased, are the range from Long.MIN_VALUE up to the limit.
    long count = mode == PagingMode.NONE ? 0 : 1L << mode.linearAddressBits();
    linearBias = Long.MIN_VALUE + (mode.isLongMode() ? count >>> 1 : 0);
    linearLimit = Long.MIN_VALUE + count;
  }

  /**
   * Compiles registers.
   *
   * @param format what {@link PagingFormat#of} gives for the registers
   * @param pdptes the PDPTE registers; looked at in PAE paging alone
   * @param mode on whose behalf accesses are made
   * @param alignmentCheck RFLAGS.AC
   */
  public static PagingContext of(
      ControlRegisters registers,
      PagingFormat format,
      long[] pdptes,
      AccessMode mode,
      boolean alignmentCheck) {
    return new PagingContext(
        format,
        roots(registers.cr3(), format.mode(), pdptes),
        registers.pcid(),
        AccessRights.of(registers, mode, alignmentCheck),
        Cr4.globalPages(registers.cr4()));
  }

  /** Compiles registers of a mode other than PAE paging. */
  public static PagingContext of(
      ControlRegisters registers, CpuFeatures features, AccessMode mode, boolean alignmentCheck) {
    return of(
        registers,
        PagingFormat.of(registers, features),
        new long[Pdpte.COUNT],
        mode,
        alignmentCheck);
  }

  private static long[] roots(long cr3, PagingMode mode, long[] pdptes) {
    return switch (mode) {
      case NONE -> new long[] {0};
      case BITS_32 -> new long[] {pointer(Cr3.pageDirectoryAddress(cr3))};
      case FOUR_LEVEL, FIVE_LEVEL -> new long[] {pointer(Cr3.tableAddress(cr3))};
      case PAE -> {
        long[] roots = new long[Pdpte.COUNT];
        for (int i = 0; i < roots.length; i++) {
          roots[i] = Pte.isPresent(pdptes[i]) ? pointer(Pte.tableAddress(pdptes[i])) : 0;
        }
        yield roots;
      }
    };
  }

  private static long pointer(long table) {
    return table | ALL_RIGHTS | Pte.PRESENT;
  }

  /** The paging structures of the mode. */
  public PagingFormat format() {
    return format;
  }

  /**
   * Where a walk for {@code va} begins that nothing shortens: a word like an entry, with the
   * address of the top table and all rights; or 0, if a PDPTE register says that there is none.
   */
  public long root(long va) {
    return roots[(int) (va >>> Pdpte.SHIFT) & (roots.length - 1)];
  }

  /** The current process-context identifier, 0 to 4095. */
  public int pcid() {
    return pcid;
  }

  /** The law of access rights. */
  public AccessRights rights() {
    return rights;
  }

  /** CR4.PGE: G counts. */
  public boolean globalPages() {
    return globalPages;
  }

  /**
   * Whether paging translates {@code va}: it is a linear address of the mode, and there is paging.
   */
  public boolean translates(long va) {
    return va + linearBias < linearLimit;
  }
}
